"""Check that the paths of an ingest are plausible: they exist and have files to read."""

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
from index.ingest.progress import IgnoredPath, SkippedFile

_N_NAMED = 3


def vanished_paths(
    backend: Backend, paths: Sequence[Path], *, prune: bool, confirmed: bool
) -> list[Path]:
    """Return the paths that are missing or empty folders, but have documents in the index.

    The list is empty without `prune`.

    Raises BadInput for a missing path with documents, without `prune`. With `prune`, raises
    BadInput for such a path with documents below it (it may be a drive that is not mounted), unless
    it is the only path and `confirmed`.
    """
    vanished = []
    for path in paths:
        root = resolved(path)
        state = _state(root)
        known = records_under(backend, root) if state else []
        documents = "1 document" if len(known) == 1 else f"{len(known):,} documents"
        if known and not prune and state == "no longer exists":
            raise BadInput(
                f"no file or folder at {path}, but the index has {documents} from it; "
                "check the path, or remove them with --prune"
            )
        if not known or not prune:
            continue
        vanished.append(path)
        if [row.path for row in known] != [str(root)] and not (confirmed and len(paths) == 1):
            raise BadInput(
                f"{path} {state}, but the index has {documents} from it; mount the drive if it is "
                f"not mounted, or ingest {path} alone with --prune --yes to remove them"
            )
    return vanished


def _state(root: Path) -> str | None:
    """Return "no longer exists" or "is empty"; None if it has content or cannot be examined."""
    try:
        with os.scandir(root) as entries:
            shown = any(not entry.name.startswith(".") for entry in entries)
        return None if shown else "is empty"
    except (FileNotFoundError, NotADirectoryError):
        return "no longer exists" if is_missing(str(root)) else None
    except OSError:
        return None


def check_some(
    backend: Backend, paths: Sequence[Path], files: Files, encoding: str | None
) -> LoadedFile | None:
    """Return the first readable file, loaded, if the index is new; else None.

    Raises BadInput if there is no file to read and the index has no documents under the paths, or
    if the index is new and no file can be read.
    """
    where = ", ".join(map(str, paths))
    is_new = not backend.exists()
    if not files.paths and not files.skipped:
        if any(records_under(backend, resolved(path)) for path in paths):
            return None  # all files are missing, and the report lists them
        raise BadInput(
            f"no {main_extensions('or')} files under {where}{_others(files.left_out)}"
            f"{_ignored(files.ignored)}; choose a folder that contains some"
        )
    if not is_new:
        return None
    skipped = list(files.skipped)
    first = _first_readable(files.paths, LoadOptions(encoding), skipped)
    if first is None:
        raise BadInput(
            f"no file under {where} could be read, so no index was created{_reasons(skipped)}"
        )
    return first


def _first_readable(
    paths: Sequence[Path], options: LoadOptions, skipped: list[SkippedFile]
) -> LoadedFile | None:
    """Return the first readable file, loaded, or None. Add the files before it to `skipped`."""
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


def _ignored(ignored: Sequence[IgnoredPath]) -> str:
    sources = sorted({each.by for each in ignored})
    return f" ({len(ignored):,} ignored by {', '.join(sources)})" if sources else ""


def _others(left_out: Sequence[SkippedFile]) -> str:
    endings = Counter(
        Path(each.path).suffix or "no extension" for each in left_out if each.kind == "other-type"
    )
    if not endings:
        return ""
    named = ", ".join(f"{n} {ending}" for ending, n in endings.most_common(_N_NAMED))
    return (
        f" ({sum(endings.values()):,} of other types: {named}{', …' * (len(endings) > _N_NAMED)})"
    )
