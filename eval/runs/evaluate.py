"""Index a dataset's corpus, run its questions through the service and measure the results."""

import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path

from eval.datasets.load import BeirDataset, Dataset, SpanDataset
from eval.measures.measures import (
    AURC,
    CANDIDATE_RIGHT,
    Measures,
    Outcome,
    Values,
    aurc,
    auroc,
    beir_values,
    brier_values,
    calibration_error,
    means,
    span_values,
    statement_values,
)
from eval.runs.budget import budget_values
from eval.runs.outcomes import outcome_of, statement_of
from eval.runs.run_file import Run, RunQuestion
from index.ingest.ingest import ingest_documents
from index.ingest.progress import Watch
from index.protocols import Embedder
from rag.answer.confidence import calibration_for
from rag.answer.reader import Reader
from rag.pipeline import Pipeline
from rag.search.ranking import RankSettings

SPAN_DEPTH = 10
BEIR_DEPTH = 100

QuestionCallback = Callable[[int, int], None]
"""Called after each question with the number of questions done and their total."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A run and its times in seconds."""

    run: Run
    seconds_indexing: float
    seconds_asking: float


@dataclass(frozen=True, slots=True)
class IndexedDataset:
    """A dataset whose corpus is indexed in a folder. Many rankings can be run on one index."""

    dataset: Dataset
    embedder: Embedder
    folder: Path
    seconds_indexing: float

    def evaluate(
        self,
        ranking: RankSettings,
        cutoffs: Sequence[int] = (),
        *,
        calibration: Path | None = None,
        reader: Reader | None = None,
        token_budget: int | None = None,
        on_question: QuestionCallback = lambda n_done, total: None,
    ) -> Evaluation:
        """Search for each question in turn with the pipeline that serves users, and measure.

        cutoffs: further depths to measure at
        calibration: file of the confidence's calibration; None: the default one
        reader: reads the first passages of each question of a span set
        token_budget: on span sets, also measure which answers stand in the passages that fit it
        """
        began = time.perf_counter()
        opened = Pipeline.over(self.folder, self.embedder, ranking, calibration, reader)
        with closing(opened) as pipeline:
            depth = _depth(self.dataset, ranking, cutoffs)
            outcomes = tuple(_ask(pipeline, self.dataset, depth, on_question))
            within = {}
            if token_budget is not None and isinstance(self.dataset, SpanDataset):
                within = budget_values(pipeline, self.dataset.questions, token_budget)
            with pipeline.snapshot() as snapshot:
                size = snapshot.count()
        run = _run(self, ranking, cutoffs, outcomes, size, within)
        fitted = calibration_for(self.embedder.fingerprint.weights, calibration)
        run = replace(run, threshold=None if fitted is None else fitted.threshold)
        return Evaluation(run, self.seconds_indexing, round(time.perf_counter() - began, 2))


@contextmanager
def index_dataset(
    dataset: Dataset, embedder: Embedder, *, watch: Watch = lambda progress: None
) -> Iterator[IndexedDataset]:
    """Index the dataset's corpus in a temporary folder, which is deleted after the block."""
    with tempfile.TemporaryDirectory(prefix="rag-eval-") as folder:
        began = time.perf_counter()
        ingest_documents(Path(folder), dataset.documents, embedder, watch)
        yield IndexedDataset(dataset, embedder, Path(folder), round(time.perf_counter() - began, 2))


def evaluate(
    dataset: Dataset, embedder: Embedder, ranking: RankSettings, cutoffs: Sequence[int] = ()
) -> Evaluation:
    """Index the dataset and run one ranking on it."""
    with index_dataset(dataset, embedder) as corpus:
        return corpus.evaluate(ranking, cutoffs)


def _run(
    corpus: IndexedDataset,
    ranking: RankSettings,
    cutoffs: Sequence[int],
    outcomes: Sequence[Outcome],
    size: tuple[int, int],
    further: Values,
) -> Run:
    dataset = corpus.dataset
    measures, values = measure(dataset, outcomes, cutoffs)
    measures, values = measures | means(further), values | further
    return Run(
        dataset=dataset.name,
        kind=dataset.kind,
        split=dataset.split,
        unanswerable=dataset.unanswerable,
        model=corpus.embedder.fingerprint.name,
        ranking=asdict(ranking),
        cutoffs=tuple(cutoffs),
        n_documents=size[0],
        n_chunks=size[1],
        n_questions=len(outcomes),
        n_answerable=sum(dataset.answerable.values()) if dataset.answerable else None,
        version=version("rag"),
        measures=measures,
        questions=tuple(_run_questions(dataset, outcomes, values)),
    )


