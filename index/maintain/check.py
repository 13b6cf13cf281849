"""Check an index: its checksums, and the consistency of its parts."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

from index.disk.locks import is_held
from index.errors import IndexDamaged
from index.maintain.check_derived import check_published, open_published
from index.maintain.checked import Checked, Flaw
from index.publish.publish import LOCK as PUBLISHING_LOCK
from index.publish.session import LOCK as WRITING_LOCK
from index.store.checksums import DamagedRow
from index.store.meta import counted, get_meta, last_generation, last_row, noted_row
from index.store.objects import wrong_objects
from index.store.rows import (
    CHUNK_COLUMNS,
    WHOLE_COLUMNS,
    cut_out,
    ids_sum,
    stored_blob,
    stored_chunk,
    whole_document,
)
from index.store.sqlite import Database
from index.store.store import DATABASE, Store
from index.types import Document

_DOCUMENT, _N_CHUNKS, _IDS_SUM = map(
    WHOLE_COLUMNS.split(", ").index, ("document", "n_chunks", "ids_sum")
)

CheckProgress = Callable[[int, int], None]
"""Called with the number of checked chunks and the number of all chunks."""


def check(
    folder: Path, told: CheckProgress = lambda done, total: None, *, only_writer: bool = False
) -> Checked:
    """Check an index without changes.

    While another process writes to the index, FAISS and BM25 are behind the database. That is not a
    flaw: they are reported as not verified.

    told: called after each document.
    only_writer: the caller holds the write lock, so no other process writes.
    Raises IndexMissing, IndexDamaged if no row can be read, IndexProblem.
    """
    checked = Checked()
    with closing(Store.open(folder)) as store, closing(Database(folder / DATABASE, "r")) as raw:
        published = open_published(folder, store)
        raw.execute("BEGIN")
        check_database(raw, checked, told)
        if not checked.sound:
            return checked
        if isinstance(published, Flaw):
            checked.flaws.append(published)
        else:
            check_published(store, published, checked)
        if not checked.sound and not only_writer and _is_written(folder, store):
            checked.set_aside_derived()
    return checked


def _is_written(folder: Path, store: Store) -> bool:
    """Return whether another process is writing to an index, or wrote since `store` was pinned."""
    if is_held(folder / WRITING_LOCK) or is_held(folder / PUBLISHING_LOCK):
        return True
    with closing(Store.open(folder)) as present:
        return present.generation != store.generation


def check_database(
    raw: Database, checked: Checked, told: CheckProgress = lambda done, total: None
) -> None:
    """Check only a database. Raises IndexDamaged if no row can be read, IndexProblem."""
    for wrong in wrong_objects(raw):
        checked.add("schema", f"the database: {wrong}")
    if not checked.sound:  # the other checks need all tables and indexes
        return
    _check_structure(raw, checked)
    _check_rows(raw, checked, told)
    _check_totals(raw, checked)


def _check_structure(raw: Database, checked: Checked) -> None:
    """Run SQLite's own checks of pages, indexes and foreign keys."""
    for (line,) in raw.all_rows("PRAGMA integrity_check(20)"):
        if line != "ok":
            checked.add("database", f"the database: {line}")
    for table, rowid, *_ in raw.all_rows("PRAGMA foreign_key_check"):
        checked.add("database", f"the database: row {rowid} of {table} refers to a missing row")


def _check_rows(raw: Database, checked: Checked, told: CheckProgress) -> None:
    total = counted(raw)[1]
    rows = raw.rows(f"SELECT {WHOLE_COLUMNS} FROM documents ORDER BY document")
    for row in _readable(rows, "the table of documents", checked):
        checked.n_documents += 1
        number, name = row[:2]
        try:
            wrong = _wrong_in_chunks(raw, row, checked)
        except (DamagedRow, IndexDamaged) as error:
            wrong = f"cannot be verified ({error})"
        if wrong:
            checked.add("documents", f"{name}: {wrong}", int(str(number)))
        told(checked.n_chunks, total)


def _readable(
    rows: Iterator[tuple[object, ...]], what: str, checked: Checked
) -> Iterator[tuple[object, ...]]:
    """Yield the rows before the first one that SQLite cannot read."""
    try:
        yield from rows
    except IndexDamaged as error:
        checked.add("database", f"{what} cannot be read completely: {error.__cause__}")


def _wrong_in_chunks(raw: Database, row: Sequence[object], checked: Checked) -> str | None:
    """Return the flaws of a document's row and of its chunks as text; empty if there are none."""
    document, ids, wrong = None, [], Counter[str]()
    try:
        document = whole_document(row)
    except DamagedRow as error:
        wrong[f"its text or its row differs from what was stored ({error})"] += 1
    chunks = raw.rows(
        f"SELECT {CHUNK_COLUMNS}, vectors, substr(vectors, 1, length(vectors) / "
        "(1 + length(sentences) / 8)), sum, tokens FROM chunks JOIN documents USING (document) "
        "LEFT JOIN token_vectors USING (chunk_id) WHERE document = ? ORDER BY ordinal",
        [row[_DOCUMENT]],
    )
    for chunk in chunks:
        ids.append(int(str(chunk[0])))
        checked.n_chunks += 1
        try:
            _check_chunk(chunk, document, checked)
        except DamagedRow as error:
            wrong[f"of its chunks differ from what was stored ({error})"] += 1
    if document is not None and ids_sum(ids) != row[_IDS_SUM]:
        n_chunks = int(str(row[_N_CHUNKS]))
        wrong["of its chunks are missing, added or replaced"] += abs(len(ids) - n_chunks) or 1
    return ", ".join(f"{n} {what}" if "chunks" in what else what for what, n in wrong.items())


def _check_chunk(row: Sequence[object], document: Document | None, checked: Checked) -> None:
    """Check a chunk and its vectors. Raises DamagedRow."""
    *columns, vectors, own, tokens_sum, tokens = row
    chunk_id, _, _, _, start, end, digest, _, _, _, own_sum, all_sum, _ = columns
    stored_chunk(columns)
    if document is not None:
        cut_out(document, [start, end, digest])
    stored_blob([chunk_id, own_sum, own])
    stored_blob([chunk_id, all_sum, vectors])
    checked.n_vectors += 1
    stored_blob([chunk_id, tokens_sum, tokens])
    checked.n_token_vectors += 1


def _check_totals(raw: Database, checked: Checked) -> None:
    for key in ("schema", "database", "fingerprint"):
        try:
            lost = get_meta(raw, key) is None
        except DamagedRow:
            lost = True
        if lost:
            checked.add("settings", f"the database's {key} differs from what was stored")
    if checked.n_documents and (noted_row(raw) or 0) < last_row(raw):
        checked.add("settings", "the database's last row number differs from what was stored")
    try:
        last = last_generation(raw)
    except DamagedRow:
        checked.add("settings", "the database's list of generations differs from what was stored")
        return
    if checked.n_documents != last.n_documents:
        checked.add(
            "lost", f"{last.n_documents} documents were stored, but {checked.n_documents} exist"
        )
    n_chunks = counted(raw)[1]
    if checked.sound and n_chunks != last.n_chunks:
        checked.add("settings", f"{last.n_chunks} chunks were counted, but {n_chunks} exist")
