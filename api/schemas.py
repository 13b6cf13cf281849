"""The JSON models of requests and of responses other than results, which are in rag/results.py."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from index.documents.formats import media_types
from index.types import DocumentRecord
from rag.answer.why.expected import Expected
from rag.check_query import checked_query
from rag.results import DEFAULT_K, MAX_K, MAX_QUERY_CHARACTERS, MAX_TOKEN_BUDGET, Filter
from rag.search.ranking import Preference
from rag.verify.verdict import CitedQuote

EXAMPLE_QUESTION = "What share of Afghanistan's GDP came from foreign aid before the takeover?"
EXAMPLE_OF_TWO_PARTS = (
    "Who keeps a presence in the country, and what do international organizations warn of?"
)
EXAMPLE_DOCUMENT = "seeds/000_7140c98bc3163d31.txt"

MAX_CITATIONS = 100

DocumentId = Annotated[
    str, Field(description="Unique in the index. For a file: its path at ingest.")
]
Sha256 = Annotated[str, Field(description="SHA-256 of the whole canonical text in UTF-8, as hex.")]
NCharacters = Annotated[
    int, Field(ge=0, description="Number of code points in the whole canonical text.")
]
Generation = Annotated[
    int,
    Field(ge=0, description="The generation of the index; it rises with each change."),
]


def _check_query(query: object) -> object:
    """Return the question unchanged. Raises BadQuery if it is not valid.

    It runs before pydantic's own checks, so that HTTP and the command line report the same error.
    """
    return checked_query(query) if isinstance(query, str) else query


class _JsonModel(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


QueryField = Annotated[
    str,
    BeforeValidator(_check_query),
    Field(
        min_length=1,
        max_length=MAX_QUERY_CHARACTERS,
        description="The question; not blank.",
    ),
]


class _QuestionRequest(_JsonModel):
    """A question with its options."""

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

    query: QueryField
    # Strict: JSON has numbers and truth values of its own; "5" and 1 for true are slips.
    k: int = Field(
        default=DEFAULT_K,
        strict=True,
        ge=1,
        le=MAX_K,
        description="Maximum number of passages. An answer can have more: those that contain its "
        "sentences.",
    )
    filter: Filter | None = Field(
        default=None, description="Which documents to search. Default: all."
    )
    explain: bool = Field(
        default=False,
        strict=True,
        description="Whether to explain each passage's score.",
    )
    merge: bool = Field(
        default=False,
        strict=True,
        description="Whether to join neighbouring passages of one document.",
    )
    token_budget: int | None = Field(
        default=None,
        strict=True,
        ge=1,
        le=MAX_TOKEN_BUDGET,
        description="At most this many tokens of passages: the first passages whose `text`s fit "
        "it together, each whole. Tokens are those of the index's model, special tokens not "
        "counted. Without a model a passage has 4 tokens for 3 words. If not even the best "
        "passage fits, there is none, and `reason` says so. No limit by default.",
    )
    prefer: Preference | None = Field(
        default=None,
        description="`newest`: of the passages whose scores are at most .1 below the best one, "
        "those of the newest document come first, and the answer is taken from them. The date is "
        "the `date` or `modified` of a document's metadata. Default: in order of score.",
    )


class SearchRequest(_QuestionRequest):
    """A question to answer with passages."""


class AskRequest(_QuestionRequest):
    """A question to answer with sentences."""


class WhyRequest(_JsonModel):
    """A question, and the passage that was expected of it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"query": EXAMPLE_QUESTION, "doc_id": EXAMPLE_DOCUMENT, "line_start": 9}]
        }
    )

    query: QueryField
    doc_id: DocumentId = Field(description="The expected document; it need not be in the index.")
    line_start: int | None = Field(
        default=None,
        strict=True,
        ge=1,
        description="The first expected line, from 1; any passage of the document if not given.",
    )
    line_end: int | None = Field(
        default=None,
        strict=True,
        ge=1,
        description="The last expected line; `line_start` if not given.",
    )
    k: int = Field(
        default=DEFAULT_K,
        strict=True,
        ge=1,
        le=MAX_K,
        description="The number of passages among which the expected one should be.",
    )

    @model_validator(mode="after")
    def _check_lines(self) -> Self:
        if self.line_end is not None and self.line_end < (self.line_start or self.line_end + 1):
            raise ValueError("line_end requires a line_start that is not greater")
        return self

    @property
    def expected(self) -> Expected:
        if self.line_start is None:
            return Expected(self.doc_id)
        return Expected(self.doc_id, (self.line_start, self.line_end or self.line_start))


class VerifyRequest(_JsonModel):
    """Citations to check."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "citations": [
                        {
                            "doc_id": EXAMPLE_DOCUMENT,
                            "start": 22,
                            "end": 40,
                            "quote": "US Military Return",
                        }
                    ]
                }
            ]
        }
    )

    citations: list[CitedQuote] = Field(
        min_length=1,
        max_length=MAX_CITATIONS,
        description="Citations, as a search or an answer contained them. Only the fields that are "
        "described here are used.",
    )


class DocumentOut(_JsonModel):
    """A document of the index, without its text."""

    doc_id: DocumentId
    source: str = Field(description="The path or address that the document was read from.")
    title: str = Field(description="The document's title.")
    media_type: str = Field(description=f"{media_types()}.")
    sha256: Sha256
    n_characters: NCharacters
    n_chunks: int = Field(ge=0, description="Number of passages in the document.")
    metadata: dict[str, str] = Field(description="Other metadata, by name.")

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


class DocumentPage(_JsonModel):
    """Some of the documents, in order of their ids by code point."""

    documents: list[DocumentOut] = Field(description="At most `limit`, all of one generation.")
    generation: Generation
    next: str | None = Field(
        description="Pass it as `after` to get the next page; null on the last page."
    )


class PageRequest(_JsonModel):
    """Which documents to list."""

    after: str = Field(
        default="",
        description="List ids greater than this one: `next` of the previous page. Documents that "
        "stay in the index are listed exactly once, even if others change between pages.",
        examples=["seeds"],
    )
    limit: int = Field(
        default=100, ge=1, le=1000, description="Maximum number of documents.", examples=[10]
    )


class SpanRequest(_JsonModel):
    """Which part of a text is requested."""

    start: int = Field(
        default=0,
        ge=0,
        description="Start offset, in code points; 0 is the start of the text.",
        examples=[22],
    )
    end: int | None = Field(
        default=None,
        ge=0,
        description="End offset, exclusive. Default: the end of the text.",
        examples=[40],
    )


class TextSlice(_JsonModel):
    """A span of a document's canonical text, to check a citation."""

    doc_id: DocumentId
    start: int = Field(ge=0, description="Start offset of `text`.")
    end: int = Field(ge=0, description="End offset of `text`, exclusive.")
    text: str = Field(description="The canonical text from `start` to `end`.")
    sha256: Sha256
    n_characters: NCharacters


class Health(_JsonModel):
    """The process is alive."""

    status: Literal["alive"] = Field(default="alive", description="Always `alive`.")


class Ready(_JsonModel):
    """The index can be read; its size and model."""

    status: Literal["ready"] = Field(
        default="ready", description="Always `ready`; otherwise the response is a problem."
    )
    generation: Generation
    n_documents: int = Field(ge=0, description="Number of documents that are searched.")
    n_chunks: int = Field(ge=0, description="Number of passages that are searched.")
    model: str = Field(description="The model that computes the vectors.")
