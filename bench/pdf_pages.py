"""Check the cited pages of PDFs against pdftotext: `python -m bench.pdf_pages PATH...`.

Takes random sentences from the PDFs under the paths, and looks for each on its cited page in what
`pdftotext -f N -l N` (poppler-utils) prints, without white space, hyphens and ligatures, in one of
its orders: plain, -layout or -raw. A sentence over two pages must have each part on its page.
Prints a row for each file with its producer, then
the quotes that were not found.
"""

import argparse
import subprocess
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from bench.pdf_quotes import Quote, letters, pdfs_under, random_quotes
from index.documents.isolation import parsing

_ORDERS: tuple[tuple[str, ...], ...] = ((), ("-layout",), ("-raw",))


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.pdf_pages", description=__doc__)
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH")
    parser.add_argument("--quotes", type=int, default=200, help="how many quotes; default 200")
    parser.add_argument("--seed", type=int, default=1, help="of the choice of quotes; default 1")
    arguments = parser.parse_args()
    with parsing():
        paths = pdfs_under(arguments.paths)
        quotes = random_quotes(paths, arguments.quotes, arguments.seed)
    missing = [quote for quote in quotes if not is_on_its_pages(quote)]
    _print_table(paths, quotes, missing)
    for quote in missing:
        print(f"\n{quote.path.name} page {quote.document.pages_of(quote.span)[0]}: {quote.text!r}")


def is_on_its_pages(quote: Quote) -> bool:
    """Return whether pdftotext reads the quote on its cited pages."""
    return all(is_on_page(quote.path, page, part) for page, part in quote.pages())


def is_on_page(path: Path, page: int, text: str) -> bool:
    """Return whether pdftotext reads a text on a page, from 1, in one of its orders."""
    return any(letters(text) in _page_letters(path, page, order) for order in _ORDERS)


@lru_cache(maxsize=256)
def _page_letters(path: Path, page: int, order: tuple[str, ...]) -> str:
    command = ["pdftotext", "-q", "-f", str(page), "-l", str(page), "-enc", "UTF-8", *order]
    printed = subprocess.run([*command, str(path), "-"], check=True, capture_output=True).stdout
    return letters(printed.decode("utf-8", "replace"))


def producer_of(path: Path) -> str:
    """Return the program that wrote a file, as pdfinfo names it."""
    printed = subprocess.run(["pdfinfo", str(path)], capture_output=True, check=False).stdout
    lines = printed.decode("utf-8", "replace").splitlines()
    found = [line.split(":", 1)[1].strip() for line in lines if line.startswith("Producer:")]
    return found[0] if found else "unknown"


def _print_table(paths: Sequence[Path], quotes: Sequence[Quote], missing: Sequence[Quote]) -> None:
    print("| file | producer | quotes | on their page |\n|---|---|---|---|")
    for path in paths:
        n_quotes = sum(quote.path == path for quote in quotes)
        n_missing = sum(quote.path == path for quote in missing)
        counts = f"{n_quotes} | {n_quotes - n_missing}" if n_quotes else "0 | no text"
        print(f"| {path.name} | {producer_of(path)} | {counts} |")
    share = (len(quotes) - len(missing)) / max(len(quotes), 1)
    print(f"| all | | {len(quotes)} | {len(quotes) - len(missing)} ({share:.1%}) |")


if __name__ == "__main__":
    main()
