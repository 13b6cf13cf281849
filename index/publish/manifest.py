"""`derived.json`: the published files of an index, each with its checksum, and their generation.

It is replaced in one step, and files are never changed once it names them. So a crash at any
instant leaves the former state, and a flipped bit is seen before anything is read from it.
"""

import logging
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

from index.cores import cores
from index.disk.durable import move_in_place, sync
from index.disk.owned import SEAL
from index.disk.private import write_private
from index.disk.sealed_json import sealed, sha256_of_file, unsealed
from index.errors import IndexDamaged
from index.store.store import Store
from index.vectors.faiss_index import VERSION as FAISS_VERSION
from index.words.tantivy_index import VERSION as TANTIVY_VERSION

MANIFEST = "derived.json"
FORMAT = f"4, faiss {FAISS_VERSION}, tantivy {TANTIVY_VERSION}"
"""Raised when files of an earlier program must be rebuilt: another analysis, schema or layout."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Manifest:
    """What is published: names within the index directory; `files` maps each to its sha256.

    token: the store's own for the generation, so that files are never taken for those of another
    database, as when it was deleted and made anew, or of a copy that went another way
    database: the store's own id, the same in every generation and copy
    fingerprint: the digest of the store's fingerprint: what made the vectors; empty if it was
    published by a program that did not note it
    """

    format: str
    generation: int
    token: str
    dense: str
    lexical: str
    files: dict[str, str]
    database: str = ""
    fingerprint: str = ""

    @classmethod
    def of(
        cls, folder: Path, store: Store, generation: int, dense: str, lexical: str
    ) -> "Manifest":
        """Of files that lie in the two folders, and are complete."""
        names = [*_files(folder, dense), *_files(folder, lexical)]
        files = dict(zip(names, _digests(folder, names), strict=True))
        token = store.token(generation) or ""
        digest = store.fingerprint.digest
        return cls(FORMAT, generation, token, dense, lexical, files, store.database_id, digest)

    @classmethod
    def read(cls, folder: Path, store: Store) -> "Manifest | None":
        """What is published, if it is whole, of this format, and was derived from this store.

        Raises IndexDamaged if it was derived from a later generation of this database: commits
        were lost, as with a log that was cut, and documents that were removed would be back.
        """
        try:
            manifest = cls(**unsealed((folder / MANIFEST).read_bytes()))
        except FileNotFoundError:
            return None
        except (AttributeError, KeyError, OSError, TypeError, ValueError):
            _log.warning("%s is damaged; rebuilding the index files", folder / MANIFEST)
            return None
        if manifest.database and manifest.database == store.database_id:
            manifest._check_not_later(folder, store)
        mine = manifest.format == FORMAT and manifest.token == store.token(manifest.generation)
        return manifest if mine else None

    def _check_not_later(self, folder: Path, store: Store) -> None:
        if self.generation <= store.generation:
            return
        # It may have been committed and published since the store was pinned.
        with closing(Store.open(folder)) as present:
            generation = present.generation
        if self.generation > generation:
            raise IndexDamaged(
                f"the database in {folder} is at generation {generation}, but generation "
                f"{self.generation} was published: its last commits are lost; put back a backup "
                f"(`rag restore`), or delete {folder / MANIFEST} and ingest the documents again"
            )

    @staticmethod
    def generation_in(folder: Path) -> int:
        """The generation that was published, of whatever database; 0 if that is not known."""
        try:
            return int(unsealed((folder / MANIFEST).read_bytes())["generation"])
        except (AttributeError, KeyError, OSError, TypeError, ValueError):
            return 0

    @staticmethod
    def listed(folder: Path) -> set[str]:
        """The folders that the manifest lists, of whatever format; none if it is damaged."""
        try:
            fields = unsealed((folder / MANIFEST).read_bytes())
            return {str(fields["dense"]), str(fields["lexical"])}
        except (AttributeError, KeyError, OSError, TypeError, ValueError):
            return set()

    def write(self, folder: Path) -> None:
        """Publish it; its files are on the disk before it is."""
        for name in self.files:
            sync(folder / name)
        draft = folder / f"{MANIFEST}.draft"
        write_private(draft, sealed(asdict(self)))
        move_in_place(draft, folder / MANIFEST)

    def intact(self, folder: Path) -> bool:
        """Whether every file is there, and is what it was."""
        try:
            return _digests(folder, list(self.files)) == list(self.files.values())
        except OSError:
            return False


def _files(folder: Path, part: str) -> list[str]:
    """The files to publish; tantivy's lock files and the seal are no part of the index."""
    names = (
        path.name
        for path in (folder / part).iterdir()
        if path.suffix != ".lock" and path.name != SEAL
    )
    return [f"{part}/{name}" for name in sorted(names)]


def _digests(folder: Path, names: list[str]) -> list[str]:
    """Each file's sha256; hashing lets go of the interpreter, so files go side by side."""
    with ThreadPoolExecutor(cores()) as pool:
        return list(pool.map(lambda name: sha256_of_file(folder / name), names))
