"""The store: documents with their canonical text, chunks, sentence spans and vectors, in SQLite.

FAISS and BM25 are derived from it. A transaction adds or deletes whole documents and increases the
generation by one. A reader pins a generation with a read transaction: in WAL mode it sees only that
generation, whatever others write in the meantime.

The reads are in index.store.generations, documents, chunks and selections.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex

from index.disk.private import make_private_folder
from index.errors import IndexMissing, IndexProblem
from index.fingerprint import Fingerprint
from index.store.chunks import ChunkReader
from index.store.meta import begin, set_meta
from index.store.schema import TABLES, VERSION
from index.store.selections import SelectionReader
from index.store.sqlite import Database, damaged, translated
from index.store.transaction import StoreTransaction

DATABASE = "rag.db"


class Store(ChunkReader, SelectionReader):
    """One connection to an index's database. Only one thread at a time may use it."""

    @classmethod
    def create(cls, folder: Path, fingerprint: Fingerprint) -> "Store":
        """Open the database of a folder; create it if it is missing."""
        path = folder / DATABASE
        with translated(path):
            make_private_folder(folder)
        store = cls(Database(path, "rwc"))
        with store._closed_on_error():
            # After a crash here, the database has either no tables or all of them.
            store._database.execute("BEGIN IMMEDIATE")
            if not store._tables():
                for statement in TABLES.strip().split(";\n"):
                    store._database.execute(statement.rstrip(";"))
                set_meta(store._database, "schema", str(VERSION))
                set_meta(store._database, "database", token_hex(16))
                set_meta(store._database, "fingerprint", fingerprint.to_json())
                begin(store._database, 0, (0, 0))
            store._database.execute("COMMIT")
            store._check_schema()
        return store

    @classmethod
    def open(cls, folder: Path, *, to_write: bool = False) -> "Store":
        """Open the existing database of a folder. Without `to_write`, it may be read-only.

        Raises IndexMissing if there is none, IndexDamaged if it cannot be read.
        """
        path = folder / DATABASE
        missing = IndexMissing(f"no index at {folder}; create one with `rag ingest PATH`")
        with translated(path):
            if not path.is_file():
                raise missing
        store = cls(Database(path, "rw" if to_write else "r"))
        with store._closed_on_error():
            store._database.check_length()
            if not store._tables():
                if store._database.row("SELECT 1 FROM sqlite_master WHERE name = 'documents'"):
                    raise damaged(path, "it has no table meta")
                raise missing
            store._check_schema()
        return store

    @contextmanager
    def _closed_on_error(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self.close()
            raise

    def _check_schema(self) -> None:
        # Works for every schema so far. Must run before reads that depend on the schema.
        row = self._database.row("SELECT value FROM meta WHERE key = 'schema'")
        version = None if row is None else str(row[0])
        if version != str(VERSION):
            raise IndexProblem(
                f"{self.path} has schema {version}, but this program reads {VERSION}; "
                "delete it and ingest the documents again"
            )

    def close(self) -> None:
        self._database.close()

    @property
    def read_only(self) -> IndexProblem | None:
        """The reason why the database cannot be written; None if it can."""
        return self._database.read_only

    @property
    def outdated(self) -> bool:
        """See Database.outdated."""
        return self._database.outdated

    def _tables(self) -> bool:
        return self._database.row("SELECT 1 FROM sqlite_master WHERE name = 'meta'") is not None

    def empty_log(self) -> None:
        """See Database.empty_log."""
        self._database.empty_log()

    def copy_into(self, database: Database) -> None:
        """Copy the pinned generation into another database; see Database.copy_into."""
        self._database.copy_into(database)

    @contextmanager
    def transaction(self, *, makes_generation: bool = True) -> Iterator[StoreTransaction]:
        """Commit all writes of the block as one new generation, or none if the block raises.

        With `makes_generation=False`, the block may write only what no reader can see.
        """
        self._database.execute("BEGIN IMMEDIATE")
        try:
            transaction = StoreTransaction(self._database, self._last(), self.fingerprint)
            with self._sound("a row that is to be replaced"):
                yield transaction
            if makes_generation:
                begin(self._database, transaction.generation, transaction.totals)
            self._database.execute("COMMIT")
        except BaseException:
            self._database.roll_back()
            raise

    def forget_before(self, generation: int) -> None:
        """Delete the history before a generation. FAISS and BM25 must be published at it."""
        # Generations first: index files of a generation without a token are never updated, so none
        # is updated without its tombstones.
        self._database.execute("DELETE FROM generations WHERE generation < ?", [generation])
        self._database.execute("DELETE FROM tombstones WHERE generation <= ?", [generation])
