"""A first question to ask of an index: one that names something in it."""

from collections.abc import Iterator

import regex

from index.backend import Snapshot
from index.types import Document

_DOCUMENTS_READ = 5
_MAX_CHARACTERS = 50
_WORDS = regex.compile(r"[\p{L}\p{M}\p{N}]+(?:[-’.][\p{L}\p{M}\p{N}]+)*")


def example_question(snapshot: Snapshot) -> str | None:
    """A question that the first documents' titles and headings suggest; None if they suggest none.

    It has nothing that a shell or JSON treats specially, and so may stand between any quotes.
    """
    records = snapshot.records(limit=_DOCUMENTS_READ)
    topics = [topic for record in records for topic in _topics(snapshot.document(record.doc_id))]
    short_topics = [topic for topic in topics if len(topic) <= _MAX_CHARACTERS]
    for topic in short_topics or map(_shorten, topics):
        return f"What is said about {topic}?"
    return None


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
