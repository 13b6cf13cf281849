"""What a user gets: the same models on the command line, over HTTP and in the evaluation.

All offsets are half-open and count Unicode code points of the document's canonical text.
"""

from collections.abc import Callable
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError, PydanticKnownError

from index.documents.formats import media_types
from index.places import PlaceKind
from index.types import Span
from rag.name_patterns import is_pattern

MAX_QUERY_CHARACTERS = 2000
MAX_K = 100
DEFAULT_K = 5
MAX_TOKEN_BUDGET = 1_000_000
NOT_ANSWERED = "The documents do not answer this."
CONTEXT_CHARACTERS = 32
"""Of the text before and after a quote that a citation has at most."""
MAX_NAMES = 1000
"""Ids and patterns in a filter."""
MAX_NAME_CHARACTERS = 4096
MAX_PATTERN_CHARACTERS = 65_536
"""Of a filter's patterns together: at worst they take half a second to compile."""


_CONFIDENCE = (
    "The estimated probability that the answer is right. Null without a model, for a model without "
    "a calibration, and for a question that the model cannot read."
)
_REASON = Field(
    default=None,
    exclude_if=lambda reason: reason is None,
    description="Why there is no passage; absent if there is one.",
)
_NOTE = Field(
    default=None,
    exclude_if=lambda note: note is None,
    description="A remark on the reply: the model has no calibration, or cannot read all of the "
    "question; usually absent.",
)


