"""Who else can write to the cache of compiled models, and the removal of what was written there."""

import os
import shlex
import stat
from collections.abc import Collection, Iterable
from pathlib import Path

from index.errors import ModelUnusable

_WRITABLE_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH


def check_access(paths: Iterable[Path]) -> None:
    """Raise ModelUnusable if another user may write to one of these; what is not there may not be.

    A compiled model is run, so whoever can change it chooses what vectors say. Folders above them
    are not looked at: if others can put a folder in the place of one of these, it is theirs, which
    is noticed. Only POSIX systems tell.
    """
    if os.name != "posix":
        return
    for path in paths:
        try:
            status = path.stat()
        except (FileNotFoundError, NotADirectoryError):
            continue
        if status.st_uid not in (os.geteuid(), 0):
            raise ModelUnusable(
                f"{path} belongs to another user (number {status.st_uid}), who could change the "
                "compiled models; name a folder of your own with `cache_dir` or RAG_CACHE_DIR"
            )
        if status.st_mode & _WRITABLE_BY_OTHERS:
            raise ModelUnusable(
                f"{path} can be written by other users (mode {stat.S_IMODE(status.st_mode):o}), "
                "who could change the compiled models; "
                f"`chmod go-w {shlex.quote(str(path))}`, or name another folder with `cache_dir` "
                "or RAG_CACHE_DIR"
            )


def remove_files(folder: Path, names: Collection[str]) -> list[Path]:
    """Remove files with these names from a folder, and the folder if nothing else is in it.

    Returns what else is in it, and is left. A link in the folder's place is left, too.
    """
    if folder.is_symlink():
        return [folder]
    if not folder.is_dir():
        return []
    left = []
    for path in sorted(folder.iterdir()):
        if path.name in names and stat.S_ISREG(path.lstat().st_mode):
            path.unlink()
        else:
            left.append(path)
    if not left:
        folder.rmdir()
    return left
