"""What an ingest would do, for people."""

from rich.console import Console

from index.ingest.progress import Report
from rag.cli.print_ingest import print_unread, shorten
from rag.output.counts import n_of
from rag.output.safe_output import on_one_line

_N_NAMED = 20
"""Documents of a kind that are named without --verbose; the others are counted."""


def print_plan(out: Console, report: Report, *, verbose: bool = False) -> None:
    """Print a heading with a count for each kind of change, with the documents below it.

    A move is named once, as a move, and not among the added and the missing documents.
    """
    print_unread(out, report, verbose=verbose)
    for heading, names in _sections(report):
        if names:
            _print_section(out, heading, names, verbose=verbose)
    n_unchanged = n_of(len(report.unchanged), "document")
    out.print(f"{n_unchanged} unchanged. Nothing was written.", soft_wrap=True, markup=False)


def _sections(report: Report) -> list[tuple[str, list[str]]]:
    new = {move.new for move in report.moved}
    old = {move.old for move in report.moved}
    removed = [doc_id for doc_id in report.removed if doc_id not in old]
    ignored = [doc_id for doc_id in report.gone_ignored if doc_id not in old]
    left = old | set(ignored)
    missing = [doc_id for doc_id in report.gone if doc_id not in left]
    kept = " (the old document stays without --prune)" if report.gone else ""
    return [
        ("to add", sorted(each for each in report.added if each not in new)),
        ("to update", sorted(report.updated)),
        (f"moved{kept}", [f"{move.old} → {move.new}" for move in report.moved]),
        ("to remove", removed),
        ("missing (--prune removes them)", missing),
        ("ignored now (--prune removes them)", ignored),
    ]


def _print_section(out: Console, heading: str, names: list[str], *, verbose: bool) -> None:
    out.print(f"{len(names):,} {heading}", style="bold", soft_wrap=True, markup=False)
    n_named = len(names) if verbose else _N_NAMED
    for name in names[:n_named]:
        line = f"  {on_one_line(shorten(name, verbose))}"
        out.print(line, soft_wrap=True, markup=False, highlight=False)
    if len(names) > n_named:
        out.print(f"  … and {len(names) - n_named:,} more; --verbose lists them", markup=False)
