"""What each signal is worth: alone, added in turn, and how far the best order of what was found is.

All rows rank the same candidates, so the oracle is the most that any of them can reach.
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
"""How many of the first candidates late interaction ranks alone."""

_N_TIMED = 100
"""Questions a median time is of, at most."""


@dataclass(frozen=True, slots=True)
class Mean:
    """A measure's mean over questions. interval: 95 %, by bootstrap over them."""

    value: float
    interval: Interval


@dataclass(frozen=True, slots=True)
class Row:
    """A ranking's measures. The oracle has neither settings nor time.

    median_ms: of a search for as many passages as a user gets, the query's encoding included
    """

    name: str
    ranking: RankSettings | None
    measures: dict[str, Mean]
    median_ms: float | None


@dataclass(frozen=True, slots=True)
class Ablation:
    """The rows of one dataset. n_questions: that the measures are of; primary: the first of them to
    look at."""

    dataset: str
    kind: str
    model: str
    n_questions: int
    primary: str
    rows: tuple[Row, ...]


def rankings(present: RankSettings) -> dict[str, RankSettings]:
    """Each signal alone, then added in turn up to the present settings with late interaction."""
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
    on_question: QuestionCallback = lambda done, total: None,
) -> Ablation:
    """Every ranking on a dataset, and the oracle over their candidates.

    Raises BadDataset if no question has an answer.
    """
    corpus, named = with_questions(corpus, judged_ids(corpus.dataset)), rankings(present)
    caching = replace(corpus, embedder=CachingEmbedder(corpus.embedder))
    *others, last = named.values()
    runs = [caching.evaluate(ranking, on_question=on_question).run for ranking in others]
    # All candidates, for the oracle; what a user gets is the beginning of them.
    runs.append(caching.evaluate(last, [2 * last.n_candidates], on_question=on_question).run)
    values = [_values_of(run) for run in runs]
    kind = corpus.dataset.kind
    times = median_ms(corpus, [*named.values()])
    rows = [
        Row(name, ranking, _means(kind, of, n_resamples), ms)
        for (name, ranking), of, ms in zip(named.items(), values, times, strict=True)
    ]
    oracle = _oracle(corpus.dataset, runs[-1].outcomes, values)
    rows.append(Row(ORACLE, None, _means(kind, oracle, n_resamples), None))
    primary = PRIMARY[kind]
    n_questions, model = len(oracle[primary]), runs[-1].model
    return Ablation(corpus.dataset.name, kind, model, n_questions, primary, tuple(rows))


def _values_of(run: Run) -> Values:
    """The values of a table's columns."""
    return {
        name: {q.outcome.question_id: q.measures[name] for q in run.questions if name in q.measures}
        for name in COLUMNS[run.kind]
    }


def _means(kind: str, values: Values, n_resamples: int) -> dict[str, Mean]:
    return {name: mean_over([*values[name].values()], n_resamples) for name in COLUMNS[kind]}


def mean_over(values: Sequence[float], n_resamples: int = N_RESAMPLES) -> Mean:
    """The mean with its percentile interval (Efron and Tibshirani 1993): the difference from a run
    that has 0 everywhere."""
    n = len(values)
    pool = mean_of(np.concatenate([np.zeros(n), values]))
    return Mean(float(np.mean(values)), paired_bootstrap(pool, n, n_resamples))


def median_ms(corpus: IndexedDataset, rankings: Sequence[RankSettings]) -> list[float]:
    """Of each ranking. Each of the first questions is asked of all in turn, so that whatever else
    the machine does meets all alike."""
    texts = list(corpus.dataset.queries.values())[:_N_TIMED]
    with ExitStack() as open_ones:
        pipelines = [
            open_ones.enter_context(closing(Pipeline.over(corpus.folder, corpus.embedder, ranking)))
            for ranking in rankings
        ]
        for pipeline in pipelines:  # the first search of each reads files
            pipeline.search(texts[0])
        times = [[pipeline.search(text).took_ms for pipeline in pipelines] for text in texts]
    return [round(median(column), 2) for column in zip(*times, strict=True)]


# The oracle


def _oracle(dataset: Dataset, outcomes: Sequence[Outcome], rows: Sequence[Values]) -> Values:
    """The values of all candidates in the best order. Of near-identical passages a ranking shows
    only the one it has first, so a row may hold a better one: what a row reached can be reached."""
    _, ideal = measure(dataset, [_in_best_order(dataset, outcome) for outcome in outcomes])
    return {
        name: {i: max(value, *(row[name][i] for row in rows)) for i, value in ideal[name].items()}
        for name in COLUMNS[dataset.kind]
    }


def _in_best_order(dataset: Dataset, outcome: Outcome) -> Outcome:
    if isinstance(dataset, SpanDataset):
        (question,) = [q for q in dataset.questions if q.question_id == outcome.question_id]
        answers = question.answers

        def worth(found: RunPassage) -> float:
            """2 if the highlight holds an answer, 1 if only the passage does."""
            of = [a.span for a in answers if a.doc_id == found.doc_id]
            return sum(any(s.contains(span) for span in of) for s in (found.span, found.highlight))

    else:
        grades = dataset.qrels[outcome.question_id]

        def worth(found: RunPassage) -> float:
            return grades.get(found.doc_id, 0)

    ordered = sorted(outcome.passages, key=worth, reverse=True)
    return replace(outcome, passages=tuple(ordered))
