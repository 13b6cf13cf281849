"""txtai with vectors and BM25, combined as in its documentation. Runs in its own environment and
imports nothing of this project.

usage: python txtai_hybrid.py save|query     the job as JSON on stdin, the result as JSON on stdout
"""

import json
import sys
import time
from typing import Any


def save(job: dict[str, Any]) -> dict[str, Any]:
    """Write an index of the passages to a folder, for `query`."""
    from txtai import Embeddings

    embeddings = Embeddings(path=job["model"], content=True, hybrid=True)
    embeddings.index([(row, passage, None) for row, passage in enumerate(job["passages"])])
    embeddings.save(job["folder"])
    return {"n_passages": embeddings.count()}


def query(job: dict[str, Any]) -> dict[str, Any]:
    """Measure each question's search time in ms, one by one, after the warm-up questions."""
    from txtai import Embeddings

    embeddings = Embeddings()
    embeddings.load(job["folder"])
    for question in job["first"]:
        embeddings.search(question, job["k"])
    times = []
    for question in job["questions"]:
        began = time.perf_counter()
        embeddings.search(question, job["k"])
        times.append((time.perf_counter() - began) * 1000)
    return {"ms": times}


if __name__ == "__main__":
    print(json.dumps({"save": save, "query": query}[sys.argv[1]](json.load(sys.stdin))))
