"""Calls run in order, a few at a time, and each caller gets the result of its own call."""

import asyncio
import threading
import time
from collections.abc import Callable
from functools import partial

import pytest

from api.admission import Admission
from index.errors import Overloaded


def test_each_caller_gets_what_its_own_call_returns() -> None:
    async def main() -> None:
        admission = Admission(2, 200)
        for _ in range(3):
            results = await asyncio.gather(*(admission.run(partial(pow, n, 2)) for n in range(150)))
            assert results == [n * n for n in range(150)]

    asyncio.run(main())


def test_calls_run_in_the_order_of_arrival() -> None:
    async def main() -> None:
        admission, order = Admission(1, 100), list[int]()
        await asyncio.gather(*(admission.run(partial(order.append, n)) for n in range(50)))
        assert order == list(range(50))

    asyncio.run(main())


@pytest.mark.parametrize("n_threads", [1, 3])
def test_at_most_one_call_per_thread_runs_at_a_time(n_threads: int) -> None:
    running, most, lock = 0, 0, threading.Lock()
    together = threading.Barrier(n_threads)

    def call() -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        together.wait(10)  # until all threads have a call
        with lock:
            running -= 1

    async def main() -> None:
        admission = Admission(n_threads, 100)
        await asyncio.gather(*(admission.run(call) for _ in range(4 * n_threads)))

    asyncio.run(main())
    assert most == n_threads


def test_an_error_goes_to_its_own_caller_even_one_that_is_not_an_exception() -> None:
    class Panic(BaseException):
        pass

    def fail(error: BaseException) -> Callable[[], None]:
        def call() -> None:
            raise error

        return call

    async def main() -> None:
        admission = Admission(1, 10)
        calls = [fail(ValueError("of one")), lambda: 2, fail(Panic("of three")), lambda: 4]
        results = await asyncio.gather(*map(admission.run, calls), return_exceptions=True)
        assert [str(each) for each in results] == ["of one", "2", "of three", "4"]
        assert await admission.run(lambda: 5) == 5

    asyncio.run(main())


def test_a_call_beyond_the_queue_is_refused_while_the_others_continue() -> None:
    go = threading.Event()

    async def main() -> None:
        admission = Admission(1, 2)
        waiting = [asyncio.create_task(admission.run(lambda: go.wait(10))) for _ in range(3)]
        await asyncio.sleep(0)
        with pytest.raises(Overloaded, match="3 questions are waiting"):
            await admission.run(lambda: None)
        go.set()
        assert await asyncio.gather(*waiting) == [True] * 3
        assert await admission.run(lambda: "room again") == "room again"

    asyncio.run(main())


def test_a_call_whose_caller_was_cancelled_does_not_run() -> None:
    go, results = threading.Event(), list[str]()

    async def main() -> None:
        admission = Admission(1, 10)
        first = asyncio.create_task(admission.run(lambda: go.wait(10)))
        gone = asyncio.create_task(admission.run(lambda: results.append("of one who has gone")))
        await asyncio.sleep(0)
        gone.cancel()
        await asyncio.sleep(0)
        go.set()
        assert await first
        await admission.run(lambda: results.append("of one who is there"))

    asyncio.run(main())
    assert results == ["of one who is there"]


def test_an_answer_does_not_wait_for_slow_calls_behind_it() -> None:
    answered = threading.Event()

    async def main() -> None:
        admission = Admission(1, 10)
        slow = asyncio.create_task(admission.run(partial(time.sleep, 0.05)))
        behind = asyncio.create_task(admission.run(partial(answered.wait, 10)))
        await slow
        answered.set()
        assert await behind

    asyncio.run(main())
