"""Measure how fast files are loaded: `python -m bench.formats PATH...`.

Loads each file under the paths that has a supported format, in this process, and prints for each
format the number of files, their size, the processor time, files and MB per second of it, the size
of the texts, and how many files were refused, by the kind of the reason.
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from index.documents.formats import Format, format_of_file
from index.documents.load import read_file
from index.documents.loader import LoadOptions, loader_of
from index.errors import UnreadableDocument


@dataclass(slots=True)
class Tally:
    """The files of a format. refused: how many for each kind of reason."""

    n_files: int = 0
    n_bytes: int = 0
    n_characters: int = 0
    seconds: float = 0.0
    refused: Counter[str] = field(default_factory=Counter)


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.formats", description=__doc__)
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH")
    parser.add_argument("--list", action="store_true", help="print each file that is refused")
    arguments = parser.parse_args()
    tallies: dict[str, Tally] = {}
    for path in files_under(arguments.paths):
        format = format_of_file(path)
        if format is not None:
            refusal = load(path, format, tallies.setdefault(format.name, Tally()))
            if refusal and arguments.list:
                print(f"{path}: {refusal}", file=sys.stderr)
    print(table(tallies))


def files_under(paths: Iterable[Path]) -> Iterator[Path]:
    """Yield the files of these paths, in order of their names."""
    for path in paths:
        yield from sorted(each for each in path.rglob("*") if each.is_file()) or [path]


def load(path: Path, format: Format, tally: Tally) -> str | None:
    """Load a file and count it. Return the reason if it is refused."""
    tally.n_files += 1
    try:
        file = read_file(path)
        tally.n_bytes += len(file.content)
        loader = loader_of(format)
        began = time.process_time()
        try:
            content = loader.load(file.content, LoadOptions())
        finally:
            tally.seconds += time.process_time() - began
    except UnreadableDocument as error:
        tally.refused[error.kind] += 1
        return f"{error.kind}: {error}"
    tally.n_characters += len(content.text)
    return None


def table(tallies: dict[str, Tally]) -> str:
    """Return the table of all formats, in Markdown."""
    lines = [
        "| format | files | MB | s | files/s | MB/s | MB of text | refused |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, each in tallies.items():
        seconds = each.seconds or 1e-9
        refused = ", ".join(f"{n} {kind}" for kind, n in sorted(each.refused.items())) or "0"
        lines.append(
            f"| {name} | {each.n_files:,} | {each.n_bytes / 1e6:,.1f} | {each.seconds:,.1f} "
            f"| {each.n_files / seconds:,.0f} | {each.n_bytes / 1e6 / seconds:,.1f} "
            f"| {each.n_characters / 1e6:,.1f} | {refused} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
