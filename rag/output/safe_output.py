"""What may be written to a terminal. All that a command prints goes through here or through
rag.output.terminal.console, and all that is logged through PrintableFormatter.

A document, a file's name or an argument must not be able to steer the terminal, nor to turn text
around. Controls, bidi and other format characters, surrogates, unassigned characters and line ends
other than \\n are replaced; U+200C and U+200D stay, which Persian, Indic scripts and emoji need.
"""

import logging
import sys
from functools import cache
from typing import TYPE_CHECKING, Any

from rag.output.streams import tell

if TYPE_CHECKING:
    import regex

_REPLACEMENT = "\ufffd"


@cache
def _unprintable() -> "regex.Pattern[str]":
    # Imported when it is needed: a short command never does.
    import regex

    return regex.compile(r"[[\p{C}\p{Zl}\p{Zp}]--[\n\t\u200c\u200d]]", regex.VERSION1)


def printable(text: str) -> str:
    """Text as it can be printed, of the same length."""
    return text if text.isprintable() else _unprintable().sub(_REPLACEMENT, text)


def on_one_line(text: str) -> str:
    """A name, or a reason with one, as it can be printed: it may hold a line end as well."""
    return printable(text).replace("\n", _REPLACEMENT).replace("\t", _REPLACEMENT)


def printable_json(text: str) -> str:
    """JSON of the same value, with `\\u` escapes for what may not be printed.

    >>> printable_json('{"a": "\\x9b\\U000e0001"}')
    '{"a": "\\\\u009b\\\\udb40\\\\udc01"}'
    """
    return text if text.isprintable() else _unprintable().sub(_escape, text)


def _escape(found: "regex.Match[str]") -> str:
    units = found[0].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i : i + 2].hex()}" for i in range(0, len(units), 2))


def say(text: str) -> None:
    """Print lines to stdout."""
    # Not with typer.echo, which writes UTF-8 where ASCII is asked for.
    print(printable(text), flush=True)


def say_json(text: str) -> None:
    """Print JSON to stdout."""
    print(printable_json(text), flush=True)


def complain(text: str) -> None:
    """Print one line to stderr, as far as that can be written to."""
    tell(on_one_line(text))


def confirmed(question: str) -> bool:
    """Whether the answer to a question, on a terminal, is yes."""
    print(f"{on_one_line(question)} [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


class PrintableFormatter(logging.Formatter):
    """Each record's message on one line; a traceback on several."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802
        record.message = on_one_line(record.message.rstrip())
        return super().formatMessage(record)

    def formatException(self, ei: Any) -> str:  # noqa: N802
        return printable(super().formatException(ei))
