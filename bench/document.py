"""Write the tables of docs/performance.md from bench/summary.json and bench/scale.json.

usage: python -m bench.document [RESULTS.json …]

Results that are named are first copied to bench/summary.json or bench/scale.json.
"""

import sys
from pathlib import Path

from bench.plots import part_svg
from bench.processes import ROOT
from bench.results import Results, read_results
from bench.scale.results import ScaleResults, picture, read_scale, table
from bench.table import describe_provenance, describe_run, tables
from index.errors import BadInput, RagError

SUMMARY = ROOT / "bench" / "summary.json"
DOCUMENT = ROOT / "docs" / "performance.md"
SCALE = ROOT / "bench" / "scale.json"
RESULT_MARKS = "<!-- measured: begin -->", "<!-- measured: end -->"
SCALE_MARKS = "<!-- scale: begin -->", "<!-- scale: end -->"


def with_results(document: str, results: Results) -> str:
    """Return the document with the tables of these results between RESULT_MARKS.

    Raises BadInput if it lacks the marks.
    """
    return _between(document, RESULT_MARKS, f"{describe_run(results)}\n\n{tables(results)}")


def with_scale(document: str, results: ScaleResults) -> str:
    """Return the document with the table of these results between SCALE_MARKS.

    Raises BadInput if it lacks the marks.
    """
    provenance = describe_provenance(
        results.started, results.commit, results.machine, results.versions
    )
    return _between(document, SCALE_MARKS, f"{provenance}\n\n{table(results.sizes)}")


def _between(document: str, marks: tuple[str, str], text: str) -> str:
    """Replace the text between two marks."""
    before, begin, rest = document.partition(marks[0])
    _, end, after = rest.partition(marks[1])
    if not begin or not end:
        raise BadInput(f"the document has no {marks[0]}, or no {marks[1]} after it; insert both")
    return f"{before}{begin}\n\n{text}\n\n{end}{after}"


def pictures(results: Results) -> dict[str, str]:
    """Return file name -> SVG, one for each benchmark that has curves."""
    return {f"{part.name}.svg": part_svg(part) for part in results.parts if part.curves}


def copy_results(source: Path) -> None:
    """Copy a file of results to bench/scale.json if it is named scale.json, else to
    bench/summary.json.

    Raises BadInput if it holds no results, or was measured on a busy machine.
    """
    of_growth = source.name == SCALE.name
    results = read_scale(source) if of_growth else read_results(source)
    results.machine.check_quiet(source)
    (SCALE if of_growth else SUMMARY).write_bytes(source.read_bytes())


def write() -> list[str]:
    """Write the document's tables and plots from the committed results.

    The tables and plots of results that were measured on a busy machine stay as they are. Return
    the reason for each such file.
    """
    document, busy = DOCUMENT.read_text(encoding="utf-8"), []
    images: dict[str, str] = {}
    for source, add in ((SUMMARY, _add_summary), (SCALE, _add_scale)):
        try:
            document = add(document, images) if source.exists() else document
        except BadInput as reason:
            busy.append(str(reason))
    DOCUMENT.write_text(document, encoding="utf-8")
    for name, image in images.items():
        DOCUMENT.with_name(name).write_text(image, encoding="utf-8")
    return busy


def _add_summary(document: str, images: dict[str, str]) -> str:
    results = read_results(SUMMARY)
    results.machine.check_quiet(SUMMARY)
    images |= pictures(results)
    return with_results(document, results)


def _add_scale(document: str, images: dict[str, str]) -> str:
    scale = read_scale(SCALE)
    scale.machine.check_quiet(SCALE)
    images["scale.svg"] = picture(scale.sizes)
    return with_scale(document, scale)


def main() -> None:
    try:
        for source in sys.argv[1:]:
            copy_results(Path(source))
        for reason in write():
            print(f"bench: {reason}; its table stays as it is", file=sys.stderr)
    except RagError as error:
        sys.exit(f"bench: {error}")


if __name__ == "__main__":
    main()
