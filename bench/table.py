"""Format results as Markdown tables, which are also printed in the terminal."""

from collections.abc import Iterator, Mapping, Sequence

from bench.machine import Machine
from bench.results import Aim, BenchmarkResult, ResultRow, Results, Sample

_HEADER = ("what", "ours", "theirs", "against", "ratio", "aim", "met")
_SIGNS = {"at least": "≥", "at most": "≤"}


def tables(results: Results) -> str:
    """Return a table for each benchmark, under its title, with the skipped rows and reasons."""
    return "\n\n".join(_part(part) for part in results.parts)


def _part(part: BenchmarkResult) -> str:
    rows = [_HEADER, *(_cells(row) for row in part.rows)]
    left_out = [f"Left out: {each.name}: {each.reason}." for each in part.skipped]
    blocks = [part.title, markdown(rows) if part.rows else "", *left_out]
    return "\n\n".join(block for block in blocks if block)


def _cells(row: ResultRow) -> tuple[str, ...]:
    return (
        f"{row.name}, {row.unit}",
        format_sample(row.ours),
        format_sample(row.theirs) if row.theirs is not None else "",
        row.against,
        format_sample(row.ratio) if row.ratio is not None else "",
        _aim(row.aim, row.unit) if row.aim is not None else "",
        {True: "yes", False: "no", None: ""}[row.met],
    )


def _aim(aim: Aim, unit: str) -> str:
    bound = f"{_SIGNS[aim.bound]} {format_number(aim.limit)}"
    return bound if aim.of == "ratio" else f"{bound} {unit}"


def format_sample(sample: Sample) -> str:
    """Return the median, followed by the range if there are several values."""
    if len(sample.values) == 1:
        return format_number(sample.median)
    return (
        f"{format_number(sample.median)} ({format_number(sample.low)}–{format_number(sample.high)})"
    )


def format_number(value: float) -> str:
    """Format a number with three significant digits.

    >>> [format_number(value) for value in (0, 0.123456, 4, 12.345, 1234.5)]
    ['0', '0.123', '4', '12.3', '1,230']
    """
    rounded = float(f"{value:.3g}")
    return f"{rounded:,.0f}" if rounded == int(rounded) else f"{rounded:,.10g}"


def markdown(rows: Sequence[Sequence[str]]) -> str:
    """Format rows as a table. The first row is the header; columns are padded to equal width."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(_lines(rows, widths))


def _lines(rows: Sequence[Sequence[str]], widths: Sequence[int]) -> Iterator[str]:
    for at, row in enumerate(rows):
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield f"| {' | '.join(cells)} |"
        if at == 0:
            yield f"|{'|'.join('-' * (width + 2) for width in widths)}|"


def describe_run(results: Results) -> str:
    """Describe a run in lines of a Markdown list: provenance, corpus, rounds and load."""
    plural = "" if results.rounds == 1 else "s"
    more = (
        f"corpus: {results.corpus}, {results.n_paragraphs:,} paragraphs, "
        f"{results.n_questions:,} questions; {results.rounds} round{plural}"
        + (", quick: too little data for reliable numbers" if results.quick else "")
        + f"; load per core before: {results.machine.load}"
        + (" (busy: the numbers are not reliable)" if results.machine.busy else "")
    )
    provenance = describe_provenance(
        results.started, results.commit, results.machine, results.versions
    )
    return f"{provenance}\n- {more}"


def describe_provenance(
    started: str, commit: str, machine: Machine, versions: Mapping[str, str]
) -> str:
    """Return date, commit, machine and versions, as lines of a Markdown list."""
    libraries = ", ".join(f"{name} {version}" for name, version in versions.items())
    lines = [
        f"{started}, commit {commit or 'unknown'}",
        f"{machine.cpu}, {machine.cores} cores ({' '.join(machine.flags) or 'no vector flags'}), "
        f"{machine.memory_gb} GB, {machine.system}",
        f"Python {machine.python}; {libraries}",
    ]
    return "\n".join(f"- {line}" for line in lines)
