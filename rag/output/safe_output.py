"""Make text safe to print. Commands print through this module or rag.output.terminal.console; log
messages are formatted by PrintableFormatter.

A document, a file name or an argument must not be able to control the terminal or to reverse text.
So control characters, bidirectional and other format characters, surrogates, unassigned characters,
and line separators other than \\n are replaced. U+200C and U+200D are kept: Persian, Indic scripts
and emoji need them.
"""

import logging
import sys
from functools import cache
from typing import TYPE_CHECKING, Any

from rag.output.streams import write_stderr

if TYPE_CHECKING:
    import regex

_REPLACEMENT = "\ufffd"


@cache
def _unprintable() -> "regex.Pattern[str]":
    # Imported here, because short commands never need it.
    import regex

    return regex.compile(r"[[\p{C}\p{Zl}\p{Zp}]--[\n\t\u200c\u200d]]", regex.VERSION1)


def printable(text: str) -> str:
    """Return the text with unsafe characters replaced. It has the same length."""
    return text if text.isprintable() else _unprintable().sub(_REPLACEMENT, text)


def on_one_line(text: str) -> str:
    """Return the text with unsafe characters, line ends and tabs replaced. File names may contain
    these. It has the same length."""
    return printable(text).replace("\n", _REPLACEMENT).replace("\t", _REPLACEMENT)


def printable_json(text: str) -> str:
    """Return JSON of the same value, with `\\u` escapes in place of unsafe characters.

    >>> printable_json('{"a": "\\x9b\\U000e0001"}')
    '{"a": "\\\\u009b\\\\udb40\\\\udc01"}'
    """
    return text if text.isprintable() else _unprintable().sub(_escape, text)


def _escape(match: "regex.Match[str]") -> str:
    units = match[0].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i : i + 2].hex()}" for i in range(0, len(units), 2))


def say(text: str) -> None:
    """Print lines to stdout."""
    # Not typer.echo: it writes UTF-8 even if the stream's encoding is ASCII.
    print(printable(text), flush=True)


def say_json(text: str) -> None:
    """Print JSON to stdout."""
    print(printable_json(text), flush=True)


def complain(text: str) -> None:
    """Print one line to stderr. An error in writing is ignored."""
    write_stderr(on_one_line(text))


def ask_line(prompt: str) -> str:
    """Ask for a line on the terminal. Return it stripped; empty at the end of the input."""
    print(f"{on_one_line(prompt)} ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip()


def ask_yes_no(question: str) -> bool:
    """Ask a question on the terminal. Return whether the answer is yes."""
    return ask_line(f"{question} [y/N]").lower() in ("y", "yes")


class PrintableFormatter(logging.Formatter):
    """Formats a message as one safe line; a traceback keeps its lines."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802
        record.message = on_one_line(record.message.rstrip())
        return super().formatMessage(record)

    def formatException(self, ei: Any) -> str:  # noqa: N802
        return printable(super().formatException(ei))
