"""Prepare the source of an HTML page for the parser.

The parser needs time quadratic in the depth of nesting, and memory quadratic in the formatting
elements that are left open (`<b>`). So before it runs, tags beyond MAX_DEPTH are left out, as
browsers do; the text in them stays. XHTML's `<a id="x"/>`, which HTML reads as a start tag, gets
its end tag.
"""

import codecs
from collections import Counter
from dataclasses import dataclass, field

import regex

from index.documents.html.names import END_IS_OPTIONAL, FORMATTING, RAW_TEXT, SCOPES, VOID
from index.errors import UnreadableDocument

MAX_DEPTH = 256
"""Of elements in each other. Deeper tags are left out."""

MAX_OPEN_FORMATTING = 64
"""Of formatting elements that are open at once. Further tags are left out."""

MAX_ELEMENTS = 1_000_000
"""A page with more is refused: an element takes about half a kilobyte of memory."""

_TOKEN = regex.compile(
    r"<!--(?:-?>|.*?(?:--!?>|\Z))"
    r"|<[!?][^>]*+(?:>|\Z)"
    r"|<(?P<end>/?)(?P<name>[A-Za-z][^\s/>]*+)"
    r"(?:(?P<gap>[\s/]++)|[^\s/>][^\s/>=]*+"
    r"(?:\s*+=\s*+(?:\"[^\"]*+(?:\"|\Z)|'[^']*+(?:'|\Z)|[^\s\"'>][^\s>]*+|(?=>)))?+)*+(?:>|\Z)",
    regex.DOTALL,
)
_END_OF_RAW = {name: regex.compile(rf"</{name}(?=[\s/>])", regex.IGNORECASE) for name in RAW_TEXT}
_DECLARED = (
    regex.compile(rb"<\?xml[^>]{1,200}?encoding\s*=\s*[\"']([\w.:-]{1,40})", regex.IGNORECASE),
    regex.compile(rb"<meta[^>]{1,400}?charset\s*=\s*[\"']?\s*([\w.:-]{1,40})", regex.IGNORECASE),
)
_LABELS = {
    "ascii": "cp1252",
    "big5": "big5hkscs",
    "euc_kr": "cp949",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "shift_jis": "cp932",
    "tis-620": "cp874",
}
"""Encodings that browsers read as an extended one."""
_DECLARATION_BYTES = 4096


def declared_encoding(content: bytes) -> str | None:
    """Return Python's name of the encoding that a page declares, or None.

    None also for UTF-8 and UTF-16, which the bytes show better than a declaration.
    """
    for pattern in _DECLARED:
        match = pattern.search(content[:_DECLARATION_BYTES])
        if match is None:
            continue
        try:
            name = codecs.lookup(match.group(1).decode("ascii")).name
            "a".encode(name)
        except (LookupError, UnicodeError, ValueError):
            continue
        return None if name.startswith("utf") else _LABELS.get(name, name)
    return None


def bounded_source(source: str) -> str:
    """Return the source without the tags that nest too deep, and with XHTML's end tags.

    Raises UnreadableDocument (`too-large`) if the page has more than MAX_ELEMENTS.
    """
    return _Scan(source).run()


@dataclass(slots=True)
class _Scan:
    """One pass over the tags of a source."""

    source: str
    parts: list[str] = field(default_factory=list)
    done: int = 0
    n_elements: int = 0
    n_formatting: int = 0
    open: list[str] = field(default_factory=list)
    positions: dict[str, list[int]] = field(default_factory=dict)
    scopes: list[int] = field(default_factory=list)
    formatting: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)

    def run(self) -> str:
        at = 0
        while (match := _TOKEN.search(self.source, at)) is not None:
            at = match.end()
            if match["name"] is not None:
                at = self._tag(match, match["name"].lower())
        if not self.parts:
            return self.source
        return "".join([*self.parts, self.source[self.done :]])

    def _tag(self, match: regex.Match[str], name: str) -> int:
        """Handle a tag, and return the offset to go on at."""
        if match["end"]:
            if not self._close(name):
                self._replace(match.start(), match.end(), " ")
            return match.end()
        self._count(name)
        foreign = self.positions.get("svg") or self.positions.get("math")
        if name in VOID:
            return match.end()
        if not foreign and _closes_itself(match):
            self._replace(match.end() - 2, match.end(), f"></{match['name']}>")
            return match.end()
        if name in RAW_TEXT and not foreign:
            end = _END_OF_RAW[name].search(self.source, match.end())
            return len(self.source) if end is None else end.start()
        if name == "plaintext":
            return len(self.source)
        if not self._open(name):
            self._replace(match.start(), match.end(), " ")
        return match.end()

    def _count(self, name: str) -> None:
        self.n_elements += 1 if name in FORMATTING else 1 + self.n_formatting
        if self.n_elements > MAX_ELEMENTS:
            raise UnreadableDocument(f"more than {MAX_ELEMENTS:,} elements; split it", "too-large")

    def _open(self, name: str) -> bool:
        """Open an element. Return whether its tag is kept."""
        if name in END_IS_OPTIONAL:
            return True
        if name in FORMATTING:
            return self._open_formatting(name)
        if len(self.open) >= 2 * MAX_ELEMENTS:
            return False
        self.positions.setdefault(name, []).append(len(self.open))
        if name in SCOPES:
            self.scopes.append(len(self.open))
        self.open.append(name)
        return len(self.open) <= MAX_DEPTH

    def _open_formatting(self, name: str) -> bool:
        if name in ("a", "nobr") and self.formatting[name]:
            return True  # It ends the one that is open.
        if self.n_formatting >= MAX_OPEN_FORMATTING:
            self.left_out[name] += 1
            return False
        self.formatting[name] += 1
        self.n_formatting += 1
        return True

    def _close(self, name: str) -> bool:
        """Close an element. Return whether its tag is kept."""
        if name in FORMATTING:
            return self._close_formatting(name)
        positions = self.positions.get(name)
        if not positions or (
            name not in SCOPES and self.scopes and positions[-1] < self.scopes[-1]
        ):
            return True
        position = positions[-1]
        for each in self.open[position:]:
            self.positions[each].pop()
            if each in SCOPES:
                self.scopes.pop()
        del self.open[position:]
        return position < MAX_DEPTH

    def _close_formatting(self, name: str) -> bool:
        if self.left_out[name]:
            self.left_out[name] -= 1
            return False
        if self.formatting[name]:
            self.formatting[name] -= 1
            self.n_formatting -= 1
        return True

    def _replace(self, start: int, end: int, text: str) -> None:
        self.parts += [self.source[self.done : start], text]
        self.done = end


def _closes_itself(tag: regex.Match[str]) -> bool:
    return tag.end("gap") == tag.end() - 1 and tag.group().endswith("/>")
