"""Queries of many threads are encoded together. The fake waits for signals, never for the clock."""

import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import pytest

from fakes import HashEmbedder
from index.errors import BadInput, Overloaded
from index.types import QueryEncoding
from rag.models.query_batching import BatchingEmbedder
from serving import PATIENCE_S, until


class Gated(HashEmbedder):
    """It records each run and holds it until it is released. A text with `fail` raises an error."""

    def __init__(self) -> None:
        super().__init__()
        self.runs: list[list[str]] = []
        self.at_once = 0
        self.most_at_once = 0
        self._held = threading.Semaphore(0)
        self._counting = threading.Lock()

    def let_go(self, n: int = 1) -> None:
        self._held.release(n)

    def encode_query(self, text: str) -> QueryEncoding:
        return self._run([text])[0]

    def encode_queries(self, texts: Sequence[str]) -> list[QueryEncoding]:
        return self._run(list(texts))

    def _run(self, texts: list[str]) -> list[QueryEncoding]:
        with self._counting:
            self.runs.append(texts)
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        assert self._held.acquire(timeout=PATIENCE_S)
        with self._counting:
            self.at_once -= 1
        for text in texts:
            if "fail" in text:
                raise BadInput(text)
        return [HashEmbedder.encode_query(self, text) for text in texts]


class Crowd:
    """Threads that each ask one question; the first holds the model."""

    def __init__(self, **limits: int) -> None:
        self.gated = Gated()
        self.batching = BatchingEmbedder(self.gated, **limits)
        self.asked: list[Future[list[QueryEncoding]]] = []
        self.threads = ThreadPoolExecutor(32)

    def ask(self, *texts: str) -> Future[list[QueryEncoding]]:
        """Ask from a thread; return once its question waits or its run has begun."""
        n_before = self._n_known
        future = self.threads.submit(self.batching.encode_queries, list(texts))
        until(lambda: self._n_known == n_before + len(texts))
        self.asked.append(future)
        return future

    @property
    def _n_known(self) -> int:
        return sum(map(len, self.gated.runs)) + self.batching.n_waiting


def same(one: QueryEncoding, other: QueryEncoding) -> bool:
    return np.array_equal(one.vector, other.vector) and one.offsets == other.offsets


def test_a_query_that_finds_the_model_free_runs_at_once_in_its_own_thread() -> None:
    before = threading.active_count()
    gated = Gated()
    gated.let_go()
    made = BatchingEmbedder(gated).encode_query("who pays")
    assert same(made, HashEmbedder().encode_query("who pays"))
    assert gated.runs == [["who pays"]]
    assert threading.active_count() == before


def test_waiting_queries_are_encoded_together_each_for_its_own_caller() -> None:
    crowd = Crowd()
    texts = [f"question {n}" for n in range(9)]
    answers = [crowd.ask(text) for text in texts]
    crowd.gated.let_go(2)
    for text, answer in zip(texts, answers, strict=True):
        assert same(answer.result(PATIENCE_S)[0], HashEmbedder().encode_query(text))
    assert crowd.gated.runs == [texts[:1], texts[1:]]


def test_a_batch_has_at_most_its_limit_and_keeps_the_order() -> None:
    crowd = Crowd(batch=3)
    texts = [str(n) for n in range(8)]
    for text in texts:
        crowd.ask(text)
    crowd.gated.let_go(4)
    for each in crowd.asked:
        each.result(PATIENCE_S)
    assert crowd.gated.runs == [texts[:1], texts[1:4], texts[4:7], texts[7:]]


def test_queries_of_one_call_stay_together() -> None:
    crowd = Crowd(batch=3)
    answers = [crowd.ask("a"), crowd.ask("b", "c"), crowd.ask("d", "e"), crowd.ask(*"fghi")]
    crowd.gated.let_go(4)
    assert [len(each.result(PATIENCE_S)) for each in answers] == [1, 2, 2, 4]
    assert crowd.gated.runs == [["a"], ["b", "c"], ["d", "e"], [*"fghi"]]


def test_no_queries_cause_no_run() -> None:
    gated = Gated()
    assert BatchingEmbedder(gated).encode_queries([]) == []
    assert gated.runs == []


def test_the_model_takes_one_batch_at_a_time() -> None:
    crowd = Crowd(batch=1)
    for n in range(5):
        crowd.ask(str(n))
    crowd.gated.let_go(5)
    for each in crowd.asked:
        each.result(PATIENCE_S)
    assert crowd.gated.most_at_once == 1


def test_a_failing_query_does_not_fail_the_others() -> None:
    crowd = Crowd()
    texts = ["first", "well", "to fail", "too"]
    first, well, fails, too = (crowd.ask(text) for text in texts)
    crowd.gated.let_go(5)
    with pytest.raises(BadInput, match="to fail"):
        fails.result(PATIENCE_S)
    for text, answer in (("first", first), ("well", well), ("too", too)):
        assert same(answer.result(PATIENCE_S)[0], HashEmbedder().encode_query(text))
    assert crowd.gated.runs == [["first"], texts[1:], ["well"], ["to fail"], ["too"]]
    crowd.gated.let_go()
    assert len(crowd.batching.encode_queries(["and afterwards"])) == 1


def test_a_query_beyond_the_limit_is_refused_at_once_and_the_others_are_not() -> None:
    crowd = Crowd(queue=2)
    for n in range(3):
        crowd.ask(str(n))
    with pytest.raises(Overloaded, match="2 questions are waiting"):
        crowd.batching.encode_query("one too many")
    crowd.gated.let_go(3)
    for each in crowd.asked:
        each.result(PATIENCE_S)
    assert crowd.batching.encode_query("there is room again") is not None


def test_close_fails_waiting_queries_and_lets_a_run_end() -> None:
    crowd = Crowd()
    running, waiting, other = crowd.ask("running"), crowd.ask("waiting"), crowd.ask("other")
    crowd.batching.close()
    for each in (waiting, other):
        with pytest.raises(Overloaded, match="stopping"):
            each.result(PATIENCE_S)
    assert not running.done()
    crowd.gated.let_go()
    assert len(running.result(PATIENCE_S)) == 1
    with pytest.raises(Overloaded, match="stopping"):
        crowd.batching.encode_query("later")
    assert crowd.gated.runs == [["running"]]


def test_all_other_methods_are_those_of_the_embedder() -> None:
    embedder = HashEmbedder()
    batching = BatchingEmbedder(embedder)
    assert batching.fingerprint == embedder.fingerprint
    assert batching.tokenizer is embedder.tokenizer
    assert batching.encode([], []) == []


def test_each_of_many_threads_gets_its_own_answer() -> None:
    batching = BatchingEmbedder(HashEmbedder(), batch=4)
    start = threading.Barrier(16)

    def ask(thread: int) -> bool:
        start.wait(PATIENCE_S)
        oracle = HashEmbedder()
        texts = [f"question {thread} {n}" for n in range(20)]
        return all(same(batching.encode_query(t), oracle.encode_query(t)) for t in texts)

    with ThreadPoolExecutor(16) as threads:
        assert list(threads.map(ask, range(16))) == [True] * 16
