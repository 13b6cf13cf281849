"""Parts of a long build, kept in files so that the next attempt takes up where one was stopped."""

import io
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.disk.owned import make_folder, remove_folder
from index.disk.private import write_private

Arrays = dict[str, NDArray[Any]]

_PREFIX = "draft-"


class Checkpoints:
    """The parts of one build in a folder of their own.

    key: all that the parts are made from; those of another key are never used
    """

    def __init__(self, folder: Path, key: str) -> None:
        self.folder = folder / f"{_PREFIX}{sha256(key.encode()).hexdigest()[:32]}"

    def load_or_make(self, name: str, make: Callable[[], Arrays]) -> Arrays:
        """The part of this name as it was kept; one that is missing or damaged is made, and kept.

        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     checkpoints = Checkpoints(Path(folder), "a generation")
        ...     checkpoints.load_or_make("first", lambda: {"ids": np.arange(2)})
        {'ids': array([0, 1])}
        """
        path = self.folder / f"{name}.npz"
        arrays = _read(path)
        if arrays is None:
            arrays = make()
            _write(path, arrays)
        return arrays

    def drop(self) -> None:
        """Delete all parts, when the build is done."""
        remove_folder(self.folder)


def _write(path: Path, arrays: Arrays) -> None:
    stream = io.BytesIO()
    np.savez(stream, allow_pickle=False, **arrays)
    content = stream.getvalue()
    if not path.parent.exists():
        make_folder(path.parent)
    unfinished = path.with_suffix(".new")
    write_private(unfinished, sha256(content).digest() + content)
    # Whole or not there for a process that is killed; the checksum is for power cuts and bad disks.
    unfinished.replace(path)


def _read(path: Path) -> Arrays | None:
    try:
        content = path.read_bytes()
    except OSError:
        return None
    size = sha256().digest_size
    if sha256(content[size:]).digest() != content[:size]:
        return None
    with np.load(io.BytesIO(content[size:]), allow_pickle=False) as archive:
        return dict(archive)
