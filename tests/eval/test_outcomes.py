"""What is kept of a reply: every quotation, and the place of each passage."""

from eval.runs.outcomes import outcome_of, statement_of
from index.types import Span
from rag.results import Answer, AnswerSentence, Citation

TEXT = "name | height\nAare | 40 m\n"


def citation(quote: str) -> Citation:
    start = TEXT.index(quote)
    return Citation(
        doc_id="d",
        source="d.md",
        title="D",
        media_type="text/markdown",
        start=start,
        end=start + len(quote),
        line_start=1,
        line_end=1,
        page_start=None,
        page_end=None,
        headings=[],
        quote=quote,
        prefix="",
        suffix="",
        sha256="0",
    )


def answer(*quotes: str) -> Answer:
    quoted = AnswerSentence.quoting("How high?", 0.7, [citation(quote) for quote in quotes])
    return Answer(
        query="How high?", generation=1, took_ms=1.0, answered=True, confidence=0.7,
        text=quoted.text, sentences=[quoted], passages=[],
    )  # fmt: skip


def test_every_quotation_of_an_answer_is_judged() -> None:
    statement = statement_of(True, answer("name | height", "Aare | 40 m"), {"d": TEXT})
    assert statement.citations == (("d", Span(0, 13)), ("d", Span(14, 25)))
    assert statement.copies == ()
    assert statement.stated


def test_the_confidence_and_the_statement_are_kept() -> None:
    statement = statement_of(False, answer("Aare | 40 m"), {"d": TEXT})
    outcome = outcome_of("q", answer("Aare | 40 m"), {"d": TEXT}, statement)
    assert (outcome.question_id, outcome.confidence, outcome.passages) == ("q", 0.7, ())
    assert outcome.statement is statement
