"""Hypothesis strategies: typical documents and unusual ones."""

from hypothesis import HealthCheck, reject, settings
from hypothesis import strategies as st

from index.documents.formats import MARKDOWN
from index.documents.load import document_of
from index.documents.text_loader import decode
from index.errors import UnreadableDocument
from index.types import Document


def examples(n: int) -> settings:
    """The same n examples in every run, also on a slow machine."""
    slow = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
    return settings(max_examples=n, deadline=None, derandomize=True, suppress_health_check=slow)


ANY_TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12)

WORDS = st.one_of(
    st.sampled_from("alpha beta gamma river bank Kabul Taliban aid 43% U.S. 1,500 a.m.".split()),
    st.sampled_from(
        "e\u0301te\u0301 a\u0301\u0323\u0302 👩\u200d👩\u200d👧\u200d👦 🇦🇫🇺🇸 שלום مرحبا".split(" ")
    ),
    st.sampled_from(
        "漢字かな नमस्ते ﷺ İstanbul Straße x\u00a0y \u200b \ufeff \x85 \x1c \u2028".split(" ")
    ),
    ANY_TEXT,
)

SENTENCES = st.builds(
    lambda words, end: " ".join(words) + end,
    st.lists(WORDS, min_size=1, max_size=14),
    st.sampled_from([".", "!", "?", "…", "。", "", ".”", ":"]),
)

PARAGRAPHS = st.builds(
    lambda sentences, gap: gap.join(sentences),
    st.lists(SENTENCES, min_size=1, max_size=6),
    st.sampled_from([" ", "  ", "\n", "\r\n", "", "\t"]),
)

ODD_BLOCKS = st.one_of(
    st.builds(lambda word, n: word * n, st.sampled_from(["a", "漢", "ab ", "a\u0301", "  x"]),
              st.integers(100, 5000)),
    st.builds(lambda paragraph, n: (paragraph + "\n\n") * n, PARAGRAPHS, st.integers(2, 5)),
    st.just("a" + " " * 3000 + "b"),
    st.just("Road to the North\nRiver of the South\nThe Long Winter\nWind from the East"),
)  # fmt: skip

PLAIN_BLOCKS = st.one_of(PARAGRAPHS, ODD_BLOCKS, st.sampled_from(["A Short Title", "Économie"]))

MARKDOWN_BLOCKS = st.one_of(
    PARAGRAPHS,
    ODD_BLOCKS,
    st.builds(lambda n, words: "#" * n + " " + words, st.integers(1, 6), SENTENCES),
    st.builds(lambda words: words + "\n===", SENTENCES),
    st.builds(lambda body: f"~~~\n{body}\n~~~", PARAGRAPHS),
    st.builds(lambda body: "```\n" + body, PARAGRAPHS),
    st.builds(lambda a, b: f"| {a} | {b} |\n|---|---|\n| 1 | 2 |\n| 3 |", WORDS, WORDS),
    st.builds(lambda a, b: f"- {a}\n  - {b}\n\n    more\n\n1. # one\n", SENTENCES, SENTENCES),
    st.builds(lambda a: f"> {a}\n> > deeper\nlazy", SENTENCES),
    st.sampled_from(["<div>\nhtml\n</div>", "[ref]: https://a.b 'x'", "***", "    code", "#"]),
)

SEPARATORS = st.sampled_from(["\n\n", "\n", "\r\n\r\n", "\r\n", "\n \t\n", "\r", "\n\n\n"])
TAILS = st.sampled_from(["", "\n", "\r\n", " \n\t\n  ", "\n\n\n\n"])
FRONT_MATTER = st.sampled_from(
    ["", "", "---\ntitle: Über\n---\n", "---\nnever closed\n", "---\n---\n"]
)


@st.composite
def texts(draw: st.DrawFn, media_type: str = "text/plain") -> str:
    """Canonical texts: generated ones, in the form that `decode` returns."""
    blocks = st.lists(MARKDOWN_BLOCKS if media_type == MARKDOWN else PLAIN_BLOCKS, max_size=8)
    raw = draw(FRONT_MATTER) if media_type == MARKDOWN else ""
    for block in draw(blocks):
        raw += block + draw(SEPARATORS)
    try:
        return decode((raw + draw(TAILS)).encode())
    except UnreadableDocument:
        reject()


@st.composite
def documents(draw: st.DrawFn, doc_id: str = "doc") -> Document:
    """Documents of both media types with some visible text."""
    media_type = draw(st.sampled_from(["text/plain", MARKDOWN]))
    text = draw(texts(media_type))
    if not text.strip():
        text += "something"
    return document_of(text, doc_id, media_type=media_type, name="name")
