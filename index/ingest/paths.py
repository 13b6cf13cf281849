"""Whether the paths given to an ingest can be what the user means."""

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from index.backend import Backend
from index.documents.formats import main_extensions
from index.documents.load import LoadedFile, load, read_file
from index.documents.loader import LoadOptions
from index.errors import BadInput, UnreadableDocument
from index.ingest.file_ids import (
    display_path,
    is_missing,
    is_unicode,
    printable_path,
    records_under,
)
from index.ingest.files import Files, resolved
from index.ingest.progress import SkippedFile

_N_NAMED = 3


def vanished_paths(
    backend: Backend, paths: Sequence[Path], *, prune: bool, confirmed: bool
) -> list[Path]:
    """The paths to prune where nothing is, or an empty folder, and of which the index knows
    documents.

    Raises BadInput for one where nothing is without `prune`; and for one that may be a drive that
    is not mounted: one with documents below it, unless it is the only path, and confirmed.
    """
    vanished = []
    for path in paths:
        root = resolved(path)
        state = _state(root)
        known = records_under(backend, root) if state else []
        files = "the file of 1 document" if len(known) == 1 else f"the {len(known):,} files"
        if known and not prune and state == "is gone":
            raise BadInput(
                f"no file or folder at {path}; gone with it: {files} in the index; "
                "--prune removes what is gone"
            )
        if not known or not prune:
            continue
        vanished.append(path)
        if [row.path for row in known] != [str(root)] and not (confirmed and len(paths) == 1):
            raise BadInput(
                f"{path} {state}, and with it {files} in the index; is a drive not mounted? "
                f"If they are to leave the index, ingest {path} alone with --prune --yes"
            )
    return vanished


def _state(root: Path) -> str | None:
    """What is missing at a path; None if something is there, or cannot be looked at."""
    try:
        with os.scandir(root) as entries:
            shown = any(not entry.name.startswith(".") for entry in entries)
        return None if shown else "is empty"
    except (FileNotFoundError, NotADirectoryError):
        return "is gone" if is_missing(str(root)) else None
    except OSError:
        return None


def check_some(
    backend: Backend, paths: Sequence[Path], files: Files, encoding: str | None
) -> LoadedFile | None:
    """For a new index its first file that can be read, loaded.

    Raises BadInput if there is no file to read, or none that can be, for a new index.
    """
    where = ", ".join(map(str, paths))
    is_new = not backend.exists()
    if not files.paths and not files.skipped:
        if any(records_under(backend, resolved(path)) for path in paths):
            return None  # all their files are gone, which the report says
        raise BadInput(
            f"no {main_extensions('or')} files under {where}{_others(files.left_out)}; "
            "name a folder or file that has some"
        )
    if not is_new:
        return None
    skipped = list(files.skipped)
    first = _first_readable(files.paths, LoadOptions(encoding), skipped)
    if first is None:
        raise BadInput(
            f"nothing under {where} could be read, so no index was made{_reasons(skipped)}"
        )
    return first


def _first_readable(
    paths: Sequence[Path], options: LoadOptions, skipped: list[SkippedFile]
) -> LoadedFile | None:
    """The first file that can be read, loaded; those before it are added to `skipped`."""
    for path in paths:
        if not is_unicode(path):
            skipped.append(
                SkippedFile(printable_path(path), "name", "its name is not valid Unicode")
            )
            continue
        try:
            return load(read_file(path), display_path(path), options)
        except UnreadableDocument as reason:
            skipped.append(SkippedFile(printable_path(path), reason.kind, str(reason)))
    return None


def _reasons(skipped: Sequence[SkippedFile]) -> str:
    if not skipped:
        return ""
    named = "; ".join(f"{each.path}: {each.reason}" for each in skipped[:_N_NAMED])
    more = f"; and {len(skipped) - _N_NAMED:,} more" if len(skipped) > _N_NAMED else ""
    return f" ({named}{more})"


def _others(left_out: Sequence[SkippedFile]) -> str:
    endings = Counter(
        Path(each.path).suffix or "no ending" for each in left_out if each.kind == "other-type"
    )
    if not endings:
        return ""
    named = ", ".join(f"{n} {ending}" for ending, n in endings.most_common(_N_NAMED))
    return (
        f" ({sum(endings.values()):,} of other types: {named}{', …' * (len(endings) > _N_NAMED)})"
    )
