"""Search for better ranking settings on one half of the questions; measure them on the other half.

The search never uses the second half, so the measures there are not biased by the choice.
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
"""The values to try, the settings with the largest effect first."""

_GAIN = 1e-9
"""A smaller gain is floating-point noise; the settings then stay as they are."""

DatasetCallback = Callable[[str, int, int], None]
"""Called after each question with the dataset's name, the questions done and their total."""


@dataclass(frozen=True, slots=True)
class Trial:
    """Settings, and the mean of the main measure over the datasets."""

    ranking: RankSettings
    mean: float


@dataclass(frozen=True, slots=True)
class HeldOutGain:
    """The starting and the best settings on the second half of a dataset's questions.

    measure: the main measure
    n_tried: questions of the first half that the settings were chosen by
    n_questions: questions of the second half
    start, best, difference: values of the measure; difference is best - start
    interval: 95 % interval of the difference, by paired bootstrap
    p: two-sided p-value of the randomization test
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
    """All trials, the starting settings first, and the best settings' gain on the second halves."""

    start: RankSettings
    best: RankSettings
    trials: tuple[Trial, ...]
    held_out: tuple[HeldOutGain, ...]

    @property
    def changed(self) -> dict[str, Any]:
        """Return the settings in which the best differs from the start, with their new values."""
        start = asdict(self.start)
        return {name: new for name, new in asdict(self.best).items() if new != start[name]}

    @property
    def better(self) -> bool:
        """Return whether the best settings are better on the mean of the second halves too."""
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
    """Search for settings that are at least as good as the start, on at most n_questions of the
    first half of each dataset's questions.

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

    trials = coordinate_ascent(objective, start, max_trials)
    best = max(trials, key=lambda trial: trial.mean)
    best = best if best.mean > trials[0].mean + _GAIN else trials[0]
    held_out = tuple(
        _held_out_gain(len(first.dataset.queries), run(second, start), run(second, best.ranking))
        for first, second in zip(firsts, seconds, strict=True)
    )
    return Tuning(start, best.ranking, tuple(trials), held_out)


def coordinate_ascent(
    objective: Callable[[RankSettings], float], start: RankSettings, max_trials: int = MAX_TRIALS
) -> list[Trial]:
    """Return the trials of a coordinate ascent, the start first.

    One setting at a time is varied from the best settings so far. The search ends when no setting
    improves the objective, or after max_trials.
    """
    best = Trial(start, objective(start))
    trials = {_canonical(start): best}
    before = None
    while before != best:
        before = best
        for name, values in _grid(start).items():
            for ranking in [replace(best.ranking, **{name: value}) for value in values]:
                if _canonical(ranking) in trials:
                    continue
                if len(trials) >= max_trials:
                    return list(trials.values())
                trial = Trial(ranking, objective(ranking))
                trials[_canonical(ranking)] = trial
                best = trial if trial.mean > best.mean + _GAIN else best
    return list(trials.values())


def _grid(start: RankSettings) -> dict[str, tuple[Any, ...]]:
    """Return the values to try. A cross-encoder is tried only if the start names it: its files must
    be on this machine."""
    return {**_GRID, "rerank": tuple(dict.fromkeys([*_GRID["rerank"], start.rerank]))}


def _canonical(ranking: RankSettings) -> RankSettings:
    """Return equal settings for all settings that give the same ranking: unused settings get a
    fixed value."""
    if ranking.rerank == NO_RERANKING:
        ranking = replace(ranking, n_rerank=1, rerank_weight=0.0)
    if ranking.lexical_weight == 1:
        ranking = replace(ranking, sentence_weight=0.0)
    return ranking


def halves(question_ids: Iterable[str], seed: int = 0) -> tuple[list[str], list[str]]:
    """Split ids into two halves in an order that depends only on the ids and the seed. The first
    half has one more if their number is odd."""

    def key(question_id: str) -> bytes:
        return blake2b(f"{seed} {question_id}".encode(), digest_size=16).digest()

    shuffled = sorted(question_ids, key=key)
    middle = (len(shuffled) + 1) // 2
    return shuffled[:middle], shuffled[middle:]


def _primary(run: Run) -> float:
    return run.measures[PRIMARY[run.kind]]


def _held_out_gain(n_tried: int, start: Run, best: Run) -> HeldOutGain:
    measure = PRIMARY[start.kind]
    values = [[q.measures[measure] for q in run.questions] for run in (start, best)]
    pool, n = mean_of(np.array(values).ravel()), len(start.questions)
    return HeldOutGain(
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
