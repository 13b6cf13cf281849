"""The embedded backend: SQLite, FAISS and tantivy in this process, in one directory."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from pathlib import Path

from index.backend import State
from index.errors import IndexMissing
from index.fingerprint import Fingerprint
from index.publish.session import published, writing
from index.publish.snapshot import EmbeddedSnapshot
from index.store.sqlite import log_of
from index.store.store import DATABASE, Store


class EmbeddedBackend:
    """An index.backend.Backend over an index directory."""

    def __init__(self, folder: Path) -> None:
        self.place = folder

    def exists(self) -> bool:
        return (self.place / DATABASE).exists()

    def open(self) -> EmbeddedSnapshot:
        return EmbeddedSnapshot.open(self.place)

    def newer(self, than: State) -> EmbeddedSnapshot | None:
        return None if self.state() == than else EmbeddedSnapshot.newer(self.place, than)

    def state(self) -> State:
        with closing(Store.open(self.place)) as store:
            store.pin()
            return store.state

    def fingerprint(self) -> Fingerprint:
        with closing(Store.open(self.place)) as store:
            return store.fingerprint

    @contextmanager
    def reader(self) -> Iterator[Store]:
        with closing(Store.open(self.place)) as store:
            store.pin()
            yield store

    def lock(self, *, existing: bool = False) -> AbstractContextManager[None]:
        return writing(self.place, existing=existing)

    def writer(self, new: Callable[[], Fingerprint]) -> AbstractContextManager[Store]:
        try:
            store = Store.open(self.place, to_write=True)
        except IndexMissing:
            store = Store.create(self.place, new())
        return published(self.place, store)

    def n_bytes(self) -> Mapping[str, int]:
        """Return the bytes of the database, its write-ahead log, and FAISS's and BM25's files."""
        patterns = {
            "documents and vectors": DATABASE,
            "log": log_of(self.place / DATABASE).name,
            "nearest vectors": "dense-*/*",
            "BM25": "lexical-*/*",
        }
        return {part: _n_bytes(self.place.glob(each)) for part, each in patterns.items()}


def _n_bytes(files: Iterable[Path]) -> int:
    """Return the total size of files in bytes. Hard links to one file count once.

    A missing file counts 0, like the log after the last reader.
    """
    sizes = {}
    for file in files:
        with suppress(FileNotFoundError):
            status = file.stat()
            sizes[status.st_dev, status.st_ino] = status.st_size
    return sum(sizes.values())
