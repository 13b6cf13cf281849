"""The measured tasks of this project. Each runs in its own process.

usage: python -m bench.tasks TASK     the job as JSON on stdin, the result as JSON on stdout
"""

import json
import resource
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from index.cores import cores
from index.ingest.ingest import ingest
from index.protocols import Embedder
from index.store.store import Store
from index.types import Span
from rag.models.load import load_model
from rag.pipeline import Pipeline
from rag.settings import Settings

_FIRST = "The first text takes longer than the others. It is not counted."
_MB = 2**20 if sys.platform == "darwin" else 2**10


@runtime_checkable
class ForwardPasses(Protocol):
    """An embedder whose model can be run without the rest of the encoder."""

    def tokenized(self, text: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the text's token ids (t,) and offsets (t, 2), special tokens included."""
        ...

    def forward(self, ids: NDArray[np.int64]) -> Any:
        """Run one forward pass in one thread. Safe to call from several threads at once."""
        ...


def ingest_folder(job: dict[str, Any]) -> dict[str, Any]:
    """Measure the seconds of a whole ingest with a warm encoder: reading, chunking, encoding,
    committing, and publishing FAISS and BM25."""
    embedder = warm_embedder()
    began = time.perf_counter()
    report = ingest(Path(job["index"]), [Path(job["documents"])], lambda: embedder)
    seconds = time.perf_counter() - began
    return {"seconds": seconds, "n_chunks": report.n_chunks, "peak_mb": _peak_mb()}


def forward(job: dict[str, Any]) -> dict[str, Any]:
    """Measure the seconds of the model's forward passes over an index's chunks, on all cores,
    without tokenization; None if the embedder has no bare forward pass."""
    embedder = warm_embedder()
    if not isinstance(embedder, ForwardPasses):
        return {"seconds": None}
    with closing(Store.open(Path(job["index"]))) as store:
        ids = [embedder.tokenized(text)[0] for text in _chunk_texts(store)]
    with ThreadPoolExecutor(cores()) as threads:
        began = time.perf_counter()
        for _ in threads.map(embedder.forward, sorted(ids, key=len, reverse=True)):
            pass
        return {"seconds": time.perf_counter() - began}


def _chunk_texts(store: Store) -> list[str]:
    ids = store.chunk_ids_of(row.row_id for row in store.records())
    return [text for _, text, _ in store.texts(ids)]


def query(job: dict[str, Any]) -> dict[str, Any]:
    """Measure each question's search time in ms, one by one, after the warm-up questions; and the
    time of its encoding alone."""
    settings = Settings.resolve(index=job["index"], rerank=job.get("rerank"))
    embedder = warm_embedder()
    with closing(Pipeline.open(settings, embedder)) as pipeline:
        for question in job["first"]:
            pipeline.search(question, job["k"])
        times = [_ms(partial(pipeline.search, each, job["k"])) for each in job["questions"]]
    encoding = [_ms(partial(embedder.encode_query, each)) for each in job["questions"]]
    return {"ms": times, "encoding_ms": encoding, "peak_mb": _peak_mb()}


def _ms(call: Callable[[], Any]) -> float:
    began = time.perf_counter()
    call()
    return (time.perf_counter() - began) * 1000


def encode(job: dict[str, Any]) -> dict[str, Any]:
    """Measure the seconds to encode the questions in batches: one batch after the other, or one
    batch a core; the smaller time counts."""
    embedder = warm_embedder()
    texts, size = job["questions"], job["batch"]
    batches = [texts[at : at + size] for at in range(0, len(texts), size)]
    return {"seconds": min(_seconds(embedder, batches, n) for n in (1, cores()))}


def _seconds(embedder: Embedder, batches: Sequence[list[str]], n_threads: int) -> float:
    with ThreadPoolExecutor(n_threads) as threads:
        began = time.perf_counter()
        for _ in threads.map(embedder.encode_queries, batches):
            pass
        return time.perf_counter() - began


def warm_embedder() -> Embedder:
    """Load the default model and run a first pass for a chunk and for a query."""
    embedder = load_model(Settings())
    embedder.encode([_FIRST], [[Span(0, len(_FIRST))]])
    embedder.encode_query(_FIRST)
    return embedder


def _peak_mb() -> float:
    """Return the peak resident memory in 2^20 bytes.

    ru_maxrss can include the parent's memory at the fork, so /proc/self/status is read first.
    """
    status = Path("/proc/self/status")
    if status.exists():
        lines = dict(line.partition(":")[::2] for line in status.read_text().splitlines())
        return int(lines["VmHWM"].split()[0]) / 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _MB


TASKS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "ingest": ingest_folder,
    "forward": forward,
    "query": query,
    "encode": encode,
}


if __name__ == "__main__":
    print(json.dumps(TASKS[sys.argv[1]](json.load(sys.stdin))))
