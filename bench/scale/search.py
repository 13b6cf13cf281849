"""Open an index and search it in this process; measure time and memory.

usage: python -m bench.scale.search     the job as JSON on stdin, the result as JSON on stdout
"""

import json
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from rag.models.load import load_model
from rag.pipeline import Pipeline
from rag.settings import Settings

_STATUS = Path("/proc/self/status")
_KINDS = {"VmRSS": "resident_mb", "RssAnon": "own_mb", "RssFile": "mapped_mb"}


def time_questions(job: dict[str, Any]) -> dict[str, Any]:
    """Measure each question's search time in ms, once, after the warm-up questions.

    Memory is resident, in 2^20 bytes: `own_mb` belongs to this process alone, `mapped_mb` are files
    that processes share; `before` is the memory before the index is opened.
    """
    settings = Settings.resolve(index=job["index"])
    embedder = load_model(settings)
    embedder.encode_query("The first takes longer than the others.")
    before = memory()
    began = time.perf_counter()
    with closing(Pipeline.over(settings.index, embedder, settings.ranking)) as pipeline:
        open_s = time.perf_counter() - began
        for question in job["first"]:
            pipeline.search(question, job["k"])
        times = []
        for question in job["questions"]:
            began = time.perf_counter()
            pipeline.search(question, job["k"])
            times.append((time.perf_counter() - began) * 1000)
        after = memory()
    return {"open_s": open_s, "ms": times, "before": before, **after}


def memory() -> dict[str, float]:
    """Return this process's memory in 2^20 bytes; empty without /proc/self/status."""
    if not _STATUS.exists():
        return {}
    lines = (line.split() for line in _STATUS.read_text().splitlines())
    sizes = {words[0].rstrip(":"): words[1] for words in lines if len(words) == 3}
    return {name: int(sizes[kind]) / 2**10 for kind, name in _KINDS.items() if kind in sizes}


if __name__ == "__main__":
    print(json.dumps(time_questions(json.load(sys.stdin))))
