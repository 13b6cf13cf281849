"""Tell the user that a model is being compiled: the first use of a model waits for that.

`index.encode.compiled_cache` logs the start at INFO and the end at DEBUG.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rag.output.safe_output import on_one_line

_LOG = logging.getLogger("index.encode.compile")


def log_compiling() -> None:
    """Log a line on stderr when a compilation starts."""
    _LOG.setLevel(logging.INFO)


@contextmanager
def show_compilation(show: Callable[[str], None]) -> Iterator[None]:
    """Call `show` with a line when a compilation starts, and with an empty text when it ends. These
    messages are not logged then."""

    def divert(record: logging.LogRecord) -> bool:
        if record.levelno > logging.INFO:
            return True
        show(on_one_line(record.getMessage()) if record.levelno == logging.INFO else "")
        return False

    level = _LOG.level
    _LOG.setLevel(logging.DEBUG)
    _LOG.addFilter(divert)
    try:
        yield
    finally:
        _LOG.removeFilter(divert)
        _LOG.setLevel(level)
