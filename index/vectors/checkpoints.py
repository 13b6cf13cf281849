"""Files with the parts of a long build, so that an interrupted build can continue."""

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
    """The parts of one build, in their own folder.

    key: identifies the input of the parts; parts with another key are never used
    """

    def __init__(self, folder: Path, key: str) -> None:
        self.folder = folder / f"{_PREFIX}{sha256(key.encode()).hexdigest()[:32]}"

    def load_or_make(self, name: str, make: Callable[[], Arrays]) -> Arrays:
        """Return the stored part with this name; make and store it if it is missing or damaged.

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
        """Delete all parts. Call it when the build is complete."""
        remove_folder(self.folder)


def _write(path: Path, arrays: Arrays) -> None:
    stream = io.BytesIO()
    np.savez(stream, allow_pickle=False, **arrays)
    content = stream.getvalue()
    if not path.parent.exists():
        make_folder(path.parent)
    unfinished = path.with_suffix(".new")
    write_private(unfinished, sha256(content).digest() + content)
    # A killed process leaves a complete file or none. The checksum detects damage by power failures
    # and bad disks.
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
