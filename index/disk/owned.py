"""The folders that an index creates in its directory, and their removal.

A name alone is never enough to remove a folder. A folder belongs to this program if its name
matches a kind below and it has a seal with its name, or the manifest lists it. In such a folder,
only files whose names match its kind are removed. If it has other files, they and the folder stay.
"""

import os
import re
import stat
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from index.disk.private import open_private
from index.disk.sealed_json import sealed, unsealed
from index.errors import BadInput, IndexProblem

SEAL = "rag-seal.json"
_PROGRAM = "rag"


@dataclass(frozen=True, slots=True)
class _Kind:
    """Patterns for the names of folders of one kind, and of the files in them."""

    folder: re.Pattern[str]
    file: re.Pattern[str]


_KINDS = (
    _Kind(re.compile(r"dense-\d{8,}"), re.compile(r"vectors\.faiss|shape\.json")),
    _Kind(
        re.compile(r"lexical-\d{8,}"),
        # tantivy's files: segments, two JSON files, locks, and temporary files.
        re.compile(
            r"[0-9a-f]{32}(\.\d+)?\.[a-z]+|meta\.json|\.managed\.json|\.tantivy-[a-z]+\.lock"
            r"|\.tmp\w{6}"
        ),
    ),
    _Kind(re.compile(r"draft-[0-9a-f]{32}"), re.compile(r"[a-z]+(-\d{5,})?\.(npz|new)")),
)
_OWN_FILES = re.compile(
    r"rag\.db(-wal|-shm|-journal)?|derived\.json(\.draft)?"
    r"|(ingest|publish)\.(lock|holder\.json)|restore\.draft(-wal|-shm|-journal)?"
)
JOBS = "jobs"
"""The folder of the jobs of a service."""
_JOB_FILES = re.compile(r"[0-9a-f]{32}\.(json|draft)|[0-9a-f]{16}\.lock")
RESTORE_DRAFT = "restore.draft"
"""The database that a restore prepares."""


def folders_in(folder: Path) -> list[Path]:
    """Return the folders in an index directory whose names match a kind, sorted by name."""
    try:
        names = sorted(entry.name for entry in _entries(folder) if _kind(entry.name))
    except FileNotFoundError:
        return []
    return [folder / name for name in names]


def make_folder(path: Path) -> None:
    """Create a folder with its seal. Raises IndexProblem if the name exists, OSError."""
    try:
        path.mkdir(mode=0o700)
    except FileExistsError:
        raise IndexProblem(
            f"{path} already exists, and this program did not create it, or it contains other "
            "files; move it elsewhere, or choose another folder with --index"
        ) from None
    content = sealed({"program": _PROGRAM, "folder": path.name}).encode()
    with open_private(path / SEAL, "xb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def remove_folder(path: Path, listed: Collection[str] = ()) -> bool:
    """Remove a folder that this program made; return whether it no longer exists.

    listed: names of folders in the manifest; they may be from a version without seals.
    Files that this program does not write stay, and then the folder stays too.
    """
    kind = _kind(path.name)
    if kind is None or not _is_folder(path):
        return not os.path.lexists(path)
    try:
        entries = [entry for entry in _entries(path) if entry.name != SEAL]
        if entries and path.name not in listed and not _is_sealed(path):
            return False
        for entry in entries:
            if kind.file.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                Path(entry.path).unlink(missing_ok=True)
        if any(entry.name != SEAL for entry in _entries(path)):
            return False
        # Remove the seal last, so that an interrupted removal can be repeated.
        (path / SEAL).unlink(missing_ok=True)
        path.rmdir()
    except OSError:
        return not os.path.lexists(path)
    return True


def remove_restore_draft(folder: Path) -> None:
    """Remove the draft files of a restore. The caller must hold the write lock."""
    for suffix in ("", "-wal", "-shm", "-journal"):
        with suppress(OSError):  # a later writer tries again
            (folder / f"{RESTORE_DRAFT}{suffix}").unlink()


def check_directory(folder: Path, database: str) -> None:
    """Raise BadInput unless a directory is suitable for an index.

    It is suitable if it is missing, contains a database, or contains only what an interrupted
    ingest of this program may leave.
    """
    if folder.exists() and not folder.is_dir():
        raise BadInput(f"{folder} is a file; choose a folder for the index with --index")
    with suppress(FileNotFoundError):
        names = {entry.name for entry in _entries(folder)}
        if database in names:
            return
        foreign = sorted(name for name in names if not _is_own(folder / name))
        if foreign:
            raise BadInput(
                f"{folder} is not an index and not empty (it contains {foreign[0]!r}); "
                f"choose a new folder with --index, such as --index {folder / '.rag'}"
            )


def _is_own(path: Path) -> bool:
    if path.name == JOBS:
        return _is_folder(path) and all(_JOB_FILES.fullmatch(e.name) for e in _entries(path))
    if _kind(path.name) is None:
        return _OWN_FILES.fullmatch(path.name) is not None
    return _is_folder(path) and (_is_sealed(path) or not _entries(path))


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        return list(entries)


def _kind(name: str) -> _Kind | None:
    return next((kind for kind in _KINDS if kind.folder.fullmatch(name)), None)


def _is_folder(path: Path) -> bool:
    """Return whether a path is a folder and not a symbolic link."""
    try:
        return stat.S_ISDIR(path.lstat().st_mode)
    except OSError:
        return False


def _is_sealed(path: Path) -> bool:
    try:
        fields = unsealed((path / SEAL).read_bytes())
    except (AttributeError, KeyError, OSError, TypeError, ValueError):
        return False
    return fields == {"program": _PROGRAM, "folder": path.name}
