"""Mend what is damaged in an index from what is not.

FAISS and BM25 are made anew from the database, and SQLite's own indexes from its tables. A document
whose text is as it was stored is chunked and encoded anew; one whose text is not is read from its
file, if that still has the text that was stored. What is left after that only a backup has.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from secrets import token_hex

from index.documents.load import read
from index.errors import IndexDamaged, IndexProblem, StorageFull, UnreadableDocument
from index.fingerprint import ChunkSettings, Fingerprint
from index.ingest.batches import Source
from index.ingest.progress import Progress, Report
from index.ingest.writer import IngestRun
from index.maintain.check import CheckProgress, check
from index.maintain.checked import Checked, Part
from index.protocols import Embedder
from index.publish.manifest import MANIFEST, Manifest
from index.publish.session import published, writing
from index.store.checksums import DamagedRow
from index.store.meta import begin, counted, newest_generation, note_row, set_meta
from index.store.objects import mend_objects
from index.store.rows import (
    DOCUMENT_COLUMNS,
    WHOLE_COLUMNS,
    StoredDocument,
    blob,
    integer,
    stored_document,
    whole_document,
)
from index.store.sqlite import Database, translated
from index.store.store import DATABASE, Store
from index.types import Span, chunk_id_of, sha256_of


def repair(
    folder: Path,
    embedder: Callable[[], Embedder],
    told: CheckProgress = lambda done, total: None,
    *,
    drop: bool = False,
) -> tuple[Checked, Checked]:
    """Check an index, mend what is damaged, and check it again; both results.

    Where a document cannot be mended nothing is changed, except that lacking tables are made, and
    the second result names what stands in the way; with `drop` such documents are removed. The
    embedder is asked for only if documents are to be encoded. Stopped at any instant, it leaves the
    index as it was or mended in part, and can be run again.

    Raises what `index.maintain.check.check` does, IndexBusy if another process is writing,
    IndexMismatch if the embedder is not the index's.
    """
    with writing(folder, existing=True):
        before = check(folder, told, only_writer=True)
        if before.flaws and before.flaws[0].part == "schema":
            _mend_objects(folder)
            rest = check(folder, told, only_writer=True)
            before = replace(rest, flaws=before.flaws + rest.flaws)
        parts = {flaw.part for flaw in before.flaws}
        if not parts or ("settings" in parts and _model_is_lost(folder)):
            return before, before
        sources = _sources(folder, [flaw.row for flaw in before.flaws if flaw.row is not None])
        hopeless = [flaw for flaw in before.flaws if flaw.row and not sources[flaw.row]]
        if hopeless and not drop:
            return before, replace(before, flaws=hopeless)
        if parts != {"derived"}:
            _mend_database(folder, parts)
        with translated(folder / MANIFEST):
            (folder / MANIFEST).unlink(missing_ok=True)
        with published(folder, Store.open(folder, to_write=True)) as store:
            if sources:
                _put_again(store, sources, embedder)
        return before, check(folder, told, only_writer=True)


def _model_is_lost(folder: Path) -> bool:
    """Whether it is not known which model the index is of: then nothing can be made anew."""
    with closing(Store.open(folder)) as store:
        try:
            return not store.fingerprint.model.dimension
        except IndexDamaged:
            return True


def _mend_objects(folder: Path) -> None:
    with closing(Database(folder / DATABASE, "rw")) as raw:
        raw.execute("BEGIN IMMEDIATE")
        mend_objects(raw)
        raw.execute("COMMIT")


def _mend_database(folder: Path, parts: set[Part]) -> None:
    """What has to be right before a document is put in: SQLite's indexes, and the counts."""
    with closing(Database(folder / DATABASE, "rw")) as raw:
        if "database" in parts:
            # VACUUM writes every page anew, but not where it cannot read one.
            for statement in ("REINDEX", "VACUUM"):
                try:
                    raw.execute(statement)
                except StorageFull:
                    raise
                except IndexProblem:  # as where two documents have one id now
                    continue
        raw.execute("BEGIN IMMEDIATE")
        raw.execute("DELETE FROM chunks WHERE document NOT IN (SELECT document FROM documents)")
        raw.execute("DELETE FROM token_vectors WHERE chunk_id NOT IN (SELECT chunk_id FROM chunks)")
        if "settings" in parts:
            set_meta(raw, "database", token_hex(16))
            note_row(raw)
        number = max(newest_generation(raw), Manifest.generation_in(folder)) + 1
        raw.execute("DELETE FROM generations")
        begin(raw, number, counted(raw))
        raw.execute("COMMIT")


def _sources(folder: Path, rows: Sequence[int]) -> dict[int, Source | None]:
    """What each of these documents' rows can be made anew from, if anything."""
    with closing(Database(folder / DATABASE, "rw")) as raw:
        return {row: _source(raw, row) for row in rows}


def _put_again(
    store: Store, found: Mapping[int, Source | None], embedder: Callable[[], Embedder]
) -> None:
    """Put documents in anew, and remove those that have no source."""
    with store.transaction() as transaction:
        transaction.recount()
        sources = [source for source in found.values() if source is not None]
        if sources:
            model = embedder()
            store.fingerprint.check(Fingerprint.of(model.fingerprint), store.path.parent)
            settings = ChunkSettings.of(model.fingerprint)
            putting = IngestRun(store, model, settings, Report(), Progress(), lambda progress: None)
            putting.put_into(transaction, sources)
        for row in found:
            transaction.delete_row(row)


def _source(raw: Database, number: int) -> Source | None:
    """What a document's row can be made anew from, if anything."""
    row = raw.row(f"SELECT {WHOLE_COLUMNS} FROM documents WHERE document = ?", [number])
    if row is None:
        return None
    try:
        stored, document = _stored(row), whole_document(row)
        return Source(stored.path, document, stored.n_chars, version=stored.file_version)
    except DamagedRow:
        return _from_file(raw, row)


def _from_file(raw: Database, row: Sequence[object]) -> Source | None:
    """A document from its file, if that has the text whose sha256 was stored; or, where the row
    with its sha256 is damaged, the text that was stored."""
    number, doc_id, path, *_, text = row
    wanted, encoding = None, None
    try:
        stored = _stored(row)
        wanted, encoding = stored.sha256, stored.metadata.get("encoding_given")
    except DamagedRow:
        if not _is_id_of(raw, str(doc_id), number):
            return None
    try:
        wanted = wanted or sha256_of(str(text))
        document = read(Path(str(path)), str(doc_id), fallback=encoding)
    except (OSError, UnreadableDocument, ValueError):
        return None
    return Source(str(path), document, len(document.text)) if document.sha256 == wanted else None


def _stored(row: Sequence[object]) -> StoredDocument:
    """The document's row alone, from WHOLE_COLUMNS. Raises DamagedRow."""
    return stored_document(row[: len(DOCUMENT_COLUMNS.split(", "))])


def _is_id_of(raw: Database, doc_id: str, number: object) -> bool:
    """Whether the ids of a document's chunks were made of this doc_id."""
    chunks = raw.all_rows(
        "SELECT chunk_id, start, end, digest FROM chunks WHERE document = ?", [number]
    )
    return any(_chunk_id(doc_id, *place) == chunk_id for chunk_id, *place in chunks)


def _chunk_id(doc_id: str, start: object, end: object, digest: object) -> int | None:
    """The id that a chunk of these would have; None if they are not what was stored."""
    try:
        return chunk_id_of(doc_id, Span(integer(start), integer(end)), blob(digest))
    except ValueError:  # a damaged row, or a doc_id whose bytes are no UTF-8
        return None
