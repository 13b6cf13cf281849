"""Files that are mapped into memory: a change to them would be read unseen, a cut end the process.

Their checksums are verified when they are opened. After that the system's note of their last change
is compared, which takes a microsecond a file.
"""

import os
from collections.abc import Iterable
from pathlib import Path

from index.errors import IndexDamaged


class Unchanged:
    """Files as they are now. One that is removed, as when a newer generation is published, stays as
    it was for who has it mapped."""

    def __init__(self, paths: Iterable[Path]) -> None:
        """Raises OSError."""
        self._seen = {path: path.stat() for path in paths}

    @property
    def changed(self) -> Path | None:
        """The first file that has been written to or cut, if any."""
        return next((path for path, before in self._seen.items() if _differs(path, before)), None)

    def check(self) -> None:
        """Raise IndexDamaged if a file has been written to or cut."""
        path = self.changed
        if path is not None:
            raise IndexDamaged(
                f"{path} was changed while it was in use; it is made anew when the index is opened "
                "again"
            )


def _differs(path: Path, before: os.stat_result) -> bool:
    try:
        now = path.stat()
    except OSError:
        return False
    return now.st_ino == before.st_ino and (now.st_size, now.st_mtime_ns) != (
        before.st_size,
        before.st_mtime_ns,
    )
