"""News that a model is being compiled, which only the first use waits for.

`index.encode.compile` logs the start at INFO and the end at DEBUG.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rag.output.safe_output import on_one_line

_LOG = logging.getLogger("index.encode.compile")


def log_compiling() -> None:
    """Have the start logged, as a line on stderr."""
    _LOG.setLevel(logging.INFO)


@contextmanager
def compiling_shown(show: Callable[[str], None]) -> Iterator[None]:
    """Call `show` with the news in place of logging it, and with an empty text at the end."""

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
