"""The folders that an index makes in its directory, and their removal.

Nothing is removed by its name alone. A folder is this program's if its name is exactly of a kind
below and it carries a seal that names it, or the manifest lists it; and in such a folder only files
whose names are of its kind are removed. Whatever else lies there stays, and so does the folder.
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
    """Names of folders of one kind, and of the files that are written into them."""

    folder: re.Pattern[str]
    file: re.Pattern[str]


_KINDS = (
    _Kind(re.compile(r"dense-\d{8,}"), re.compile(r"vectors\.faiss|shape\.json")),
    _Kind(
        re.compile(r"lexical-\d{8,}"),
        # tantivy's: segments, its two lists, locks, and what it renames into place.
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
RESTORE_DRAFT = "restore.draft"
"""The database that a restore prepares."""


def folders_in(folder: Path) -> list[Path]:
    """The folders in an index directory whose names are of some kind, in order of their names."""
    try:
        names = sorted(entry.name for entry in _entries(folder) if _kind(entry.name))
    except FileNotFoundError:
        return []
    return [folder / name for name in names]


def make_folder(path: Path) -> None:
    """Make a folder, with its seal.

    Raises IndexProblem if something with this name is in the way, OSError.
    """
    try:
        path.mkdir(mode=0o700)
    except FileExistsError:
        raise IndexProblem(
            f"{path} is in the way: this program did not make it, or others have put files in it; "
            "move it elsewhere, or use another --index"
        ) from None
    content = sealed({"program": _PROGRAM, "folder": path.name}).encode()
    with open_private(path / SEAL, "xb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def remove_folder(path: Path, listed: Collection[str] = ()) -> bool:
    """Remove a folder that this program made; whether it is gone.

    listed: names of folders that the manifest lists, which may be of a version without seals.
    Files in it that this program does not write are left, and so is the folder then.
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
        # The seal goes last: a removal that is stopped can be done again.
        (path / SEAL).unlink(missing_ok=True)
        path.rmdir()
    except OSError:
        return not os.path.lexists(path)
    return True


def remove_restore_draft(folder: Path) -> None:
    """Remove what a restore has prepared, or left when it was killed. Only for the writer."""
    for suffix in ("", "-wal", "-shm", "-journal"):
        with suppress(OSError):  # a later writer tries again
            (folder / f"{RESTORE_DRAFT}{suffix}").unlink()


def check_directory(folder: Path, database: str) -> None:
    """Raise BadInput unless an index may be made in a directory: it is missing, holds a database,
    or holds nothing but what a stopped ingest of this program may have left."""
    if folder.exists() and not folder.is_dir():
        raise BadInput(f"{folder} is a file; name a folder for the index with --index")
    with suppress(FileNotFoundError):
        names = {entry.name for entry in _entries(folder)}
        if database in names:
            return
        foreign = sorted(name for name in names if not _is_own(folder / name))
        if foreign:
            raise BadInput(
                f"{folder} is not an index, and not empty (it holds {foreign[0]!r}); "
                f"name a new folder with --index, as in --index {folder / '.rag'}"
            )


def _is_own(path: Path) -> bool:
    if _kind(path.name) is None:
        return _OWN_FILES.fullmatch(path.name) is not None
    return _is_folder(path) and (_is_sealed(path) or not _entries(path))


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        return list(entries)


def _kind(name: str) -> _Kind | None:
    return next((kind for kind in _KINDS if kind.folder.fullmatch(name)), None)


def _is_folder(path: Path) -> bool:
    """Whether it is a folder itself, not a symbolic link to one."""
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
