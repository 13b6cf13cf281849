"""The blocks of a plain text: headings, paragraphs, and separate lines.

Lines without a blank line between them form a group: either wrapped prose, or records, one per
line. Whether a line continues the line before depends on two features of the whole group: whether
sentences continue in lower case on the next line, and whether lines are full. A line is full if the
first word of the next line does not fit on it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import regex

from index.documents.blocks import BlockKind, Blocks, lines, trimmed
from index.types import Span

_LONGEST_HEADING = 120
_LONGEST_RUN_OF_HEADINGS = 3
_LONGEST_WRAPPED_LINE = 160
_SHARE_OF_RECORDS = 0.6

_ENDS_SENTENCE = regex.compile(r"[.!?:;…。！？：；][\"'”’»)\]]*$")
_STARTS_LOWER = regex.compile(r"[\"'“‘«(]*\p{Ll}")
_LIST_MARK = regex.compile(r"(?:[-*+•–]|\(?(?:\d{1,3}|[A-Za-z])[.)])[ \t]+(?=\S)")
_SPEAKER = regex.compile(r"(?:\p{Lu}[\p{L}.'’-]*(?:[ ]\p{Lu}[\p{L}.'’-]*){0,2}):[ \t]+(?=\S)")
_ASIDE = regex.compile(r"(?:\[[^\[\]]*\]|\([^()]*\))$")
_TIMESTAMP = regex.compile(
    r"\[?(?:\d{4}-\d\d-\d\d|\d\d:\d\d:\d\d|\d{1,2}/\d{1,2}/\d{2,4}|\p{Lu}\p{Ll}{2} [ \d]\d \d\d:)"
)
_UNDERLINE = regex.compile(r"([=\-`:.'\"~^_*+#])\1{2,}[ \t]*$")
_FIRST_WORD = regex.compile(r"\S+")
_DIGITS = regex.compile(r"\d+")

# Not in a title: the syntax of program code, grammars and settings.
_NO_TITLE = regex.compile(r"[=<>{}|\\\[\]]|::|[;,]$|^[#/*-]")
_SETTING = regex.compile(
    r"^(?!(?:Chapter|Part|Section|Appendix|Act|Scene|Book|Step|Annex|Article)\b)"
    r"\p{L}[\p{L} _-]{0,24}:\s+\S"
)
_LITERALS = frozenset({"true", "false", "none", "null", "nil", "yes", "no", "ok"})


def plain_blocks(text: str) -> Blocks:
    """Return the blocks of a canonical text, in order; empty if it is all white space."""
    blocks = Blocks(text)
    levels: dict[str, int] = {}
    run: list[Span] = []  # possible headings, if there are few
    is_list = False

    def add(spans: list[Span], kind: BlockKind) -> None:
        for span in spans:
            blocks.add(span.start, span.end, kind, int(kind == "heading"))

    for part in _parts(text):
        if part.kind == "heading":
            add(run, "heading")
            level = levels.setdefault(part.underline, len(levels) + 1)
            blocks.add(part.span.start, part.span.end, "heading", min(level, 6))
        elif part.kind == "paragraph" and _looks_like_heading(text, part.span):
            run.append(part.span)
            # Many in a row are a list of names or a table of contents, not headings.
            is_list = is_list or len(run) > _LONGEST_RUN_OF_HEADINGS
            if is_list:
                add(run, "paragraph")
                run.clear()
            continue
        else:
            add(run, "heading")
            add([part.span], part.kind)
        run.clear()
        is_list = False
    add(run, "paragraph")  # Nothing follows, so these are no headings.
    return blocks


def title_line(raw: str) -> str:
    """Return a heading without the lines of signs above and below it, on one line."""
    kept = [line.strip() for line in raw.split("\n") if not _UNDERLINE.match(line.strip())]
    return " ".join(kept) or raw


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of a group. underline: the sign that underlines a heading, twice if also overlined."""

    span: Span
    kind: BlockKind
    underline: str = ""


def _parts(text: str) -> Iterator[_Part]:
    ends_in_colons = False
    for group in _groups(text):
        if ends_in_colons and text[group.start - 1 : group.start] in (" ", "\t"):
            yield _Part(group, "lines")  # a literal block
            continue
        yield from _parts_of_group(text, group)
        ends_in_colons = text[max(0, group.end - 2) : group.end] == "::"


def _groups(text: str) -> Iterator[Span]:
    """Yield the runs of lines without a blank line between them."""
    start = end = -1
    for line in lines(text, 0, len(text)):
        visible = trimmed(text, line.start, line.end)
        if visible is not None:
            start, end = (visible.start if start < 0 else start), visible.end
        elif start >= 0:
            yield Span(start, end)
            start = -1
    if start >= 0:
        yield Span(start, end)


def _visible_lines(text: str, group: Span) -> Iterator[Span]:
    for line in lines(text, group.start, group.end):
        visible = trimmed(text, line.start, line.end)
        if visible is not None:
            yield visible


