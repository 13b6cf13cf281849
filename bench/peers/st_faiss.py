"""sentence-transformers + FAISS, combined in the usual way. Runs in its own environment and imports
nothing of this project.

usage: python st_faiss.py ingest|save        the job as JSON on stdin, the result as JSON on stdout
       python st_faiss.py ask MODEL FOLDER QUESTION
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

BATCH = 32


def load(model: str) -> Any:
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(model, device="cpu")


def encode(model: Any, texts: list[str]) -> Any:
    return model.encode(texts, batch_size=BATCH, normalize_embeddings=True, show_progress_bar=False)


def build_index(model: Any, passages: list[str]) -> Any:
    import faiss

    index = faiss.IndexFlatIP(model.get_embedding_dimension())
    index.add(encode(model, passages))
    return index


def ingest(job: dict[str, Any]) -> dict[str, Any]:
    """Measure the seconds to encode the passages and add their vectors to FAISS, model warm."""
    model = load(job["model"])
    build_index(model, job["passages"][:BATCH])
    began = time.perf_counter()
    index = build_index(model, job["passages"])
    return {"seconds": time.perf_counter() - began, "n_passages": index.ntotal}


def save(job: dict[str, Any]) -> dict[str, Any]:
    """Write an index and its passages to a folder, for `ask`."""
    import faiss

    folder = Path(job["folder"])
    index = build_index(load(job["model"]), job["passages"])
    faiss.write_index(index, str(folder / "vectors.faiss"))
    (folder / "passages.json").write_text(json.dumps(job["passages"]), encoding="utf-8")
    return {"n_passages": index.ntotal}


def ask(name: str, folder: Path, question: str) -> None:
    """Print the passage nearest to the question."""
    import faiss

    model = load(name)
    index = faiss.read_index(str(folder / "vectors.faiss"))
    _, rows = index.search(encode(model, [question]), 10)
    passages = json.loads((folder / "passages.json").read_text(encoding="utf-8"))
    print(passages[rows[0][0]])


if __name__ == "__main__":
    if sys.argv[1] == "ask":
        ask(sys.argv[2], Path(sys.argv[3]), sys.argv[4])
    else:
        print(json.dumps({"ingest": ingest, "save": save}[sys.argv[1]](json.load(sys.stdin))))
