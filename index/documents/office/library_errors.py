"""Turn the exceptions of the libraries that read Office files into UnreadableDocument."""

from collections.abc import Iterator
from contextlib import contextmanager

from index.errors import UnreadableDocument

_PANIC = "PanicException"
"""The name of PyO3's exception for a panic in Rust. It is no Exception, and cannot be imported."""


@contextmanager
def library_errors(kind: str) -> Iterator[None]:
    """Raise UnreadableDocument (`damaged`) for any other exception within.

    The libraries raise many types, also KeyError and AttributeError, for files that are damaged in
    ways that they do not expect.

    kind: of the file, for the message: `a Word document`
    """
    try:
        yield
    except (UnreadableDocument, MemoryError, KeyboardInterrupt, SystemExit):
        raise
    except RecursionError:
        raise UnreadableDocument(
            f"not {kind} that can be read: nested too deep", "damaged"
        ) from None
    except BaseException as error:
        if not isinstance(error, Exception) and type(error).__name__ != _PANIC:
            raise
        reason = str(error).strip().split("\n")[0][:200] or type(error).__name__
        raise UnreadableDocument(f"not {kind} that can be read: {reason}", "damaged") from error
