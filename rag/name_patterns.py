"""Match names against many names and patterns with `*`, `?` and `[…]` at once."""

import re
from collections.abc import Iterable
from fnmatch import translate

_WILDCARD = re.compile(r"[*?\[]")
_WILD_PART = re.compile(r"[*?\[](?:.*[*?\[\]])?", re.DOTALL)
"""The part of a pattern from its first wildcard to its last."""

_NOT_LITERAL = re.compile(r"\[.*\]|[*?\[]", re.DOTALL)


def is_pattern(text: str) -> bool:
    """Whether a text contains one of fnmatch's wildcards: `*`, `?` or `[`."""
    return _WILDCARD.search(text) is not None


class NamePatterns:
    """Matches names that equal one of the patterns, or that fnmatchcase matches with one of them.

    To match a name with a thousand patterns fast, patterns are grouped by their literal start and
    end, and within a group by a literal in the middle. Only patterns whose literals occur in the
    name are compared with it.
    """

    def __init__(self, patterns: Iterable[str]) -> None:
        self._exact = frozenset(patterns)
        self._by_start: dict[str, dict[str, _Middles]] = {}
        for pattern in self._exact:
            wild = _WILD_PART.search(pattern)
            if wild is not None:
                by_end = self._by_start.setdefault(pattern[: wild.start()], {})
                by_end.setdefault(pattern[wild.end() :], _Middles()).add(wild[0])
        self._lengths = sorted(
            {(len(start), len(end)) for start, ends in self._by_start.items() for end in ends}
        )

    def match(self, name: str) -> bool:
        """Whether one of the patterns matches the whole name."""
        if name in self._exact:
            return True
        n = len(name)
        for n_start, n_end in self._lengths:
            if n_start + n_end <= n and (by_end := self._by_start.get(name[:n_start])):
                middles = by_end.get(name[n - n_end :])
                if middles is not None and middles.match(name[n_start : n - n_end]):
                    return True
        return False


class _Middles:
    """The middle parts of the patterns that have the same literal start and end.

    Middle parts with the same literal are compiled to one regular expression, when a name contains
    that literal for the first time.
    """

    def __init__(self) -> None:
        self._by_literal: dict[str, set[str]] = {}
        self._expressions: dict[str, re.Pattern[str]] = {}
        self._all_match = False

    def add(self, pattern: str) -> None:
        self._all_match |= pattern == "*"
        literal = max(_NOT_LITERAL.split(pattern), key=len)
        self._by_literal.setdefault(literal, set()).add(pattern)

    def match(self, text: str) -> bool:
        """Whether one of the middle parts matches the whole text."""
        return self._all_match or any(
            self._expression(literal).match(text) for literal in self._by_literal if literal in text
        )

    def _expression(self, literal: str) -> re.Pattern[str]:
        if literal not in self._expressions:
            patterns = sorted(self._by_literal[literal])
            self._expressions[literal] = re.compile("|".join(map(translate, patterns)))
        return self._expressions[literal]
