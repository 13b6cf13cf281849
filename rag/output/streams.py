"""Make standard input, output and error work when they are closed, on a full disk, a closed pipe,
or in an encoding that lacks a character."""

import codecs
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any

from index.errors import RagError

_ESCAPE_ERRORS = "rag.escaped"


class OutputLost(RagError, OSError):
    """A command's output cannot be written, for example because the disk is full."""


class _StandardOutput(io.FileIO):
    """Standard output or error. An error in writing raises OutputLost, which no other file raises;
    a closed pipe raises BrokenPipeError."""

    def write(self, data: Any, /) -> int | None:  # type: ignore[override]
        try:
            return super().write(data)
        except BrokenPipeError:
            raise
        except OSError as error:
            reason = error.strerror or str(error)
            raise OutputLost(
                f"the output could not be written: {reason}; write it to another place"
            ) from error


def prepare_streams() -> None:
    """Open the closed ones among the three streams on /dev/null, and escape characters that an
    encoding lacks.

    Call this before any file is opened. Otherwise a database could get the file descriptor of a
    closed standard error, and messages would be written into it.
    """
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        try:
            os.fstat(number)
        except OSError:  # closed: this is the lowest free descriptor, so os.open returns it
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115
    codecs.register_error(_ESCAPE_ERRORS, _escape)
    sys.stdout, sys.stderr = _wrap(sys.stdout), _wrap(sys.stderr)


def _wrap(stream: Any) -> Any:
    """Return a stream on the same descriptor that escapes characters its encoding lacks. A stream
    that is not a TextIOWrapper is returned unchanged."""
    if not isinstance(stream, io.TextIOWrapper):
        return stream
    raw = _StandardOutput(stream.fileno(), "w", closefd=False)
    unbuffered = isinstance(stream.buffer, io.RawIOBase)
    return io.TextIOWrapper(
        raw if unbuffered else io.BufferedWriter(raw),
        encoding=stream.encoding,
        errors=_ESCAPE_ERRORS,
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )


def _escape(error: UnicodeError) -> tuple[str, int]:
    r"""Replace characters that an encoding lacks by `\uXXXX`, which is valid in JSON strings;
    characters above U+FFFF become two of these.

    >>> codecs.register_error("rag.escaped", _escape)
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
    """Flush standard output when the block ends, also after an error.

    Raises OutputLost if it cannot be written, BrokenPipeError if its reader has closed the pipe.
    """
    try:
        try:
            yield
        finally:
            sys.stdout.flush()
    except OutputLost:
        silence(sys.stdout)
        raise


def write_stderr(line: str) -> None:
    """Print a line to standard error. An error in writing is ignored."""
    try:
        print(line, file=sys.stderr, flush=True)
    except OSError:
        silence(sys.stderr)


def silence(stream: IO[str]) -> None:
    """Discard a stream's buffer and all later output. Otherwise Python would write the buffer at
    exit, and change the exit status if that fails."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, stream.fileno())
    os.close(null)
    with suppress(OSError):
        stream.flush()
