"""A quote to check, and the result of the check."""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from rag.results import MAX_NAME_CHARACTERS

MAX_QUOTE_CHARACTERS = 250_000
"""A longer quote is refused: a citation of 100 merged passages has fewer characters."""

MAX_CONTEXT_CHARACTERS = 1000

Status = Literal[
    "valid",  # the quote is at its place
    "moved",  # the quote is at another place
    "changed",  # a similar text is there instead
    "gone",  # no document, or no similar text in it
]


class CitedQuote(BaseModel):
    """What a check needs of a citation. Other fields are ignored, so that citations of other
    versions of this program can be checked."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    doc_id: str = Field(max_length=MAX_NAME_CHARACTERS, description="The document's id.")
    source: str = Field(
        default="", description="The path that the document was read from. Not used over HTTP."
    )
    start: int = Field(strict=True, ge=0, description="Start offset in the canonical text.")
    end: int = Field(strict=True, ge=0, description="End offset, exclusive.")
    quote: str = Field(
        min_length=1, max_length=MAX_QUOTE_CHARACTERS, description="The text that was cited."
    )
    prefix: str = Field(
        default="",
        max_length=MAX_CONTEXT_CHARACTERS,
        description="The text before the quote; can be empty.",
    )
    suffix: str = Field(
        default="",
        max_length=MAX_CONTEXT_CHARACTERS,
        description="The text after the quote; can be empty.",
    )
    sha256: str | None = Field(
        default=None,
        max_length=64,
        description="SHA-256 of the canonical text at the time of the citation.",
    )


class Verdict(BaseModel):
    """Whether a quote is still in its document."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    doc_id: str = Field(description="The document's id.")
    status: Status = Field(
        description="`valid`: the quote is at `[start, end)`. `moved`: the quote is elsewhere. "
        "`changed`: a similar text is in its place. `gone`: there is no such document, or no "
        "similar text in it."
    )
    start: int | None = Field(
        ge=0, description="Start offset of the quote or similar text now; null if gone."
    )
    end: int | None = Field(ge=0, description="End offset, exclusive; null if gone.")
    line_start: int | None = Field(ge=1, description="Its first line, from 1; null if gone.")
    line_end: int | None = Field(ge=1, description="Its last line; null if gone.")
    text: str | None = Field(
        description="If changed, the similar text: exactly `text[start:end]` of the document; "
        "otherwise null."
    )
    similarity: float | None = Field(
        ge=0,
        le=1,
        description="If changed, the share of characters that quote and text have in common, in "
        "order; otherwise null.",
    )
    document_changed: bool | None = Field(
        description="Whether the document's canonical text differs from the one that was cited; "
        "null if there is no document or the citation has no `sha256`."
    )
    detail: str = Field(description="The result in words.")


class Verdicts(BaseModel):
    """The results of several checks."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    valid: bool = Field(description="Whether every citation is valid.")
    verdicts: list[Verdict] = Field(description="One for each citation, in the same order.")

    @classmethod
    def of(cls, verdicts: list[Verdict]) -> Self:
        return cls(valid=all(each.status == "valid" for each in verdicts), verdicts=verdicts)
