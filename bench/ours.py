"""What is measured of this project, each in a process of its own.

usage: python -m bench.ours TASK     the job as JSON on stdin, the result as JSON on stdout
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
    """An embedder that lets its model be run on its own."""

    def tokenized(self, text: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """What the model reads of a text, special tokens included: ids (t,) and offsets (t, 2)."""
        ...

    def forward(self, ids: NDArray[np.int64]) -> Any:
        """One pass of the model in one thread, and nothing else; many threads may, at once."""
        ...


def ingest_folder(job: dict[str, Any]) -> dict[str, Any]:
    """Seconds of a whole ingest, the encoder warm: reading, chunking, encoding, committing, and
    publishing FAISS and BM25."""
    embedder = warm_embedder()
    began = time.perf_counter()
    report = ingest(Path(job["index"]), [Path(job["documents"])], lambda: embedder)
    seconds = time.perf_counter() - began
    return {"seconds": seconds, "n_chunks": report.n_chunks, "peak_mb": _peak_mb()}


def forward(job: dict[str, Any]) -> dict[str, Any]:
    """Seconds that the model's bare passes take over an index's chunks, on all cores, from their
    token ids on; null if the embedder cannot run the model on its own."""
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
    """Milliseconds of each question, one by one, after some that are not counted; and of their
    encoding alone."""
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
    """Seconds to encode the questions in batches: one batch after the other, or a batch a core,
    whichever takes less."""
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
    """The default model, loaded, after a first pass for a chunk and one for a query."""
    embedder = load_model(Settings())
    embedder.encode([_FIRST], [[Span(0, len(_FIRST))]])
    embedder.encode_query(_FIRST)
    return embedder


def _peak_mb() -> float:
    """Resident memory. What the kernel counts for its parent may hold that of who started it, so
    the process's own account comes first, where there is one."""
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
