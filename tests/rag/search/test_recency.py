"""`prefer newest`: of nearly equal matches, those of the newest document come first."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.backends import backend_at
from index.documents.formats import MARKDOWN
from index.documents.load import document_of
from index.ingest.ingest import ingest_documents
from index.protocols import Embedder
from index.types import Document
from rag.pipeline import Pipeline
from rag.search.recency import NEAR, date_of, newest_first

QUESTION = "How many days of leave does a new employee get?"


def policy(year: int | None, days: int) -> Document:
    matter = f"---\ndate: {year}-03-01\n---\n" if year else ""
    text = f"{matter}# Leave policy\n\nA new employee gets {days} days of leave.\n"
    return document_of(text, f"{year}.md", media_type=MARKDOWN, name=f"{year}.md")


OTHER = document_of(
    "---\ndate: 2026-01-01\n---\n# Canteen\n\nThe canteen opens at eleven.\n",
    "canteen.md",
    media_type=MARKDOWN,
    name="canteen.md",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Path:
    folder = tmp_path_factory.mktemp("policies")
    documents = [policy(2021, 20), policy(None, 18), policy(2024, 25), policy(2019, 15), OTHER]
    ingest_documents(folder, documents, embedder)
    return folder


@pytest.fixture(scope="module")
def pipeline(folder: Path, embedder: Embedder) -> Iterator[Pipeline]:
    with closing(Pipeline.over(folder, embedder)) as opened:
        yield opened


def doc_ids(pipeline: Pipeline, **options: object) -> list[str]:
    result = pipeline.search(QUESTION, 5, **options)  # type: ignore[arg-type]
    return [passage.citation.doc_id for passage in result.passages]


def test_the_newest_comes_first_and_undated_documents_come_last_among_near_ones(
    pipeline: Pipeline,
) -> None:
    found = doc_ids(pipeline, prefer="newest")
    assert found[:4] == ["2024.md", "2021.md", "2019.md", "None.md"]
    assert doc_ids(pipeline)[0] != "2024.md"


def test_the_answer_is_that_of_the_newest_document(pipeline: Pipeline) -> None:
    answer = pipeline.ask(QUESTION, prefer="newest")
    assert answer.text == "A new employee gets 25 days of leave."
    assert answer.sentences[0].citations[0].doc_id == "2024.md"


def test_a_newer_document_on_another_subject_does_not_come_first(pipeline: Pipeline) -> None:
    result = pipeline.search(QUESTION, 5, prefer="newest")
    best = max(passage.score for passage in result.passages)
    assert result.passages[-1].score < best - NEAR


def test_without_a_model_the_newest_comes_first_too(folder: Path) -> None:
    with closing(Pipeline(backend_at(folder), None)) as by_words:
        assert doc_ids(by_words, prefer="newest")[0] == "2024.md"


@given(
    st.lists(
        st.tuples(
            st.floats(0, 1).map(lambda score: round(score, 6)),
            st.sampled_from(["", "2019", "2019-05", "2024-01-31", "2024-02"]),
        ),
        max_size=12,
    ).map(lambda pairs: sorted(pairs, key=lambda pair: -pair[0]))
)
def test_only_near_results_move_and_they_move_by_date(results: list[tuple[float, str]]) -> None:
    ordered = newest_first(results, lambda each: each[0], lambda each: each[1])
    assert sorted(ordered) == sorted(results)
    near = [each for each in results if each[0] >= round(results[0][0] - NEAR, 6)]
    dates = [date for _, date in ordered[: len(near)]]
    assert dates == sorted(dates, reverse=True)
    assert ordered[len(near) :] == results[len(near) :]


@pytest.mark.parametrize(
    ("metadata", "date"),
    [
        ({"date": "2024-05-01", "modified": "2025-01-01"}, "2024-05-01"),
        ({"modified": "2025"}, "2025"),
        ({"date": ""}, ""),
        ({"date": "2026-02-03T10:00:00+00:00"}, "2026-02-03T10:00:00+00:00"),
        ({"date": "2026-02"}, "2026-02"),
        ({"date": "May 3, 2024"}, ""),
        ({"date": "31/12/2027"}, ""),
        ({"date": "10.10.2026"}, ""),
        ({"date": "tomorrow", "modified": "2025-01-01"}, "2025-01-01"),
        ({}, ""),
    ],
)
def test_the_date_of_a_document(metadata: dict[str, str], date: str) -> None:
    assert date_of(metadata) == date
