"""Split canonical text into chunks: exact spans that follow the document's structure.

A chunk lies in one section. It keeps each paragraph and each sentence whole if they fit. Its length
never exceeds the model's window, counted by the model's tokenizer. The headings above a section
belong to its first chunk. Together, the chunks contain every character of the document that is not
white space.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import ceil

from index.documents.blocks import Block, lines, trimmed
from index.documents.breaks import VISIBLE, last_break
from index.documents.contents import is_contents_list
from index.documents.formats import notation_of
from index.documents.sentences import sentences_of
from index.fingerprint import ChunkSettings
from index.protocols import Tokenizer
from index.types import Chunk, Document, Heading, Span, chunk_id_of, digest_of

CHARACTERS_PER_TOKEN = 8
"""A chunk of `limit` tokens also has at most `limit * CHARACTERS_PER_TOKEN` characters. A tokenizer
can make one token of a word of any length; the second limit keeps passages short enough to read."""

_COUNTED_AT_ONCE = 8192
"""In characters. Sentences up to this total length are tokenized together, in half the time."""

_COUNTS_KEPT = 4096

_LONGEST_WORD = 128
"""In characters. Text after an offset changes no token that ends this far before the offset:
WordPiece makes one token of a word of more than 100 characters."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """A sentence, or a part of a sentence that exceeds the limit; cost in tokens."""

    span: Span
    cost: int
    is_heading: bool = False


def chunk(
    document: Document, blocks: Sequence[Block], tokenizer: Tokenizer, settings: ChunkSettings
) -> list[Chunk]:
    """Return the chunks of a document, in order; none if it is all white space."""
    return list(chunks_of(document, blocks, tokenizer, settings))


def chunks_of(
    document: Document, blocks: Sequence[Block], tokenizer: Tokenizer, settings: ChunkSettings
) -> Iterator[Chunk]:
    """Yield the chunks of a document, in order, without waiting for the rest."""
    is_code = notation_of(document.media_type) == "code"
    chunker = _Chunker(document.text, tokenizer, settings, keeps_sections=is_code)
    sections = _sections(blocks, document.headings)
    for ordinal, pieces in enumerate(chunker.groups(blocks, sections)):
        span = Span(pieces[0].span.start, pieces[-1].span.end)
        body = [piece for piece in pieces if not piece.is_heading] or pieces
        sentences = tuple(piece.span for piece in body)
        digest = digest_of(span.of(document.text))
        yield Chunk(
            chunk_id=chunk_id_of(document.doc_id, span, digest),
            doc_id=document.doc_id,
            ordinal=ordinal,
            span=span,
            sentences=sentences,
            digest=digest,
            contents_list=not is_code and is_contents_list(document, sentences),
        )


class _Chunker:
    """keeps_sections: whether a section that fits the limit is one chunk, as a function is."""

    def __init__(
        self, text: str, tokenizer: Tokenizer, settings: ChunkSettings, *, keeps_sections: bool
    ) -> None:
        self.text = text
        self.tokenizer = tokenizer
        self.limit = settings.limit
        self.target = self.limit if keeps_sections else min(settings.target, settings.limit)
        self._counted: dict[Span, int] = {}

    def groups(self, blocks: Sequence[Block], sections: Iterable[range]) -> Iterator[list[_Piece]]:
        for section in sections:
            self._counted.clear()
            for group in self._pack(self._pieces(blocks[i]) for i in section):
                yield from self._within_limit(group)

    def _cost(self, span: Span) -> int:
        by_length = _cost_by_length(span)
        # Too long by characters: no token count is needed, and counting after each cut is slow.
        if by_length > self.limit:
            return by_length
        n_tokens = self._counted.get(span)
        if n_tokens is None:
            n_tokens = self._keep(span, len(self.tokenizer.offsets(span.of(self.text))))
        return max(n_tokens, by_length)

    def _keep(self, span: Span, n_tokens: int) -> int:
        if len(self._counted) >= _COUNTS_KEPT:
            self._counted.clear()
        self._counted[span] = n_tokens
        return n_tokens

    def _pieces(self, block: Block) -> list[_Piece]:
        heading = block.kind == "heading"
        spans = [block.span] if heading else self._sentences(block)
        costs = [cost for run in _runs(spans) for cost in self._costs(run)]
        return [
            _Piece(part, cost, heading)
            for span, known in zip(spans, costs, strict=True)
            for part, cost in self._cut(span, known)
        ]

    def _costs(self, spans: Sequence[Span]) -> list[int]:
        """Return the cost of each sentence, from one tokenization of all of them.

        A sentence tokenized alone can have one token more or less.
        """
        whole = Span(spans[0].start, spans[-1].end)
        by_length = _cost_by_length(whole)
        is_long = whole.end - whole.start > _COUNTED_AT_ONCE  # so it is a single span
        if is_long or (len(spans) == 1 and by_length > self.limit):
            return [by_length]
        starts = [whole.start + start for start, _ in self.tokenizer.offsets(whole.of(self.text))]
        self._keep(whole, len(starts))
        return [
            max(bisect_left(starts, s.end) - bisect_left(starts, s.start), _cost_by_length(s))
            for s in spans
        ]

    def _sentences(self, block: Block) -> list[Span]:
        if block.kind == "paragraph":
            return sentences_of(self.text, block.span)
        inner = lines(self.text, block.span.start, block.span.end)
        visible = (trimmed(self.text, line.start, line.end) for line in inner)
        return [span for span in visible if span is not None]

    def _cut(self, span: Span, cost: int) -> Iterator[tuple[Span, int]]:
        """Yield the span if it fits, else parts that fit, each with its cost.

        Cut at white space if possible.
        """
        while cost > self.limit:
            head = self._head(span)
            part = trimmed(self.text, head.start, head.end) or head
            yield part, self._cost(part)
            following = VISIBLE.search(self.text, head.end, span.end)
            if following is None:
                return
            span = Span(following.start(), span.end)
            cost = self._cost(span)
        yield span, cost

    def _head(self, span: Span) -> Span:
        """Return the start of the span, as long as fits.

        It ends between two words, else between two grapheme clusters, else anywhere.
        """
        longest = min(span.end - span.start, self.limit * CHARACTERS_PER_TOKEN)
        text = self.text[span.start : span.start + longest]
        n = self._end_of_tokens(text)
        while True:
            cut = last_break(text, n, more=span.end - span.start > n)
            head = Span(span.start, span.start + cut)
            if cut == 1 or self._cost(head) <= self.limit:
                return head
            # A prefix of a word can have more tokens than the whole word.
            n = max(1, cut * 3 // 4)

    def _end_of_tokens(self, text: str) -> int:
        """Return the offset of the first token after `limit` tokens, or the length of the text."""
        short = 2 * self.limit
        for seen in (text[: short + _LONGEST_WORD], text):
            offsets = self.tokenizer.offsets(seen)
            if len(offsets) > self.limit and (offsets[self.limit][0] < short or seen == text):
                return offsets[self.limit][0]
        return len(text)

    def _pack(self, paragraphs: Iterable[list[_Piece]]) -> Iterator[list[_Piece]]:
        """Join short paragraphs, keep paragraphs that fit whole, and split the others evenly."""
        group: list[_Piece] = []
        for pieces in paragraphs:
            together = _cost(group) + _cost(pieces)
            only_headings = all(piece.is_heading for piece in group)
            if together <= (self.limit if only_headings else self.target):
                group = group + pieces
                continue
            if not only_headings:
                yield group
                group = []
            *full, group = self._split(group + pieces)
            yield from full
        if group:
            yield group

    def _split(self, pieces: list[_Piece]) -> list[list[_Piece]]:
        """Split pieces into runs of about equal cost, each within the limit."""
        total = _cost(pieces)
        aim = total / ceil(total / self.limit)
        groups: list[list[_Piece]] = [[]]
        done = 0
        for piece in pieces:
            cost = _cost(groups[-1])
            over = cost + piece.cost > self.limit
            # Close a group if the middle of this piece is past the group's share.
            past = done + piece.cost / 2 > aim * len(groups)
            # A heading stays with the piece after it, unless that piece alone fills a chunk.
            if groups[-1] and (over or (past and not groups[-1][-1].is_heading)):
                groups.append([])
            groups[-1].append(piece)
            done += piece.cost
        return groups

    def _within_limit(self, pieces: list[_Piece]) -> Iterator[list[_Piece]]:
        """Halve a group whose joint text has more tokens than the sum over its pieces."""
        span = Span(pieces[0].span.start, pieces[-1].span.end)
        cost = self._cost(span)
        if cost <= self.limit:
            yield pieces
            return
        if len(pieces) == 1:
            for part, its in self._cut(span, cost):
                yield [_Piece(part, its, pieces[0].is_heading)]
            return
        middle = len(pieces) // 2
        yield from self._within_limit(pieces[:middle])
        yield from self._within_limit(pieces[middle:])


def _cost_by_length(span: Span) -> int:
    return ceil((span.end - span.start) / CHARACTERS_PER_TOKEN)


def _runs(spans: Sequence[Span]) -> Iterator[list[Span]]:
    """Yield runs of adjacent spans, each up to _COUNTED_AT_ONCE long; a longer span alone."""
    run: list[Span] = []
    for span in spans:
        if run and span.end - run[0].start > _COUNTED_AT_ONCE:
            yield run
            run = []
        run.append(span)
    if run:
        yield run


def _sections(blocks: Sequence[Block], headings: Sequence[Heading]) -> Iterator[range]:
    """Yield the block numbers of each section: a run of headings and the blocks under it.

    A section that a heading is part of begins with its section_start. If it consists of the heading
    alone, it is one with the next section.
    """
    signatures = {each.section_start: each for each in headings if each.section_start is not None}
    first, was_heading, end = 0, True, 0
    for i, block in enumerate(blocks):
        signature = signatures.get(block.span.start)
        if (block.kind == "heading" or signature is not None) and not was_heading:
            yield range(first, i)
            first = i
        end = signature.span.end if signature is not None else end
        was_heading = block.kind == "heading" or block.span.end <= end
    if blocks:
        yield range(first, len(blocks))


def _cost(pieces: list[_Piece]) -> int:
    return sum(piece.cost for piece in pieces)
