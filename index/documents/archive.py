"""Read zip archives within limits: Office files and e-books are zip archives.

Nothing is extracted to disk. An archive whose directory declares too much is refused before any
entry is read, and an entry that is larger than its declared size is damaged.
"""

import posixpath
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from index.errors import UnreadableDocument

MAX_ENTRIES = 10_000
MAX_EXPANDED_BYTES = 256 * 2**20
"""The sum of all entries, as the archive's directory declares it."""

MAX_RATIO = 200
"""Of expanded to compressed bytes, above RATIO_FREE_BYTES. XML of large tables reaches 60."""

RATIO_FREE_BYTES = 8 * 2**20

_PIECE = 1 << 16
_ENCRYPTED = 0x1
_COMPOUND_FILE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED_PACKAGE = "EncryptedPackage".encode("utf-16-le")


class Archive:
    """The entries of a zip archive that is within the limits."""

    def __init__(self, content: bytes) -> None:
        """Open an archive.

        Raises UnreadableDocument: `damaged` if it is no zip archive or is cut off, `password` if
        it is encrypted, `too-large` if it is over a limit.
        """
        _check_signature(content)
        with _zip_errors():
            self._zip = ZipFile(BytesIO(content))
        entries = [entry for entry in self._zip.infolist() if not entry.is_dir()]
        _check_limits(entries, len(content))
        self._entries = {entry.filename: entry for entry in entries if _is_inside(entry.filename)}

    @property
    def names(self) -> list[str]:
        """The names of the entries, in the archive's order, without those that lead out of it."""
        return list(self._entries)

    def __contains__(self, name: str) -> bool:
        return name in self._entries

    def read(self, name: str) -> bytes:
        """Return an entry. Raises UnreadableDocument: `damaged`, also if the entry is missing."""
        entry = self._entries.get(name)
        if entry is None:
            raise UnreadableDocument(f"damaged: {name} is missing", "damaged")
        with _zip_errors(), self._zip.open(entry) as stream:
            return b"".join(iter(lambda: stream.read(_PIECE), b""))


def _check_signature(content: bytes) -> None:
    if content.startswith(_COMPOUND_FILE):
        if _ENCRYPTED_PACKAGE in content:
            raise UnreadableDocument("protected by a password; save a copy without one", "password")
        raise UnreadableDocument(
            "an Office file of the older kind (.doc, .xls, .ppt); save it in the present format",
            "damaged",
        )
    if not content.startswith(b"PK"):
        raise UnreadableDocument(
            "not a zip archive, as files of this format are; the file may have a wrong ending",
            "damaged",
        )


def _check_limits(entries: list[ZipInfo], n_bytes: int) -> None:
    if len(entries) > MAX_ENTRIES:
        raise UnreadableDocument(
            f"{len(entries):,} files in one archive, over the limit of {MAX_ENTRIES:,}", "too-large"
        )
    expanded = sum(entry.file_size for entry in entries)
    if expanded > MAX_EXPANDED_BYTES:
        limit = MAX_EXPANDED_BYTES // 2**20
        raise UnreadableDocument(
            f"{expanded / 2**20:,.0f} MiB when expanded, over the limit of {limit} MiB", "too-large"
        )
    if expanded > RATIO_FREE_BYTES and expanded > MAX_RATIO * n_bytes:
        raise UnreadableDocument(
            f"expands {expanded / n_bytes:,.0f} times, over the limit of {MAX_RATIO} times",
            "too-large",
        )
    if any(entry.flag_bits & _ENCRYPTED for entry in entries):
        raise UnreadableDocument("protected by a password; save a copy without one", "password")
    if any(entry.compress_type not in (ZIP_STORED, ZIP_DEFLATED) for entry in entries):
        raise UnreadableDocument("compressed by a method that this format does not use", "damaged")


def _is_inside(name: str) -> bool:
    return not name.startswith(("/", "../")) and posixpath.normpath(name) == name


@contextmanager
def _zip_errors() -> Iterator[None]:
    """Turn the exceptions of zipfile for damaged archives into UnreadableDocument."""
    try:
        yield
    except (BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError,
            RuntimeError, OverflowError) as error:  # fmt: skip
        raise UnreadableDocument(f"damaged or cut off: {error}", "damaged") from error
