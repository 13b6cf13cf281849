"""The end of a process that was told to stop, whatever still hangs in it."""

import logging
import os
import sys
import threading
import time
import traceback

GRACE_S = 8.0
"""How long a stop may take: 2 s for requests under way, the rest for a look at the index that is
under way. A service manager commonly kills after 10 s or more."""

_log = logging.getLogger(__name__)


def end_after(signal_number: int, grace_s: float = GRACE_S) -> None:
    """End this process hard if it still runs then, with the status of one that the signal ended.

    Nothing is lost: the index is only read here. Returns at once.
    """
    thread = threading.Thread(target=_end, args=(signal_number, grace_s), daemon=True)
    thread.start()


def _end(signal_number: int, grace_s: float) -> None:
    time.sleep(grace_s)
    _log.error("Still busy %g s after the signal to stop; ending at once: %s", grace_s, _busy())
    logging.shutdown()
    os._exit(128 + signal_number)


def _busy() -> str:
    """Where each other thread is, the innermost call."""
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    places = [
        f"{names.get(ident, ident)} in {last.name} ({last.filename}:{last.lineno})"
        for ident, frame in sys._current_frames().items()
        if ident != threading.get_ident()
        for last in traceback.extract_stack(frame, limit=1)
    ]
    return "; ".join(places)
