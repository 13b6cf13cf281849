"""Translation of operating system errors into errors of index.errors."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from index.errors import IndexProblem, StorageFull


@contextmanager
def os_errors_translated(path: Path) -> Iterator[None]:
    """Translate an OSError of the block into IndexProblem, or StorageFull for a full disk."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise storage_full(path) from error
        raise IndexProblem(f"cannot use {path}: {error.strerror or error}") from error


def storage_full(path: Path) -> StorageFull:
    """Return the error for a full disk. path: on that disk."""
    return StorageFull(
        f"the disk of {path} is full; free some space and run the command again "
        "(committed changes are kept)"
    )
