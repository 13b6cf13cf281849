"""Draw docs/search.svg: run COMMAND in a terminal and draw its output.

usage: python -m bench.draw.picture   (in the project's folder, after `rag ingest seeds`)
"""

import io
import os
import pty
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

COLUMNS = 96
COMMAND = [
    "rag",
    "search",
    "Why did the economy collapse when help from abroad stopped?",
    "-k",
    "2",
]


def run(command: list[str]) -> str:
    """Run a command in a pseudo-terminal; return its output, escape sequences included."""
    master, slave = pty.openpty()
    environment = os.environ | {"TERM": "xterm-256color", "COLUMNS": str(COLUMNS)}
    with subprocess.Popen(
        [sys.executable, "-m", f"{command[0]}.cli", *command[1:]],
        stdout=slave,
        stderr=subprocess.DEVNULL,
        env=environment,
    ):
        os.close(slave)
        received = b""
        try:
            while some := os.read(master, 65536):
                received += some
        except OSError:  # Linux raises EIO when the program has closed the terminal
            pass
    os.close(master)
    return received.decode()


def main() -> None:
    command_line = " ".join(f'"{word}"' if " " in word else word for word in COMMAND)
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True)
    console.print(Text(f"$ {command_line}\n", style="bold green"))
    console.print(Text.from_ansi(run(COMMAND).replace("\r\n", "\n")))
    target = Path(__file__).parents[2] / "docs" / "search.svg"
    target.write_text(console.export_svg(title="rag", unique_id="rag"), encoding="utf-8")


if __name__ == "__main__":
    main()
