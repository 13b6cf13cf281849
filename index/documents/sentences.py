"""Sentence spans, by sentencex: rules for abbreviations, quotes, initials and many scripts."""

from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from typing import Any

from index.documents.blocks import end_of_part, trimmed
from index.types import Span


@lru_cache(maxsize=1)
def _boundaries() -> Any:
    from sentencex import get_sentence_boundaries

    return get_sentence_boundaries


LONGEST = 16384
"""Characters that are split at once: where a text is not ASCII, the library's time grows with the
square of its length. A longer one is split in slices of half that, each up to where the last
sentence of its first three quarters begins: an abbreviation or a quotation that the slice cuts off
looks like an end."""


def sentences_of(text: str, span: Span, longest: int = LONGEST) -> list[Span]:
    """The sentences of a stretch of text, in order, without white space at their ends.

    They hold every character of the span that is not white space. Offsets count from the start of
    `text`, as the span's do.
    """
    sentences = []
    for start, end in pairwise(_cuts(text, span, longest)):
        sentence = trimmed(text, start, end)
        if sentence is not None:
            sentences.append(sentence)
    return sentences


def _cuts(text: str, span: Span, longest: int) -> Iterator[int]:
    """Where sentences begin, and the end of the last."""
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
    """Where sentences after the first begin. A library's offsets are trusted only where they make
    sense: sorted cuts within the piece."""
    cuts = {int(boundary["start_index"]) for boundary in _boundaries()("en", piece)}
    return sorted(cut for cut in cuts if 0 < cut < len(piece))
