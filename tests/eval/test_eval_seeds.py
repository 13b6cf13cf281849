"""Facts about the shipped evaluation set, checked against the documents it labels."""

import json
import re
from collections import Counter
from typing import Any

from command import ROOT

FOLDER = ROOT / "eval" / "seeds"
ARTICLE = "seeds/000_7140c98bc3163d31.txt"

ANSWERABLE_KINDS = {
    "paraphrase",
    "figure",
    "name",
    "cause",
    "two-sentence",
    "misspelling",
    "fact",
}
UNANSWERABLE_KINDS = {"near-miss", "off-topic"}

# A sentence ends at terminal punctuation (a closing curly quote may follow), not after "U.S.".
SENTENCE_GAP = re.compile(r"(?:(?<=[.!?])|(?<=[.!?]”))(?<!U\.S\.) +(?=[A-Z“])")


def read_document(doc_id: str) -> str:
    return (ROOT / doc_id).read_bytes().decode("utf-8")


def lines_of(text: str) -> list[tuple[int, int]]:
    """The span of each line that is not empty."""
    return [m.span() for m in re.finditer(r"[^\n]+", text)]


def sentences_of(text: str) -> list[tuple[int, int]]:
    spans: list[tuple[int, int]] = []
    for start, end in lines_of(text):
        for gap in SENTENCE_GAP.finditer(text, start, end):
            spans.append((start, gap.start()))
            start = gap.end()
        spans.append((start, end))
    return spans


def load_questions() -> list[dict[str, Any]]:
    lines = (FOLDER / "questions.jsonl").read_bytes().decode("utf-8").removesuffix("\n").split("\n")
    return [json.loads(line) for line in lines]


QUESTIONS = load_questions()
ANSWERABLE = [q for q in QUESTIONS if q["answerable"]]
UNANSWERABLE = [q for q in QUESTIONS if not q["answerable"]]


def test_every_quote_equals_the_slice_of_the_article() -> None:
    for q in ANSWERABLE:
        for a in q["answers"]:
            text = read_document(a["doc_id"])
            assert 0 <= a["start"] < a["end"] <= len(text), q["_id"]
            assert text[a["start"] : a["end"]] == a["quote"], q["_id"]


def test_no_span_begins_or_ends_with_whitespace() -> None:
    for q in ANSWERABLE:
        for span in [*q["answers"], q["evidence"]]:
            piece = read_document(span["doc_id"])[span["start"] : span["end"]]
            assert piece, q["_id"]
            assert piece == piece.strip(), q["_id"]


def test_no_answer_is_listed_twice() -> None:
    for q in ANSWERABLE:
        spans = [(a["doc_id"], a["start"], a["end"]) for a in q["answers"]]
        assert len(spans) == len(set(spans)), q["_id"]


def test_every_evidence_contains_an_answer() -> None:
    for q in ANSWERABLE:
        e = q["evidence"]
        assert any(
            a["doc_id"] == e["doc_id"] and e["start"] <= a["start"] and a["end"] <= e["end"]
            for a in q["answers"]
        ), q["_id"]


def test_every_evidence_is_one_sentence_or_two_neighbours_of_a_paragraph() -> None:
    for q in ANSWERABLE:
        e = q["evidence"]
        text = read_document(e["doc_id"])
        sentences = sentences_of(text)
        starts = [start for start, _ in sentences]
        ends = [end for _, end in sentences]
        assert e["start"] in starts, q["_id"]
        assert e["end"] in ends, q["_id"]
        assert ends.index(e["end"]) - starts.index(e["start"]) in (0, 1), q["_id"]
        assert "\n" not in text[e["start"] : e["end"]], q["_id"]


def test_two_sentence_questions_have_an_answer_that_spans_a_sentence_boundary() -> None:
    chosen = [q for q in ANSWERABLE if q["kind"] == "two-sentence"]
    for q in chosen:
        for a in q["answers"]:
            sentences = sentences_of(read_document(a["doc_id"]))
            assert any(a["start"] < end < a["end"] for _, end in sentences), q["_id"]


def test_ids_are_unique() -> None:
    assert len({q["_id"] for q in QUESTIONS}) == len(QUESTIONS)


def test_texts_are_unique_whatever_their_case() -> None:
    texts = [" ".join(q["text"].casefold().split()) for q in QUESTIONS]
    assert len(set(texts)) == len(texts)


def test_texts_have_no_stray_whitespace() -> None:
    for q in QUESTIONS:
        assert q["text"], q["_id"]
        assert q["text"] == " ".join(q["text"].split()), q["_id"]


def test_there_are_enough_answerable_and_unanswerable_questions() -> None:
    assert len(ANSWERABLE) >= 80
    assert len(UNANSWERABLE) >= 20


def test_every_kind_is_present_and_no_other_exists() -> None:
    assert {q["kind"] for q in ANSWERABLE} == ANSWERABLE_KINDS
    assert {q["kind"] for q in UNANSWERABLE} == UNANSWERABLE_KINDS


def test_the_harder_kinds_are_well_represented() -> None:
    counts = Counter(q["kind"] for q in QUESTIONS)
    assert counts["two-sentence"] >= 10
    assert counts["misspelling"] >= 8
    assert counts["near-miss"] >= 22


def test_the_readme_states_the_true_counts() -> None:
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([a-z-]+) \| (\d+) \|", readme, re.MULTILINE)
    stated = {kind: int(n) for kind, n in rows}
    assert stated == Counter(q["kind"] for q in QUESTIONS)
    assert f"{len(ANSWERABLE)} answerable and {len(UNANSWERABLE)} unanswerable" in readme


def test_the_question_on_the_aid_share_of_gdp_accepts_43_percent() -> None:
    text = "What share of Afghanistan's GDP came from foreign aid before the takeover?"
    questions = [q for q in ANSWERABLE if q["text"] == text]
    assert len(questions) == 1
    assert {"43%", "approximately 43%"} <= {a["quote"] for a in questions[0]["answers"]}


def test_answerable_questions_have_answers() -> None:
    for q in ANSWERABLE:
        assert q["answerable"] is True, q["_id"]
        assert q["answers"], q["_id"]
        assert "why" not in q, q["_id"]


def test_unanswerable_questions_have_no_answers_and_say_why() -> None:
    for q in UNANSWERABLE:
        assert q["answerable"] is False, q["_id"]
        assert q["answers"] == [], q["_id"]
        assert "evidence" not in q, q["_id"]
        assert q["why"].strip(), q["_id"]


def test_every_paragraph_is_the_evidence_of_at_least_two_questions() -> None:
    # The title and the subtitle count as paragraphs; the later section headings do not.
    text = read_document(ARTICLE)
    lines = lines_of(text)
    paragraphs = lines[:2] + [s for s in lines[2:] if text[s[1] - 1] in ".!?”"]
    assert len(paragraphs) == 12
    for start, end in paragraphs:
        evidence = [q["evidence"] for q in ANSWERABLE if q["evidence"]["doc_id"] == ARTICLE]
        inside = [e for e in evidence if start <= e["start"] and e["end"] <= end]
        assert len(inside) >= 2, text[start : start + 60]
