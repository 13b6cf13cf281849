"""Sentence spans from sentencex, which has rules for abbreviations, quotes and many scripts."""

from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from typing import Any

import regex

from index.documents.blocks import end_of_part, trimmed
from index.types import Span


@lru_cache(maxsize=1)
def _boundaries() -> Any:
    from sentencex import get_sentence_boundaries

    return get_sentence_boundaries


LONGEST = 16384
"""Characters to split at once. For text that is not ASCII, sentencex takes quadratic time. A longer
text is split in slices of half this length. Only boundaries in the first three quarters of a slice
are used, because the end of a slice can cut an abbreviation or a quotation. The next slice begins
at the last of them."""


def sentences_of(text: str, span: Span, longest: int = LONGEST) -> list[Span]:
    """Return the sentences of text[span], in order, without white space at their ends.

    They contain every character of the span that is not white space. Offsets count from the start
    of `text`.
    """
    sentences = []
    for start, end in pairwise(_cuts(text, span, longest)):
        sentence = trimmed(text, start, end)
        if sentence is not None:
            sentences.append(sentence)
    return sentences


def _cuts(text: str, span: Span, longest: int) -> Iterator[int]:
    """Yield the start of each sentence, and the end of the last."""
    start = span.start
    yield start
    while span.end - start > longest:
        end = end_of_part(text, start, span.end, longest // 2)
        cuts = _cuts_within(text[start:end])
        sure = [cut for cut in cuts if cut <= (end - start) * 3 // 4]
        cuts = sure or cuts or [end - start]
        yield from (start + cut for cut in cuts)
        start += cuts[-1]
    yield from (start + cut for cut in _cuts_within(text[start : span.end]))
    yield span.end


def _cuts_within(piece: str) -> list[int]:
    """Return the starts of the sentences after the first, sorted.

    Offsets from sentencex are ignored if they are outside the piece or _is_false holds.
    """
    cuts = {int(boundary["start_index"]) for boundary in _boundaries()("en", piece)}
    true_cuts: list[int] = []
    start = 0
    ordered = sorted(cut for cut in cuts if 0 < cut < len(piece))
    for cut, following in pairwise([*ordered, len(piece)]):
        # Closing quotes and brackets belong to the sentence before.
        marks = _CLOSING_MARKS.match(piece, cut, following)
        cut = marks.end() if marks else cut
        if start < cut < len(piece) and not _is_false(piece, start, cut, following):
            true_cuts.append(cut)
            start = cut
    return true_cuts


_CLOSING_MARKS = regex.compile(r"(?:\*\*|__|[*_`\"”’)\]])+(?:\s+|$)")
_ABBREVIATION = regex.compile(
    r"(?<![\p{L}\p{N}.])(?:approx|apps?|arts?|ca|cf|ch|circa|cl|cols?|depts?|ed|eq|est|excl|fig|figs"
    r"|incl|max|min|no|nos|nr|paras?|p|pp|pt|reg|resp|sec|sect|tel|ver|vol|vols|vs)\.\s*$",
    regex.IGNORECASE,
)
_GOES_ON = regex.compile(r"[\d\p{Ll}(§#]")
_DOT_OF_A_NAME = regex.compile(r"(?<![^\s(`\"'])\.$")
_QUOTED_SIGN = regex.compile(r"[.?!:]`\s*$")
_NO_SENTENCE = regex.compile(r"\W*(?:[(\[]\W*\w{1,12}\W*[)\]])?\W*")
_LOOK_BEHIND = 24


def _is_false(piece: str, start: int, cut: int, following: int) -> bool:
    """Return whether no sentence begins at the cut.

    That is: after an abbreviation within a sentence (`approx. 5`), in `.NET`, within a pair of
    backticks, or if only signs or a short word or number in brackets follow.

    start:     start of the sentence before the cut
    following: the next cut
    """
    before, after = piece[max(start, cut - _LOOK_BEHIND) : cut], piece[cut : cut + 1]
    if _GOES_ON.match(after) and (_ABBREVIATION.search(before) or _QUOTED_SIGN.search(before)):
        return True
    if _DOT_OF_A_NAME.search(before) and after.isalnum():
        return True
    if following - cut <= 2 * _LOOK_BEHIND and _NO_SENTENCE.fullmatch(piece, cut, following):
        return "\n\n" not in before
    line_end = piece.find("\n\n", cut)
    rest = piece[cut : line_end if line_end >= 0 else min(len(piece), cut + 500)]
    return piece.count("`", start, cut) % 2 == 1 and "`" in rest
