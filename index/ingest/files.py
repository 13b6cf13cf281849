"""Find the files to read under the given paths, and the reason for each file that is not read.

This module opens no file. It follows a symbolic link only to a file within the given paths. This
file is read once, under its own name. A link to a target outside is not followed, because more
people may be able to read the index than the file.
"""

import errno
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from index.documents.formats import format_of_file
from index.errors import BadInput, SkipKind
from index.ingest.file_ids import printable_path
from index.ingest.progress import IgnoredPath, SkippedFile
from index.ingest.selection import FolderRules, Scope, Selection

_SPECIAL = (
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


@dataclass(slots=True)
class Files:
    """The result of a search for files.

    paths:    the files to read, resolved, sorted, each once
    skipped:  files, folders and links that should be read but cannot be
    left_out: files and links that need not be read, such as files of other types
    ignored:  files and folders that the ignore files or the selection leave out
    """

    paths: list[Path] = field(default_factory=list)
    skipped: list[SkippedFile] = field(default_factory=list)
    left_out: list[SkippedFile] = field(default_factory=list)
    ignored: list[IgnoredPath] = field(default_factory=list)


def find(paths: Sequence[Path], avoid: Path, selection: Selection | None = None) -> Files:
    """Return the files under these paths.

    Hidden files and folders below a path, unless they are selected, and the folder `avoid` are not
    reported. A path that is a file itself is always included.

    Raises BadInput if a path does not exist, or an ignore file cannot be read.
    """
    scope = Scope([resolved(path) for path in paths], selection or Selection())
    search = _Search(scope, resolved(avoid))
    for path in paths:
        search.named(path)
    found = search.files
    found.paths = sorted(search.wanted)
    found.skipped.sort(key=lambda unread: unread.path)
    found.left_out.sort(key=lambda unread: unread.path)
    found.ignored.sort(key=lambda ignored: ignored.path)
    return found


def resolved(path: Path) -> Path:
    """Return the absolute path without links, as far as it exists.

    A loop of links, or a path with a link that cannot be read (as in /proc), is only made absolute.
    """
    try:
        return Path(os.path.realpath(path))
    except OSError:
        return _whole(path)


def _whole(path: Path) -> Path:
    try:
        return path.absolute()
    except FileNotFoundError:
        raise BadInput("the working directory no longer exists; change to another") from None


class _Search:
    def __init__(self, scope: Scope, avoid: Path) -> None:
        self.scope = scope
        self.avoid = avoid
        self.wanted: set[Path] = set()
        self.seen: set[Path] = set()
        self.files = Files()

    def named(self, path: Path) -> None:
        """Add the files of one of the given paths."""
        root = resolved(path)
        try:
            mode = path.stat().st_mode
        except (FileNotFoundError, NotADirectoryError):
            link = f"{path} is a link to {root}, which does not exist"
            raise BadInput(
                f"{link if path.is_symlink() else f'no file or folder at {path}'}; check the path "
                "and the working directory"
            ) from None
        except (OSError, ValueError) as error:
            self._skip(root, "unreadable", f"cannot be read: {_why(error)}")
            return
        if stat.S_ISDIR(mode):
            self._walk(root)
        else:
            self.wanted.add(root)

    def _walk(self, root: Path) -> None:
        folders = [root]
        while folders:
            folder = folders.pop()
            if folder in self.seen:
                continue
            self.seen.add(folder)
            try:
                with os.scandir(folder) as entries:
                    shown = [entry for entry in entries if self.scope.selection.shows(entry.name)]
            except OSError as error:
                self._skip(folder, "unreadable", f"the folder cannot be read: {_why(error)}")
                continue
            rules = self.scope.rules(root, folder)
            for entry in shown:
                self._entry(entry, rules, folders)

    def _entry(self, entry: "os.DirEntry[str]", rules: FolderRules, folders: list[Path]) -> None:
        path = Path(entry.path)
        try:
            if self._is_ignored(entry, rules):
                return
            if entry.is_symlink():
                self._link(path)
            elif not entry.is_dir():
                self._file(path, path, stat.S_IFREG if entry.is_file() else entry.stat().st_mode)
            elif path != self.avoid:
                folders.append(path)
        except OSError as error:
            self._skip(path, "unreadable", f"cannot be read: {_why(error)}")

    def _is_ignored(self, entry: "os.DirEntry[str]", rules: FolderRules) -> bool:
        """Return whether an entry is ignored. Report it if it would be read otherwise."""
        path = Path(entry.path)
        is_folder = entry.is_dir(follow_symlinks=False)
        source = None if path == self.avoid else rules.ignored_by(entry.path, is_folder=is_folder)
        if source is None:
            return False
        if is_folder or format_of_file(path) is not None:
            name = printable_path(path) + "/" * is_folder
            self.files.ignored.append(IgnoredPath(name, source))
        return True

    def _link(self, link: Path) -> None:
        target = resolved(link)
        try:
            mode = link.stat().st_mode
        except (FileNotFoundError, NotADirectoryError):
            self._skip(link, "link", f"a link to {printable_path(target)}, which does not exist")
            return
        except OSError as error:
            self._skip(link, "link", f"a link that cannot be followed: {_why(error)}")
            return
        what = "folder" if stat.S_ISDIR(mode) else "file"
        if not self.scope.contains(target):
            reason = f"a link to a {what} outside the given paths, {printable_path(target)}; "
            self._skip(link, "link", reason + f"ingest that {what} to read it")
        elif stat.S_ISDIR(mode) or target.is_relative_to(self.avoid):
            reason = f"a link to a {what} within the given paths, {printable_path(target)}"
            self.files.left_out.append(SkippedFile(printable_path(link), "link", reason))
        elif self.scope.ignored_by(target) is None:  # else it is reported under its own name
            self._file(link, target, mode)

    def _file(self, path: Path, target: Path, mode: int) -> None:
        """Add the file `target`, or the reason to omit it. `path` is the file or a link to it."""
        readable = format_of_file(target) is not None
        if not stat.S_ISREG(mode):
            what = next((name for test, name in _SPECIAL if test(mode)), "a special file")
            unread = SkippedFile(printable_path(path), "special", f"{what}, not a regular file")
            (self.files.skipped if readable else self.files.left_out).append(unread)
        elif readable:
            self.wanted.add(target)
        else:
            extension = target.suffix or "a name without an extension"
            unread = SkippedFile(
                printable_path(path), "other-type", f"{extension} is not a supported type"
            )
            self.files.left_out.append(unread)

    def _skip(self, path: Path, kind: SkipKind, reason: str) -> None:
        self.files.skipped.append(SkippedFile(printable_path(path), kind, reason))


def _why(error: OSError | ValueError) -> str:
    if isinstance(error, OSError) and error.errno == errno.ELOOP:
        return "it is a loop of links"
    return str(getattr(error, "strerror", None) or error)
