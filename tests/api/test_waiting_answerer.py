"""A waiting answerer does not delay searches or new generations."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from api.service import ANSWERS_AT_ONCE, SEARCHES_AT_ONCE
from fakes import HashEmbedder
from index.backends import backend_at
from index.documents.load import document_of
from index.ingest.ingest import ingest_documents
from rag.answer.answerer import Part
from rag.answer.extract import ExtractiveAnswerer
from rag.pipeline import Pipeline
from rag.results import AnswerSentence
from serving import serving


class SlowAnswerer:
    """Quotes like the extractive answerer, after it is released."""

    waits = True

    def __init__(self) -> None:
        self.started = threading.Semaphore(0)
        self.proceed = threading.Event()

    def answer(self, parts: Sequence[Part]) -> list[AnswerSentence]:
        self.started.release()
        assert self.proceed.wait(30)
        return ExtractiveAnswerer().answer(parts)


def test_searches_and_refreshes_continue_while_answers_wait(tmp_path: Path) -> None:
    text = "Aid came in winter."
    document = document_of(text, "d", media_type="text/plain", name="d")
    ingest_documents(tmp_path, [document], HashEmbedder())
    slow = SlowAnswerer()
    pipeline = Pipeline(backend_at(tmp_path), HashEmbedder(), answerer=slow)
    n_asked = SEARCHES_AT_ONCE + 2
    assert n_asked <= ANSWERS_AT_ONCE
    with serving(pipeline) as client, ThreadPoolExecutor(n_asked) as threads:
        answers = [
            threads.submit(client.post, "/v1/ask", json={"query": "aid came in winter" + "?" * i})
            for i in range(n_asked)
        ]
        for _ in answers:
            assert slow.started.acquire(timeout=30)
        assert client.post("/v1/search", json={"query": "winter"}).json()["passages"]
        changed = document_of("Grain came.", "d", media_type="text/plain", name="d")
        ingest_documents(tmp_path, [changed], HashEmbedder())
        assert pipeline.refresh() or pipeline.generation == 2
        result = client.post("/v1/search", json={"query": "grain"}).json()
        assert result["passages"][0]["text"] == "Grain came."
        slow.proceed.set()
        for answer in answers:
            assert answer.result().json()["text"] == text
