"""Repair the damaged parts of an index from the intact parts.

FAISS and BM25 are rebuilt from the database, and SQLite's own indexes from its tables. A document
with intact text is chunked and encoded again. A document with damaged text is read from its file,
if the file still has the stored text. Anything else can only be restored from a backup.
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
    """Check an index, repair it, and check it again; return both results.

    If a document cannot be repaired, nothing changes, except that missing tables are created; the
    second result then has the flaws of these documents. With `drop` these documents are removed.
    `embedder` is called only if documents must be encoded. An interrupted repair leaves the index
    unchanged or partly repaired, and can be repeated.

    Raises the errors of `index.maintain.check.check`, IndexBusy if another process is writing,
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
    """Return whether the index's model is unknown: then no document can be encoded again."""
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
    """Repair what must be correct before documents are written: SQLite's indexes and counts."""
    with closing(Database(folder / DATABASE, "rw")) as raw:
        if "database" in parts:
            # VACUUM rewrites every page, but fails if it cannot read one.
            for statement in ("REINDEX", "VACUUM"):
                try:
                    raw.execute(statement)
                except StorageFull:
                    raise
                except IndexProblem:  # for example if damage gave two documents the same id
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
    """Return the source to repair each of these document rows from; None if there is none."""
    with closing(Database(folder / DATABASE, "rw")) as raw:
        return {row: _source(raw, row) for row in rows}


def _put_again(
    store: Store, found: Mapping[int, Source | None], embedder: Callable[[], Embedder]
) -> None:
    """Write documents again from their sources, and remove those that have none."""
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
    """Return the source to repair a document row from; None if there is none."""
    row = raw.row(f"SELECT {WHOLE_COLUMNS} FROM documents WHERE document = ?", [number])
    if row is None:
        return None
    try:
        stored, document = _stored(row), whole_document(row)
        return Source(stored.path, document, stored.n_chars, version=stored.file_version)
    except DamagedRow:
        return _from_file(raw, row)


def _from_file(raw: Database, row: Sequence[object]) -> Source | None:
    """Return a document from its file if the file has the stored text, else None.

    The text is compared by the stored sha256. If the row with the sha256 is damaged, it is compared
    with the stored text.
    """
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
    """Return the document, without text, of a row of WHOLE_COLUMNS. Raises DamagedRow."""
    return stored_document(row[: len(DOCUMENT_COLUMNS.split(", "))])


def _is_id_of(raw: Database, doc_id: str, number: object) -> bool:
    """Return whether the id of any chunk of a document was computed from this doc_id."""
    chunks = raw.all_rows(
        "SELECT chunk_id, start, end, digest FROM chunks WHERE document = ?", [number]
    )
    return any(_chunk_id(doc_id, *place) == chunk_id for chunk_id, *place in chunks)


def _chunk_id(doc_id: str, start: object, end: object, digest: object) -> int | None:
    """Return the id of a chunk with these properties; None if they are damaged."""
    try:
        return chunk_id_of(doc_id, Span(integer(start), integer(end)), blob(digest))
    except ValueError:  # a damaged row, or a doc_id whose bytes are not UTF-8
        return None
