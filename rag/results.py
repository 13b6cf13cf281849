"""What a user gets: the same models on the command line, over HTTP and in the evaluation.

All offsets are half-open and count Unicode code points of the document's canonical text.
"""

from collections.abc import Callable
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError, PydanticKnownError

from index.documents.formats import media_types
from rag.name_patterns import is_pattern

MAX_QUERY_CHARACTERS = 2000
MAX_K = 100
DEFAULT_K = 5
NOT_ANSWERED = "The documents do not answer this."
MAX_NAMES = 1000
"""Ids and patterns in a filter."""
MAX_NAME_CHARACTERS = 4096
MAX_PATTERN_CHARACTERS = 65_536
"""Of a filter's patterns together: at worst they take half a second to compile."""


_CONFIDENCE = (
    "The calibrated probability that the documents answer the question. With a model that no "
    "calibration was fitted for: the mean of the best passage's dense and sentence cosines. Null "
    "for a search without a model."
)
_REASON = Field(
    default=None,
    exclude_if=lambda reason: reason is None,
    description="Why there is no passage; left out if there is one.",
)


class _Result(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Highlight(_Result):
    """The sentence of a passage that answers best."""

    start: int = Field(ge=0, description="Where it begins in the document's canonical text.")
    end: int = Field(ge=0, description="Where it ends; the code point at `end` is not part of it.")
    quote: str = Field(description="Exactly `text[start:end]` of the document.")


class Citation(_Result):
    """Where a passage stands, to be checked by anyone: fetch `[start, end)` of the document's text
    and compare it with `quote`."""

    doc_id: str = Field(description="The document's id.")
    source: str = Field(description="Where the document was read from.")
    title: str = Field(description="The document's title.")
    start: int = Field(ge=0, description="Where the passage begins in the canonical text.")
    end: int = Field(ge=0, description="Where it ends; the code point at `end` is not part of it.")
    line_start: int = Field(ge=1, description="Its first line, counted from 1.")
    line_end: int = Field(ge=1, description="Its last line.")
    page_start: int | None = Field(description="Its first page, from 1; null without pages.")
    page_end: int | None = Field(description="Its last page; null without pages.")
    headings: list[str] = Field(description="The headings it stands under, outermost first.")
    quote: str = Field(description="Exactly `text[start:end]` of the document.")
    sha256: str = Field(description="Of the document's canonical text as UTF-8, in hex.")


class Scores(_Result):
    """What ranked a passage."""

    dense: float = Field(description="Cosine of the query's vector and the passage's, in [-1, 1].")
    lexical: float = Field(
        ge=0, description="BM25 of the query's terms and pairs of them; 0 if it has none of them."
    )
    sentence: float = Field(description="Cosine of the query's vector and the best sentence's.")
    rerank: float | None = Field(
        ge=0,
        le=1,
        description="The reranker's: late interaction, or a cross-encoder's. Null beyond the first "
        "few candidates, or without a reranker.",
    )


class Part(_Result):
    """One of the terms that make a passage's score."""

    value: float = Field(description="What it is for this passage.")
    scaled: float = Field(ge=0, le=1, description="The same on a scale of 0 to 1.")
    weight: float = Field(ge=0, le=1, description="Its share of the score.")


class QueryTerm(_Result):
    """A term of the question, as it is searched for."""

    term: str = Field(description="The word without case, diacritics and ending.")
    idf: float = Field(ge=0, description="How rare it is: BM25's inverse document frequency.")
    in_passage: bool = Field(description="Whether the passage has it.")


class Place(_Result):
    """A stretch of a document, without its text."""

    doc_id: str = Field(description="The document's id.")
    start: int = Field(ge=0, description="Where it begins in the canonical text.")
    end: int = Field(ge=0, description="Where it ends; the code point at `end` is not part of it.")


class Explanation(_Result):
    """How a passage came by its score: the sum of its parts' weight x scaled."""

    dense_rank: int | None = Field(
        ge=1, description="Its rank among FAISS's candidates; null if only BM25 found it."
    )
    lexical_rank: int | None = Field(
        ge=1, description="Its rank among BM25's candidates; null if only FAISS found it."
    )
    first_rank: int = Field(ge=1, description="Its rank before the reranker looked.")
    dense: Part = Field(description="The cosine of the passage's vector.")
    sentence: Part = Field(description="The cosine of its best sentence's vector.")
    lexical: Part = Field(description="BM25; scaled by the most that the terms could give.")
    rerank: Part | None = Field(description="The reranker; null without one.")
    terms: list[QueryTerm] = Field(description="The question's terms, each once, in its order.")
    merged: list[Place] = Field(
        description="The neighbouring passages that were joined, in order; empty if none were."
    )


class Passage(_Result):
    """A stretch of a document that may answer the question."""

    rank: int = Field(ge=1, description="1 is the best.")
    score: float = Field(
        ge=0, le=1, description="The weighted sum of `scores`, each on a scale of 0 to 1."
    )
    scores: Scores
    text: str = Field(description="The passage; the same as `citation.quote`.")
    highlight: Highlight
    citation: Citation
    duplicates: list[Place] = Field(
        default_factory=list,
        exclude_if=lambda places: not places,
        description="Near-identical passages that it stands for; left out if there are none.",
    )
    explanation: Explanation | None = Field(
        default=None,
        exclude_if=lambda explanation: explanation is None,
        description="How it came by its score; only if the request asked for it.",
    )


class SearchResult(_Result):
    """The passages that answer a question best, best first."""

    query: str = Field(description="The question as asked.")
    generation: int = Field(ge=0, description="The index's generation that was searched.")
    took_ms: float = Field(ge=0, description="Milliseconds from question to result.")
    answered: bool = Field(description="False if the documents most likely do not answer it.")
    confidence: float | None = Field(ge=0, le=1, description=_CONFIDENCE)
    passages: list[Passage] = Field(description="At most k, ranked from 1.")
    reason: str | None = _REASON


class AnswerSentence(_Result):
    """A sentence, or two neighbouring ones, that answer a question or a part of it."""

    question: str = Field(description="The question, or the part of it that this answers.")
    confidence: float | None = Field(
        ge=0, le=1, description="That the documents answer this part; null without a model."
    )
    citation: Citation = Field(description="The sentence; its text is `quote`.")


class Answer(_Result):
    """What the documents answer to a question, in their own words."""

    query: str = Field(description="The question as asked.")
    generation: int = Field(ge=0, description="The index's generation that was searched.")
    took_ms: float = Field(ge=0, description="Milliseconds from question to answer.")
    answered: bool = Field(description="False if the documents most likely do not answer it.")
    confidence: float | None = Field(ge=0, le=1, description=_CONFIDENCE)
    text: str = Field(description="The sentences, or a line that says that there is no answer.")
    sentences: list[AnswerSentence] = Field(
        description="One for each part of the question that is answered; empty if none is."
    )
    passages: list[Passage] = Field(
        description="At most k, ranked from 1 for the whole question; behind them any other that a "
        "sentence stands in, with what it scored for that part. If nothing answers, the nearest."
    )
    reason: str | None = _REASON


def _check_length(most: int) -> Callable[[str], str]:
    """pydantic's own max_length refuses lone surrogates as well, which name no document."""

    def checked(text: str) -> str:
        if len(text) > most:
            raise PydanticKnownError("string_too_long", {"max_length": most})
        return text

    return checked


def _check_patterns(texts: list[str]) -> list[str]:
    n_characters = sum(len(text) for text in texts if is_pattern(text))
    if n_characters > MAX_PATTERN_CHARACTERS:
        raise PydanticCustomError(
            "patterns_too_long",
            "patterns should have at most {most} characters in all, and have {n_characters}",
            {"most": f"{MAX_PATTERN_CHARACTERS:,}", "n_characters": f"{n_characters:,}"},
        )
    return texts


_Name = Annotated[
    str,
    AfterValidator(_check_length(MAX_NAME_CHARACTERS)),
    Field(json_schema_extra={"maxLength": MAX_NAME_CHARACTERS}),
]


_Names = Annotated[
    list[_Name], Field(min_length=1, max_length=MAX_NAMES), AfterValidator(_check_patterns)
]


class Filter(_Result):
    """Which documents to search. A document must match every field that is given."""

    doc_id: _Names | None = Field(
        default=None,
        description="Any of these ids, or patterns with `*`, `?` and `[…]`, as in `manuals/*.md`; "
        f"patterns have at most {MAX_PATTERN_CHARACTERS:,} characters in all.",
    )
    media_type: list[_Name] | None = Field(
        default=None,
        min_length=1,
        max_length=10,
        description=f"Any of these, as {media_types()}.",
    )


def to_json(result: BaseModel) -> str:
    """A result as `rag search --json` prints it and HTTP sends it."""
    return result.model_dump_json()
