"""A process that opens an index and answers questions: how long it takes, and what memory.

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


def answered(job: dict[str, Any]) -> dict[str, Any]:
    """Milliseconds of each question, once, in their order; those `first` are not counted. Memory
    is resident: `own` is this process's alone, `mapped` are files that processes share."""
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
    """In 2^20 bytes; empty where the system does not say."""
    if not _STATUS.exists():
        return {}
    lines = (line.split() for line in _STATUS.read_text().splitlines())
    sizes = {words[0].rstrip(":"): words[1] for words in lines if len(words) == 3}
    return {name: int(sizes[kind]) / 2**10 for kind, name in _KINDS.items() if kind in sizes}


if __name__ == "__main__":
    print(json.dumps(answered(json.load(sys.stdin))))
