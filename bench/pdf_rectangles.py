"""Check the rectangles of quotes by reading them back: `python -m bench.pdf_rectangles PATH...`.

Takes random sentences from the PDFs under the paths. The rectangles of each are scaled to the page
rendered at 150 dpi; pdfium converts them to the file's coordinates and reads the text in them. It
must be the quote, without white space, hyphens and ligatures. `--draw FOLDER` writes pictures of
the first ten quotes, with their rectangles.
"""

import argparse
import ctypes
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import groupby
from pathlib import Path

import pypdfium2
import pypdfium2.raw as pdfium

from bench.pdf_quotes import Quote, letters, pdfs_under, random_quotes
from index.documents.formats import format_of_file
from index.documents.isolation import parsing, rectangles_isolated
from index.documents.rectangles import Rectangle

DPI = 150
_SCALE = DPI / 72
_SHRUNK = 0.3
"""Points that a rectangle is made smaller by on each side: neighbours' boxes can overlap."""
_STEPS = 1000
"""pdfium converts whole pixels: each of the page's is divided into so many."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.pdf_rectangles", description=__doc__)
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH")
    parser.add_argument("--quotes", type=int, default=100, help="how many quotes; default 100")
    parser.add_argument("--seed", type=int, default=1, help="of the choice of quotes; default 1")
    parser.add_argument("--draw", type=Path, metavar="FOLDER", help="write pictures here")
    arguments = parser.parse_args()
    n_equal = 0
    with parsing():
        quotes = random_quotes(pdfs_under(arguments.paths), arguments.quotes, arguments.seed)
        for n, quote in enumerate(quotes):
            rectangles = rectangles_of(quote)
            text = text_in(quote.path, rectangles)
            n_equal += letters(text) == letters(quote.text)
            if letters(text) != letters(quote.text):
                print(f"{quote.path.name} [{quote.span.start}, {quote.span.end}):")
                print(f"  {quote.text!r}\n  {text!r}")
            if arguments.draw and n % max(1, len(quotes) // 10) == 0:
                draw(quote.path, rectangles, arguments.draw / f"{n:03}-{quote.path.stem}.png")
    files = len({quote.path for quote in quotes})
    print(f"{n_equal} of {len(quotes)} quotes from {files} files are read back exactly")


def rectangles_of(quote: Quote) -> tuple[Rectangle, ...]:
    """Return the rectangles of a quote, by the process that parses files."""
    format = format_of_file(quote.path)
    if format is None:
        raise ValueError(f"{quote.path} is of no known format")
    return rectangles_isolated(format, quote.path.read_bytes(), quote.span).rectangles


def text_in(path: Path, rectangles: Sequence[Rectangle]) -> str:
    """Return the text in these rectangles, as pdfium reads it."""
    with closing(pypdfium2.PdfDocument(path)) as file:
        return " ".join(
            part
            for number, on_page in groupby(rectangles, key=lambda each: each.page)
            for part in _read(file[number - 1], list(on_page))
        )


def _read(page: pypdfium2.PdfPage, rectangles: Sequence[Rectangle]) -> Iterator[str]:
    with closing(page.get_textpage()) as text:
        for each in rectangles:
            x, y = (each.left + _SHRUNK, each.right - _SHRUNK), (each.top, each.bottom)
            corners = [_in_file(page, x[i], y[i] + (_SHRUNK, -_SHRUNK)[i]) for i in (0, 1)]
            (left, right), (bottom, top) = (sorted(pair) for pair in zip(*corners, strict=True))
            yield text.get_text_bounded(left, bottom, right, top)


def _in_file(page: pypdfium2.PdfPage, x: float, y: float) -> tuple[float, float]:
    """Convert points from the top left of the page as shown to the file's coordinates."""
    width, height = (round(size * _SCALE) * _STEPS for size in page.get_size())
    at = (round(x * width / page.get_width()), round(y * height / page.get_height()))
    converted = (ctypes.c_double(), ctypes.c_double())
    pdfium.FPDF_DeviceToPage(page.raw, 0, 0, width, height, 0, *at, *converted)
    return converted[0].value, converted[1].value


def draw(path: Path, rectangles: Sequence[Rectangle], picture: Path) -> None:
    """Write a picture of the first page of some rectangles, cut to them. It needs Pillow."""
    from PIL import ImageDraw

    on_page = [each for each in rectangles if each.page == rectangles[0].page]
    with closing(pypdfium2.PdfDocument(path)) as file:
        image = file[on_page[0].page - 1].render(scale=_SCALE).to_pil().convert("RGB")
    drawing = ImageDraw.Draw(image)
    boxes = [
        tuple(round(side * _SCALE) for side in (each.left, each.top, each.right, each.bottom))
        for each in on_page
    ]
    for left, top, right, bottom in boxes:
        drawing.rectangle((left - 1, top - 1, right + 1, bottom + 1), outline="red")
    sides = list(zip(*boxes, strict=True))
    margin = 40
    cut = (min(sides[0]) - margin, min(sides[1]) - margin)
    cut_end = (max(sides[2]) + margin, max(sides[3]) + margin)
    picture.parent.mkdir(parents=True, exist_ok=True)
    image.crop((*cut, *cut_end)).save(picture)


if __name__ == "__main__":
    main()
