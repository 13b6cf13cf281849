"""Combine model, index, ranking and answerer into search and question answering."""

import logging
import time
from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from index.backend import Backend, Snapshot
from index.backends import backend_at
from index.errors import NotFound, SpanOutOfRange
from index.fingerprint import Fingerprint
from index.protocols import Embedder
from index.types import Document, DocumentRecord, Ids, Span
from rag.answer.answerer import Answerer, Part
from rag.answer.answerers import load_answerer
from rag.answer.budget import token_counter, within_budget
from rag.answer.confidence import Calibration, Confidence, Evidence, calibration_for
from rag.answer.explain import passage_of
from rag.answer.no_passages import note_on, reason_for
from rag.answer.passages_of_answer import passages_of_answer
from rag.answer.question_parts import QuestionPart, questions_in
from rag.answer.reader import PASSAGES_READ, Reader, ReadPassages, read_passages
from rag.answer.reading import Reading
from rag.live_index import LiveIndex
from rag.models.load import load_model_of
from rag.models.load_pairs import load_reader, load_reranker
from rag.models.query_batching import BatchingEmbedder
from rag.queries import Queries
from rag.results import (
    DEFAULT_K,
    NOT_ANSWERED,
    Answer,
    Correction,
    Filter,
    Passage,
    SearchResult,
)
from rag.search.filter import chunks_within, chunks_without
from rag.search.passages import RankedPassage, merge_adjacent
from rag.search.question import Question
from rag.search.ranking import Preference, RankSettings, bm25_alone
from rag.search.rerankers import Reranker
from rag.search.retrieve import Retrieval, retrieve
from rag.settings import Settings

if TYPE_CHECKING:
    from rag.answer.why.expected import Expected
    from rag.answer.why.result import Why


_log = logging.getLogger(__name__)


class _Facts(NamedTuple):
    """generation: the one that was searched; reason: why there is no passage, or None;
    corrections: of the first query."""

    generation: int
    reason: str | None
    corrections: Sequence[Correction]


class _Calibrations(NamedTuple):
    """Of answers, and of searches, which no reader reads; None if there is none."""

    answers: Calibration | None
    searches: Calibration | None


