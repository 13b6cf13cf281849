"""End a process that still runs some seconds after a signal to stop."""

import logging
import os
import sys
import threading
import time
import traceback

GRACE_S = 8.0
"""Seconds that a stop may take: 2 s for running requests, the rest for a running refresh of the
index. Service managers commonly kill a process after 10 s or more."""

_log = logging.getLogger(__name__)


def end_after(signal_number: int, grace_s: float = GRACE_S) -> None:
    """Start a thread that ends this process after `grace_s` seconds with the status 128 + signal.

    No data can be lost: the server changes the index in transactions, and acknowledges a change
    after its commit.
    """
    thread = threading.Thread(target=_end, args=(signal_number, grace_s), daemon=True)
    thread.start()


def _end(signal_number: int, grace_s: float) -> None:
    time.sleep(grace_s)
    _log.error("Still busy %g s after the signal to stop; ending at once: %s", grace_s, _busy())
    logging.shutdown()
    os._exit(128 + signal_number)


def _busy() -> str:
    """Return the innermost call of each other thread."""
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    places = [
        f"{names.get(ident, ident)} in {last.name} ({last.filename}:{last.lineno})"
        for ident, frame in sys._current_frames().items()
        if ident != threading.get_ident()
        for last in traceback.extract_stack(frame, limit=1)
    ]
    return "; ".join(places)
