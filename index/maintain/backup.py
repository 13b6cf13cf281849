"""Back up an index's database to one file, and restore it, while other processes use the index.

A backup does not contain the other files of an index: they are derived from the database.
"""

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from secrets import token_hex

from index.disk.durable import move_in_place
from index.disk.owned import RESTORE_DRAFT, folders_in, remove_restore_draft
from index.errors import BadInput, IndexDamaged, IndexProblem
from index.ingest.files import resolved
from index.maintain.backup_contents import MOST, BackupContents, checked_contents, is_sqlite
from index.publish.session import published, writing
from index.store.meta import begin, newest_generation, set_meta
from index.store.sqlite import Database, translated
from index.store.store import DATABASE, Store

_PUBLISHED = re.compile(r"(?:dense|lexical)-(\d+)")
_LOGS = ("-wal", "-shm", "-journal")


def backup(folder: Path, file: Path, *, overwrite: bool = False) -> BackupContents:
    """Copy the committed state of an index to a file.

    The file appears only when it is complete, and only its owner can read it.

    Raises BadInput if the file exists and `overwrite` is False, or its path is unsuitable;
    IndexMissing; IndexDamaged if the index, and so the copy, is damaged; StorageFull.
    """
    target = resolved(file)
    _check_target(folder, file, target, overwrite=overwrite)
    with closing(Store.open(folder)) as store, _draft_for(file, target) as draft:
        with closing(Database(draft, "rw")) as copy:
            store.pin()
            copy.leave_log()  # a log would contain every page a second time
            store.copy_into(copy)
            store.unpin()
        contents = checked_contents(
            draft, f"{folder} is damaged and was not backed up; run `rag check --repair` first"
        )
        _check_target(folder, file, target, overwrite=overwrite)
        with translated(file):
            move_in_place(draft, target)
    return contents


def _check_target(folder: Path, file: Path, target: Path, *, overwrite: bool) -> None:
    index = resolved(folder)
    with translated(file):
        if target.is_dir():
            raise BadInput(f"{file} is a folder; choose a file for the backup")
        if index in target.parents:
            raise BadInput(f"{file} is inside the index; choose a file in another folder")
        if not target.parent.is_dir():
            raise BadInput(f"the folder {file.parent} does not exist; create it first")
        if not target.exists():
            return
        if not target.is_file():
            raise BadInput(f"{file} is not a regular file; choose another file for the backup")
        if not overwrite:
            raise BadInput(f"{file} already exists; choose a new file, or add --force")
        if _log_of(target) is not None:
            raise BadInput(f"{file} is a database in use; choose another file for the backup")


@contextmanager
def _draft_for(file: Path, target: Path) -> Iterator[Path]:
    """Yield an empty file next to the target; delete it afterwards unless it was moved."""
    with translated(file):
        descriptor, name = tempfile.mkstemp(".draft", f"{target.name}.", target.parent)
    os.close(descriptor)
    try:
        yield Path(name)
    finally:
        for suffix in ("", *_LOGS):
            with suppress(OSError):  # a remaining draft file is harmless
                Path(f"{name}{suffix}").unlink()


def holds_index(folder: Path) -> bool:
    """Return whether a folder has a database, damaged or not, that a restore would replace."""
    with translated(folder):
        path = folder / DATABASE
        return path.is_file() and path.stat().st_size > 0


def restore(folder: Path, file: Path, *, overwrite: bool = False) -> BackupContents:
    """Replace the content of an index with a backup; create the index if it is missing.

    The replacement is one transaction: a killed process leaves the previous or the restored state.
    Readers continue with the previous state. The restored state gets a generation greater than any
    that the index had; the returned contents have this generation.

    Raises BadInput if the index exists and `overwrite` is False, or the file is not a backup;
    IndexDamaged if the backup is damaged; IndexBusy if another process is writing; StorageFull.
    """
    check_source(folder, file)
    with writing(folder):
        if holds_index(folder) and not overwrite:
            raise BadInput(f"{folder} contains an index; add --yes to replace it")
        draft = folder / RESTORE_DRAFT
        try:
            contents = _prepare(folder, file, draft)
            _put_in_place(draft, folder / DATABASE)
        finally:
            remove_restore_draft(folder)
        _publish(folder)
    return contents


def check_source(folder: Path, file: Path) -> None:
    """Raise BadInput if a file is clearly not a backup. Reads only the start of the file."""
    with translated(file):
        if not file.exists():
            raise BadInput(f"{file} does not exist; choose a file that `rag backup` wrote")
        if not file.is_file():
            raise BadInput(f"{file} is not a file; choose a file that `rag backup` wrote")
        if resolved(file) == resolved(folder / DATABASE):
            raise BadInput(
                f"{file} is the index's own database; choose a file that `rag backup` wrote"
            )
        log = _log_of(file)
        if log is not None:
            raise BadInput(
                f"{file} is incomplete without its log {log}; create a backup with `rag backup`"
            )
        if not is_sqlite(file):
            raise BadInput(
                f"{file} is not an SQLite database; choose a file that `rag backup` wrote"
            )


def _log_of(file: Path) -> Path | None:
    """Return the non-empty log or journal next to a database file; None if there is none."""
    logs = (file.with_name(f"{file.name}{suffix}") for suffix in ("-wal", "-journal"))
    return next((log for log in logs if log.is_file() and log.stat().st_size), None)


def _prepare(folder: Path, file: Path, draft: Path) -> BackupContents:
    """Copy the backup to `draft`, check it, and give it a new database id and generation."""
    with translated(draft):
        draft.touch(mode=0o600)
        shutil.copyfile(file, draft)
    contents = checked_contents(draft, f"{file} is not a complete backup")
    generation = 1 + max(contents.generation, _newest_generation(folder))
    with closing(Database(draft, "rw")) as database:
        database.execute("BEGIN")
        set_meta(database, "database", token_hex(16))
        begin(database, generation, (contents.n_documents, contents.n_chunks))
        database.execute("COMMIT")
        database.leave_log()
    return replace(contents, generation=generation)


def _newest_generation(folder: Path) -> int:
    """Return the greatest known generation of an index, damaged or not; 0 if none is known."""
    found = [_PUBLISHED.fullmatch(path.name) for path in folders_in(folder)]
    numbers = (int(match[1]) for match in found if match)
    newest = max((number for number in numbers if number < MOST), default=0)
    if not holds_index(folder):
        return newest
    try:
        with closing(Database(folder / DATABASE, "rw")) as database:
            return max(newest, newest_generation(database))
    except (IndexDamaged, ValueError):
        return newest


def _put_in_place(draft: Path, path: Path) -> None:
    """Replace the content of the index's database with that of the draft."""
    try:
        with closing(Database(draft, "rw")) as source, closing(Database(path, "rwc")) as live:
            source.copy_into(live)
    except IndexDamaged:
        # SQLite cannot write to a file that it cannot read. Nobody can read it, so replace it.
        with closing(Database(draft, "rw")) as source:
            source.leave_log()
        with translated(path):
            for suffix in _LOGS:
                path.with_name(f"{path.name}{suffix}").unlink(missing_ok=True)
            move_in_place(draft, path)


def _publish(folder: Path) -> None:
    try:
        with published(folder, Store.open(folder, to_write=True)):
            pass
    except IndexProblem as error:
        raise type(error)(
            f"{folder} was restored; the first search builds its other files, because this "
            f"failed now: {error}"
        ) from error
