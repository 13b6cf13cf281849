"""An index's database copied into one file, and put back, while others read and write.

The other files of an index are derived from its database, and are no part of a backup.
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
    """Copy what is committed in the index of a folder into a file, which appears whole or not at
    all, and only its owner can read.

    Raises BadInput if the file is there and may not be overwritten, or cannot be written there;
    IndexMissing; IndexDamaged if the index, and so the copy, is not whole; StorageFull.
    """
    target = resolved(file)
    _check_target(folder, file, target, overwrite=overwrite)
    with closing(Store.open(folder)) as store, _draft_for(file, target) as draft:
        with closing(Database(draft, "rw")) as copy:
            store.pin()
            copy.leave_log()  # it would hold every page a second time
            store.copy_into(copy)
            store.unpin()
        contents = checked_contents(
            draft, f"{folder} is damaged and not backed up; run `rag check --repair` first"
        )
        _check_target(folder, file, target, overwrite=overwrite)
        with translated(file):
            move_in_place(draft, target)
    return contents


def _check_target(folder: Path, file: Path, target: Path, *, overwrite: bool) -> None:
    index = resolved(folder)
    with translated(file):
        if target.is_dir():
            raise BadInput(f"{file} is a folder; name a file for the backup")
        if index in target.parents:
            raise BadInput(f"{file} lies in the index that is backed up; name a file elsewhere")
        if not target.parent.is_dir():
            raise BadInput(f"there is no folder {file.parent}; make it first")
        if not target.exists():
            return
        if not target.is_file():
            raise BadInput(f"{file} is not a regular file; name another for the backup")
        if not overwrite:
            raise BadInput(f"{file} is there already; name a new file, or give --force")
        if _log_of(target) is not None:
            raise BadInput(f"{file} is a database in use; name another file for the backup")


@contextmanager
def _draft_for(file: Path, target: Path) -> Iterator[Path]:
    """An empty file beside the target, gone afterwards if it was not moved there."""
    with translated(file):
        descriptor, name = tempfile.mkstemp(".draft", f"{target.name}.", target.parent)
    os.close(descriptor)
    try:
        yield Path(name)
    finally:
        for suffix in ("", *_LOGS):
            with suppress(OSError):  # what is left of it does no harm
                Path(f"{name}{suffix}").unlink()


def holds_index(folder: Path) -> bool:
    """Whether a restore would replace something: a database, be it damaged."""
    with translated(folder):
        path = folder / DATABASE
        return path.is_file() and path.stat().st_size > 0


def restore(folder: Path, file: Path, *, overwrite: bool = False) -> BackupContents:
    """Put the contents of a backup in place of what the index of a folder holds, if it holds any.

    It is one transaction: a process that is killed leaves the former state or the restored one.
    Who reads the index goes on in the former state, and finds the restored one as a generation that
    is newer than any the index had. The generation of the contents is that one.

    Raises BadInput if the index may not be overwritten or the file is no backup; IndexDamaged if
    the backup is not whole; IndexBusy if another process is writing; StorageFull.
    """
    check_source(folder, file)
    with writing(folder):
        if holds_index(folder) and not overwrite:
            raise BadInput(f"{folder} holds an index; give --yes to replace what it holds")
        draft = folder / RESTORE_DRAFT
        try:
            contents = _prepare(folder, file, draft)
            _put_in_place(draft, folder / DATABASE)
        finally:
            remove_restore_draft(folder)
        _publish(folder)
    return contents


def check_source(folder: Path, file: Path) -> None:
    """Raises BadInput if a file is no backup at first sight."""
    with translated(file):
        if not file.exists():
            raise BadInput(f"there is no file {file}")
        if not file.is_file():
            raise BadInput(f"{file} is not a file; name one that `rag backup` wrote")
        if resolved(file) == resolved(folder / DATABASE):
            raise BadInput(
                f"{file} is the index's own database; name a file that `rag backup` wrote"
            )
        log = _log_of(file)
        if log is not None:
            raise BadInput(f"{file} is not all there is: {log} belongs to it; use `rag backup`")
        if not is_sqlite(file):
            raise BadInput(f"{file} is no backup: it is not an SQLite database")


def _log_of(file: Path) -> Path | None:
    """The file beside a database that holds a part of what was written to it."""
    logs = (file.with_name(f"{file.name}{suffix}") for suffix in ("-wal", "-journal"))
    return next((log for log in logs if log.is_file() and log.stat().st_size), None)


def _prepare(folder: Path, file: Path, draft: Path) -> BackupContents:
    """A checked copy of the backup, as a database of its own with a new generation."""
    with translated(draft):
        draft.touch(mode=0o600)
        shutil.copyfile(file, draft)
    contents = checked_contents(draft, f"{file} is not a whole backup")
    generation = 1 + max(contents.generation, _newest_generation(folder))
    with closing(Database(draft, "rw")) as database:
        database.execute("BEGIN")
        set_meta(database, "database", token_hex(16))
        begin(database, generation, (contents.n_documents, contents.n_chunks))
        database.execute("COMMIT")
        database.leave_log()
    return replace(contents, generation=generation)


def _newest_generation(folder: Path) -> int:
    """The greatest that the index is known to have had, however damaged it is; 0 if none is."""
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
    """Replace the contents of the index's database by those of the draft."""
    try:
        with closing(Database(draft, "rw")) as source, closing(Database(path, "rwc")) as live:
            source.copy_into(live)
    except IndexDamaged:
        # SQLite writes to nothing that it cannot read, and nobody reads it either.
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
            f"{folder} is restored; the first search builds its other files: {error}"
        ) from error
