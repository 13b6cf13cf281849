"""The JSON models of changes: requests, their results, and jobs."""

import json
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from api.problems import Problem
from api.schemas import DocumentId, DocumentOut, Generation
from index.documents.formats import media_types

MAX_TITLE = 1000
MAX_METADATA = 100
MAX_NAME = 200
MAX_VALUE = 8192


class _JsonModel(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _as_text(value: object) -> object:
    """Return a metadata value as the text that is stored: lists are joined with commas."""
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return ", ".join(value)
    return value


def _valid_unicode(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("is not valid Unicode; remove its lone surrogates") from None
    return text


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("is blank")
    return text


Text = Annotated[str, AfterValidator(_valid_unicode)]
Name = Annotated[Text, Field(min_length=1, max_length=MAX_NAME)]
Value = Annotated[Text, BeforeValidator(_as_text), Field(max_length=MAX_VALUE)]
Title = Annotated[Text, Field(max_length=MAX_TITLE), AfterValidator(_not_blank)]


class DocumentText(_JsonModel):
    """A document as text."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "text": "# Opening hours\n\nThe library opens at nine on weekdays.",
                    "media_type": "text/markdown",
                    "metadata": {"author": "A. Haidari", "tags": ["library", "hours"]},
                }
            ]
        }
    )

    text: Text = Field(description="The text; not blank.")
    title: Title | None = Field(
        default=None, description="The title. Default: that in the text, or the end of the id."
    )
    media_type: str | None = Field(
        default=None,
        description=f"A text format of {media_types()}. Default: that of the id's extension, or "
        "`text/plain`.",
    )
    metadata: dict[Name, Value] = Field(
        default_factory=dict,
        max_length=MAX_METADATA,
        description="Metadata by name, added to those in the text. Numbers are stored as text, and "
        "lists of texts joined with commas.",
    )


class DocumentPatch(_JsonModel):
    """A change of a document's metadata, as a JSON merge patch (RFC 7396)."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"metadata": {"author": "B. Karimi", "tags": None}}]}
    )

    metadata: dict[Name, Value | None] = Field(
        max_length=MAX_METADATA,
        description="The metadata to set, by name; null deletes one. The others stay. Values as in "
        "`PUT`.",
    )


class DocumentWritten(_JsonModel):
    """The result of a change of a document."""

    result: Literal["created", "replaced", "changed", "unchanged"] = Field(
        description="`changed`: only its metadata. `unchanged`: the index had it so already."
    )
    generation: Generation
    document: DocumentOut = Field(description="The document after the change.")


class DocumentRemoved(_JsonModel):
    """The result of removing a document."""

    result: Literal["removed"] = Field(default="removed", description="Always `removed`.")
    generation: Generation
    doc_id: DocumentId


class UploadedFile(_JsonModel):
    """The result of one file of an upload: a document or a problem."""

    doc_id: DocumentId
    status: int = Field(ge=200, le=599, description="The status that a PUT would have had.")
    result: Literal["created", "replaced", "unchanged", "failed"] = Field(
        description="`failed`: `problem` says why, and this file changed nothing."
    )
    etag: str | None = Field(default=None, description="The ETag of the document.")
    document: DocumentOut | None = Field(default=None, description="The document; null if failed.")
    problem: Problem | None = Field(default=None, description="Why it failed; otherwise null.")


class UploadResult(_JsonModel):
    """The results of an upload of several files, in their order."""

    generation: Generation
    n_failed: int = Field(ge=0, description="The number of files that failed.")
    files: list[UploadedFile] = Field(description="The result of each file.")


class JobProgress(_JsonModel):
    """How far a job is. Characters and chunks are those of the documents that are encoded."""

    documents: int = Field(ge=0, description="Documents that are stored or failed.")
    n_documents: int = Field(ge=0, description="Documents of the job.")
    characters: int = Field(ge=0, description="Characters that are encoded.")
    n_characters: int = Field(ge=0, description="Characters of the documents read so far.")
    chunks: int = Field(ge=0, description="Passages that are encoded.")


JobState = Literal["queued", "running", "stored", "done", "failed"]


class JobOut(_JsonModel):
    """A change that takes longer than its request."""

    job_id: str = Field(description="The last part of `/v1/jobs/{job_id}`.")
    state: JobState = Field(
        description="`stored`: on the disk, but some process of the service does not search it "
        "yet. `done`: every search finds it. `failed`: `problem` says why."
    )
    created: datetime = Field(description="When the request arrived.")
    progress: JobProgress = Field(description="How far it is.")
    result: DocumentWritten | DocumentRemoved | UploadResult | None = Field(
        default=None, description="What the request would have returned; null until it is done."
    )
    problem: Problem | None = Field(default=None, description="Why it failed; otherwise null.")
