"""Write files so that they survive a power failure."""

import os
from pathlib import Path


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
