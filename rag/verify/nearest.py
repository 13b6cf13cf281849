"""Find the text that is most similar to a quote. Only this module imports rapidfuzz.

Comparing a quote with every place of a text takes minutes for a large text. So pieces of the quote
are looked up exactly; each occurrence suggests where the quote would begin, and only the places
with most suggestions are compared.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from rapidfuzz import fuzz

from index.types import Span

_N_PIECES = 16
_MAX_PIECE = 10
_MIN_PIECE = 3
_MAX_OCCURRENCES = 500
"""Of each piece; a piece with more says little about the place."""

_N_PLACES = 6
_MAX_SHIFT = 32
"""Each end of the best span is moved by up to this many characters, to the best place."""

_MAX_SHIFTED = 2000
"""Of a longer quote, only so many characters at each end are compared to choose between spans, and
the ends of the span stay: comparing takes time quadratic in the length."""

_MAX_ALIGNED = 400
"""Aligning a quote takes time cubic in its length. Of a longer one, only the beginning and the end
are aligned."""


@dataclass(frozen=True, slots=True)
class SimilarText:
    """A span of a text, and its similarity to a quote, in [0, 1]."""

    span: Span
    similarity: float


def min_similarity(n_characters: int) -> float:
    """Return the similarity above which a text is a changed version of a quote of this length.

    Similarity by chance falls with the length. `python -m bench.similarity` prints it for quotes
    and texts that have nothing to do with each other, and for edited quotes.

    >>> min_similarity(20), min_similarity(400)
    (0.8, 0.61)
    """
    return min(0.9, 0.6 + 4 / n_characters)


def nearest(text: str, quote: str, start: int) -> SimilarText | None:
    """Return the span of the text that is most similar to the quote; None below min_similarity.

    start: the old position of the quote; its surroundings are always compared. The time is linear
    in the length of the text.
    """
    best = most_similar(text, quote, start)
    return best if best is not None and best.similarity >= min_similarity(len(quote)) else None


def most_similar(text: str, quote: str, start: int) -> SimilarText | None:
    """Return what `nearest` returns, however low its similarity is."""
    similar_texts = [_align(text, quote, place) for place in [start, *_places(text, quote)]]
    best = max(filter(None, similar_texts), key=lambda each: each.similarity, default=None)
    if best is None:
        return None
    if len(quote) > _MAX_SHIFTED:
        return SimilarText(best.span, fuzz.ratio(quote, best.span.of(text)) / 100)
    return _with_best_end(text, quote, _with_best_start(text, quote, best))


def _with_best_start(text: str, quote: str, similar: SimilarText) -> SimilarText:
    span = similar.span
    starts = range(max(0, span.start - _MAX_SHIFT), min(span.start + _MAX_SHIFT, span.end))
    return _best(text, quote, [span, *(Span(start, span.end) for start in starts)])


def _with_best_end(text: str, quote: str, similar: SimilarText) -> SimilarText:
    span = similar.span
    ends = range(max(span.start + 1, span.end - _MAX_SHIFT), span.end + _MAX_SHIFT)
    spans = [Span(span.start, end) for end in ends if end <= len(text)]
    return _best(text, quote, [span, *spans])


def _best(text: str, quote: str, spans: Iterable[Span]) -> SimilarText:
    """Return the most similar of these spans, the first of equals."""
    scored = [SimilarText(span, _similarity(quote, span.of(text))) for span in spans]
    return max(scored, key=lambda each: each.similarity)


def _similarity(quote: str, text: str) -> float:
    """Return the similarity in [0, 1]; of a long quote, that of its beginning and end."""
    n = _MAX_SHIFTED
    if len(quote) <= n:
        return fuzz.ratio(quote, text) / 100
    return (fuzz.ratio(quote[:n], text[:n]) + fuzz.ratio(quote[-n:], text[-n:])) / 200


def _places(text: str, quote: str) -> list[int]:
    """Return offsets at which the quote may begin, those with most evidence first."""
    width = min(max(64, len(quote) // 2), 200)
    pieces_by_place: defaultdict[int, set[int]] = defaultdict(set)
    for number, (offset, piece) in enumerate(_pieces(quote)):
        for at in islice(_occurrences(text, piece), _MAX_OCCURRENCES):
            pieces_by_place[(at - offset) // width].add(number)
    # An insertion shifts the pieces behind it, which can put them into the next place.
    ranked = sorted(
        pieces_by_place,
        key=lambda place: (
            -len(pieces_by_place[place] | pieces_by_place.get(place + 1, set())),
            place,
        ),
    )
    return [place * width + width // 2 for place in ranked[:_N_PLACES]]


def _pieces(quote: str) -> Iterator[tuple[int, str]]:
    """Yield pieces of the quote at even distances, each with its offset in the quote."""
    length = min(_MAX_PIECE, max(_MIN_PIECE, len(quote) // 6), len(quote))
    n = min(_N_PIECES, max(1, len(quote) // length))
    last = len(quote) - length
    for offset in sorted({last * i // max(1, n - 1) for i in range(n)}):
        yield offset, quote[offset : offset + length]


def _occurrences(text: str, piece: str) -> Iterator[int]:
    at = text.find(piece)
    while at >= 0:
        yield at
        at = text.find(piece, at + 1)


def _align(text: str, quote: str, place: int) -> SimilarText | None:
    """Return the most similar span near a place."""
    margin = max(100, min(len(quote), _MAX_ALIGNED), len(quote) // 4)
    window = Span(max(0, place - margin), min(len(text), place + len(quote) + margin))
    if window.start >= window.end:
        return None
    near = window.of(text)
    spans = [each for span in _spans(near, quote) for each in (_to_words(near, span), span)]
    if not spans:
        return None
    best = _best(near, quote, spans)
    span = Span(window.start + best.span.start, window.start + best.span.end)
    return SimilarText(span, best.similarity)


def _spans(near: str, quote: str) -> Iterator[Span]:
    """Yield spans that may be the changed quote: one of the same length, and one that begins and
    ends as the quote does, so that the text between can be longer or shorter."""
    if len(quote) <= _MAX_ALIGNED:
        whole = _aligned(near, quote)
        if whole is not None:
            yield whole
    n = min(_MAX_ALIGNED // 2, (len(quote) + 1) // 2)
    reach = max(len(near) - len(quote), 0) + n  # the other end is not near
    head, tail = _aligned(near[:reach], quote[:n]), _aligned(near[-reach:], quote[-n:])
    if head is not None and tail is not None:
        end = max(len(near) - reach, 0) + tail.end
        if head.start < end:
            yield Span(head.start, end)


def _aligned(near: str, part: str) -> Span | None:
    alignment = fuzz.partial_ratio_alignment(part, near)
    if alignment is None or alignment.dest_start >= alignment.dest_end:
        return None
    return Span(alignment.dest_start, alignment.dest_end)


def _to_words(near: str, span: Span) -> Span:
    """Return the span with the words that its ends cut."""
    start, end = span.start, span.end
    while start and near[start - 1].isalnum() and near[start].isalnum():
        start -= 1
    while end < len(near) and near[end - 1].isalnum() and near[end].isalnum():
        end += 1
    return Span(start, end)
