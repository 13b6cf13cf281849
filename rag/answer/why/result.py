"""The response of `rag why` and `POST /v1/why`."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from rag.answer.explain import Signal
from rag.results import PassageSpan

Stage = Literal[
    "document",  # the index holds the document
    "passage",  # one of its passages holds the expected line
    "candidates",  # FAISS or BM25 finds the passage among their first
    "reranking",  # its first score is high enough for the reranker to look at it
    "duplicates",  # no better passage has nearly the same text
    "rank",  # it is among the first k
    "confidence",  # the question counts as answered
    "answer",  # the answer quotes it
]


class _Result(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SignalPair(_Result):
    """What one signal adds to the scores of two passages."""

    signal: Signal = Field(description="As in a passage's `explanation`.")
    expected: float = Field(ge=0, le=1, description="Weight x scaled of the expected passage.")
    other: float = Field(ge=0, le=1, description="The same of the other passage.")


class Comparison(_Result):
    """The expected passage against one that ranks higher."""

    passage: PassageSpan = Field(description="The passage that ranks higher.")
    signals: list[SignalPair] = Field(
        description="What makes up both scores; the signal first on which the expected passage is "
        "furthest behind."
    )


class WhyStep(_Result):
    """A step on the way from a document to an answer."""

    stage: Stage = Field(description="Which step.")
    passed: bool = Field(description="Whether the expected passage passed it.")
    detail: str = Field(description="What happened, in words.")
    comparison: Comparison | None = Field(
        default=None,
        exclude_if=lambda comparison: comparison is None,
        description="With a passage that ranks higher; left out if none was compared.",
    )


class Why(_Result):
    """Where a question lost the passage that was expected."""

    query: str = Field(description="The question as asked.")
    generation: int = Field(ge=0, description="The index's generation that was searched.")
    expected: str = Field(description="`doc_id`, `doc_id:line` or `doc_id:first-last`.")
    lost_at: Stage | None = Field(
        description="The first step that was not passed; null if the answer quotes it."
    )
    steps: list[WhyStep] = Field(
        description="In order. They end where nothing further can be said of the passage."
    )
