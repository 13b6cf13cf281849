"""Files and folders that only this user can access, regardless of the umask.

They are private because an index contains the texts of documents.
"""

import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, cast

_FILE, _FOLDER = 0o600, 0o700


def open_private(path: Path, mode: str = "wb") -> BinaryIO:
    """Open a file to write bytes. Raises OSError."""
    return cast(BinaryIO, open(path, mode, opener=_opener))


def _opener(path: str, flags: int) -> int:
    descriptor = os.open(path, flags, _FILE)
    # An existing file may have another mode, or belong to another user, who alone can change it.
    with suppress(OSError):
        os.fchmod(descriptor, _FILE)
    return descriptor


def write_private(path: Path, content: bytes | str) -> None:
    """Replace the content of a file; encode text as UTF-8. Raises OSError."""
    with open_private(path) as stream:
        stream.write(content.encode() if isinstance(content, str) else content)


def make_private_file(path: Path) -> None:
    """Create an empty file; leave an existing file unchanged. Raises OSError."""
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _FILE))


def make_private_folder(path: Path) -> None:
    """Create a folder unless it exists. Missing parents follow the umask. Raises OSError."""
    path.mkdir(mode=_FOLDER, parents=True, exist_ok=True)


def close_to_others(folder: Path) -> None:
    """Make a folder of this program and its files private, as far as this user may.

    Other libraries created some of the files. Raises OSError if the folder cannot be read.
    """
    modes = [(folder, _FOLDER)]
    with os.scandir(folder) as entries:
        modes += [(Path(e.path), _FILE) for e in entries if e.is_file(follow_symlinks=False)]
    for path, mode in modes:
        with suppress(OSError):
            path.chmod(mode)


def link(source: Path, target: Path) -> None:
    """Create a hard link, or a copy on a file system without hard links. Raises OSError."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
