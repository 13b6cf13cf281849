"""The blocks of a plain text: headings, paragraphs and lines that stand alone.

Blocks are spans of the canonical text, in order, without overlap, and together hold every character
that is not white space. Nothing here changes the text.
"""

from collections.abc import Iterator

import regex

from index.documents.blocks import Blocks, lines, trimmed
from index.types import Span

_LONGEST_HEADING = 120
_LONGEST_WRAPPED_LINE = 120
_LONGEST_RUN_OF_HEADINGS = 3


def plain_blocks(text: str) -> Blocks:
    """The blocks of a canonical text, in order; empty if it is all white space."""
    blocks = Blocks(text)
    run: list[Span] = []  # what may be headings, if few
    is_list = False

    def add(spans: list[Span], *, headings: bool) -> None:
        for span in spans:
            blocks.add(span.start, span.end, "heading" if headings else "paragraph", int(headings))

    for span in _plain_paragraphs(text):
        if _looks_like_heading(text, span):
            run.append(span)
            # Many in a row are a list of names or a table of contents.
            is_list = is_list or len(run) > _LONGEST_RUN_OF_HEADINGS
            if is_list:
                add(run, headings=False)
                run.clear()
            continue
        add(run, headings=True)
        add([span], headings=False)
        run.clear()
        is_list = False
    add(run, headings=False)  # A heading heads something.
    return blocks


def _plain_paragraphs(text: str) -> Iterator[Span]:
    """Paragraphs end at blank lines; where lines are not wrapped, each line is a paragraph."""
    group = _Group()
    for line in lines(text, 0, len(text)):
        visible = trimmed(text, line.start, line.end)
        if visible is not None:
            group.add(visible)
            continue
        yield from group.paragraphs(text)
        group = _Group()
    yield from group.paragraphs(text)


class _Group:
    """Lines without a blank one between them: what is told of their lengths, and not each line."""

    def __init__(self) -> None:
        self._start = self._end = self._n = self._longest = self._last = 0
        self._shortest_but_last: float = float("inf")

    def add(self, line: Span) -> None:
        if self._n:
            self._shortest_but_last = min(self._shortest_but_last, self._last)
        else:
            self._start = line.start
        self._n += 1
        self._end, self._last = line.end, line.end - line.start
        self._longest = max(self._longest, self._last)

    def paragraphs(self, text: str) -> Iterator[Span]:
        if self._is_wrapped():
            yield Span(self._start, self._end)
            return
        for line in lines(text, self._start, self._end):
            visible = trimmed(text, line.start, line.end)
            if visible is not None:
                yield visible

    def _is_wrapped(self) -> bool:
        """Whether the lines are one paragraph broken to fit a width: alike in length but the
        last."""
        return (
            self._n > 1
            and self._longest <= _LONGEST_WRAPPED_LINE
            and self._shortest_but_last >= 0.55 * self._longest
        )


def _looks_like_heading(text: str, span: Span) -> bool:
    """One short line, no full stop at its end, and written as a title is."""
    if span.end - span.start > _LONGEST_HEADING:
        return False
    line = span.of(text)
    if "\n" in line or line[-1] in ".!?:;,…。！？：；，、”\"'":
        return False
    words = regex.findall(r"\p{L}[\p{L}\p{M}]*", line)
    cased = [word for word in words if word.lower() != word.upper()]
    long = [word for word in cased if len(word) > 3] or cased
    return bool(long) and sum(word[0].isupper() for word in long) >= 0.6 * len(long)
