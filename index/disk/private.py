"""Files and folders for this user alone, whatever the umask: an index holds documents' texts."""

import os
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, cast

_FILE, _FOLDER = 0o600, 0o700


def open_private(path: Path, mode: str = "wb") -> BinaryIO:
    """Open a file to write bytes. Raises OSError."""
    return cast(BinaryIO, open(path, mode, opener=_opener))


def _opener(path: str, flags: int) -> int:
    descriptor = os.open(path, flags, _FILE)
    # One that was there already may be of another mode, or of another user's.
    with suppress(OSError):
        os.fchmod(descriptor, _FILE)
    return descriptor


def write_private(path: Path, content: bytes | str) -> None:
    """Write a whole file; text as UTF-8. Raises OSError."""
    with open_private(path) as stream:
        stream.write(content.encode() if isinstance(content, str) else content)


def make_private_file(path: Path) -> None:
    """Make an empty file unless there is one, which stays as it is. Raises OSError."""
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _FILE))


def make_private_folder(path: Path) -> None:
    """Make a folder, and those above it as the umask says, unless it is there. Raises OSError."""
    path.mkdir(mode=_FOLDER, parents=True, exist_ok=True)


def close_to_others(folder: Path) -> None:
    """Give a folder of this program and the files in it the modes of private ones, where this user
    may: other libraries made some of them. Raises OSError if the folder cannot be read."""
    modes = [(folder, _FOLDER)]
    with os.scandir(folder) as entries:
        modes += [(Path(e.path), _FILE) for e in entries if e.is_file(follow_symlinks=False)]
    for path, mode in modes:
        with suppress(OSError):
            path.chmod(mode)
