"""Read a machine's documentation as plain text, and draw questions from it.

Questions are sentences of texts that are not indexed, so that no passage contains a question.
"""

import gzip
import random
from collections.abc import Iterable, Iterator
from html.parser import HTMLParser
from pathlib import Path

import regex

from index.documents.load import document_of
from index.documents.sentences import sentences_of
from index.errors import BadInput
from index.types import Document, Span

_MANUAL = regex.compile(r"\.[1-8]\w*$")
_TEXTS = (".txt", ".md", ".rst")
_PAGES = (".html", ".htm")
_MACRO = regex.compile(r"^['.](?:SH|SS)\s+(.*)$|^['.].*$", regex.MULTILINE)
_FONT = regex.compile(r"\\f(?:\[\w*\]|.)|\\[&|^]|\\s[-+]?\d")
_QUESTION = regex.compile(r"[A-Z][^\n]*[.?!]")
_LEAST, _MOST = 2_000, 30_000
_ONE_IN = 20


def texts_in(folders: Iterable[Path]) -> Iterator[str]:
    """Yield the texts of plain, HTML and manual files, in the order of their paths.

    Texts are cut after _MOST characters; texts of fewer than _LEAST characters, and texts that
    begin like an earlier one, are left out.
    """
    seen = set()
    for file in sorted(file for folder in folders for file in folder.rglob("*")):
        text = _text_of(file)[:_MOST]
        beginning = text[:_LEAST]
        if len(text) >= _LEAST and beginning not in seen:
            seen.add(beginning)
            yield text


def _text_of(file: Path) -> str:
    name = file.name.removesuffix(".gz")
    manual = _MANUAL.search(name) is not None
    if not (manual or name.endswith((*_TEXTS, *_PAGES))) or file.is_symlink():
        return ""
    try:
        content = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
        text = content.decode()
    except (OSError, EOFError, UnicodeDecodeError):
        return ""
    if name.endswith(_PAGES):
        text = _page_text(text)
    text = _manual_text(text) if manual else text
    return regex.sub(r"\n\s*\n", "\n\n", regex.sub(r"[ \t]+", " ", text)).strip()


def _manual_text(text: str) -> str:
    """Remove the macros of a manual page; keep its headings as paragraphs."""
    plain = _MACRO.sub(lambda found: f"\n\n{found[1].strip(chr(34))}\n\n" if found[1] else "", text)
    return _FONT.sub("", plain).replace(r"\-", "-").replace(r"\(aq", "'")


class _Page(HTMLParser):
    _BLOCKS = frozenset("p div li td dd dt h1 h2 h3 h4 h5 pre section table".split())
    _SKIPPED = frozenset("script style nav head footer".split())

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self._depth = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self._depth += tag in self._SKIPPED
        self.parts += ["\n\n"] * (tag in self._BLOCKS)

    def handle_endtag(self, tag: str) -> None:
        self._depth -= tag in self._SKIPPED and self._depth > 0
        self.parts += ["\n\n"] * (tag in self._BLOCKS)

    def handle_data(self, data: str) -> None:
        if not self._depth:
            self.parts.append(data)


def _page_text(text: str) -> str:
    page = _Page()
    page.feed(text)
    return "".join(page.parts)


def split(texts: Iterable[str], n_questions: int) -> tuple[list[Document], list[str]]:
    """Split texts into documents to index, in random order, and n_questions distinct questions.

    The questions are sentences of one text in twenty, which is not among the documents.

    Raises BadInput if these texts hold too few questions.
    """
    shuffled = list(texts)
    rng = random.Random(0)
    rng.shuffle(shuffled)
    held_out = shuffled[::_ONE_IN]
    questions = sorted({sentence for text in held_out for sentence in _sentences(text)})
    if len(questions) < n_questions:
        raise BadInput(
            f"the texts have {len(questions)} questions, but {n_questions} are required; choose "
            "folders with more text"
        )
    documents = [
        document_of(text, f"real-{number:06d}", media_type="text/plain", name=f"Text {number}")
        for number, text in enumerate(shuffled)
        if number % _ONE_IN
    ]
    return documents, rng.sample(questions, n_questions)


def _sentences(text: str) -> Iterator[str]:
    for span in sentences_of(text, Span(0, len(text))):
        sentence = span.of(text).strip()
        if 6 <= len(sentence.split()) <= 25 and _QUESTION.fullmatch(sentence):
            yield sentence
