"""Sentence spans, by sentencex: rules for abbreviations, quotes, initials and many scripts."""

from functools import lru_cache
from itertools import pairwise
from typing import Any

from index.types import Span


@lru_cache(maxsize=1)
def _boundaries() -> Any:
    from sentencex import get_sentence_boundaries

    return get_sentence_boundaries


def sentences_of(text: str, span: Span) -> list[Span]:
    """The sentences of a stretch of text, in order, without white space at their ends.

    They hold every character of the span that is not white space. Offsets count from the start of
    `text`, as the span's do.
    """
    piece = span.of(text)
    cuts = [int(boundary["start_index"]) for boundary in _boundaries()("en", piece)]
    # A library's offsets are trusted only where they make sense: sorted cuts within the piece.
    cuts = sorted({0, len(piece), *(cut for cut in cuts if 0 < cut < len(piece))})
    sentences = []
    for start, end in pairwise(cuts):
        sentence = piece[start:end]
        left = len(sentence) - len(sentence.lstrip())
        right = len(sentence.rstrip())
        if right > left:
            sentences.append(Span(span.start + start + left, span.start + start + right))
    return sentences
