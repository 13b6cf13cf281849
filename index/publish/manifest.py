"""`derived.json`: the published files of an index, each with its checksum, and their generation.

It is replaced atomically, and files that it names never change. So a crash at any time leaves the
previous state, and the checksums detect a flipped bit before a file is used.
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
from index.words.tantivy_index import STORED
from index.words.tantivy_index import VERSION as TANTIVY_VERSION

MANIFEST = "derived.json"
FORMAT = f"6, faiss {FAISS_VERSION}, tantivy {TANTIVY_VERSION}"
"""Increase the first number if files of earlier versions must be rebuilt: the text analysis, schema
or layout changed."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Manifest:
    """The published files.

    dense, lexical: names of the folders of FAISS and BM25 in the index directory
    files: the sha256 of each file, by its path within the index directory
    token: the store's token of the generation; it differs for another database (for example after
    the index was deleted and created again) and for a copy that was changed separately
    database: the store's id, the same in every generation and copy
    fingerprint: the digest of the store's fingerprint (model and chunker); empty if an earlier
    version of this program published the files without it
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
        cls,
        folder: Path,
        store: Store,
        generation: int,
        dense: str,
        lexical: str,
        former: "Manifest | None" = None,
    ) -> "Manifest":
        """Return the manifest of the complete files in the two folders.

        former: the manifest of the published files, which were verified. A file that is one of them
        is not read again.
        """
        names = [*_files(folder, dense), *_files(folder, lexical)]
        files = {} if former is None else former._shared(folder, names)
        new = [name for name in names if name not in files]
        files |= zip(new, _digests(folder, new), strict=True)
        token = store.token(generation) or ""
        digest = store.fingerprint.digest
        return cls(FORMAT, generation, token, dense, lexical, files, store.database_id, digest)

    @classmethod
    def read(cls, folder: Path, store: Store) -> "Manifest | None":
        """Return the manifest if it is undamaged, of this format and of this store, else None.

        Raises IndexDamaged if it belongs to a later generation of this database: then the database
        lost commits, for example through a truncated log, and removed documents would reappear.
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
        # Another process may have committed and published it since the store was pinned.
        with closing(Store.open(folder)) as present:
            generation = present.generation
        if self.generation > generation:
            raise IndexDamaged(
                f"the database in {folder} is at generation {generation}, but generation "
                f"{self.generation} was published: its last commits are lost; restore a backup "
                f"with `rag restore`, or delete {folder / MANIFEST} and ingest the documents again"
            )

    @staticmethod
    def generation_in(folder: Path) -> int:
        """Return the published generation, of any database; 0 if it is unknown."""
        try:
            return int(unsealed((folder / MANIFEST).read_bytes())["generation"])
        except (AttributeError, KeyError, OSError, TypeError, ValueError):
            return 0

    @staticmethod
    def listed(folder: Path) -> set[str]:
        """Return the folders that the manifest lists, of any format; none if it is damaged."""
        try:
            fields = unsealed((folder / MANIFEST).read_bytes())
            return {str(fields["dense"]), str(fields["lexical"])}
        except (AttributeError, KeyError, OSError, TypeError, ValueError):
            return set()

    def write(self, folder: Path) -> None:
        """Write the manifest to the folder, after a sync of its files. Raises OSError."""
        for name in self.files:
            sync(folder / name)
        draft = folder / f"{MANIFEST}.draft"
        write_private(draft, sealed(asdict(self)))
        move_in_place(draft, folder / MANIFEST)

    def _shared(self, folder: Path, names: list[str]) -> dict[str, str]:
        """Return the sha256 of those of these files that are hard links to files of this manifest.

        Raises OSError.
        """
        known = {_inode(folder / name): digest for name, digest in self.files.items()}
        inodes = {name: _inode(folder / name) for name in names}
        return {name: known[inode] for name, inode in inodes.items() if inode in known}

    def intact(self, folder: Path) -> bool:
        """Return whether every file exists and has its checksum."""
        return self._are_intact(folder, list(self.files))

    def searchable(self, folder: Path) -> bool:
        """Return whether every file that a search reads exists and has its checksum."""
        return self._are_intact(folder, [each for each in self.files if not each.endswith(STORED)])

    def _are_intact(self, folder: Path, names: list[str]) -> bool:
        try:
            return _digests(folder, names) == [self.files[name] for name in names]
        except OSError:
            return False


def _files(folder: Path, part: str) -> list[str]:
    """Return the files to publish, sorted: all except tantivy's lock files and the seal."""
    names = (
        path.name
        for path in (folder / part).iterdir()
        if path.suffix != ".lock" and path.name != SEAL
    )
    return [f"{part}/{name}" for name in sorted(names)]


def _inode(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_dev, status.st_ino


def _digests(folder: Path, names: list[str]) -> list[str]:
    """Return each file's sha256. Hashing releases the interpreter lock, so threads run in parallel.

    Raises OSError.
    """
    with ThreadPoolExecutor(cores()) as pool:
        return list(pool.map(lambda name: sha256_of_file(folder / name), names))
