"""Files of lines, read and written so that what is wrong is said with its place."""

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from index.errors import BadDataset, BadInput


class Line(NamedTuple):
    """A line of a file; number: from 1."""

    file: Path
    number: int

    def refused(self, why: str) -> BadDataset:
        """The error that names the line."""
        return BadDataset(f"{self.file}:{self.number}: {why}")


def read_jsonl(file: Path) -> Iterator[tuple[int, Any]]:
    """What each line holds, with its number from 1; blank lines are passed over.

    Raises BadDataset, naming the file and line.
    """
    try:
        stream = file.open(encoding="utf-8-sig")
    except OSError as error:
        raise BadDataset(f"{file}: {error.strerror}") from error
    with stream:
        for number, line in _lines(file, stream):
            if not line.strip():
                continue
            try:
                yield number, json.loads(line)
            except (ValueError, RecursionError) as error:
                raise Line(file, number).refused(f"not JSON: {error}") from error


def _lines(file: Path, stream: Iterable[str]) -> Iterator[tuple[int, str]]:
    try:
        yield from enumerate(stream, 1)
    except UnicodeDecodeError as error:
        raise BadDataset(f"{file} is not UTF-8: {error}") from error


def read_rows(file: Path, *needed: str) -> Iterator[tuple[Line, dict[str, Any]]]:
    """The objects of a dataset's file, each with where it stands; ids are strings or integers, and
    texts and titles are strings.

    Raises BadDataset, naming the file and line, if one lacks what is needed, or has another's id.
    """
    lines: dict[str, int] = {}
    for number, row in read_jsonl(file):
        line = Line(file, number)
        absent = [key for key in needed if not isinstance(row, dict) or key not in row]
        if absent:
            raise line.refused(f"has no {', '.join(absent)}")
        _check_strings(line, row)
        former = lines.setdefault(str(row["_id"]), number)
        if former != number:
            raise line.refused(f"_id {row['_id']!r} is in line {former} too")
        yield line, row
    if not lines:
        raise BadDataset(f"{file} is empty")


def _check_strings(line: Line, row: dict[str, Any]) -> None:
    if not isinstance(row["_id"], str | int) or isinstance(row["_id"], bool):
        raise line.refused(f"_id is {row['_id']!r}, not a string")
    if row["_id"] == "":
        raise line.refused("_id is empty")
    if not isinstance(row["text"], str):
        raise line.refused(f"text is {row['text']!r}, not a string")
    if not isinstance(row.get("title"), str | None):
        raise line.refused(f"title is {row['title']!r}, not a string")
    for key in ("_id", "title", "text"):
        if not _is_unicode(str(row.get(key))):
            raise line.refused(f"{key} is not valid Unicode")


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:  # a half of a surrogate pair, which JSON can write
        return False
    return True


def check_target(path: Path | None) -> None:
    """Raises BadInput before minutes are spent on what cannot be written there."""
    if path is not None and (path.is_dir() or not os.access(path.parent, os.W_OK)):
        raise BadInput(f"cannot write {path}: name a file in a folder that can be written")


def write_lines(path: Path, lines: Iterable[str]) -> None:
    """Raises BadInput if the file cannot be written."""
    try:
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    except OSError as error:
        raise BadInput(f"cannot write {path}: {error.strerror}") from error
