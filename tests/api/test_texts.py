"""Large texts are sent in pieces, few at a time, and delay nothing else."""

import asyncio
import json
from contextlib import AsyncExitStack
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.texts import PIECE, CharacterBudget, TextResponse, Texts
from fakes import HashEmbedder
from index.errors import Overloaded
from index.ingest.ingest import ingest_documents
from index.types import Document
from rag.pipeline import Pipeline
from serving import serving

LARGE = (
    'About "pears" \\ and é😀\n\t\x7f\u2028 '
    + ("😀é" + " " * 97 + "\n") * (8 * PIECE // 100)
    + "the end"
)


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("texts") / "index"
    documents = [Document("large", "l", "L", LARGE), Document("small", "s", "S", "About apples.")]
    ingest_documents(folder, documents, HashEmbedder())
    return folder


@pytest.mark.parametrize(
    "span", [{}, {"start": 5}, {"end": PIECE}, {"start": PIECE - 1, "end": PIECE + 1}, {"end": 0}]
)
def test_a_text_of_many_pieces_is_the_text_of_the_document(
    index: Path, span: dict[str, int]
) -> None:
    with serving(Pipeline.over(index, HashEmbedder())) as client:
        response = client.get("/v1/documents/large/text", params=span)
        head = client.head("/v1/documents/large/text", params=span)
    body = response.json()
    start, end = span.get("start", 0), span.get("end", len(LARGE))
    assert list(body) == ["doc_id", "start", "end", "text", "sha256", "n_characters"]
    assert body["text"] == LARGE[start:end]
    assert (body["start"], body["end"], body["n_characters"]) == (
        start,
        end,
        len(LARGE),
    )
    assert body["sha256"] == sha256(LARGE.encode()).hexdigest()
    assert response.headers["content-type"] == "application/json"
    assert int(response.headers["content-length"]) == len(response.content)
    assert head.headers["content-length"] == response.headers["content-length"]
    assert response.content == json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def test_a_removed_document_or_an_invalid_span_is_a_problem(index: Path) -> None:
    with serving(Pipeline.over(index, HashEmbedder())) as client:
        for path, status in (("nope/text", 404), ("large/text?end=9999999", 422)):
            response = client.get(f"/v1/documents/{path}")
            assert (response.status_code, response.json()["status"]) == (status, status)


class Reader:
    """A client that takes one message at a time."""

    def __init__(self) -> None:
        self.messages: list[Any] = []
        self._free = asyncio.Semaphore(0)

    def take(self) -> None:
        self._free.release()

    async def send(self, message: Any) -> None:
        self.messages.append(message)
        await self._free.acquire()

    @property
    def n_bytes(self) -> int:
        return sum(len(message.get("body", b"")) for message in self.messages)


async def turns(n: int = 50) -> None:
    """Let all other tasks run for a while."""
    for _ in range(n):
        await asyncio.sleep(0.005)


async def receive() -> Any:
    await asyncio.Event().wait()


def test_a_piece_is_created_only_when_the_reader_takes_it(index: Path) -> None:
    pipeline = Pipeline.over(index, HashEmbedder())

    async def main() -> None:
        reader = Reader()
        response = TextResponse(Texts(pipeline), "large", 0, None)
        task = asyncio.create_task(response({"type": "http"}, receive, reader.send))
        for _ in range(3):
            await turns()
            reader.take()
        await turns()
        assert len(reader.messages) == 4
        assert 2 * PIECE < reader.n_bytes < 3 * PIECE < len(LARGE)
        task.cancel()

    asyncio.run(main())
    pipeline.close()


def test_a_large_text_waits_for_another_but_small_ones_and_parts_do_not(index: Path) -> None:
    pipeline = Pipeline.over(index, HashEmbedder())

    async def main() -> None:
        texts, first, second, third = (
            Texts(pipeline, CharacterBudget(len(LARGE))),
            Reader(),
            Reader(),
            Reader(),
        )

        def begin(doc_id: str, end: int | None, reader: Reader) -> asyncio.Task[None]:
            response = TextResponse(texts, doc_id, 0, end)
            return asyncio.create_task(response({"type": "http"}, receive, reader.send))

        tasks = [begin("large", None, first), begin("large", None, second)]
        await turns()
        tasks += [begin("large", 9, third), begin("small", None, third)]
        await turns()
        assert [len(reader.messages) for reader in (first, second, third)] == [1, 0, 2]
        tasks[0].cancel()  # as if its client had disconnected
        await turns()
        assert len(second.messages) == 1
        for task in tasks:
            task.cancel()

    asyncio.run(main())
    pipeline.close()


def test_space_is_granted_in_order_and_always_returned() -> None:
    async def main() -> None:
        budget, order = CharacterBudget(10), list[str]()

        async def use(name: str, n: int) -> None:
            async with budget.of(n):
                order.append(name)
                await asyncio.sleep(0.01)
                if name == "fails":
                    raise ValueError

        results = await asyncio.gather(
            use("fails", 6), use("large", 9), use("small", 1), use("more than all", 99),
            return_exceptions=True,
        )  # fmt: skip
        assert order == ["fails", "large", "small", "more than all"]
        assert isinstance(results[0], ValueError)
        async with asyncio.timeout(1), budget.of(10):
            pass

    asyncio.run(main())


def test_a_reader_that_waits_too_long_is_refused_and_one_that_disconnects_is_removed() -> None:
    async def main() -> None:
        budget = CharacterBudget(10, wait_s=0.05)
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(budget.of(10))
            with pytest.raises(Overloaded, match="`start` and `end`"):
                await stack.enter_async_context(budget.of(1))
            leaving = asyncio.create_task(stack.enter_async_context(budget.of(1)))
            await asyncio.sleep(0)
            leaving.cancel()
            await asyncio.sleep(0)
        async with asyncio.timeout(1), budget.of(10):
            pass

    asyncio.run(main())


def test_many_concurrent_texts_are_all_sent(index: Path) -> None:
    async def fetch_all(url: httpx.URL) -> list[httpx.Response]:
        async with httpx.AsyncClient(base_url=url, timeout=60) as client:
            asked = (client.get("/v1/documents/large/text") for _ in range(30))
            return await asyncio.gather(*asked)

    with serving(Pipeline.over(index, HashEmbedder())) as client:
        responses = asyncio.run(fetch_all(client.base_url))
    assert {response.status_code for response in responses} == {200}
    assert {response.json()["text"] for response in responses} == {LARGE}
