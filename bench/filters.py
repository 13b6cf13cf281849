"""Measure searches with filters of many patterns: `python -m bench.filters`.

The index has 4,000 documents of one passage each. The search uses BM25 alone, so that the filter
takes most of the time. Prints the median of 7 rounds in ms, without and with another busy Python
thread.
"""

import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import chdir, closing, contextmanager
from itertools import count
from pathlib import Path
from statistics import median

from rag.ingest import ingest_paths
from rag.pipeline import Pipeline
from rag.results import Filter
from rag.settings import Settings

N_DOCUMENTS, N_PATTERNS, N_ROUNDS = 4000, 1000, 7
QUESTION = "Which aid came?"

FILTERS = {
    "no filter": None,
    "ids": [f"manuals/part-{i % 40}/chapter-{i:04d}.md" for i in range(N_PATTERNS)],
    "beginnings, as a*": [f"manuals/part-{i % 40}/chapter-{i:04d}*" for i in range(N_PATTERNS)],
    "middles, as a?b*c": [f"manuals/part-{i % 40}/chapter-{i:03d}?.*d" for i in range(N_PATTERNS)],
    "ends, as *a": [f"*-{i:04d}.md" for i in range(N_PATTERNS)],
    "parts, as *a*": [f"*-{i:04d}.*" for i in range(N_PATTERNS)],
    "nothing that exists": [f"other-{i}/*.txt" for i in range(N_PATTERNS)],
}


def main() -> None:
    with (
        tempfile.TemporaryDirectory(prefix="rag-filters-") as scratch,
        chdir(scratch),
        _index() as pipeline,
    ):
        print(f"{'filter':<24} {'alone':>10} {'beside':>10} {'passages':>10}")
        for name, texts in FILTERS.items():
            alone, n_passages = _median_ms(pipeline, texts)
            with _busy():
                beside, _ = _median_ms(pipeline, texts)
            print(f"{name:<24} {alone:>10.1f} {beside:>10.1f} {n_passages:>10}")


@contextmanager
def _index() -> Iterator[Pipeline]:
    for i in range(N_DOCUMENTS):
        path = Path("manuals") / f"part-{i % 40}" / f"chapter-{i:04d}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"Aid number {i} came.\n", encoding="utf-8")
    settings = Settings.resolve(index=Path("index"))
    ingest_paths(settings, [Path("manuals")])
    with closing(Pipeline.open(settings, lexical=True)) as pipeline:
        yield pipeline


def _median_ms(pipeline: Pipeline, texts: list[str] | None) -> tuple[float, int]:
    """Return the median time in ms, and the number of passages of the last search."""
    times, n_passages = [], 0
    for _ in range(N_ROUNDS):
        began = time.perf_counter()
        filter = None if texts is None else Filter(doc_id=texts)
        n_passages = len(pipeline.search(QUESTION, 100, filter).passages)
        times.append((time.perf_counter() - began) * 1000)
    return median(times), n_passages


@contextmanager
def _busy() -> Iterator[None]:
    """Run another busy Python thread during the block."""
    stop = threading.Event()

    def run() -> None:
        for _ in count():
            if stop.is_set():
                return

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


if __name__ == "__main__":
    main()