class Pipeline:
    """An index, its model, the ranking and the answerer. Several threads may use it at once."""

    def __init__(
        self,
        backend: Backend,
        embedder: Embedder | None,
        ranking: RankSettings = RankSettings(),
        *,
        reranker: Reranker | None = None,
        answerer: Answerer | None = None,
        reader: Reader | None = None,
        calibration: Calibration | None = None,
        search_calibration: Calibration | None = None,
    ) -> None:
        """embedder: None ranks by BM25 only.

        reranker, answerer: by default the reranker that `ranking` names and the default answerer.
        calibration:        of answers; with a reader, one that was fitted with it
        search_calibration: of searches, which no reader reads; without a reader unused
        """
        self._embedder = None if embedder is None else BatchingEmbedder(embedder)
        self._ranking = bm25_alone(ranking) if embedder is None else ranking
        self._reranker = reranker or load_reranker(self._ranking)
        self._answerer = answerer or load_answerer()
        self._reader = reader
        self._confidence = Confidence(None if embedder is None else calibration)
        self._search_confidence = self._confidence
        if reader is not None:
            self._search_confidence = Confidence(None if embedder is None else search_calibration)
        self._count_tokens = token_counter(None if embedder is None else embedder.tokenizer)
        fingerprint = None if embedder is None else Fingerprint.of(embedder.fingerprint)
        self._index = LiveIndex(backend, fingerprint)
        self._queries = Queries(self._index, self._embedder)

    @classmethod
    def open(
        cls, settings: Settings, embedder: Embedder | None = None, *, lexical: bool = False
    ) -> "Pipeline":
        """Open the index that the settings name, and load its model.

        embedder: the model, if it is loaded already. lexical: rank by BM25 only, without a model.

        Raises IndexMissing, IndexMismatch, IndexDamaged, ModelUnusable, or BadInput if the
        calibration cannot be used.
        """
        backend = backend_at(settings.index, settings.backend)
        model = backend.fingerprint().model
        if lexical:
            return cls(backend, None, settings.ranking)
        if embedder is None:
            embedder = load_model_of(model, settings)
        reader = load_reader(settings)
        fitted = _calibrations(embedder, settings.calibration, reader)
        return cls(
            backend,
            embedder,
            settings.ranking,
            reranker=load_reranker(settings.ranking, settings.device, settings.cache_dir),
            answerer=load_answerer(settings.answerer),
            reader=reader,
            calibration=fitted.answers,
            search_calibration=fitted.searches,
        )

    @classmethod
    def over(
        cls,
        folder: Path,
        embedder: Embedder,
        ranking: RankSettings = RankSettings(),
        calibration: Path | None = None,
        reader: Reader | None = None,
    ) -> "Pipeline":
        """Open the index in a directory with a loaded model.

        calibration: a calibration file; None uses the one shipped for the model, if there is one.
        """
        fitted = _calibrations(embedder, calibration, reader)
        return cls(
            backend_at(folder),
            embedder,
            ranking,
            reader=reader,
            calibration=fitted.answers,
            search_calibration=fitted.searches,
        )

    def close(self) -> None:
        """Close the index. Running searches finish first; those that wait for the model raise
        Overloaded."""
        if self._embedder is not None:
            self._embedder.close()
        self._index.close()

    def snapshot(self) -> AbstractContextManager[Snapshot]:
        """Return the snapshot of the current generation. It stays open until the block ends."""
        return self._index.borrow()

    def refresh(self) -> bool:
        """Switch to the newest generation. Return False if it is already the current one.

        Running searches continue with the generation that they began with.
        """
        return self._index.refresh()

    @property
    def generation(self) -> int:
        return self._index.generation

    @property
    def answerer_waits(self) -> bool:
        """See Answerer.waits."""
        return self._answerer.waits

    def count_tokens(self, text: str) -> int:
        """The tokens of a text, as a token budget counts them; see rag.answer.budget."""
        return self._count_tokens(text)

    def search(
        self,
        query: str,
        k: int = DEFAULT_K,
        filter: Filter | None = None,
        *,
        explain: bool = False,
        merge: bool = False,
        token_budget: int | None = None,
        prefer: Preference | None = None,
    ) -> SearchResult:
        """Return the k best passages for a question, best first, with verified citations.

        explain: add an explanation of each score. merge: merge adjacent passages among the k.
        prefer: order passages that match nearly equally well by date (rag.search.recency).
        """
        began = time.perf_counter()
        # What the confidence is taken from does not depend on k.
        retrievals, facts = self._retrieve(query, [query], max(k, PASSAGES_READ), filter, prefer)
        retrieval = retrievals[query]
        judgement = self._search_confidence.judge(retrieval)
        passages, too_large = within_budget(
            self._passages(retrieval, k, merge, explain), token_budget, self.count_tokens
        )
        return SearchResult(
            query=query,
            corrections=list(facts.corrections),
            generation=facts.generation,
            answered=judgement.is_stated,
            confidence=judgement.confidence,
            passages=passages,
            reason=facts.reason or too_large,
            note=self._note_on(retrieval.question),
            took_ms=_ms_since(began),
        )

    def ask(
        self,
        query: str,
        k: int = DEFAULT_K,
        filter: Filter | None = None,
        *,
        explain: bool = False,
        merge: bool = False,
        token_budget: int | None = None,
        prefer: Preference | None = None,
    ) -> Answer:
        """Return the sentences that answer a question, with verified citations, and the passages
        they come from. There are no sentences if the documents most likely do not answer it."""
        return self.answer(
            self.read(
                query,
                k,
                filter,
                explain=explain,
                merge=merge,
                token_budget=token_budget,
                prefer=prefer,
            )
        )

    def read(
        self,
        query: str,
        k: int = DEFAULT_K,
        filter: Filter | None = None,
        *,
        explain: bool = False,
        merge: bool = False,
        token_budget: int | None = None,
        prefer: Preference | None = None,
    ) -> Reading:
        """Do the first half of `ask`: split the question into parts, and search for each."""
        began = time.perf_counter()
        parts = questions_in(query) or [QuestionPart(query, query)]
        queries = list(dict.fromkeys([query, *(part.query for part in parts)]))
        # What is read for the answer does not depend on k, so the answer does not.
        retrievals, facts = self._retrieve(query, queries, max(k, PASSAGES_READ), filter, prefer)
        return Reading(
            query=query,
            corrections=facts.corrections,
            parts=parts,
            retrievals=retrievals,
            read=self._read_passages(retrievals, parts),
            passages=self._passages(retrievals[query], k, merge, explain),
            generation=facts.generation,
            reason=facts.reason,
            k=k,
            explain=explain,
            token_budget=token_budget,
            began=began,
        )

    def answer(self, reading: Reading, *, decline: bool = True) -> Answer:
        """The second half of `ask`: the sentences, by the answerer. It holds no snapshot. Without
        `decline` the best candidate is stated whatever the confidence is."""
        queries = dict.fromkeys(part.query for part in reading.parts)
        judged = {
            query: self._confidence.judge(reading.retrievals[query], reading.read.get(query))
            for query in queries
        }
        answered = [
            Part(part.text, judged[part.query].confidence, reading.retrievals[part.query], best)
            for part in reading.parts
            if (best := judged[part.query].best) is not None
            and (judged[part.query].is_stated or not decline)
        ]
        sentences = self._answerer.answer(answered)
        known = [each.confidence for each in judged.values() if each.confidence is not None]
        quotes = dict.fromkeys(sentence.text for sentence in sentences)
        explained = self._ranking if reading.explain else None
        shown = passages_of_answer(reading.passages, answered, sentences, reading.k, explained)
        passages, too_large = within_budget(shown, reading.token_budget, self.count_tokens)
        return Answer(
            query=reading.query,
            corrections=list(reading.corrections),
            generation=reading.generation,
            answered=bool(sentences),
            # A question of several parts is answered if one of them is.
            confidence=max(known, default=None),
            text="\n".join(quotes) or reading.reason or NOT_ANSWERED,
            sentences=sentences,
            passages=passages,
            reason=reading.reason or too_large,
            note=self._note_on(reading.retrievals[reading.query].question),
            took_ms=_ms_since(reading.began),
        )

    def why(self, query: str, expected: "Expected", k: int = DEFAULT_K) -> "Why":
        """Where the question lost the passage that was expected among its k, or in its answer.

        Raises SpanOutOfRange if the document lacks the expected line.
        """
        # Imported here: a search from a cold start does not wait for it.
        from rag.answer.why.ranking import Search
        from rag.answer.why.why import Outcome, why

        reading = self.read(query, k)
        answer, candidate = self.answer(reading), self.answer(reading, decline=False)
        outcome = Outcome(answer, candidate, k, self._confidence.threshold)
        with self._queries.questions([query]) as (snapshot, (question,), _):
            search = Search(snapshot, question, self._ranking, self._reranker)
            return why(search, expected, outcome)

    def evidence(self, query: str, without: Collection[tuple[str, Span]] = ()) -> Evidence | None:
        """What the confidence in the answer to a question is computed from; None without an answer.

        without: documents and spans of them; chunks that overlap one are not searched
        """
        with self._queries.questions([query]) as (snapshot, (question,), _):
            within = chunks_without(snapshot, without) if without else None
            retrieval = retrieve(
                snapshot, question, self._ranking, self._reranker, PASSAGES_READ, within
            )
        return Evidence.of(
            retrieval, None if self._reader is None else read_passages(self._reader, retrieval)
        )

    def _retrieve(
        self,
        query: str,
        queries: Sequence[str],
        k: int,
        filter: Filter | None,
        prefer: Preference | None,
    ) -> tuple[dict[str, Retrieval], _Facts]:
        """Retrieve the passages for each of the queries, `query` first, all in one generation."""
        with self._queries.questions(queries) as (snapshot, questions, corrected):
            within = None if filter is None else chunks_within(snapshot, filter)
            retrievals = {
                text: retrieve(snapshot, question, self._ranking, self._reranker, k, within, prefer)
                for text, question in zip(queries, questions, strict=True)
            }
            reason = None if retrievals[query].passages else _reason(snapshot, query, within)
            return retrievals, _Facts(snapshot.generation, reason, corrected[0].corrections)

    def _read_passages(
        self, retrievals: Mapping[str, Retrieval], parts: Sequence[QuestionPart]
    ) -> dict[str, ReadPassages]:
        """Read the first passages of each part with the reader; empty without one."""
        if self._reader is None:
            return {}
        queries = dict.fromkeys(part.query for part in parts)
        return {query: read_passages(self._reader, retrievals[query]) for query in queries}

    def _passages(self, retrieval: Retrieval, k: int, merge: bool, explain: bool) -> list[Passage]:
        """Return the first k passages with citations; with `merge`, adjacent ones are merged."""
        ranked = retrieval.passages[:k]
        shown = merge_adjacent(ranked) if merge else ranked
        return [self._passage(retrieval, i, each, explain) for i, each in enumerate(shown, 1)]

    def _passage(
        self, retrieval: Retrieval, rank: int, ranked: RankedPassage, explain: bool
    ) -> Passage:
        return passage_of(retrieval, rank, ranked, self._ranking if explain else None)

    def _note_on(self, question: Question) -> str | None:
        without_model = self._embedder is None
        return note_on(question, is_calibrated=without_model or self._confidence.is_calibrated)

    def record(self, doc_id: str) -> DocumentRecord:
        """Return a document without its text. Raises NotFound."""
        with self.snapshot() as snapshot:
            return _record(snapshot, doc_id)

    def slice(self, doc_id: str, start: int = 0, end: int | None = None) -> tuple[Document, Span]:
        """Return a document and the span [start, end) of it, in code points; `end` defaults to the
        document's length.

        Raises NotFound, or SpanOutOfRange if the span does not lie in the document.
        """
        with self.snapshot() as snapshot:
            document = snapshot.document(_record(snapshot, doc_id).doc_id)
        end = len(document.text) if end is None else end
        if not 0 <= start <= end <= len(document.text):
            raise SpanOutOfRange(
                f"the span [{start}, {end}) is not within {doc_id}, which has "
                f"{len(document.text)} characters; choose 0 <= start <= end <= this number"
            )
        return document, Span(start, end)


def _calibrations(embedder: Embedder, path: Path | None, reader: Reader | None) -> _Calibrations:
    """Return the calibrations for a model and a reader. Raises BadInput."""
    weights = embedder.fingerprint.weights
    if reader is None:
        fitted = calibration_for(weights, path)
        return _Calibrations(fitted, fitted)
    fitted = calibration_for(weights, path, reader.digest)
    if fitted is None:
        _log.warning(
            "The confidence of answers is not calibrated for this reader: fit it with `rag eval "
            "calibrate`"
        )
    return _Calibrations(fitted, calibration_for(weights))


def _record(snapshot: Snapshot, doc_id: str) -> DocumentRecord:
    record = snapshot.record(doc_id)
    if record is None:
        raise NotFound.document(doc_id)
    return record


def _reason(snapshot: Snapshot, query: str, within: Ids | None) -> str:
    """Return the reason why there is no passage."""
    return reason_for(snapshot, query, None if within is None else len(within))


def _ms_since(began: float) -> float:
    return round((time.perf_counter() - began) * 1000, 2)
