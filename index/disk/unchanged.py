"""Detection of changes to memory-mapped files.

A change would give wrong data without an error, and truncation kills the process. Checksums are
verified when the files are opened. Later, inode, size and modification time are compared, which
takes 1 µs per file.
"""

import os
from collections.abc import Iterable
from pathlib import Path

from index.errors import IndexDamaged


class Unchanged:
    """The recorded state of files.

    A deleted file, for example after the publication of a newer generation, counts as unchanged: it
    stays readable for a process that has it mapped.
    """

    def __init__(self, paths: Iterable[Path]) -> None:
        """Record the current state of the files. Raises OSError."""
        # As texts: a call of os.stat with a Path takes twice as long.
        self._seen = {str(path): path.stat() for path in paths}

    @property
    def changed(self) -> Path | None:
        """The first file that was written or truncated; None if there is none."""
        for path, before in self._seen.items():
            if _differs(path, before):
                return Path(path)
        return None

    def check(self) -> None:
        """Raise IndexDamaged if a file was written or truncated."""
        path = self.changed
        if path is not None:
            raise IndexDamaged(
                f"{path} was changed while it was in use; open the index again to rebuild it"
            )


def _differs(path: str, before: os.stat_result) -> bool:
    try:
        now = os.stat(path)  # noqa: PTH116
    except OSError:
        return False
    return now.st_ino == before.st_ino and (now.st_size, now.st_mtime_ns) != (
        before.st_size,
        before.st_mtime_ns,
    )
