"""What a user gets: the same models on the command line, over HTTP and in the evaluation.

All offsets are half-open and count Unicode code points of the document's canonical text.
"""

from pydantic import BaseModel, ConfigDict, Field

MAX_QUERY_CHARACTERS = 2000
MAX_K = 100
DEFAULT_K = 5


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
    lexical: float = Field(ge=0, description="BM25 of the query's terms; 0 if it has none of them.")
    sentence: float = Field(description="Cosine of the query's vector and the best sentence's.")


class Part(_Result):
    """One of the two sums that make a passage's score."""

    value: float = Field(description="What it is for this passage: dense + sentence, or BM25.")
    scaled: float = Field(
        ge=0, le=1, description="The same over this query's candidates: 0 the least, 1 the most."
    )
    weight: float = Field(ge=0, le=1, description="Its share of the score.")


class QueryTerm(_Result):
    """A term of the question, as it is searched for."""

    term: str = Field(description="The word without case, diacritics and ending.")
    idf: float = Field(ge=0, description="How rare it is: BM25's inverse document frequency.")
    in_passage: bool = Field(description="Whether the passage has it.")


class Explanation(_Result):
    """How a passage came by its score: the sum of both parts' weight x scaled."""

    dense_rank: int | None = Field(
        ge=1, description="Its rank among FAISS's candidates; null if only BM25 found it."
    )
    lexical_rank: int | None = Field(
        ge=1, description="Its rank among BM25's candidates; null if only FAISS found it."
    )
    semantic: Part = Field(description="dense + sentence.")
    lexical: Part = Field(description="BM25.")
    terms: list[QueryTerm] = Field(description="The question's terms, each once, in its order.")


class Passage(_Result):
    """A stretch of a document that may answer the question."""

    rank: int = Field(ge=1, description="1 is the best.")
    score: float = Field(
        ge=0,
        le=1,
        description="The weighted sum of (dense + sentence) and of lexical, each scaled to [0, 1] "
        "over this query's candidates. It ranks within one result, and says nothing across two.",
    )
    scores: Scores
    text: str = Field(description="The passage; the same as `citation.quote`.")
    highlight: Highlight
    citation: Citation
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
    confidence: float = Field(
        ge=0,
        le=1,
        description="How much the best passage's vectors agree with the question: the mean of its "
        "dense and sentence cosines, cut at 0. Higher for questions that the documents answer; it "
        "is not a probability.",
    )
    passages: list[Passage] = Field(description="At most k, ranked from 1.")


class Filter(_Result):
    """Which documents to search. A document must match every field that is given."""

    doc_id: list[str] | None = Field(
        default=None,
        min_length=1,
        max_length=1000,
        description="Any of these ids, or patterns with `*`, `?` and `[…]`, as in `manuals/*.md`.",
    )
    media_type: list[str] | None = Field(
        default=None,
        min_length=1,
        max_length=10,
        description="Any of these, as `text/plain` or `text/markdown`.",
    )


def to_json(result: BaseModel) -> str:
    """A result as `rag search --json` prints it and HTTP sends it."""
    return result.model_dump_json()
