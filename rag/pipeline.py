"""The one place where model, index and ranking are put together."""

import time
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

from index.errors import NotFound, SpanOutOfRange
from index.fingerprint import Fingerprint
from index.protocols import Embedder
from index.publish.snapshot import Snapshot
from index.store.rows import StoredDocument
from index.types import Document, Ids, QueryEncoding, Span
from rag.answer.confidence import calibration_for
from rag.answer.explain import Found, passage_of
from rag.answer.extract import (
    NOT_ANSWERED,
    PASSAGES_READ,
    QuestionPart,
    best_choice,
    in_passage,
    questions_in,
    sentence_of,
)
from rag.answer.no_passages import reason_for
from rag.live_index import Generations
from rag.models.lexical_only import Vectorless, by_bm25_alone
from rag.models.load import fingerprint_in, load_model_of, load_reranker
from rag.models.query_batching import BatchingEmbedder
from rag.results import (
    DEFAULT_K,
    Answer,
    AnswerSentence,
    Filter,
    Passage,
    SearchResult,
)
from rag.search.filter import chunks_within
from rag.search.passages import Ranked, joined
from rag.search.question import question_of
from rag.search.ranking import RankSettings
from rag.search.retrieve import retrieve
from rag.settings import CPU, Settings


class Pipeline:
    """An index, its model and the ranking; searched by many threads at once."""

    def __init__(
        self,
        folder: Path,
        embedder: Embedder,
        ranking: RankSettings = RankSettings(),
        calibration: Path | None = None,
        device: str = CPU,
    ) -> None:
        """`calibration` is a file of `rag eval calibrate`; without it the model's shipped one is
        used, if there is one. Raises BadInput if it cannot be used, ModelUnusable if the ranking
        names a cross-encoder that cannot be loaded, onto the device."""
        self._embedder = BatchingEmbedder(embedder)
        self._ranking = ranking
        self._cross_encode = load_reranker(ranking, device)
        self._vectorless = isinstance(embedder, Vectorless)
        # It was fitted on what vectors say, too.
        self._calibration = (
            None if self._vectorless else calibration_for(embedder.fingerprint.weights, calibration)
        )
        self._generations = Generations(folder, Fingerprint.of(embedder.fingerprint))

    @classmethod
    def open(
        cls, settings: Settings, embedder: Embedder | None = None, *, lexical: bool = False
    ) -> "Pipeline":
        """The pipeline for the index that the settings name, and its model, which is loaded unless
        it is given; with `lexical`, for a search by BM25 alone, without one.

        Raises IndexMissing, IndexMismatch, IndexDamaged or ModelUnusable.
        """
        if lexical:
            stand_in = Vectorless(fingerprint_in(settings.index))
            return cls(settings.index, stand_in, by_bm25_alone(settings.ranking))
        if embedder is None:
            embedder = load_model_of(fingerprint_in(settings.index), settings)
        return cls(
            settings.index, embedder, settings.ranking, settings.calibration, settings.device
        )

    def close(self) -> None:
        """Close the index; a search that is under way finishes first, unless it still waits for the
        model: that raises Overloaded."""
        self._embedder.close()
        self._generations.close()

    def snapshot(self) -> AbstractContextManager[Snapshot]:
        """The present generation, held open until the block ends."""
        return self._generations.borrowed()

    def refresh(self) -> bool:
        """Go over to the index's newest generation; False if that is the present one.

        Searches go on meanwhile, each in the generation it began with.
        """
        return self._generations.refresh()

    @property
    def generation(self) -> int:
        return self._generations.generation

    def search(
        self,
        query: str,
        k: int = DEFAULT_K,
        filter: Filter | None = None,
        *,
        explain: bool = False,
        merge: bool = False,
    ) -> SearchResult:
        """The k best passages for a question, best first, each with its proven citation; with
        `explain`, also with how each came by its score. With `merge`, those of the k that are
        neighbours become one."""
        began = time.perf_counter()
        encoding = self._embedder.encode_query(query)
        with self.snapshot() as snapshot:
            within = _within(snapshot, filter)
            found = self._find(snapshot, query, encoding, k, within)
            confidence = self._confidence(found)
            passages = self._passages(found, merge, explain)
            return SearchResult(
                query=query,
                generation=snapshot.generation,
                answered=self._answers(found, confidence),
                confidence=confidence,
                passages=passages,
                reason=None if passages else _reason(snapshot, query, within),
                took_ms=_since(began),
            )

    def ask(
        self,
        query: str,
        k: int = DEFAULT_K,
        filter: Filter | None = None,
        *,
        explain: bool = False,
        merge: bool = False,
    ) -> Answer:
        """The sentences that answer a question, each with its proven citation, and the passages
        behind them; without sentences if the documents most likely do not answer it."""
        began = time.perf_counter()
        parts = questions_in(query) or [QuestionPart(query, query)]
        texts = list(dict.fromkeys([query, *(part.searched for part in parts)]))
        encodings = dict(zip(texts, self._embedder.encode_queries(texts), strict=True))
        with self.snapshot() as snapshot:
            # What is read for the answer does not depend on k, so the answer does not.
            depth = max(k, PASSAGES_READ)
            within = _within(snapshot, filter)
            found = {
                text: self._find(snapshot, text, encoding, depth, within)
                for text, encoding in encodings.items()
            }
            passages = self._passages(replace(found[query], k=k), merge, explain)
            sentences = self._answered(parts, found, passages, explain)
            reason = None if passages else _reason(snapshot, query, within)
            quotes = dict.fromkeys(part.citation.quote for part in sentences)
            return Answer(
                query=query,
                generation=snapshot.generation,
                answered=bool(sentences),
                # A question of several parts is answered if one of them is.
                confidence=max(self._confidence(found[part.searched]) for part in parts),
                text=" ".join(quotes) or reason or NOT_ANSWERED,
                sentences=sentences,
                passages=passages,
                reason=reason,
                took_ms=_since(began),
            )

    def _answered(
        self,
        parts: list[QuestionPart],
        found: Mapping[str, Found],
        passages: list[Passage],
        explain: bool,
    ) -> list[AnswerSentence]:
        """A sentence for each part that is answered. One that stands in none of the passages brings
        its own with it, at their end."""
        sentences = []
        for part in parts:
            read = found[part.searched]
            confidence = self._confidence(read)
            if not self._answers(read, confidence):
                continue
            choice = best_choice(read)
            sentence = sentence_of(read, choice, part.asked, confidence)
            if not in_passage(sentence, passages):
                rank = len(passages) + 1
                passages.append(self._passage(read, rank, choice.ranked, explain))
            sentences.append(sentence)
        return sentences

    def evidence(self, query: str) -> dict[str, float] | None:
        """What `confidence` is computed from, by the names in rag.answer.confidence.FEATURES; None
        if no passage was found."""
        encoding = self._embedder.encode_query(query)
        with self.snapshot() as snapshot:
            return self._find(snapshot, query, encoding, 2, None).features

    def _find(
        self,
        snapshot: Snapshot,
        query: str,
        encoding: QueryEncoding,
        k: int,
        within: Ids | None,
    ) -> Found:
        question = question_of(query, encoding, snapshot.lexical)
        candidates = retrieve(snapshot, question, self._ranking, within, self._cross_encode)
        return Found.of(snapshot, question, candidates, k)

    def _passages(self, found: Found, merge: bool, explain: bool) -> list[Passage]:
        ranked = joined(found.passages) if merge else found.passages
        return [self._passage(found, rank, each, explain) for rank, each in enumerate(ranked, 1)]

    def _passage(self, found: Found, rank: int, ranked: Ranked, explain: bool) -> Passage:
        return passage_of(found, rank, ranked, self._ranking if explain else None)

    def _confidence(self, found: Found) -> float:
        """See SearchResult.confidence; 0 if there is no passage."""
        features = found.features
        if features is None:
            return 0.0
        if self._calibration is not None:
            return self._calibration.probability(features)
        if self._vectorless:
            return features["lexical"]
        return round(min(max((features["dense"] + features["sentence"]) / 2, 0.0), 1.0), 6)

    def _answers(self, found: Found, confidence: float) -> bool:
        """Whether something was found and the calibration, if there is one, trusts it."""
        threshold = self._calibration.threshold if self._calibration is not None else 0.0
        return bool(found.ranked) and confidence >= threshold

    def document(self, doc_id: str) -> StoredDocument:
        """One document's row. Raises NotFound."""
        with self.snapshot() as snapshot:
            return _row(snapshot, doc_id)

    def slice(self, doc_id: str, start: int = 0, end: int | None = None) -> tuple[Document, Span]:
        """A document, and the span [start, end) of it; to its end if none is given.

        Raises NotFound, or SpanOutOfRange if the span does not lie in the document.
        """
        with self.snapshot() as snapshot:
            document = snapshot.document(_row(snapshot, doc_id).document)
        end = len(document.text) if end is None else end
        if not 0 <= start <= end <= len(document.text):
            raise SpanOutOfRange(
                f"[{start}, {end}) is not within {doc_id}, which has {len(document.text)} "
                "characters; use 0 <= start <= end <= that"
            )
        return document, Span(start, end)


def _row(snapshot: Snapshot, doc_id: str) -> StoredDocument:
    row = snapshot.document_row(doc_id)
    if row is None:
        raise NotFound(f"no document {doc_id!r}; `GET /v1/documents` lists them")
    return row


def _within(snapshot: Snapshot, filter: Filter | None) -> Ids | None:
    return None if filter is None else chunks_within(snapshot, filter)


def _reason(snapshot: Snapshot, query: str, within: Ids | None) -> str:
    """Why there is no passage."""
    return reason_for(snapshot, query, None if within is None else len(within))


def _since(began: float) -> float:
    """Milliseconds."""
    return round((time.perf_counter() - began) * 1000, 2)
