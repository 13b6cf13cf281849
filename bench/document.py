"""docs/performance.md: its tables are written from bench/summary.json and bench/scale.json, so that
they cannot differ.

usage: python -m bench.document [RESULTS.json …]    keep these results, if given; write the document
"""

import sys
from pathlib import Path

from bench.plots import part_svg
from bench.processes import ROOT
from bench.results import Results, read_results
from bench.scale.results import ScaleResults, picture, read_scale, table
from bench.table import described, tables, taken_on
from index.errors import BadInput, RagError

SUMMARY = ROOT / "bench" / "summary.json"
DOCUMENT = ROOT / "docs" / "performance.md"
SCALE = ROOT / "bench" / "scale.json"
MEASURED = "<!-- measured: begin -->", "<!-- measured: end -->"
SCALED = "<!-- scale: begin -->", "<!-- scale: end -->"


def with_measured(document: str, results: Results) -> str:
    """The document with the tables of these results. Raises BadInput if it lacks their marks."""
    return _between(document, MEASURED, f"{described(results)}\n\n{tables(results)}")


def with_scale(document: str, results: ScaleResults) -> str:
    """The document with the table of this growth. Raises BadInput if it lacks its marks."""
    taken = taken_on(results.started, results.commit, results.machine, results.versions)
    return _between(document, SCALED, f"{taken}\n\n{table(results.sizes)}")


def _between(document: str, marks: tuple[str, str], text: str) -> str:
    """The document, what stands between two marks replaced by a text."""
    before, begin, rest = document.partition(marks[0])
    _, end, after = rest.partition(marks[1])
    if not begin or not end:
        raise BadInput(f"the document has no {marks[0]} or no {marks[1]} after it; put both in")
    return f"{before}{begin}\n\n{text}\n\n{end}{after}"


def pictures(results: Results) -> dict[str, str]:
    """SVGs by the name of their file, one for each part that has curves."""
    return {f"{part.name}.svg": part_svg(part) for part in results.parts if part.curves}


def keep(source: Path) -> None:
    """Make a file of results, of the benchmarks or of the growth, the one that is committed.

    Raises BadInput if it is no such file, or was taken while the machine did something else.
    """
    of_growth = source.name == SCALE.name
    results = read_scale(source) if of_growth else read_results(source)
    results.machine.check_quiet(source)
    (SCALE if of_growth else SUMMARY).write_bytes(source.read_bytes())


def write() -> None:
    """Write the document and its pictures anew from the committed results.

    Raises BadInput, and writes nothing, if either of them was taken on a busy machine.
    """
    results = read_results(SUMMARY)
    results.machine.check_quiet(SUMMARY)
    document = with_measured(DOCUMENT.read_text(encoding="utf-8"), results)
    drawn = pictures(results)
    if SCALE.exists():
        scale = read_scale(SCALE)
        scale.machine.check_quiet(SCALE)
        document = with_scale(document, scale)
        drawn["scale.svg"] = picture(scale.sizes)
    DOCUMENT.write_text(document, encoding="utf-8")
    for name, image in drawn.items():
        DOCUMENT.with_name(name).write_text(image, encoding="utf-8")


def main() -> None:
    try:
        for source in sys.argv[1:]:
            keep(Path(source))
        write()
    except RagError as error:
        sys.exit(f"bench: {error}")


if __name__ == "__main__":
    main()
