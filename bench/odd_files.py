"""Measure memory and time of valid but unusual Markdown: `python -m bench.odd_files [KIND ...]`.

A process for each kind parses and chunks 32 MiB (`--mib`) of it, with a tokenizer that counts five
characters as a token. Prints the process's peak memory, of which the text and the program take 98
to 200 MB, and the time.
"""

import argparse
import resource
import sys
import time
from multiprocessing import get_context

from index.documents.chunk import chunks_of
from index.documents.formats import MARKDOWN
from index.documents.load import blocks_of, document_of
from index.fingerprint import ChunkSettings

WORDS = "Aid came to the northern province before winter. "

KINDS = {
    "one table": "| a | b |\n|---|---|\n" + "| river | grain |\n" * 1000,
    "small tables": "| a | b |\n|---|---|\n| river | grain |\n\n",
    "headings": "## A heading of its own\n\n",
    "headings of a letter": "# a\n",
    "headings and sentences": f"## A heading of its own\n\n{WORDS}\n\n",
    "list items": f"- {WORDS}\n",
    "list items of a letter": "- a\n",
    "nested quotes": f"> > > {WORDS}\n\n",
    "fences": "```\ncode = 1\n```\n\n",
    "HTML blocks": f"<div>\n{WORDS}\n</div>\n\n",
    "paragraphs": f"{WORDS * 4}\n\n",
    "one line with spaces": WORDS,
    "one line without": "abcdefghij",
}


class _Tokenizer:
    """Counts every five characters as a token."""

    def count(self, text: str) -> int:
        return len(self.offsets(text))

    def offsets(self, text: str) -> list[tuple[int, int]]:
        return [(i, min(i + 5, len(text))) for i in range(0, len(text), 5)]


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.odd_files", description=__doc__)
    parser.add_argument(
        "kinds", nargs="*", metavar="KIND", help=f"of: {', '.join(KINDS)}; default: all"
    )
    parser.add_argument("--mib", type=int, default=32, help="size of each file")
    arguments = parser.parse_args()
    unknown = set(arguments.kinds) - set(KINDS)
    if unknown:
        parser.error(f"unknown kind {', '.join(sorted(unknown))}; choose from: {', '.join(KINDS)}")
    print(f"{'kind':<24} {'peak MB':>8} {'s':>7} {'chunks':>9}")
    for kind in arguments.kinds or KINDS:
        with get_context("spawn").Pool(1) as pool:
            megabytes, seconds, n_chunks = pool.apply(_measure, (kind, arguments.mib))
        print(f"{kind:<24} {megabytes:>8,.0f} {seconds:>7.1f} {n_chunks:>9,}", flush=True)


def _measure(kind: str, mib: int) -> tuple[float, float, int]:
    """Return the peak memory in MB, the seconds, and the number of chunks."""
    unit = KINDS[kind]
    text = unit * (mib * 2**20 // len(unit) + 1)
    began = time.perf_counter()
    document = document_of(text, "odd.md", media_type=MARKDOWN, name="odd")
    blocks = blocks_of(document)
    n_chunks = sum(1 for _ in chunks_of(document, blocks, _Tokenizer(), ChunkSettings()))
    seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e6 if sys.platform == "darwin" else 1e3), seconds, n_chunks


if __name__ == "__main__":
    main()
