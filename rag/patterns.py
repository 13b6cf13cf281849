"""Names, and patterns of names with `*`, `?` and `[…]`, matched together."""

import re
from collections.abc import Iterable
from fnmatch import translate


class NamePatterns:
    """Matches what is one of the names, or what fnmatchcase lets through for one of them.

    The patterns are one expression, compiled once.
    """

    def __init__(self, patterns: Iterable[str]) -> None:
        self._exact = frozenset(patterns)
        wild = sorted(p for p in self._exact if any(mark in p for mark in "*?["))
        self._wild = re.compile("|".join(map(translate, wild))) if wild else None

    def match(self, name: str) -> bool:
        """Whether one of them matches the whole name."""
        return name in self._exact or (self._wild is not None and bool(self._wild.match(name)))
