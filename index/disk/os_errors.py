"""Errors of the operating system as this project's own."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from index.errors import IndexProblem, StorageFull


@contextmanager
def os_errors_translated(path: Path) -> Iterator[None]:
    """Raise OSErrors of the block as IndexProblem, and a full disk as StorageFull."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise storage_full(path) from error
        raise IndexProblem(f"cannot use {path}: {error.strerror or error}") from error


def storage_full(path: Path) -> StorageFull:
    """The disk that holds a path is full."""
    return StorageFull(
        f"the disk that holds {path} is full; free some space and run the command again "
        "(what was committed is kept)"
    )
