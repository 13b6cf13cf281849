"""Random quotes from PDFs, and their letters for comparison with what other programs read."""

import random
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from index.documents.load import load, read_file
from index.documents.loader import LoadOptions
from index.documents.sentences import sentences_of
from index.errors import UnreadableDocument
from index.types import Document, Span

_SHORTEST = 20
"""Letters of a quote: a shorter one can be on a page by chance."""

MARKS = frozenset("#|\\")
"""Of the canonical text's notation; those of lists and below a table's header are hyphens."""


@dataclass(frozen=True, slots=True)
class Quote:
    """A sentence of a PDF."""

    path: Path
    document: Document
    span: Span

    @property
    def text(self) -> str:
        return self.span.of(self.document.text)

    def pages(self) -> Iterator[tuple[int, str]]:
        """Yield each page of the quote, from 1, with the text that the quote has on it."""
        starts = [*self.document.pages, len(self.document.text)]
        first, last = self.document.pages_of(self.span)
        if first is None or last is None:
            return
        for page in range(first, last + 1):
            start = max(self.span.start, starts[page - 1])
            yield page, self.document.text[start : min(self.span.end, starts[page])]


def pdfs_under(paths: Sequence[Path]) -> list[Path]:
    """Return the PDFs at or under these paths, in order of their names."""
    files = [file for path in paths for file in ([path] if path.is_file() else path.rglob("*"))]
    return sorted(file for file in files if file.suffix.lower() == ".pdf")


def random_quotes(paths: Sequence[Path], n_quotes: int, seed: int) -> list[Quote]:
    """Return about so many random sentences, as many from each file as it has up to an equal share.

    Files without text have none.
    """
    rng = random.Random(seed)
    sentences = [found for path in paths if (found := _sentences(path))]
    quotes: list[Quote] = []
    for n, of_file in enumerate(sorted(sentences, key=len)):
        share = (n_quotes - len(quotes)) // (len(sentences) - n)
        quotes += rng.sample(of_file, min(share, len(of_file)))
    return quotes


def _sentences(path: Path) -> list[Quote]:
    try:
        file = load(read_file(path), path.name, LoadOptions())
    except UnreadableDocument:
        return []
    document = file.document
    spans = [span for block in file.blocks for span in sentences_of(document.text, block.span)]
    return [
        Quote(path, document, span)
        for span in spans
        if len(letters(span.of(document.text))) >= _SHORTEST
    ]


def letters(text: str) -> str:
    """Return a text without white space, hyphens and marks; a ligature as its letters.

    >>> letters("- the of\ufb01ce, re-") == letters("# the office, re")
    True
    """
    folded = unicodedata.normalize("NFKC", text)
    return "".join(c for c in folded if c not in MARKS and not c.isspace() and not is_hyphen(c))


def is_hyphen(character: str) -> bool:
    """Return whether a character is a dash or hyphen of any kind, pdfium's mark of one included."""
    return unicodedata.category(character) == "Pd" or character in "\u00ad\u2212\x02\ufffe"
