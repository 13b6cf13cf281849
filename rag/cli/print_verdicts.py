"""The results of `rag verify`, one line each, and how many there are of each status."""

from collections import Counter
from collections.abc import Sequence
from typing import get_args

from rich.console import Console
from rich.text import Text

from rag.output.counts import n_of
from rag.output.safe_output import on_one_line
from rag.verify.verdict import Status, Verdict

_STYLES: dict[Status, str] = {
    "valid": "green",
    "moved": "yellow",
    "changed": "yellow",
    "gone": "red",
}
_MAX_CHARACTERS = 200
"""Of a similar text on its line."""


def print_verdicts(out: Console, verdicts: Sequence[Verdict]) -> None:
    """Print a line for each citation, then a summary."""
    for verdict in verdicts:
        line = Text.assemble(
            (f"{verdict.status:<7}", _STYLES[verdict.status]), f"  {_description(verdict)}"
        )
        out.print(line, soft_wrap=True)
    out.print(_summary(verdicts), soft_wrap=True)


def _description(verdict: Verdict) -> str:
    place = verdict.doc_id
    if verdict.line_start is not None:
        place += f":{verdict.line_start}"
    parts = [place, verdict.detail]
    if verdict.start is not None:
        parts.append(f"[{verdict.start}, {verdict.end})")
    if verdict.similarity is not None and verdict.text is not None:
        parts.append(f"similarity {verdict.similarity:.2f}: {_shortened(verdict.text)}")
    return "  ".join(map(on_one_line, parts))


def _shortened(text: str) -> str:
    """Return the text on one line, cut if it is long."""
    words = " ".join(text.split())
    return words if len(words) <= _MAX_CHARACTERS else f"{words[:_MAX_CHARACTERS]}…"


def _summary(verdicts: Sequence[Verdict]) -> str:
    if not verdicts:
        return "There are no citations to check."
    counts = Counter(verdict.status for verdict in verdicts)
    listed = ", ".join(
        f"{counts[status]:,} {status}" for status in get_args(Status) if counts[status]
    )
    return f"{n_of(len(verdicts), 'citation')}: {listed}."
