"""Measure each ranking signal alone and added in turn, and the best possible order (the oracle).

All rows rank the same candidates, so no row can exceed the oracle.
"""

from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from statistics import median

import numpy as np

from eval.datasets.load import Dataset, SpanDataset
from eval.measures.measures import PRIMARY, Outcome, RunPassage, Values
from eval.measures.significance import N_RESAMPLES, Interval, paired_bootstrap
from eval.measures.weighted import mean_of
from eval.runs.evaluate import IndexedDataset, QuestionCallback, measure
from eval.runs.query_cache import CachingEmbedder
from eval.runs.run_file import Run
from eval.runs.subset import judged_ids, with_questions
from rag.pipeline import Pipeline
from rag.search.ranking import LATE_INTERACTION, NO_RERANKING, RankSettings

COLUMNS = {
    "spans": ("answer@1", "answer@5", "MRR@10", "highlight@1"),
    "beir": ("nDCG@10", "R@10"),
}
ORACLE = "oracle"

_N_ALONE = 100
"""How many of the first candidates late interaction ranks when it is the only signal."""

_N_TIMED = 100
"""At most so many questions are timed."""


@dataclass(frozen=True, slots=True)
class Mean:
    """A measure's mean over questions, with its 95 % bootstrap interval."""

    value: float
    interval: Interval


@dataclass(frozen=True, slots=True)
class AblationRow:
    """A ranking's measures.

    ranking: its settings; None for the oracle
    median_ms: median time of a search with the default number of passages, query encoding
        included; None for the oracle
    """

    name: str
    ranking: RankSettings | None
    measures: dict[str, Mean]
    median_ms: float | None


@dataclass(frozen=True, slots=True)
class Ablation:
    """The rows of one dataset.

    n_questions: how many questions the measures are computed over
    primary: name of the main measure
    """

    dataset: str
    kind: str
    model: str
    n_questions: int
    primary: str
    rows: tuple[AblationRow, ...]


def rankings(present: RankSettings) -> dict[str, RankSettings]:
    """Return settings by name: each signal alone, then the signals added one by one, up to the
    present settings with late interaction."""
    first = replace(present, rerank=NO_RERANKING)
    late = replace(present, rerank=LATE_INTERACTION)
    return {
        "dense": replace(first, lexical_weight=0.0, sentence_weight=0.0),
        "best sentence": replace(first, lexical_weight=0.0, sentence_weight=1.0),
        "BM25": replace(first, lexical_weight=1.0),
        "late interaction": replace(late, n_rerank=_N_ALONE, rerank_weight=1.0),
        "dense + sentence": replace(first, lexical_weight=0.0),
        "+ BM25": first,
        "+ late interaction": late,
    }


def ablate(
    corpus: IndexedDataset,
    present: RankSettings,
    *,
    n_resamples: int = N_RESAMPLES,
    on_question: QuestionCallback = lambda n_done, total: None,
) -> Ablation:
    """Measure every ranking on a dataset, and the oracle over their candidates.

    Raises BadDataset if no question has an answer.
    """
    corpus, settings = with_questions(corpus, judged_ids(corpus.dataset)), rankings(present)
    caching = replace(corpus, embedder=CachingEmbedder(corpus.embedder))
    *others, last = settings.values()
    runs = [caching.evaluate(ranking, on_question=on_question).run for ranking in others]
    # The oracle needs all candidates; a shorter result is the beginning of a longer one.
    runs.append(caching.evaluate(last, [2 * last.n_candidates], on_question=on_question).run)
    values = [_values_of(run) for run in runs]
    kind = corpus.dataset.kind
    times = median_ms(corpus, [*settings.values()])
    rows = [
        AblationRow(name, ranking, _means(kind, by_question, n_resamples), ms)
        for (name, ranking), by_question, ms in zip(settings.items(), values, times, strict=True)
    ]
    oracle = _oracle(corpus.dataset, runs[-1].outcomes, values)
    rows.append(AblationRow(ORACLE, None, _means(kind, oracle, n_resamples), None))
    primary = PRIMARY[kind]
    n_questions, model = len(oracle[primary]), runs[-1].model
    return Ablation(corpus.dataset.name, kind, model, n_questions, primary, tuple(rows))


def _values_of(run: Run) -> Values:
    """Return the run's values of the measures in COLUMNS."""
    return {
        name: {q.outcome.question_id: q.measures[name] for q in run.questions if name in q.measures}
        for name in COLUMNS[run.kind]
    }


def _means(kind: str, values: Values, n_resamples: int) -> dict[str, Mean]:
    return {name: mean_over([*values[name].values()], n_resamples) for name in COLUMNS[kind]}


def mean_over(values: Sequence[float], n_resamples: int = N_RESAMPLES) -> Mean:
    """Return the mean and its percentile interval (Efron and Tibshirani 1993), computed as the
    difference from a run whose values are all 0."""
    n = len(values)
    pool = mean_of(np.concatenate([np.zeros(n), values]))
    return Mean(float(np.mean(values)), paired_bootstrap(pool, n, n_resamples))


def median_ms(corpus: IndexedDataset, rankings: Sequence[RankSettings]) -> list[float]:
    """Return the median search time of each ranking, in ms. Each question is run with all rankings
    in turn, so that other load on the machine affects all alike."""
    texts = list(corpus.dataset.queries.values())[:_N_TIMED]
    with ExitStack() as stack:
        pipelines = [
            stack.enter_context(closing(Pipeline.over(corpus.folder, corpus.embedder, ranking)))
            for ranking in rankings
        ]
        for pipeline in pipelines:  # the first search of each reads files
            pipeline.search(texts[0])
        times = [[pipeline.search(text).took_ms for pipeline in pipelines] for text in texts]
    return [round(median(column), 2) for column in zip(*times, strict=True)]


# The oracle


def _oracle(dataset: Dataset, outcomes: Sequence[Outcome], rows: Sequence[Values]) -> Values:
    """Return the values of all candidates in the best order.

    A ranking returns only the first of several near-identical passages, and another row may return
    a better one of them. So the oracle's value is at least that of every row.
    """
    _, ideal = measure(dataset, [_in_best_order(dataset, outcome) for outcome in outcomes])
    return {
        name: {i: max(value, *(row[name][i] for row in rows)) for i, value in ideal[name].items()}
        for name in COLUMNS[dataset.kind]
    }


def _in_best_order(dataset: Dataset, outcome: Outcome) -> Outcome:
    if isinstance(dataset, SpanDataset):
        (question,) = [q for q in dataset.questions if q.question_id == outcome.question_id]

        def grade(passage: RunPassage) -> float:
            """Return 2 if the highlight contains an answer, 1 if only the passage does, else 0."""
            return passage.has_answer(question) + passage.highlights_answer(question)

    else:
        grades = dataset.qrels[outcome.question_id]

        def grade(passage: RunPassage) -> float:
            doc_ids = (passage.doc_id, *(doc_id for doc_id, _ in passage.duplicates))
            return max(grades.get(doc_id, 0) for doc_id in doc_ids)

    ordered = sorted(outcome.passages, key=grade, reverse=True)
    return replace(outcome, passages=tuple(ordered))
