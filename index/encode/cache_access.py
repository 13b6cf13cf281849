"""Check who can write to the cache of compiled models, and remove files from it."""

import os
import shlex
import stat
from collections.abc import Collection, Iterable
from pathlib import Path

from index.errors import ModelUnusable

_WRITABLE_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH


def check_access(paths: Iterable[Path]) -> None:
    """Raise ModelUnusable if another user can write to one of these paths. Skip missing paths.

    A user who can change a compiled model controls its vectors. Parent folders are not checked: if
    another user replaces one of these folders, that user owns it, and this check fails. On systems
    other than POSIX, this does nothing.
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
                f"{path} belongs to another user (uid {status.st_uid}), who could change the "
                "compiled models; set `cache_dir` or RAG_CACHE_DIR to a folder that belongs to you"
            )
        if status.st_mode & _WRITABLE_BY_OTHERS:
            raise ModelUnusable(
                f"{path} can be written by other users (mode {stat.S_IMODE(status.st_mode):o}), "
                "who could change the compiled models; "
                f"run `chmod go-w {shlex.quote(str(path))}`, or set `cache_dir` or RAG_CACHE_DIR "
                "to another folder"
            )


def remove_files(folder: Path, names: Collection[str]) -> list[Path]:
    """Remove files with these names from a folder, and the folder if it is then empty.

    Return the paths that are left. If the folder is a link, remove nothing and return [folder].
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
