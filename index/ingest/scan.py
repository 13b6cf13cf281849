"""Find the files of a run, before the index is locked."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from index.backend import Backend
from index.documents.charset import known_encoding
from index.documents.load import LoadedFile
from index.ingest.changes import EncodingChoice, FileChanges
from index.ingest.files import Files, find, resolved
from index.ingest.paths import check_some, vanished_paths
from index.ingest.progress import Progress, Report, Watch
from index.ingest.selection import Scope, Selection


@dataclass(frozen=True, slots=True)
class Scan:
    """The files of a run.

    scope: the given paths, also those that are missing, and what is read below them
    first: a file of a new index that is already loaded
    """

    files: Files
    scope: Scope
    choice: EncodingChoice
    first: LoadedFile | None

    def changes(self, report: Report, progress: Progress, watch: Watch) -> FileChanges:
        """Return what decides which of the files changed. Report the files that are not read."""
        report.skipped += self.files.skipped
        report.left_out += self.files.left_out
        report.ignored += self.files.ignored
        collection = self.scope.selection.collection
        return FileChanges(self.choice, report, progress, watch, self.first, collection)


def scan_files(
    index: Backend,
    paths: Sequence[Path],
    selection: Selection | None,
    encoding: str | None,
    *,
    prune: bool,
    confirmed: bool,
) -> Scan:
    """Find the files of a run. The arguments are those of index.ingest.ingest.ingest.

    Raises BadInput as `ingest` does.
    """
    remember = encoding != "auto"
    encoding = known_encoding(encoding) if encoding and remember else None
    selection = selection or Selection()
    vanished = vanished_paths(index, paths, prune=prune, confirmed=confirmed)
    files = find([path for path in paths if path not in vanished], index.place, selection)
    first = None if vanished else check_some(index, paths, files, encoding)
    scope = Scope([resolved(path) for path in paths], selection)
    return Scan(files, scope, EncodingChoice(encoding, remember), first)
