"""What `rag why` prints: a line for each step, and the signals that were compared."""

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from rag.answer.why.result import Comparison, Why
from rag.output.safe_output import on_one_line, printable


def print_why(out: Console, found: Why) -> None:
    """Each step, then the one at which the passage lost."""
    for step in found.steps:
        mark, style = ("✓", "green") if step.passed else ("✗", "bold red")
        head = Text.assemble((mark, style), "  ", (f"{step.stage:<11}", "bold"))
        _print(out, head.append(f"  {on_one_line(step.detail)}", "not bold"), 0)
        if step.comparison is not None and not step.passed:
            _print(out, _signals(step.comparison), 16)
    out.print()
    if found.lost_at is None:
        end = f"The answer quotes {found.expected}."
    else:
        end = f"{found.expected} was lost at this step: {found.lost_at}."
    _print(out, Text(printable(end)), 0)


def _signals(comparison: Comparison) -> Text:
    """As `lexical    0.050 against 0.210`, a line each."""
    lines = (
        f"{pair.signal:<9}  {pair.expected:.3f} against {pair.other:.3f}"
        for pair in comparison.signals
    )
    return Text("\n".join(lines), "dim")


def _print(out: Console, text: Text, indent: int) -> None:
    """Wrapped to a terminal; in a pipe each line stays whole."""
    if out.is_terminal:
        out.print(Padding(text, (0, 0, 0, indent)))
    else:
        for line in text.plain.split("\n"):
            out.print(" " * indent + line, soft_wrap=True, markup=False)
