"""Standard input, output and error, whatever they are connected to: nothing, a full disk, a reader
that leaves, or an encoding that lacks a character."""

import codecs
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any

from index.errors import RagError

_ESCAPED = "rag.escaped"


class OutputLost(RagError, OSError):
    """What a command prints cannot be written, as when the disk is full."""


class _Output(io.FileIO):
    """Standard output or error. An error in writing is told from one of other files: it is an
    OutputLost, unless it says that the reader has left (BrokenPipeError)."""

    def write(self, some: Any, /) -> int | None:  # type: ignore[override]
        try:
            return super().write(some)
        except BrokenPipeError:
            raise
        except OSError as error:
            why = error.strerror or str(error)
            raise OutputLost(
                f"the output could not be written: {why}; send it elsewhere"
            ) from error


def prepare_streams() -> None:
    """Make the three usable. To be called before any file is opened: a database that got the number
    of a closed standard error would have messages written into it."""
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        try:
            os.fstat(number)
        except OSError:  # closed: the lowest free number is this one
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115
    codecs.register_error(_ESCAPED, _escaped)
    sys.stdout, sys.stderr = _prepared(sys.stdout), _prepared(sys.stderr)


def _prepared(stream: Any) -> Any:
    """The same stream, on which no character is an error; left as it is if it is no file."""
    if not isinstance(stream, io.TextIOWrapper):
        return stream
    raw = _Output(stream.fileno(), "w", closefd=False)
    unbuffered = isinstance(stream.buffer, io.RawIOBase)
    return io.TextIOWrapper(
        raw if unbuffered else io.BufferedWriter(raw),
        encoding=stream.encoding,
        errors=_ESCAPED,
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )


def _escaped(error: UnicodeError) -> tuple[str, int]:
    r"""Characters that an encoding lacks as `\uXXXX`, which JSON reads too; beyond U+FFFF as two.

    >>> codecs.register_error("rag.escaped", _escaped)
    >>> "Grüße 😀".encode("ascii", "rag.escaped")
    b'Gr\\u00fc\\u00dfe \\ud83d\\ude00'
    """
    if not isinstance(error, UnicodeEncodeError):
        raise error
    characters = error.object[error.start : error.end]
    units = characters.encode("utf-16-be", "surrogatepass")
    pairs = (units[i : i + 2].hex() for i in range(0, len(units), 2))
    return "".join(rf"\u{pair}" for pair in pairs), error.end


@contextmanager
def flushed_output() -> Iterator[None]:
    """Flush standard output at the end, also where another error ends the block.

    Raises OutputLost if it cannot be written to, BrokenPipeError if its reader has left.
    """
    try:
        try:
            yield
        finally:
            sys.stdout.flush()
    except OutputLost:
        silence(sys.stdout)
        raise


def tell(line: str) -> None:
    """Print a line on standard error, as far as that can be written to."""
    try:
        print(line, file=sys.stderr, flush=True)
    except OSError:
        silence(sys.stderr)


def silence(stream: IO[str]) -> None:
    """Drop what a stream still holds, and all that is written to it from now on: Python writes the
    rest at the end of the process, and ends with another status if it cannot."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, stream.fileno())
    os.close(null)
    with suppress(OSError):
        stream.flush()
