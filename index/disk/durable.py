"""Files that survive a power cut once they are there."""

import os
from pathlib import Path


def sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def move_in_place(draft: Path, target: Path) -> None:
    """Give a finished file its name, in one step. Raises OSError."""
    sync(draft)
    draft.replace(target)
    sync(target.parent)
