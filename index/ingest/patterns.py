"""Match paths against patterns in gitignore syntax."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pathspec import GitIgnoreSpec
from pathspec.patterns.gitignore import GitIgnorePatternError

from index.errors import BadInput


@dataclass(frozen=True, slots=True)
class _Pattern:
    """A line of patterns.

    matches:      whether it matches a path itself, not only a folder above the path
    ignores:      False for a line that begins with `!`
    folders_only: whether the line ends with `/`
    """

    matches: Callable[[str], re.Match[str] | None]
    ignores: bool
    folders_only: bool


class Patterns:
    """The patterns of one source for the paths below one folder.

    source: for users, such as ".gitignore"
    """

    def __init__(self, lines: Iterable[str], folder: Path, source: str) -> None:
        self.source = source
        self._n_prefix = len(str(folder).rstrip("/")) + 1
        self._lines = list(lines)
        self._patterns = [each for line in self._lines if (each := _compiled(line)) is not None]
        self._patterns.reverse()  # the last line that matches decides

    def __bool__(self) -> bool:
        return bool(self._patterns)

    def verdict(self, path: str, *, is_folder: bool) -> bool | None:
        """Return whether these patterns ignore an entry; None if no pattern matches it.

        Like git, this does not look at the folders above the entry: a caller does not descend into
        an ignored folder.
        """
        relative = path[self._n_prefix :]
        for pattern in self._patterns:
            if (is_folder or not pattern.folders_only) and pattern.matches(relative):
                return pattern.ignores
        return None

    def cover(self, path: str) -> bool:
        """Return whether these patterns match a file or a folder above it."""
        return self._spec.match_file(path[self._n_prefix :])

    @cached_property
    def _spec(self) -> GitIgnoreSpec:
        return GitIgnoreSpec.from_lines(self._lines)


def check_patterns(patterns: Iterable[str], option: str) -> None:
    """Raise BadInput if a pattern of this option matches nothing, whatever the path is."""
    for pattern in patterns:
        if _compiled(pattern) is None:
            raise BadInput(
                f"{pattern!r} is no pattern for {option}; give one in the syntax of .gitignore, "
                "such as '*.md' or 'drafts/'"
            )


def _compiled(line: str) -> _Pattern | None:
    """Return the pattern of a line; None for a comment, an empty line and an invalid pattern.

    The final slash is removed before pathspec sees it. Then its regular expression matches a path
    whole, or, with `/**` at the end, its beginning. The expression `.` matches all paths.
    """
    text = line.rstrip("\r\n").rstrip()
    folders_only = text.endswith("/")
    try:
        (pattern,) = GitIgnoreSpec.from_lines([text.removesuffix("/")]).patterns
    except (GitIgnorePatternError, ValueError):
        return None  # git ignores such a line too
    if pattern.regex is None or pattern.include is None:
        return None
    regex = pattern.regex
    is_prefix = regex.pattern == "." or regex.pattern.endswith("/")
    return _Pattern(regex.search if is_prefix else regex.fullmatch, pattern.include, folders_only)
