"""Which neighbouring sentences are quoted too, by hand."""

import pytest

from index.documents.sentences import sentences_of
from index.types import Span
from rag.answer.neighbours import with_neighbours

PARAGRAPH = (
    "The keeper lit the lamp. He did so each night. Mongke led the war. He died in 1259. "
    "The wall fell. A storm had come because of the heat. Rain fell."
)
SENTENCES = sentences_of(PARAGRAPH, Span(0, len(PARAGRAPH)))


@pytest.mark.parametrize(
    ("question", "number", "quoted"),
    [
        ("What did the keeper do?", 0, "The keeper lit the lamp. He did so each night."),
        ("What happened each night?", 1, "The keeper lit the lamp. He did so each night."),
        ("What fell?", 4, "The wall fell."),
        ("When did Mongke die?", 2, "Mongke led the war. He died in 1259."),
        ("Why did the wall fall?", 4, "The wall fell. A storm had come because of the heat."),
        ("Why did rain fall?", 6, "A storm had come because of the heat. Rain fell."),
    ],
)
def test_a_sentence_is_quoted_with_those_that_belong_to_it(
    question: str, number: int, quoted: str
) -> None:
    span = with_neighbours(SENTENCES[number], SENTENCES, PARAGRAPH, question)
    assert span.of(PARAGRAPH) == quoted


def test_a_long_quotation_takes_no_sentence_that_refers_to_it() -> None:
    text = "The road " + "winds and " * 40 + "ends. It is old."
    sentences = sentences_of(text, Span(0, len(text)))
    assert with_neighbours(sentences[0], sentences, text, "What winds?") == sentences[0]
