"""Wait for changes below folders, with the system's notifications."""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import watchfiles

from index.errors import BadInput
from index.ingest.files import resolved
from index.ingest.selection import GITIGNORE, RAGIGNORE, Selection

_TICK_MS = 1_000
_QUIET_MS = 300
"""A batch ends when nothing changed for so long. Editors write a file in several steps."""

_LONGEST_BATCH_MS = 3_000


def file_events(paths: Sequence[Path], avoid: Path, selection: Selection) -> Iterator[bool]:
    """Yield True after a batch of changes that may matter, and False after a second without one.

    The first value is False or True; changes after it are not missed. A folder that is deleted, or
    replaced by another of the same name, is watched again once it exists.

    Raises BadInput if a path is not a folder.
    """
    roots = [resolved(path) for path in paths]
    for path, root in zip(paths, roots, strict=True):
        if not root.is_dir():
            raise BadInput(
                f"{path} is not a folder; give folders to watch, and --include for some files"
            )
    relevant = _Relevant(roots, resolved(avoid), selection)
    while True:
        yield from _until_replaced(roots, relevant)
        yield True


def _until_replaced(roots: Sequence[Path], relevant: "_Relevant") -> Iterator[bool]:
    """Watch the folders until one of them is deleted, replaced or created."""
    identity = _identity(roots)
    present = [root for root, known in zip(roots, identity, strict=True) if known is not None]
    if not present:
        time.sleep(_TICK_MS / 1000)
        yield False
        return
    try:
        for changes in watchfiles.watch(
            *present,
            watch_filter=relevant,
            debounce=_LONGEST_BATCH_MS,
            step=_QUIET_MS,
            rust_timeout=_TICK_MS,
            yield_on_timeout=True,
            ignore_permission_denied=True,
        ):
            if _identity(roots) != identity:
                return
            yield bool(changes)
    except FileNotFoundError:
        return  # deleted since it was examined
    except (OSError, RuntimeError) as error:  # RuntimeError: of the library that watches
        raise BadInput(
            f"cannot watch {', '.join(map(str, roots))}: {error}; watch fewer folders, or raise "
            "the system's limit (on Linux, fs.inotify.max_user_watches)"
        ) from error


class _Relevant:
    """Whether a changed path can change what an ingest reads."""

    def __init__(self, roots: Sequence[Path], avoid: Path, selection: Selection) -> None:
        self._roots = roots
        self._avoid = avoid
        self._selection = selection

    def __call__(self, change: watchfiles.Change, name: str) -> bool:
        path = Path(name)
        if path.is_relative_to(self._avoid):
            return False  # the ingest itself writes there
        for root in self._roots:
            if path.is_relative_to(root):
                *folders, last = path.relative_to(root).parts or ("root",)
                is_rule = last in (GITIGNORE, RAGIGNORE)
                if all(map(self._selection.shows, folders if is_rule else [*folders, last])):
                    return True
        return False


def _identity(roots: Sequence[Path]) -> list[tuple[int, int] | None]:
    """Return device and inode of each folder; None for a missing one."""
    identity: list[tuple[int, int] | None] = []
    for root in roots:
        try:
            status = root.stat()
            identity.append((status.st_dev, status.st_ino) if root.is_dir() else None)
        except OSError:
            identity.append(None)
    return identity
