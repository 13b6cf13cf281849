"""The watched questions of an index, in a file of its directory.

The file is replaced atomically, and readable by its owner only. A backup does not contain it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from index.disk.durable import replace_private
from index.disk.locks import held
from index.disk.os_errors import os_errors_translated
from index.errors import IndexDamaged, IndexMissing

FILE = "watched.json"
_PATIENCE_S = 60.0


class CitedText(BaseModel):
    """A text that an answer quotes."""

    model_config = ConfigDict(frozen=True)

    doc_id: str = Field(description="The document's id.")
    line_start: int = Field(ge=1, description="The first line of the quote.")
    quote: str = Field(description="The quote.")


class WatchedQuestion(BaseModel):
    """A question and what its answer cited when it was last asked."""

    model_config = ConfigDict(frozen=True)

    question: str = Field(description="The question.")
    cited: tuple[CitedText, ...] = Field(
        description="The quotes of its answer; empty if the documents did not answer it."
    )


class WatchedQuestions(BaseModel):
    """The watched questions of an index, in the order in which they were added."""

    model_config = ConfigDict(frozen=True)

    watched: Literal[1] = Field(default=1, description="The version of this format.")
    generation: int = Field(default=0, description="That of the index when all were last asked.")
    questions: tuple[WatchedQuestion, ...] = ()


def read_watched(index: Path) -> WatchedQuestions:
    """Return the watched questions of an index; none if there is no file.

    Raises IndexDamaged if the file is not valid.
    """
    path = index / FILE
    with os_errors_translated(path):
        try:
            content = path.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return WatchedQuestions()
    try:
        return WatchedQuestions.model_validate_json(content)
    except ValidationError as error:
        raise IndexDamaged(
            f"{path} is not valid, so its watched questions cannot be read; remove it, and add the "
            "questions again"
        ) from error


def write_watched(index: Path, watched: WatchedQuestions) -> None:
    """Replace the watched questions of an index. The caller holds `changing`."""
    path = index / FILE
    with os_errors_translated(path):
        replace_private(path, f"{watched.model_dump_json(indent=1)}\n")


@contextmanager
def changing(index: Path) -> Iterator[None]:
    """Let only one process change the watched questions of an index at a time.

    Raises IndexMissing if there is no directory, IndexBusy if another process takes too long.
    """
    if not index.is_dir():
        raise IndexMissing(f"there is no index in {index}; run `rag ingest PATH` first")
    what = f"another process asks the watched questions of {index}"
    with held(index / "watched.lock", what, _PATIENCE_S):
        yield
