"""With a token budget, a result is its longest prefix whose passages fit together."""

from itertools import accumulate
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fakes import HashEmbedder, WordTokenizer
from index.documents.load import document_of
from index.ingest.ingest import ingest_documents
from index.protocols import Embedder
from rag.answer.budget import n_within, token_counter
from rag.pipeline import Pipeline
from rag.results import NOT_ANSWERED, Passage
from rag.settings import Settings

QUESTION = "When did the bakery in Lisbon open, and who sold the bread?"
TEXTS = {
    f"d{i}": f"The bakery in Lisbon opened {'early ' * (7 * i % 5)}and sold bread no. {i}.\n\n"
    + "A river runs past the mill. " * (i % 3)
    for i in range(12)
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("budget")
    documents = [
        document_of(text, name, media_type="text/plain", name=name) for name, text in TEXTS.items()
    ]
    ingest_documents(folder, documents, HashEmbedder())
    return folder


@pytest.fixture(scope="module")
def pipeline(folder: Path) -> Pipeline:
    return Pipeline.over(folder, HashEmbedder())


@given(st.lists(st.integers(0, 50), max_size=12), st.integers(1, 200))
def test_the_number_of_passages_follows_from_the_running_sums(
    sizes: list[int], budget: int
) -> None:
    # Sizes are not negative, so the running sums never decrease.
    assert n_within(sizes, budget) == sum(total <= budget for total in accumulate(sizes))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(budget=st.integers(1, 250), k=st.integers(1, 12), merge=st.booleans())
def test_a_search_with_a_budget_returns_the_longest_prefix_that_fits(
    pipeline: Pipeline, budget: int, k: int, merge: bool
) -> None:
    every = pipeline.search(QUESTION, k, merge=merge).passages
    found = pipeline.search(QUESTION, k, merge=merge, token_budget=budget)
    n = len(found.passages)
    assert found.passages == every[:n]
    assert tokens_of(every[:n]) <= budget
    assert n == len(every) or tokens_of(every[: n + 1]) > budget
    size = tokens_of(every[:1])
    too_large = f"The best passage has {size} tokens; the token budget is {budget}."
    assert found.reason == (None if n else too_large)


@given(budget=st.integers(1, 250), k=st.integers(1, 3))
def test_an_answer_with_a_budget_keeps_its_sentences(
    pipeline: Pipeline, budget: int, k: int
) -> None:
    every, found = pipeline.ask(QUESTION, k), pipeline.ask(QUESTION, k, token_budget=budget)
    assert (found.sentences, found.text) == (every.sentences, every.text)
    assert found.text != NOT_ANSWERED
    n = len(found.passages)
    assert found.passages == every.passages[:n]
    assert tokens_of(every.passages[:n]) <= budget
    assert n == len(every.passages) or tokens_of(every.passages[: n + 1]) > budget


def tokens_of(passages: list[Passage]) -> int:
    return sum(len(WordTokenizer().offsets(passage.text)) for passage in passages)


def test_without_a_model_three_words_count_as_four_tokens(folder: Path) -> None:
    lexical = Pipeline.open(Settings(index=folder), lexical=True)
    (best,) = lexical.search(QUESTION, 1).passages
    size = -(-4 * len(best.text.split()) // 3)  # rounded up
    assert lexical.search(QUESTION, 1, token_budget=size).passages == [best]
    assert lexical.search(QUESTION, 1, token_budget=size - 1).passages == []
    lexical.close()


def test_tokens_are_those_of_the_model_without_special_tokens(embedder: Embedder) -> None:
    # WordPiece of bert-base-uncased: em, ##bed, ##ding, ##s.
    assert token_counter(embedder.tokenizer)("Embeddings.") == 5
