"""Decide which files below the given paths an ingest reads: patterns, ignore files, hidden files.

A `.gitignore` or `.ragignore` holds for its own folder and those below. In a git repository, those
of the folders above a given path count too, up to the repository's root. `.ragignore` decides
before `.gitignore`, a deeper folder before a higher one, and a later line before an earlier one.
"""

import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from index.errors import BadInput
from index.ingest.collection import check_collection
from index.ingest.patterns import Patterns, check_patterns

RAGIGNORE = ".ragignore"
GITIGNORE = ".gitignore"
EXCLUDE = "--exclude"
INCLUDE = "--include"
_REPOSITORY = ".git"


@dataclass(frozen=True, slots=True)
class Selection:
    """What to read below the given paths. A given path that is a file is read in any case.

    include:      patterns in gitignore syntax, relative to each given folder. If there are any, a
                  file is read only if one matches it or a folder above it
    exclude:      such patterns; files and folders that they match are not read
    ignore_files: whether .gitignore and .ragignore files count
    hidden:       whether to read hidden files and folders; `.git` is never read
    collection:   the collection of the documents; "" for none. Documents of others are not touched

    Raises BadInput for a pattern or a name that is not valid.
    """

    include: Sequence[str] = ()
    exclude: Sequence[str] = ()
    ignore_files: bool = True
    hidden: bool = False
    collection: str = ""

    def __post_init__(self) -> None:
        if self.collection:
            check_collection(self.collection)
        check_patterns(self.include, INCLUDE)
        check_patterns(self.exclude, EXCLUDE)

    def shows(self, name: str) -> bool:
        """Return whether files and folders with this name are read."""
        return name != _REPOSITORY and (self.hidden or not name.startswith("."))


@dataclass(frozen=True, slots=True)
class FolderRules:
    """The rules for the entries of one folder. The patterns are in the order of decision."""

    selection: Selection
    include: Patterns
    exclude: Patterns
    rag: tuple[Patterns, ...] = ()
    git: tuple[Patterns, ...] = ()

    @classmethod
    def of(cls, root: Path, selection: Selection) -> "FolderRules":
        """Return the rules for the entries of a given folder.

        Raises BadInput if an ignore file cannot be read.
        """
        include = Patterns(selection.include, root, INCLUDE)
        rules = cls(selection, include, Patterns(selection.exclude, root, EXCLUDE))
        for folder in (*_folders_above(root), root):
            rules = rules.below(folder)
        return rules

    def below(self, folder: Path) -> "FolderRules":
        """Return the rules for the entries of a folder, from those of the folder above it.

        Raises BadInput if an ignore file cannot be read.
        """
        if not self.selection.ignore_files:
            return self
        git = () if self.git and _is_repository(folder) else self.git
        return replace(
            self,
            rag=(*_patterns_in(folder, RAGIGNORE), *self.rag),
            git=(*_patterns_in(folder, GITIGNORE), *git),
        )

    def ignored_by(self, path: str, *, is_folder: bool) -> str | None:
        """Return the name of the option or file that makes an ingest ignore an entry, or None."""
        for patterns in (self.exclude, *self.rag, *self.git):
            verdict = patterns.verdict(path, is_folder=is_folder)
            if verdict is not None:
                if verdict:
                    return patterns.source
                break
        is_left_out = bool(self.include) and not is_folder and not self.include.cover(path)
        return INCLUDE if is_left_out else None


@dataclass(slots=True)
class Scope:
    """The resolved given paths, and what is read below them."""

    roots: Sequence[Path]
    selection: Selection = field(default_factory=Selection)
    _rules: dict[tuple[Path, Path], FolderRules] = field(default_factory=dict)

    def rules(self, root: Path, folder: Path) -> FolderRules:
        """Return the rules for the entries of `folder`, which is `root` or below it."""
        if (root, folder) not in self._rules:
            self._rules[root, folder] = (
                FolderRules.of(root, self.selection)
                if folder == root
                else self.rules(root, folder.parent).below(folder)
            )
        return self._rules[root, folder]

    def contains(self, path: Path) -> bool:
        """Return whether a path is one of the given paths or below one."""
        return any(True for _ in self._roots_of(path))

    def selects(self, path: Path) -> bool:
        """Return whether a file is under the given paths, and `include` and `exclude` allow it."""
        return any(
            self._reason(root, path) not in (INCLUDE, EXCLUDE) for root in self._roots_of(path)
        )

    def ignored_by(self, path: Path) -> str | None:
        """Return the option or file because of which a file under the paths is ignored, or None.

        The file need not exist. A file in a hidden folder is not ignored for this reason.
        """
        reasons = [self._reason(root, path) for root in self._roots_of(path)]
        return reasons[0] if reasons and None not in reasons else None

    def _roots_of(self, path: Path) -> Iterator[Path]:
        return (root for root in self.roots if path.is_relative_to(root))

    def _reason(self, root: Path, path: Path) -> str | None:
        if path == root:
            return None
        folders = [each for each in reversed(path.parents) if each.is_relative_to(root)]
        for folder, entry in zip(folders, [*folders[1:], path], strict=True):
            rules = self.rules(root, folder)
            reason = rules.ignored_by(str(entry), is_folder=entry != path)
            if reason is not None:
                return reason
        return None


def _folders_above(root: Path) -> Iterable[Path]:
    """Return the folders from the root of the git repository to the one above `root`."""
    if _is_repository(root):
        return ()
    for n, folder in enumerate(root.parents, 1):
        if _is_repository(folder):
            return reversed(root.parents[:n])
    return ()


def _is_repository(folder: Path) -> bool:
    return os.path.lexists(folder / _REPOSITORY)


def _patterns_in(folder: Path, name: str) -> tuple[Patterns, ...]:
    """Return the patterns of an ignore file, if there are any. As in git, a link is not followed.

    In a folder whose files cannot be examined, no file can be read, so no pattern is needed.
    """
    path = folder / name
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            return ()
    except OSError:
        return ()
    try:
        content = path.read_bytes()
    except OSError as error:
        raise BadInput(
            f"cannot read {path}: {error.strerror}; make it readable, or use --no-ignore"
        ) from error
    lines = os.fsdecode(content.removeprefix(b"\xef\xbb\xbf")).split("\n")
    patterns = Patterns(lines, folder, name)
    return (patterns,) if patterns else ()
