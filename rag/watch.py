"""Keep an index up to date with folders."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Unpack

from index.errors import RagError
from index.ingest.file_events import file_events
from index.ingest.progress import Report
from index.ingest.selection import Selection
from rag.ingest import Ingester, IngestOptions
from rag.settings import Settings

_FIRST_RETRY_S = 5.0
_LAST_RETRY_S = 300.0
"""The wait before a retry doubles between these."""


@dataclass(frozen=True, slots=True)
class Batch:
    """The result of one ingest.

    report:  None if it failed
    error:   the reason; None if it did not fail
    retry_s: seconds until it is tried again, unless something changes before
    seconds: that it took
    """

    report: Report | None
    error: str | None
    retry_s: float
    seconds: float


def watch_paths(
    settings: Settings, paths: list[Path], **options: Unpack[IngestOptions]
) -> Iterator[Batch]:
    """Ingest these folders, then again after each batch of changes, and each `reconcile_s` seconds.

    Documents whose files are deleted are removed; those whose files are ignored now are not. The
    model stays loaded. The iterator never ends.

    Raises a RagError if the first ingest fails; a later failure is a Batch, and is tried again.
    """
    selection = options.setdefault("selection", Selection())
    options |= {"prune": True, "keep_ignored": True}
    ingester = Ingester(settings)
    events = file_events(paths, settings.index, selection)
    next(events)  # from here on no change is missed
    batch = _run(ingester, lambda: ingester.ingest(paths, **options), None)
    yield batch
    last = time.monotonic()
    for changed in events:
        wait_s = settings.reconcile_s if batch.error is None else batch.retry_s
        if changed or time.monotonic() >= last + wait_s:
            batch = _run(ingester, lambda: ingester.ingest(paths, **options), batch)
            yield batch
            last = time.monotonic()


def _run(ingester: Ingester, ingest: Callable[[], Report], former: Batch | None) -> Batch:
    began = time.perf_counter()
    try:
        return Batch(ingest(), None, 0, time.perf_counter() - began)
    except (RagError, OSError) as error:
        if former is None:
            raise
        ingester.forget_model()  # the index may have been built again with another
        wait_s = min(max(2 * former.retry_s, _FIRST_RETRY_S), _LAST_RETRY_S)
        return Batch(None, str(error), wait_s, time.perf_counter() - began)
