"""What goes over the wire and is not a result of a search; those are in rag/results.py."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from index.documents.formats import media_types
from index.types import DocumentRecord
from rag.check_query import checked_query
from rag.results import DEFAULT_K, MAX_K, MAX_QUERY_CHARACTERS, Filter

EXAMPLE_QUESTION = "What share of Afghanistan's GDP came from foreign aid before the takeover?"
EXAMPLE_OF_TWO_PARTS = (
    "Who keeps a presence in the country, and what do international organizations warn of?"
)
EXAMPLE_DOCUMENT = "seeds/000_7140c98bc3163d31.txt"

DocumentId = Annotated[
    str, Field(description="Unique in the index; for a file, its path as it was ingested.")
]
Sha256 = Annotated[
    str, Field(description="Of the document's whole canonical text as UTF-8, in hex.")
]
NCharacters = Annotated[
    int, Field(ge=0, description="Code points in the document's whole canonical text.")
]
Generation = Annotated[
    int,
    Field(ge=0, description="The index's generation, which rises whenever documents change."),
]


def _asked(query: object) -> object:
    """The question unchanged; BadQuery rather than a ValidationError if it cannot be asked.

    It comes before pydantic's own checks, so that HTTP says the same as the command line.
    """
    return checked_query(query) if isinstance(query, str) else query


class _Wire(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Question(_Wire):
    """A question, and how to answer it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"query": EXAMPLE_QUESTION},
                {"query": EXAMPLE_OF_TWO_PARTS, "k": 2, "explain": True, "merge": True},
                {
                    "query": "What do international organizations warn of?",
                    "k": 1,
                    "filter": {"doc_id": ["seeds/*"], "media_type": ["text/plain"]},
                },
            ]
        }
    )

    query: Annotated[str, BeforeValidator(_asked)] = Field(
        min_length=1,
        max_length=MAX_QUERY_CHARACTERS,
        description="The question, in plain words; not blank.",
    )
    # Strict: JSON has numbers and truth values of its own; "5" and 1 for true are slips.
    k: int = Field(
        default=DEFAULT_K,
        strict=True,
        ge=1,
        le=MAX_K,
        description="At most this many passages are returned; of an answer, also those that its "
        "sentences stand in.",
    )
    filter: Filter | None = Field(
        default=None, description="Which documents to search; all of them if it is not given."
    )
    explain: bool = Field(
        default=False,
        strict=True,
        description="Whether to tell how each passage came by its score.",
    )
    merge: bool = Field(
        default=False,
        strict=True,
        description="Whether to join those of the passages that are neighbours in one document.",
    )


class SearchRequest(_Question):
    """A question to be met with passages."""


class AskRequest(_Question):
    """A question to be answered in sentences."""


class DocumentOut(_Wire):
    """A document of the index, without its text."""

    doc_id: DocumentId
    source: str = Field(description="Where the document was read from.")
    title: str = Field(description="Its title.")
    media_type: str = Field(description=f"{media_types()}.")
    sha256: Sha256
    n_characters: NCharacters
    n_chunks: int = Field(ge=0, description="The passages it was divided into.")
    metadata: dict[str, str] = Field(description="What else is known of it, by name.")

    @classmethod
    def of(cls, record: DocumentRecord) -> Self:
        return cls(
            doc_id=record.doc_id,
            source=record.source,
            title=record.title,
            media_type=record.media_type,
            sha256=record.sha256,
            n_characters=record.n_chars,
            n_chunks=record.n_chunks,
            metadata=dict(record.metadata),
        )


class DocumentPage(_Wire):
    """Some of the documents, in order of their ids by code point."""

    documents: list[DocumentOut] = Field(description="At most `limit`, all of one generation.")
    generation: Generation
    next: str | None = Field(
        description="Pass it as `after` for the documents that follow; null if there are none."
    )


class PageRequest(_Wire):
    """Which documents to list."""

    after: str = Field(
        default="",
        description="Begin behind this id: `next` of the page before. Documents that stay are "
        "listed once each, whatever comes and goes meanwhile.",
        examples=["seeds"],
    )
    limit: int = Field(
        default=100, ge=1, le=1000, description="At most so many documents.", examples=[10]
    )


class SpanRequest(_Wire):
    """Which part of a text to read."""

    start: int = Field(
        default=0, ge=0, description="The first code point; 0 is the text's.", examples=[22]
    )
    end: int | None = Field(
        default=None,
        ge=0,
        description="The code point behind the last; the text's end if it is not given.",
        examples=[40],
    )


class TextSlice(_Wire):
    """A stretch of a document's canonical text: what a citation is checked against."""

    doc_id: DocumentId
    start: int = Field(ge=0, description="The first code point of `text`.")
    end: int = Field(ge=0, description="The code point behind the last; not part of `text`.")
    text: str = Field(description="The canonical text's code points from `start` to `end`.")
    sha256: Sha256
    n_characters: NCharacters


class Health(_Wire):
    """The process is alive."""

    status: Literal["alive"] = Field(default="alive", description="Always `alive`.")


class Ready(_Wire):
    """The index can be read, and what it holds."""

    status: Literal["ready"] = Field(
        default="ready", description="Always `ready`; when it is not, the answer is a problem."
    )
    generation: Generation
    n_documents: int = Field(ge=0, description="Documents that are searched.")
    n_chunks: int = Field(ge=0, description="Passages that are searched.")
    model: str = Field(description="The model that makes the vectors.")
