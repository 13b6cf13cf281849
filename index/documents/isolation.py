"""Load files in a separate process, which is restricted (index.documents.sandbox).

A file that makes a parser hang, crash or take too much memory costs only that file.
"""

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO, cast

from index.documents.content_codec import (
    Header,
    content_of,
    located_quote_of,
    read_message,
    write_message,
)
from index.documents.formats import Format
from index.documents.loader import Content, LoadOptions
from index.documents.rectangles import LocatedQuote
from index.errors import SkipKind, UnreadableDocument
from index.types import Span

TIMEOUT_S = 120.0
"""A file whose loader takes longer is skipped."""

_PATIENCE_S = 5.0
"""A process that closed its output ends within this time, so that its exit status is known."""


class ParserProcess:
    """A process that loads files, one at a time. It starts with the first file."""

    def __init__(self, timeout_s: float = TIMEOUT_S) -> None:
        self._timeout_s = timeout_s
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def load(self, format: Format, content: bytes, options: LoadOptions) -> Content:
        """Return what the format's loader returns for these bytes.

        Raises UnreadableDocument as the loader does; with kind `limit` if it takes too much time or
        memory, and `damaged` if its process crashes. The next file gets a new process then.
        """
        request: Header = {
            "loader": format.loader,
            "encoding": options.encoding,
            "fallback": options.fallback,
        }
        return content_of(*self._ask(request, content))

    def rectangles(self, format: Format, content: bytes, span: Span) -> LocatedQuote:
        """Return what the format's loader, a PageLoader, finds for this span. Raises as `load`."""
        request: Header = {"loader": format.loader, "span": [span.start, span.end]}
        header, _ = self._ask(request, content)
        return located_quote_of(header)

    def _ask(self, request: Header, content: bytes) -> tuple[Header, bytes]:
        with self._lock:
            header, payload = self._exchange(request, content)
        if "kind" in header:
            raise UnreadableDocument(str(header["reason"]), cast(SkipKind, header["kind"]))
        return header, payload

    def _exchange(self, request: Header, content: bytes) -> tuple[Header, bytes]:
        process = self._running()
        late = threading.Event()

        def stop() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(self._timeout_s, stop)
        timer.start()
        try:
            write_message(cast(BinaryIO, process.stdin), request, content)
            reply = read_message(cast(BinaryIO, process.stdout))
        except BrokenPipeError:
            reply = None
        except BaseException:  # the next request must not read the reply to this one
            self._stop()
            raise
        finally:
            timer.cancel()
        if reply is not None:
            return reply
        status = self._stop(patience_s=_PATIENCE_S)
        if late.is_set():
            raise UnreadableDocument(f"takes longer than {self._timeout_s:g} s to read", "limit")
        raise UnreadableDocument(f"cannot be parsed: its parser {_ending(status)}", "damaged")

    def _running(self) -> "subprocess.Popen[bytes]":
        if self._process is None or self._process.poll() is not None:
            self._stop()
            self._process = subprocess.Popen(
                # -P: a file of the user's folder is no module.
                [sys.executable, "-P", "-m", "index.documents.parse_worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C is for the process that started it
            )
            # Its first message says that it is ready: a file's time begins after that.
            read_message(cast(BinaryIO, self._process.stdout))
        return self._process

    def _stop(self, patience_s: float = 0.0) -> int:
        """End the process. Return its exit status; negative for a signal; 0 without a process.

        patience_s: how long to wait for it to end by itself
        """
        process, self._process = self._process, None
        if process is None:
            return 0
        try:
            process.wait(patience_s)
        except subprocess.TimeoutExpired:
            process.kill()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                _close(cast(BinaryIO, pipe))
        return process.wait()

    def kill(self) -> None:
        """End the process at once. A file that is being loaded fails."""
        process = self._process
        if process is not None:
            process.kill()
        self.close()

    def close(self) -> None:
        """End the process, if it runs, after the file that is being loaded."""
        with self._lock:
            self._stop()


def _close(pipe: BinaryIO) -> None:
    with suppress(BrokenPipeError):  # what was not written is of no use
        pipe.close()


def _ending(status: int) -> str:
    if status < 0:
        return f"was ended by {signal.Signals(-status).name}"
    return f"ended with status {status}"


_shared = ParserProcess()
"""The process of `load_isolated` and `rectangles_isolated`."""


def load_isolated(format: Format, content: bytes, options: LoadOptions) -> Content:
    """Load a file in the process that all callers share. Raises as ParserProcess.load."""
    return _shared.load(format, content, options)


def rectangles_isolated(format: Format, content: bytes, span: Span) -> LocatedQuote:
    """Find rectangles in the process that all callers share. Raises as ParserProcess.load."""
    return _shared.rectangles(format, content, span)


@contextmanager
def parsing() -> Iterator[None]:
    """End the shared process when the block ends."""
    try:
        yield
    finally:
        _shared.close()