def _run_questions(
    dataset: Dataset, outcomes: Sequence[Outcome], values: Values
) -> Iterator[RunQuestion]:
    texts, answerable = dataset.queries, dataset.answerable
    for outcome in outcomes:
        i = outcome.question_id
        measures = {name: by_id[i] for name, by_id in values.items() if i in by_id}
        yield RunQuestion(texts[i], answerable.get(i), outcome, measures)


def measure(
    dataset: Dataset, outcomes: Sequence[Outcome], cutoffs: Sequence[int] = ()
) -> tuple[Measures, Values]:
    """Return the measures of the dataset's kind, over all questions and for each question.

    AUROC, ECE and Brier are included only if there is a confidence, and the dataset has both
    answerable and unanswerable questions.
    """
    by_id = {outcome.question_id: outcome for outcome in outcomes}
    if isinstance(dataset, SpanDataset):
        values = span_values(dataset.questions, by_id, cutoffs)
        values |= statement_values(dataset.questions, by_id)
    else:
        values = beir_values(dataset.qrels, document_run(outcomes), cutoffs)
    measures, answerable = means(values), dataset.answerable
    confidences = _confidences(answerable, by_id)
    labels = {i: answerable[i] for i in confidences}
    if len(set(labels.values())) == 2:
        brier = brier_values(labels, confidences)
        measures["AUROC"] = auroc(list(labels.values()), list(confidences.values()))
        measures["ECE"] = calibration_error(list(labels.values()), list(confidences.values()))
        measures, values = measures | means(brier), values | brier
    return measures | _confidence_in_right(values, by_id), values


def _confidence_in_right(values: Values, outcomes: Mapping[str, Outcome]) -> Measures:
    """How well the confidence tells right candidates from wrong ones, if there are both."""
    judged = values.get(CANDIDATE_RIGHT, {})
    confidences = _confidences(judged, outcomes)
    correct = [bool(judged[i]) for i in confidences]
    if len(set(correct)) < 2:
        return {}
    return {
        "AUROC-right": auroc(correct, list(confidences.values())),
        "ECE-right": calibration_error(correct, list(confidences.values())),
        AURC: aurc(correct, list(confidences.values())),
    }


def _confidences(question_ids: Iterable[str], outcomes: Mapping[str, Outcome]) -> dict[str, float]:
    """Return the confidence of each question; 0 for a question without one or without an outcome.

    Empty if no question has a confidence, as without a calibration.
    """
    if all(outcome.confidence is None for outcome in outcomes.values()):
        return {}
    return {i: (outcomes[i].confidence if i in outcomes else None) or 0.0 for i in question_ids}


def _depth(dataset: Dataset, ranking: RankSettings, cutoffs: Sequence[int]) -> int:
    """Return the number of passages to request. On BEIR sets it is all candidates, because several
    passages can belong to one document."""
    if isinstance(dataset, BeirDataset):
        return 2 * ranking.n_candidates
    return max(SPAN_DEPTH, *cutoffs, 0)


def _ask(
    pipeline: Pipeline, dataset: Dataset, depth: int, on_question: QuestionCallback
) -> Iterator[Outcome]:
    """Answer each question of a span set; only search for each query of a BEIR set."""
    texts = {document.doc_id: document.text for document in dataset.documents}
    for n_done, (query_id, text) in enumerate(dataset.queries.items(), 1):
        if isinstance(dataset, SpanDataset):
            reading = pipeline.read(text, depth)
            answer = pipeline.answer(reading)
            candidate = answer if answer.answered else pipeline.answer(reading, decline=False)
            statement = statement_of(answer.answered, candidate, texts)
            yield outcome_of(query_id, answer, texts, statement)
        else:
            yield outcome_of(query_id, pipeline.search(text, depth), texts)
        on_question(n_done, len(dataset.queries))


def document_run(outcomes: Iterable[Outcome]) -> dict[str, dict[str, float]]:
    """Return query id -> doc_id -> score: at most 100 documents a query, each at the rank of its
    best passage or of the near-identical passage that replaces it.

    The scores are n, n-1, …, 1: some scorers read scores that differ only in the eighth digit as
    ties.
    """
    run: dict[str, dict[str, float]] = {}
    for outcome in outcomes:
        places = (place for p in outcome.passages for place in ((p.doc_id, p.span), *p.duplicates))
        in_order = list(dict.fromkeys(doc_id for doc_id, _ in places))[:BEIR_DEPTH]
        run[outcome.question_id] = {
            doc_id: float(len(in_order) - place) for place, doc_id in enumerate(in_order)
        }
    return run


def to_trec(outcomes: Iterable[Outcome], tag: str = "rag") -> Iterator[str]:
    """Yield the lines of a TREC run file: query id, Q0, doc_id, rank, score, tag."""
    for query_id, scores in document_run(outcomes).items():
        for rank, (doc_id, score) in enumerate(scores.items(), 1):
            yield f"{query_id} Q0 {doc_id} {rank} {score:.9f} {tag}"
