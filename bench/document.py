"""docs/performance.md: its tables are written from bench/summary.json, so the two cannot differ.

usage: python -m bench.document [RESULTS.json]    keep these results, if given; write the document
"""

import sys
from pathlib import Path

from bench.plots import part_svg
from bench.processes import ROOT
from bench.results import Results, read_results
from bench.table import described, tables
from index.errors import BadInput, RagError

SUMMARY = ROOT / "bench" / "summary.json"
DOCUMENT = ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"


def with_measured(document: str, results: Results) -> str:
    """The document, what stands between its two marks replaced by these results.

    Raises BadInput if it lacks a mark.
    """
    before, begin, rest = document.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise BadInput(f"the document has no {BEGIN} or no {END} after it; put both in")
    return f"{before}{begin}\n\n{described(results)}\n\n{tables(results)}\n\n{end}{after}"


def pictures(results: Results) -> dict[str, str]:
    """SVGs by the name of their file, one for each part that has curves."""
    return {f"{part.name}.svg": part_svg(part) for part in results.parts if part.curves}


def keep(source: Path) -> None:
    """Make a file of results the ones that are committed."""
    read_results(source)
    SUMMARY.write_bytes(source.read_bytes())


def write() -> None:
    """Write the document and its pictures anew from the committed results."""
    results = read_results(SUMMARY)
    document = with_measured(DOCUMENT.read_text(encoding="utf-8"), results)
    DOCUMENT.write_text(document, encoding="utf-8")
    for name, picture in pictures(results).items():
        DOCUMENT.with_name(name).write_text(picture, encoding="utf-8")


def main() -> None:
    try:
        if len(sys.argv) > 2:
            raise BadInput("give one file of results, or none")
        if len(sys.argv) == 2:
            keep(Path(sys.argv[1]))
        write()
    except RagError as error:
        sys.exit(f"bench: {error}")


if __name__ == "__main__":
    main()