def _parts_of_group(text: str, group: Span) -> Iterator[_Part]:
    title = _underlined(text, group)
    if title is not None:
        yield title
        rest = trimmed(text, title.span.end, group.end)
        if rest is not None:
            yield from _parts_of_group(text, rest)
        return
    shape = _shape_of(text, group)
    if shape.records:
        yield _Part(group, "lines")
        return
    start = group.start
    for one, other in pairwise(_visible_lines(text, group)):
        if not shape.continues(text, one, other):
            yield _Part(Span(start, one.end), "paragraph")
            start = other.start
    yield _Part(Span(start, group.end), "paragraph")


def _underlined(text: str, group: Span) -> _Part | None:
    """Return the underlined heading at the start of the group, or None.

    A line of signs must be below the heading; another can be above it.
    """
    first_lines = []
    for line in _visible_lines(text, group):
        first_lines.append(line)
        if len(first_lines) == 3:
            break
    over = len(first_lines) == 3 and _UNDERLINE.match(first_lines[0].of(text)) is not None
    if len(first_lines) < 2 + over:
        return None
    title, under = first_lines[over], first_lines[1 + over]
    signs = _UNDERLINE.match(under.of(text))
    width = title.end - title.start
    if signs is None or _UNDERLINE.match(title.of(text)) or width > _LONGEST_HEADING:
        return None
    if under.end - under.start < min(width, 4) or not regex.search(r"\p{L}", title.of(text)):
        return None
    sign = signs.group(1)
    return _Part(Span(group.start, under.end), "heading", underline=sign * (1 + over))


@dataclass(frozen=True, slots=True)
class _Shape:
    """The layout of a group.

    records: each line is a record
    wrapped: the group is prose, wrapped to `width` characters
    evident: a sentence continues in lower case on the next line, and most lines are full
    width:   of the longest line
    """

    records: bool
    wrapped: bool
    evident: bool
    width: int

    def continues(self, text: str, one: Span, other: Span) -> bool:
        """Return whether the second line continues the first."""
        following, line = other.of(text), one.of(text)
        if _starts_anew(following) or _ASIDE.fullmatch(line):
            return False
        ended = _ENDS_SENTENCE.search(line) is not None
        if _STARTS_LOWER.match(following) and not ended:
            return True
        if line.endswith("?") and not self.evident:
            return False
        return self.wrapped and _is_full(line, following, self.width)


def _shape_of(text: str, group: Span) -> _Shape:
    n = n_alike = n_anew = n_lower = n_full = longest = 0
    shortest: float = float("inf")
    before: str | None = None
    for span in _visible_lines(text, group):
        line = span.of(text)
        n += 1
        longest = max(longest, len(line))
        n_anew += _starts_record(line)
        if before is not None:
            shortest = min(shortest, len(before))
            n_alike += _beginning(line) == _beginning(before)
            n_lower += _goes_on(before, line)
        before = line
    before = None
    for span in _visible_lines(text, group):
        line = span.of(text)
        n_full += before is not None and _is_full(before, line, longest)
        before = line
    records = (
        n > 1
        and not n_lower
        and (n_anew >= _SHARE_OF_RECORDS * n or (n > 2 and n_alike >= _SHARE_OF_RECORDS * (n - 1)))
    )
    evident = n_lower > 0 and n_full >= 0.6 * (n - 1)
    alike = n > 1 and shortest >= 0.55 * longest and n_full == n - 1
    wrapped = not records and longest <= _LONGEST_WRAPPED_LINE and (evident or alike)
    return _Shape(records, wrapped, evident, longest)


def _goes_on(line: str, following: str) -> bool:
    return _STARTS_LOWER.match(following) is not None and not _ENDS_SENTENCE.search(line)


def _beginning(line: str) -> str:
    """Return the first word of a line, with each number replaced by 0."""
    first = _FIRST_WORD.match(line)
    return _DIGITS.sub("0", first.group()) if first else ""


def _starts_record(line: str) -> bool:
    return _TIMESTAMP.match(line) is not None or _LIST_MARK.match(line) is not None


def _starts_anew(line: str) -> bool:
    return (
        _starts_record(line)
        or _SPEAKER.match(line) is not None
        or _ASIDE.fullmatch(line) is not None
    )


def _is_full(line: str, following: str, width: int) -> bool:
    """Return whether the first word of the next line does not fit on this line."""
    first = _FIRST_WORD.match(following)
    return first is None or len(line) + 1 + len(first.group()) > width


def _looks_like_heading(text: str, span: Span) -> bool:
    """Return whether the span is one short line in title case without punctuation at its end."""
    if span.end - span.start > _LONGEST_HEADING:
        return False
    line = span.of(text)
    if "\n" in line or line[-1] in ".!?:;,…。！？：；，、”\"'":
        return False
    if _NO_TITLE.search(line) or _SETTING.search(line) or line.lower() in _LITERALS:
        return False
    words = regex.findall(r"\p{L}[\p{L}\p{M}]*", line)
    cased = [word for word in words if word.lower() != word.upper()]
    long = [word for word in cased if len(word) > 3] or cased
    return bool(long) and sum(word[0].isupper() for word in long) >= 0.6 * len(long)
