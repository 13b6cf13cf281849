"""Better settings for the ranking: chosen on one half of the questions, judged on the other.

The choice never sees the other half, so what is measured there is not flattered by the choosing.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from hashlib import blake2b
from statistics import fmean
from typing import Any

import numpy as np

from eval.measures.measures import PRIMARY
from eval.measures.significance import Interval, difference, paired_bootstrap, randomization_test
from eval.measures.weighted import mean_of
from eval.runs.evaluate import IndexedDataset
from eval.runs.query_cache import CachingEmbedder
from eval.runs.run_file import Run
from eval.runs.subset import judged_ids, with_questions
from rag.search.ranking import LATE_INTERACTION, NO_RERANKING, RankSettings

N_QUESTIONS = 300
MAX_TRIALS = 25

_GRID: Mapping[str, tuple[Any, ...]] = {
    "rerank": (NO_RERANKING, LATE_INTERACTION),
    "rerank_weight": (0.25, 0.5, 0.75, 0.9, 1.0),
    "lexical_weight": (0.1, 0.3, 0.5, 0.7, 0.9),
    "sentence_weight": (0.0, 0.25, 0.5, 0.75, 1.0),
    "n_rerank": (10, 20, 50, 100),
    "n_candidates": (50, 100, 200),
}
"""In the order they are tried, what moves most first."""

_GAIN = 1e-9
"""Less is noise of floating point: no reason to leave what is set."""

DatasetCallback = Callable[[str, int, int], None]
"""Told after each question: of which dataset, how many have been asked, and of how many."""


@dataclass(frozen=True, slots=True)
class Trial:
    """Settings and the mean over the datasets of the measure that each is judged by first."""

    ranking: RankSettings
    mean: float


@dataclass(frozen=True, slots=True)
class HeldOut:
    """The starting settings and the best on a dataset's other half.

    interval: of best - start, by paired bootstrap, 95 %; p: randomization test, two-sided
    """

    dataset: str
    measure: str
    n_tried: int
    n_questions: int
    start: float
    best: float
    difference: float
    interval: Interval
    p: float


@dataclass(frozen=True, slots=True)
class Tuning:
    """All trials, the start first, and how the best of them does on what it was not chosen by."""

    start: RankSettings
    best: RankSettings
    trials: tuple[Trial, ...]
    held_out: tuple[HeldOut, ...]

    @property
    def changed(self) -> dict[str, Any]:
        """The best's values of the settings in which it is not the start."""
        start = asdict(self.start)
        return {name: new for name, new in asdict(self.best).items() if new != start[name]}

    @property
    def better(self) -> bool:
        """Whether the best is better on the held-out halves too, in the mean over the datasets."""
        return bool(self.changed) and fmean(each.difference for each in self.held_out) > _GAIN


def tune(
    corpora: Sequence[IndexedDataset],
    start: RankSettings,
    *,
    seed: int = 0,
    n_questions: int = N_QUESTIONS,
    max_trials: int = MAX_TRIALS,
    on_question: DatasetCallback = lambda dataset, n_done, total: None,
) -> Tuning:
    """Settings at least as good as the start's on at most n_questions of each first half.

    Raises BadDataset if a dataset has fewer than two questions with an answer.
    """
    firsts, seconds = [], []
    for corpus in corpora:
        first, second = halves(judged_ids(corpus.dataset, at_least=2), seed)
        caching = replace(corpus, embedder=CachingEmbedder(corpus.embedder))
        firsts.append(with_questions(caching, first[:n_questions]))
        seconds.append(with_questions(corpus, second))

    def run(corpus: IndexedDataset, ranking: RankSettings) -> Run:
        name = corpus.dataset.name
        return corpus.evaluate(
            ranking, on_question=lambda n_done, total: on_question(name, n_done, total)
        ).run

    def objective(ranking: RankSettings) -> float:
        return fmean(_primary(run(corpus, ranking)) for corpus in firsts)

    trials = ascend(objective, start, max_trials)
    best = max(trials, key=lambda trial: trial.mean)
    best = best if best.mean > trials[0].mean + _GAIN else trials[0]
    held_out = tuple(
        _held_out(len(first.dataset.queries), run(second, start), run(second, best.ranking))
        for first, second in zip(firsts, seconds, strict=True)
    )
    return Tuning(start, best.ranking, tuple(trials), held_out)


def ascend(
    objective: Callable[[RankSettings], float], start: RankSettings, max_trials: int = MAX_TRIALS
) -> list[Trial]:
    """What was tried, the start first: one setting is varied at a time from the best so far, in
    turn, until none of them gets better or max_trials are made."""
    best = Trial(start, objective(start))
    trials = {_effective(start): best}
    before = None
    while before != best:
        before = best
        for name, values in _grid(start).items():
            for ranking in [replace(best.ranking, **{name: value}) for value in values]:
                if _effective(ranking) in trials:
                    continue
                if len(trials) >= max_trials:
                    return list(trials.values())
                trial = Trial(ranking, objective(ranking))
                trials[_effective(ranking)] = trial
                best = trial if trial.mean > best.mean + _GAIN else best
    return list(trials.values())


def _grid(start: RankSettings) -> dict[str, tuple[Any, ...]]:
    """With a cross-encoder only if the start names one: it has to be on this machine."""
    return {**_GRID, "rerank": tuple(dict.fromkeys([*_GRID["rerank"], start.rerank]))}


def _effective(ranking: RankSettings) -> RankSettings:
    """The same for settings that rank alike, because what differs is not used."""
    if ranking.rerank == NO_RERANKING:
        ranking = replace(ranking, n_rerank=1, rerank_weight=0.0)
    if ranking.lexical_weight == 1:
        ranking = replace(ranking, sentence_weight=0.0)
    return ranking


def halves(question_ids: Iterable[str], seed: int = 0) -> tuple[list[str], list[str]]:
    """Two halves in an order that depends on nothing but the ids and the seed; the first has the
    odd one."""

    def key(question_id: str) -> bytes:
        return blake2b(f"{seed} {question_id}".encode(), digest_size=16).digest()

    shuffled = sorted(question_ids, key=key)
    middle = (len(shuffled) + 1) // 2
    return shuffled[:middle], shuffled[middle:]


def _primary(run: Run) -> float:
    return run.measures[PRIMARY[run.kind]]


def _held_out(n_tried: int, start: Run, best: Run) -> HeldOut:
    measure = PRIMARY[start.kind]
    values = [[q.measures[measure] for q in run.questions] for run in (start, best)]
    pool, n = mean_of(np.array(values).ravel()), len(start.questions)
    return HeldOut(
        dataset=start.dataset,
        measure=measure,
        n_tried=n_tried,
        n_questions=n,
        start=_primary(start),
        best=_primary(best),
        difference=difference(pool, n),
        interval=paired_bootstrap(pool, n),
        p=randomization_test(pool, n),
    )
