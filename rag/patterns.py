"""Names, and patterns of names with `*`, `?` and `[…]`, matched together."""

import re
from collections.abc import Iterable
from fnmatch import translate


def is_pattern(name: str) -> bool:
    """Whether a name has marks that let it match others than itself."""
    return any(mark in name for mark in "*?[")


class NamePatterns:
    """Matches what is one of the names, or what fnmatchcase lets through for one of them.

    The patterns are one expression, compiled once.
    """

    def __init__(self, patterns: Iterable[str]) -> None:
        self._exact = frozenset(patterns)
        wild = sorted(filter(is_pattern, self._exact))
        self._wild = re.compile("|".join(map(translate, wild))) if wild else None

    def match(self, name: str) -> bool:
        """Whether one of them matches the whole name."""
        return name in self._exact or (self._wild is not None and bool(self._wild.match(name)))
