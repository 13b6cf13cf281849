"""A first question to ask of an index: one that names something in it."""

from collections.abc import Iterator
from itertools import islice

import regex

from index.backend import Snapshot
from index.types import Document
from rag.pipeline import Pipeline

_DOCUMENTS_READ = 5
_QUESTIONS_TRIED = 5
_MAX_CHARACTERS = 50
_WORDS = regex.compile(r"[\p{L}\p{M}\p{N}]+(?:[-’.][\p{L}\p{M}\p{N}]+)*")


def example_question(pipeline: Pipeline) -> str | None:
    """Return the first suggested question that is answered, or else the first; None without one."""
    with pipeline.snapshot() as snapshot:
        questions = list(islice(suggest_questions(snapshot), _QUESTIONS_TRIED))
    answered = (question for question in questions if pipeline.ask(question, 1).answered)
    return next(answered, questions[0] if questions else None)


def suggest_questions(snapshot: Snapshot) -> Iterator[str]:
    """Yield questions about the titles and headings of the first documents.

    They have no character that a shell or JSON treats specially, so any quotes may enclose them.
    """
    records = snapshot.records(limit=_DOCUMENTS_READ)
    topics = [topic for record in records for topic in _topics(snapshot.document(record.doc_id))]
    short_topics = [topic for topic in topics if len(topic) <= _MAX_CHARACTERS]
    for topic in short_topics or map(_shorten, topics):
        yield f"What is said about {topic}?"


def _topics(document: Document) -> Iterator[str]:
    """What a document is about: its headings below the title, and then the title; without marks,
    and without those that say nothing, as `1.2` does."""
    below = [heading.text for heading in document.headings if heading.text != document.title]
    for text in (*below, document.title):
        topic = " ".join(_WORDS.findall(text))
        if regex.search(r"\p{L}{3}", topic):
            yield topic


def _shorten(topic: str) -> str:
    """Its first words."""
    return topic[: _MAX_CHARACTERS + 1].rpartition(" ")[0] or topic[:_MAX_CHARACTERS]
