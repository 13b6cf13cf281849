"""A dataset through the service: index its corpus, ask its questions, measure what comes back."""

import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

from eval.datasets.load import BeirDataset, Dataset, SpanDataset
from eval.measures.measures import (
    CANDIDATE_RIGHT,
    Found,
    Measures,
    Outcome,
    Statement,
    Values,
    auroc,
    beir_values,
    brier_values,
    calibration_error,
    means,
    span_values,
    statement_values,
)
from eval.runs.run_file import Judged, Run
from index.ingest.ingest import ingest_documents
from index.ingest.progress import Watch
from index.protocols import Embedder
from index.types import Span
from rag.pipeline import Pipeline
from rag.results import Answer, SearchResult
from rag.search.ranking import RankSettings

SPAN_DEPTH = 10
BEIR_DEPTH = 100
N_QUOTED = 3

Told = Callable[[int, int], None]
"""Told after each question: how many have been asked, and of how many."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A run, and how long it took."""

    run: Run
    seconds_indexing: float
    seconds_asking: float


@dataclass(frozen=True, slots=True)
class Indexed:
    """A dataset whose corpus is indexed in a folder: any number of rankings can be run on it."""

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
        asked: Told = lambda done, total: None,
    ) -> Evaluation:
        """Ask the questions one by one through the pipeline that serves users, and measure."""
        began = time.perf_counter()
        with closing(Pipeline.over(self.folder, self.embedder, ranking, calibration)) as pipeline:
            depth = _depth(self.dataset, ranking, cutoffs)
            outcomes = tuple(_ask(pipeline, self.dataset, depth, asked))
            with pipeline.snapshot() as snapshot:
                size = snapshot.count()
        run = _run(self, ranking, cutoffs, outcomes, size)
        return Evaluation(run, self.seconds_indexing, round(time.perf_counter() - began, 2))


@contextmanager
def indexed(
    dataset: Dataset, embedder: Embedder, *, watch: Watch = lambda progress: None
) -> Iterator[Indexed]:
    """The dataset's corpus in an index that lasts as long as the block."""
    with tempfile.TemporaryDirectory(prefix="rag-eval-") as folder:
        began = time.perf_counter()
        ingest_documents(Path(folder), dataset.documents, embedder, watch)
        yield Indexed(dataset, embedder, Path(folder), round(time.perf_counter() - began, 2))


def evaluate(
    dataset: Dataset, embedder: Embedder, ranking: RankSettings, cutoffs: Sequence[int] = ()
) -> Evaluation:
    """One ranking on an index of its own."""
    with indexed(dataset, embedder) as corpus:
        return corpus.evaluate(ranking, cutoffs)


def _run(
    corpus: Indexed,
    ranking: RankSettings,
    cutoffs: Sequence[int],
    outcomes: Sequence[Outcome],
    size: tuple[int, int],
) -> Run:
    dataset = corpus.dataset
    measures, values = measure(dataset, outcomes, cutoffs)
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
        questions=tuple(_judged(dataset, outcomes, values)),
    )


def _judged(dataset: Dataset, outcomes: Sequence[Outcome], values: Values) -> Iterator[Judged]:
    texts, answerable = dataset.queries, dataset.answerable
    for outcome in outcomes:
        i = outcome.question_id
        measures = {name: of[i] for name, of in values.items() if i in of}
        yield Judged(texts[i], answerable.get(i), outcome, measures)


def measure(
    dataset: Dataset, outcomes: Sequence[Outcome], cutoffs: Sequence[int] = ()
) -> tuple[Measures, Values]:
    """The measures that go with a dataset's kind, over all questions and of each.

    The confidence is measured where some questions have an answer and some have none.
    """
    by_id = {outcome.question_id: outcome for outcome in outcomes}
    if isinstance(dataset, SpanDataset):
        values = span_values(dataset.questions, by_id, cutoffs)
        values |= statement_values(dataset.questions, by_id)
    else:
        values = beir_values(dataset.qrels, document_run(outcomes), cutoffs)
    measures, answerable = means(values), dataset.answerable
    if len(set(answerable.values())) == 2:
        confidences = {i: by_id[i].confidence if i in by_id else 0.0 for i in answerable}
        brier = brier_values(answerable, confidences)
        labels, in_order = list(answerable.values()), list(confidences.values())
        measures["AUROC"] = auroc(labels, in_order)
        measures["ECE"] = calibration_error(labels, in_order)
        measures, values = measures | means(brier), values | brier
    return measures | _confidence_in_right(values, by_id), values


