"""Write files so that they survive a power failure."""

import os
from pathlib import Path

from index.disk.private import write_private


def sync(path: Path) -> None:
    """Wait until a file's content, or a folder's entries, are on the disk. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def move_in_place(draft: Path, target: Path) -> None:
    """Move a complete file to its final name, atomically and durably. Raises OSError."""
    sync(draft)
    draft.replace(target)
    sync(target.parent)


def replace_private(path: Path, text: str) -> None:
    """Replace a file atomically and durably; only this user can read it. Raises OSError."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        write_private(draft, text)
        move_in_place(draft, path)
    finally:
        draft.unlink(missing_ok=True)
