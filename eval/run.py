"""A dataset through the service: index its corpus, ask its questions, measure what comes back."""

import json
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from eval.datasets import BeirDataset, Dataset, SpanDataset
from eval.measures import Found, Measures, Outcome, beir_measures, span_measures
from index.protocols import Embedder
from index.sync import Watch, ingest_documents
from index.types import Span
from rag.pipeline import Pipeline
from rag.results import SearchResult
from rag.retrieve import RankSettings

SPAN_DEPTH = 10
BEIR_DEPTH = 100

Asked = Callable[[int, int], None]
"""Told after each question: how many have been asked, and of how many."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The measures of a run, and what they were taken on."""

    dataset: str
    kind: str
    model: str
    n_documents: int
    n_chunks: int
    n_questions: int
    n_answerable: int | None
    ranking: RankSettings
    seconds_indexing: float
    seconds_asking: float
    measures: Measures
    outcomes: tuple[Outcome, ...]


def evaluate(
    dataset: Dataset,
    embedder: Embedder,
    ranking: RankSettings,
    cutoffs: Sequence[int] = (),
    *,
    watch: Watch = lambda progress: None,
    asked: Asked = lambda done, total: None,
) -> Evaluation:
    """Index the dataset's corpus in a temporary folder, ask its questions one by one through the
    pipeline that serves users, and measure."""
    with tempfile.TemporaryDirectory(prefix="rag-eval-") as folder:
        began = time.perf_counter()
        ingest_documents(Path(folder), dataset.documents, embedder, watch)
        indexed = time.perf_counter()
        pipeline = Pipeline(Path(folder), embedder, ranking)
        try:
            depth = _depth(dataset, ranking, cutoffs)
            outcomes = tuple(_ask(pipeline, dataset.queries, depth, asked))
            with pipeline.snapshot() as snapshot:
                n_documents, n_chunks = snapshot.count()
        finally:
            pipeline.close()
        return Evaluation(
            dataset=dataset.name,
            kind=dataset.kind,
            model=embedder.fingerprint.name,
            n_documents=n_documents,
            n_chunks=n_chunks,
            n_questions=len(outcomes),
            n_answerable=dataset.n_answerable,
            ranking=ranking,
            seconds_indexing=round(indexed - began, 2),
            seconds_asking=round(time.perf_counter() - indexed, 2),
            measures=measure(dataset, outcomes, cutoffs),
            outcomes=outcomes,
        )


def measure(dataset: Dataset, outcomes: Sequence[Outcome], cutoffs: Sequence[int]) -> Measures:
    """The measures that go with a dataset's kind."""
    if isinstance(dataset, SpanDataset):
        by_id = {outcome.question_id: outcome for outcome in outcomes}
        return span_measures(dataset.questions, by_id, cutoffs)
    return beir_measures(dataset.qrels, document_run(outcomes), cutoffs)


def _depth(dataset: Dataset, ranking: RankSettings, cutoffs: Sequence[int]) -> int:
    """How many passages to ask for; all candidates where a document may have several."""
    if isinstance(dataset, BeirDataset):
        return 2 * ranking.n_candidates
    return max(SPAN_DEPTH, *cutoffs, 0)


def _ask(
    pipeline: Pipeline, queries: dict[str, str], depth: int, asked: Asked
) -> Iterator[Outcome]:
    for done, (query_id, text) in enumerate(queries.items(), 1):
        yield _outcome(query_id, pipeline.search(text, depth))
        asked(done, len(queries))


def _outcome(question_id: str, result: SearchResult) -> Outcome:
    passages = (
        Found(
            doc_id=passage.citation.doc_id,
            span=Span(passage.citation.start, passage.citation.end),
            score=passage.score,
            highlight=Span(passage.highlight.start, passage.highlight.end),
        )
        for passage in result.passages
    )
    return Outcome(question_id, result.confidence, tuple(passages))


def document_run(outcomes: Iterable[Outcome]) -> dict[str, dict[str, float]]:
    """Documents by their best passage, at most 100 a query. Scores of a query strictly fall, in the
    order of the passages, so that any scorer reads the same ranking."""
    run: dict[str, dict[str, float]] = {}
    for outcome in outcomes:
        scores: dict[str, float] = {}
        last = float("inf")
        for passage in outcome.passages:
            if passage.doc_id in scores or len(scores) == BEIR_DEPTH:
                continue
            last = min(passage.score, last - 1e-9)
            scores[passage.doc_id] = last
        run[outcome.question_id] = scores
    return run


def to_jsonl(outcome: Outcome) -> str:
    """One line of `--output`: a question with its passages as spans."""
    return json.dumps(
        {
            "_id": outcome.question_id,
            "confidence": outcome.confidence,
            "passages": [
                {
                    "doc_id": found.doc_id,
                    "start": found.span.start,
                    "end": found.span.end,
                    "score": found.score,
                    "highlight": {"start": found.highlight.start, "end": found.highlight.end},
                }
                for found in outcome.passages
            ],
        },
        ensure_ascii=False,
    )


def to_trec(outcomes: Iterable[Outcome], tag: str = "rag") -> Iterator[str]:
    """The lines of a TREC run file: query id, Q0, doc_id, rank, score, tag."""
    for query_id, scores in document_run(outcomes).items():
        for rank, (doc_id, score) in enumerate(scores.items(), 1):
            yield f"{query_id} Q0 {doc_id} {rank} {score:.9f} {tag}"