def _confidence_in_right(values: Values, outcomes: Mapping[str, Outcome]) -> Measures:
    """How well the confidence tells right candidates from wrong ones, if there are both."""
    correct = [bool(value) for value in values.get(CANDIDATE_RIGHT, {}).values()]
    if len(set(correct)) < 2:
        return {}
    confidences = [outcomes[i].confidence for i in values[CANDIDATE_RIGHT]]
    return {
        "AUROC-right": auroc(correct, confidences),
        "ECE-right": calibration_error(correct, confidences),
    }


def _depth(dataset: Dataset, ranking: RankSettings, cutoffs: Sequence[int]) -> int:
    """How many passages to ask for; all candidates where a document may have several."""
    if isinstance(dataset, BeirDataset):
        return 2 * ranking.n_candidates
    return max(SPAN_DEPTH, *cutoffs, 0)


def _ask(pipeline: Pipeline, dataset: Dataset, depth: int, asked: Told) -> Iterator[Outcome]:
    """Questions about spans are asked as users ask them; queries of a BEIR set are searched."""
    for done, (query_id, text) in enumerate(dataset.queries.items(), 1):
        if isinstance(dataset, SpanDataset):
            reading = pipeline.read(text, depth)
            answer = pipeline.answer(reading)
            candidate = answer if answer.answered else pipeline.answer(reading, decline=False)
            yield _outcome(query_id, answer, Statement(answer.answered, _citations(candidate)))
        else:
            yield _outcome(query_id, pipeline.search(text, depth), None)
        asked(done, len(dataset.queries))


def _citations(answer: Answer) -> tuple[tuple[str, Span], ...]:
    cited = [sentence.citation for sentence in answer.sentences]
    return tuple((each.doc_id, Span(each.start, each.end)) for each in cited)


def _outcome(
    question_id: str, result: SearchResult | Answer, statement: Statement | None
) -> Outcome:
    passages = (
        Found(
            doc_id=passage.citation.doc_id,
            span=Span(passage.citation.start, passage.citation.end),
            score=passage.score,
            highlight=Span(passage.highlight.start, passage.highlight.end),
            quote=passage.text if passage.rank <= N_QUOTED else None,
            also=tuple(place.doc_id for place in passage.duplicates),
        )
        for passage in result.passages
    )
    assert result.confidence is not None  # only a search without a model has none
    return Outcome(question_id, result.confidence, tuple(passages), statement)


def document_run(outcomes: Iterable[Outcome]) -> dict[str, dict[str, float]]:
    """Documents by their best passage, or the one that stands for it, at most 100 a query. A score
    is a place from the end, so that any scorer reads the same ranking: some take scores that differ
    in the eighth digit for ties."""
    run: dict[str, dict[str, float]] = {}
    for outcome in outcomes:
        found = (doc_id for p in outcome.passages for doc_id in (p.doc_id, *p.also))
        in_order = list(dict.fromkeys(found))[:BEIR_DEPTH]
        run[outcome.question_id] = {
            doc_id: float(len(in_order) - place) for place, doc_id in enumerate(in_order)
        }
    return run


def to_trec(outcomes: Iterable[Outcome], tag: str = "rag") -> Iterator[str]:
    """The lines of a TREC run file: query id, Q0, doc_id, rank, score, tag."""
    for query_id, scores in document_run(outcomes).items():
        for rank, (doc_id, score) in enumerate(scores.items(), 1):
            yield f"{query_id} Q0 {doc_id} {rank} {score:.9f} {tag}"
