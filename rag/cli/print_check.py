"""What `rag check` found, as lines and as JSON."""

import json
from collections.abc import Sequence
from dataclasses import asdict

from rich.console import Console

from index.maintain.checked import Checked, Flaw
from rag.output.counts import n_of
from rag.output.safe_output import on_one_line

_MAX_FLAWS = 20
"""Flaws that the lines name; JSON names all."""


def check_json(before: Checked, after: Checked | None, index: str) -> str:
    """One object; `after` is null unless a repair was asked for."""
    return json.dumps(
        {
            "index": index,
            "sound": (after or before).sound,
            "before": asdict(before),
            "after": None if after is None else asdict(after),
        },
        indent=1,
    )


def print_check(out: Console, before: Checked, after: Checked | None) -> None:
    """What was checked, what was wrong, and what is to be done."""
    _print_counts(out, before)
    if before.sound:
        out.print("The index is sound.")
        return
    if before.unverified:
        out.print(
            f"FAISS and BM25 could not be verified, because {before.unverified}; the rest is "
            "sound. Check again when that process has ended.",
            style="bold",
            soft_wrap=True,
        )
        return
    _print_flaws(out, "Damaged", before.flaws)
    if after is None:
        out.print("To repair the index, run `rag check --repair`.", style="bold")
        return
    lost = [flaw for flaw in before.flaws if flaw.part == "lost"]
    if after.sound:
        out.print(
            f"Repaired; the index is sound and contains {n_of(after.n_documents, 'document')}."
        )
    else:
        _print_flaws(out, "Not repairable", after.flaws)
        out.print(
            "Restore a backup with `rag restore`, or run `rag check --repair --drop` to repair "
            "the rest and remove the documents that cannot be repaired.",
            style="bold",
            soft_wrap=True,
        )
    if lost:
        out.print("Documents are lost; ingest their files again.", style="bold")


def _print_counts(out: Console, checked: Checked) -> None:
    counts = [
        n_of(checked.n_documents, "document"),
        n_of(checked.n_chunks, "passage"),
        f"{checked.n_vectors:,} with vectors",
        f"{checked.n_token_vectors:,} with token vectors",
    ]
    if checked.n_dense or checked.n_lexical or checked.sound:  # else they were not looked at
        counts += [f"{checked.n_dense:,} in FAISS", f"{checked.n_lexical:,} in BM25"]
    out.print(f"Checked {', '.join(counts)}.", soft_wrap=True)


def _print_flaws(out: Console, heading: str, flaws: Sequence[Flaw]) -> None:
    out.print(f"{heading}: {len(flaws):,}", style="bold")
    for flaw in flaws[:_MAX_FLAWS]:
        out.print(f"  {on_one_line(flaw.message)}", markup=False, highlight=False, soft_wrap=True)
    if len(flaws) > _MAX_FLAWS:
        out.print(f"  … and {len(flaws) - _MAX_FLAWS:,} more; --json lists all")