class _Result(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Correction(_Result):
    """A word of the question that no passage has, and the word one edit away that was searched for
    in its place."""

    written: str = Field(description="The word in the question.")
    searched: str = Field(description="The word that was searched for.")


_CORRECTIONS = Field(
    default_factory=list[Correction],
    exclude_if=lambda corrections: not corrections,
    description="Mistyped words that were corrected; absent if there are none.",
)


class Highlight(_Result):
    """The sentence of a passage that best answers the question."""

    start: int = Field(ge=0, description="Start offset in the document's canonical text.")
    end: int = Field(ge=0, description="End offset, exclusive.")
    quote: str = Field(description="Exactly `text[start:end]` of the document.")


class SourcePlace(_Result):
    """A named place of the source that a passage is in, such as a slide or the rows of a sheet."""

    kind: PlaceKind = Field(description="The kind of place.")
    first: str = Field(description="The label of the place that the passage begins in.")
    last: str = Field(description="The label of the place that it ends in.")


class Citation(_Result):
    """The place of a passage. To check it, read `[start, end)` of the document's text and compare
    it with `quote`."""

    doc_id: str = Field(description="The document's id.")
    source: str = Field(description="The path or address that the document was read from.")
    title: str = Field(description="The document's title.")
    media_type: str = Field(description="The document's media type.")
    start: int = Field(ge=0, description="Start offset in the canonical text.")
    end: int = Field(ge=0, description="End offset, exclusive.")
    line_start: int = Field(
        ge=1, description="The passage's first line; the document's first line is 1."
    )
    line_end: int = Field(ge=1, description="The passage's last line.")
    page_start: int | None = Field(description="The first page, from 1; null without pages.")
    page_end: int | None = Field(description="The last page; null without pages.")
    places: list[SourcePlace] = Field(
        default_factory=list[SourcePlace],
        exclude_if=lambda places: not places,
        description="Slides, sheets, rows, anchors or times; left out if the format has none.",
    )
    headings: list[str] = Field(description="The headings above the passage, outermost first.")
    quote: str = Field(description="Exactly `text[start:end]` of the document.")
    prefix: str = Field(
        max_length=CONTEXT_CHARACTERS,
        description=f"The canonical text before the quote, up to {CONTEXT_CHARACTERS} characters.",
    )
    suffix: str = Field(
        max_length=CONTEXT_CHARACTERS,
        description=f"The canonical text after the quote, up to {CONTEXT_CHARACTERS} characters.",
    )
    sha256: str = Field(description="SHA-256 of the document's canonical text in UTF-8, as hex.")

    @property
    def span(self) -> Span:
        """The span of the quote in the canonical text."""
        return Span(self.start, self.end)


class Scores(_Result):
    """The signals that rank a passage."""

    dense: float = Field(description="Cosine of the vectors of query and passage, in [-1, 1].")
    lexical: float = Field(
        ge=0, description="BM25 of the query's terms and term pairs; 0 if none occurs."
    )
    sentence: float = Field(description="Cosine of the vectors of query and best sentence.")
    rerank: float | None = Field(
        ge=0,
        le=1,
        description="Score of the reranker. Null if the passage was not reranked.",
    )


class ScorePart(_Result):
    """One signal in a passage's score."""

    value: float = Field(description="The signal's value for this passage.")
    scaled: float = Field(ge=0, le=1, description="The value scaled to [0, 1].")
    weight: float = Field(ge=0, le=1, description="The signal's weight in the score.")


class QueryTerm(_Result):
    """A search term of the question."""

    term: str = Field(description="The word, case-folded, without diacritics, stemmed.")
    idf: float = Field(
        ge=0, description="Inverse document frequency of BM25; rare terms have more."
    )
    in_passage: bool = Field(description="Whether the passage contains the term.")


class PassageSpan(_Result):
    """A span of a document, without its text."""

    doc_id: str = Field(description="The document's id.")
    start: int = Field(ge=0, description="Start offset in the canonical text.")
    end: int = Field(ge=0, description="End offset, exclusive.")


class Explanation(_Result):
    """How a passage's score is computed: the sum of weight x scaled over its signals."""

    dense_rank: int | None = Field(
        ge=1, description="Rank among the candidates of FAISS; null if it is not one."
    )
    lexical_rank: int | None = Field(
        ge=1, description="Rank among the candidates of BM25; null if it is not one."
    )
    first_rank: int = Field(ge=1, description="Rank before reranking.")
    dense: ScorePart = Field(description="The cosine of the passage's vector.")
    sentence: ScorePart = Field(description="The cosine of its best sentence's vector.")
    lexical: ScorePart = Field(description="BM25; scaled by the maximum that the terms could give.")
    rerank: ScorePart | None = Field(
        description="The reranker's score; null if the passage was not reranked."
    )
    terms: list[QueryTerm] = Field(description="The question's terms, each once, in order.")
    merged: list[PassageSpan] = Field(
        description="The neighbouring passages that were joined, in order; can be empty."
    )


class Passage(_Result):
    """A span of a document that may answer the question."""

    rank: int = Field(ge=1, description="1 is the best.")
    score: float = Field(ge=0, le=1, description="Weighted sum of `scores`, each scaled to [0, 1].")
    scores: Scores
    text: str = Field(description="The passage; the same as `citation.quote`.")
    highlight: Highlight
    citation: Citation
    duplicates: list[PassageSpan] = Field(
        default_factory=list,
        exclude_if=lambda places: not places,
        description="Near-identical passages that were left out; absent if there are none.",
    )
    explanation: Explanation | None = Field(
        default=None,
        exclude_if=lambda explanation: explanation is None,
        description="How the score is computed; absent unless requested.",
    )


class SearchResult(_Result):
    """The passages that best answer a question, best first."""

    query: str = Field(description="The question.")
    corrections: list[Correction] = _CORRECTIONS
    generation: int = Field(ge=0, description="The generation of the index that was searched.")
    took_ms: float = Field(ge=0, description="Milliseconds from question to result.")
    answered: bool = Field(
        description="False if the documents probably do not answer the question."
    )
    confidence: float | None = Field(ge=0, le=1, description=_CONFIDENCE)
    passages: list[Passage] = Field(description="At most k, ranked from 1.")
    reason: str | None = _REASON
    note: str | None = _NOTE


class AnswerSentence(_Result):
    """What answers a question or a part of it: a sentence, or what must be read together, as a
    table's row and its header."""

    question: str = Field(description="The question, or the part of it that the sentence answers.")
    confidence: float | None = Field(
        ge=0,
        le=1,
        description="Estimated probability that this is right; null if there is none.",
    )
    text: str = Field(description="The quotes of `citations`, a line end between them.")
    citation: Citation = Field(description="The last of `citations`, which answers the question.")
    citations: list[Citation] = Field(
        min_length=1, description="What is quoted, in the order of the document; mostly one."
    )
    phrase: Citation | None = Field(
        default=None,
        exclude_if=lambda phrase: phrase is None,
        description="The exact words in one of `citations` that answer, by the reader; absent "
        "without a reader, or if it finds none there.",
    )

    @classmethod
    def quoting(
        cls,
        question: str,
        confidence: float | None,
        citations: list[Citation],
        phrase: Citation | None = None,
    ) -> "AnswerSentence":
        """The sentence that these citations make, in the order of the document."""
        text = "\n".join(citation.quote for citation in citations)
        return cls(
            question=question,
            confidence=confidence,
            text=text,
            citation=citations[-1],
            citations=citations,
            phrase=phrase,
        )


class Answer(_Result):
    """The documents' answer to a question, in their own sentences."""

    query: str = Field(description="The question.")
    corrections: list[Correction] = _CORRECTIONS
    generation: int = Field(ge=0, description="The generation of the index that was searched.")
    took_ms: float = Field(ge=0, description="Milliseconds from question to answer.")
    answered: bool = Field(
        description="False if the documents probably do not answer the question."
    )
    confidence: float | None = Field(ge=0, le=1, description=_CONFIDENCE)
    text: str = Field(description="The sentences, or a line that says there is no answer.")
    sentences: list[AnswerSentence] = Field(
        description="One for each part of the question that has an answer; can be empty."
    )
    passages: list[Passage] = Field(
        description="At most k, the highest score first: the passages that contain the sentences, "
        "and the best others. A passage that only a part of the question finds has its score for "
        "that part. Without an answer, the nearest passages."
    )
    reason: str | None = _REASON
    note: str | None = _NOTE


def _check_length(max_characters: int) -> Callable[[str], str]:
    """pydantic's own max_length refuses lone surrogates as well, which name no document."""

    def check(text: str) -> str:
        if len(text) > max_characters:
            raise PydanticKnownError("string_too_long", {"max_length": max_characters})
        return text

    return check


def _check_patterns(texts: list[str]) -> list[str]:
    n_characters = sum(len(text) for text in texts if is_pattern(text))
    if n_characters > MAX_PATTERN_CHARACTERS:
        raise PydanticCustomError(
            "patterns_too_long",
            "patterns should have at most {most} characters in total, but have {n_characters}",
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
    """Which documents to search. A document must match every given field."""

    doc_id: _Names | None = Field(
        default=None,
        description="Ids, or patterns with `*`, `?` and `[…]`, such as `manuals/*.md`; all "
        f"patterns together have at most {MAX_PATTERN_CHARACTERS:,} characters.",
    )
    media_type: list[_Name] | None = Field(
        default=None,
        min_length=1,
        max_length=10,
        description=f"Media types: {media_types()}.",
    )
    collection: list[_Name] | None = Field(
        default=None,
        min_length=1,
        max_length=100,
        description="Collections: documents in one of them.",
    )
    where: str | None = Field(
        default=None,
        min_length=1,
        max_length=2000,
        description="A condition on the documents' properties, such as "
        '`date >= 2025 and tags in (aid, "Kabul") and not author starts with A`. Properties are '
        "`doc_id`, `source`, `title`, `media_type`, and names of metadata.",
    )


def to_json(result: BaseModel) -> str:
    """A result as `rag search --json` prints it and HTTP sends it."""
    return result.model_dump_json()
