"""Reads of one generation of the store: its number, its token, its settings and its counts."""

from collections.abc import Iterator
from contextlib import contextmanager

from index.errors import IndexDamaged
from index.fingerprint import Fingerprint
from index.store.checksums import DamagedRow
from index.store.meta import Generation, generation_of, get_meta, last_generation
from index.store.sqlite import Database


class GenerationReader:
    """Reads the generation that is pinned, or else the newest one."""

    def __init__(self, database: Database) -> None:
        self.path = database.path
        self._database = database

    def pin(self) -> int:
        """Pin the current generation and return its number. Later reads see only this one."""
        self.unpin()
        self._database.execute("BEGIN")
        return self.generation

    def unpin(self) -> None:
        """Release the pinned generation; do nothing if none is pinned."""
        self._database.roll_back()

    @property
    def generation(self) -> int:
        """The number of transactions that changed this index."""
        return self._last().number

    def _last(self) -> Generation:
        with self._sound("its list of generations"):
            return last_generation(self._database)

    @property
    def state(self) -> tuple[int, str | None]:
        """The generation and its token. Read it only while a generation is pinned."""
        generation = self.generation
        return generation, self.token(generation)

    def token(self, generation: int) -> str | None:
        """Return the random token of a generation; None if it is unknown or was deleted.

        It differs between generations of the same number in two databases, and in two copies of one
        database that were changed separately.
        """
        with self._sound("its list of generations"):
            found = generation_of(self._database, generation)
        return None if found is None else found.token

    def _setting(self, key: str) -> str:
        with self._sound(f"its {key}"):
            return get_meta(self._database, key) or ""

    @property
    def database_id(self) -> str:
        """The id of the database, which never changes and is the same in its copies.

        Empty if an earlier version of this program created the database without an id.
        """
        return self._setting("database")

    @property
    def fingerprint(self) -> Fingerprint:
        return Fingerprint.from_json(self._setting("fingerprint"))

    def count(self) -> tuple[int, int]:
        """Return the numbers of documents and chunks."""
        last = self._last()
        return last.n_documents, last.n_chunks

    @contextmanager
    def _sound(self, what: str) -> Iterator[None]:
        """Translate DamagedRow into IndexDamaged. what: names the damaged part in the message."""
        try:
            yield
        except DamagedRow as error:
            raise self._damaged(what) from error

    def _damaged(self, what: str) -> IndexDamaged:
        what = what.encode(errors="replace").decode()  # it may contain damaged text
        return IndexDamaged(
            f"{self.path} is damaged: {what} differs from what was stored; run `rag check --repair`"
        )
