"""The one place where model, index and ranking are put together."""

import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

from index.analyze import terms_of
from index.errors import BadQuery, IndexMissing, NotFound, SpanOutOfRange
from index.models import DEFAULT_MODEL, find_model
from index.protocols import Embedder
from index.rows import StoredDocument
from index.snapshot import Snapshot, state_of
from index.store import Store
from index.sync import Report, Watch, check_fingerprint, fingerprint_of, ingest, rebuild
from index.types import Document, Ids, Span
from rag import cite
from rag.highlight import best_sentence, idf_of
from rag.results import (
    DEFAULT_K,
    MAX_K,
    MAX_QUERY_CHARACTERS,
    Explanation,
    Filter,
    Part,
    Passage,
    QueryTerm,
    Scores,
    SearchResult,
)
from rag.retrieve import Candidate, RankSettings, retrieve
from rag.settings import Settings


def load_model(name: str | None = None) -> Embedder:
    """A model by its name, or the default, loaded. It takes seconds."""
    from index.embed import load_embedder

    return load_embedder(find_model(name or DEFAULT_MODEL))


def _model_of(folder: Path) -> str:
    """The model that the index in a folder was built with. Raises IndexMissing."""
    with closing(Store.open(folder)) as store:
        return store.fingerprint.model.name


def ingest_paths(settings: Settings, paths: list[Path], *, prune: bool, watch: Watch) -> Report:
    """Bring the index in step with these paths."""
    try:
        built_with = _model_of(settings.index)
    except IndexMissing:
        built_with = None
    embedder = cache(lambda: load_model(settings.model or built_with))
    if built_with is not None and settings.model not in (None, built_with):
        # Even when nothing is to be encoded: the user asked for another model than the index has.
        with closing(Store.open(settings.index)) as store:
            check_fingerprint(settings.index, store.fingerprint, fingerprint_of(embedder()))
    return ingest(settings.index, paths, embedder, prune=prune, watch=watch)


def rebuild_index(settings: Settings, watch: Watch) -> Report:
    """Encode the whole index anew, with the model that the settings name or the one it has."""
    try:
        built_with = _model_of(settings.index)
    except IndexMissing:
        raise IndexMissing(
            f"no index at {settings.index} to rebuild; use `rag ingest PATH`"
        ) from None
    return rebuild(settings.index, load_model(settings.model or built_with), watch)


def checked_query(query: str, k: int = DEFAULT_K) -> str:
    """The question, if it can be asked.

    Raises BadQuery if it is blank, too long or not Unicode, or if k is out of range.
    """
    if not query.strip():
        raise BadQuery("the question is empty; ask something")
    if len(query) > MAX_QUERY_CHARACTERS:
        raise BadQuery(
            f"the question has {len(query):,} characters; shorten it to {MAX_QUERY_CHARACTERS:,}"
        )
    if "\0" in query:
        raise BadQuery("the question holds a NUL character; take it out")
    if any("\ud800" <= character <= "\udfff" for character in query):
        raise BadQuery("the question is not valid Unicode; check the terminal's or file's encoding")
    if not 1 <= k <= MAX_K:
        raise BadQuery(f"k is {k}; choose from 1 to {MAX_K}")
    return query


class Pipeline:
    """An index, its model and the ranking; searched by many threads at once."""

    def __init__(
        self, folder: Path, embedder: Embedder, ranking: RankSettings = RankSettings()
    ) -> None:
        self._folder = folder
        self._embedder = embedder
        self._ranking = ranking
        self._lock = threading.Lock()
        self._refreshing = threading.Lock()
        self._borrowed: dict[Snapshot, int] = {}
        self._current = self._open()
        self._closed = False

    @classmethod
    def open(cls, settings: Settings) -> "Pipeline":
        """The pipeline for the index that the settings name, its model loaded.

        Raises IndexMissing, IndexMismatch, IndexDamaged or ModelUnusable.
        """
        built_with = _model_of(settings.index)
        ranking = RankSettings(settings.n_candidates, settings.lexical_weight)
        return cls(settings.index, load_model(settings.model or built_with), ranking)

    def _open(self) -> Snapshot:
        snapshot = Snapshot.open(self._folder)
        try:
            check_fingerprint(self._folder, snapshot.fingerprint, fingerprint_of(self._embedder))
        except BaseException:
            snapshot.close()
            raise
        return snapshot

    def close(self) -> None:
        """Close the index; a search that is under way finishes first."""
        with self._lock:
            self._closed = True
            if not self._borrowed.get(self._current):
                self._current.close()

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """The present generation, held open until the block ends."""
        with self._lock:
            snapshot = self._current
            self._borrowed[snapshot] = self._borrowed.get(snapshot, 0) + 1
        try:
            yield snapshot
        finally:
            with self._lock:
                self._borrowed[snapshot] -= 1
                if not self._borrowed[snapshot]:
                    del self._borrowed[snapshot]
                    if self._closed or snapshot is not self._current:
                        snapshot.close()

    def refresh(self) -> bool:
        """Go over to the index's newest generation; False if that is the present one.

        Searches go on meanwhile, each in the generation it began with.
        """
        with self._refreshing:
            if state_of(self._folder) == self._current.state:
                return False
            fresh = self._open()
            with self._lock:
                stale, self._current = self._current, fresh
                if not self._borrowed.get(stale):
                    stale.close()
            return True

    @property
    def generation(self) -> int:
        return self._current.generation

    def search(
        self,
        query: str,
        k: int = DEFAULT_K,
        filter: Filter | None = None,
        *,
        explain: bool = False,
    ) -> SearchResult:
        """The k best passages for a question, best first, each with its proven citation; with
        `explain`, also with how each came by its score."""
        began = time.perf_counter()
        vector, terms = self._embedder.encode_query(query), terms_of(query)
        with self.snapshot() as snapshot:
            within = None if filter is None else _within(snapshot, filter)
            best = retrieve(snapshot, vector, terms, self._ranking, within)
            weights = _idf_weights(snapshot, terms)
            passages = []
            for rank, candidate in enumerate(best[:k], 1):
                document = snapshot.document(candidate.stored.document)
                sentence = best_sentence(document.text, candidate.stored, vector, weights)
                passage = _passage(rank, candidate, document, sentence)
                if explain:
                    why = _explanation(candidate, passage.text, weights, self._ranking)
                    passage = passage.model_copy(update={"explanation": why})
                passages.append(passage)
        return SearchResult(
            query=query,
            generation=snapshot.generation,
            took_ms=round((time.perf_counter() - began) * 1000, 2),
            confidence=_confidence(best),
            passages=passages,
        )

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


def _within(snapshot: Snapshot, filter: Filter) -> Ids:
    """The chunks of the documents that a filter lets through."""

    def passes(row: StoredDocument) -> bool:
        by_id = filter.doc_id is None or any(
            row.doc_id == pattern or fnmatchcase(row.doc_id, pattern) for pattern in filter.doc_id
        )
        return by_id and (filter.media_type is None or row.media_type in filter.media_type)

    return snapshot.chunk_ids_of(row.document for row in snapshot.documents() if passes(row))


def _idf_weights(snapshot: Snapshot, terms: list[str]) -> dict[str, float]:
    """The idf of each distinct term, in order."""
    lexical = snapshot.lexical
    return {t: idf_of(lexical.document_frequency(t), len(lexical)) for t in dict.fromkeys(terms)}


def _passage(rank: int, candidate: Candidate, document: Document, sentence: Span) -> Passage:
    citation = cite.cite(document, candidate.stored)
    return Passage(
        rank=rank,
        score=candidate.score,
        scores=Scores(
            dense=candidate.dense, lexical=candidate.lexical, sentence=candidate.sentence
        ),
        text=citation.quote,
        highlight=cite.highlight(document, sentence, candidate.stored.chunk.span),
        citation=citation,
    )


def _explanation(
    candidate: Candidate,
    text: str,
    weights: dict[str, float],
    ranking: RankSettings,
) -> Explanation:
    in_passage = set(terms_of(text))
    return Explanation(
        dense_rank=candidate.dense_rank,
        lexical_rank=candidate.lexical_rank,
        semantic=Part(
            value=round(candidate.dense + candidate.sentence, 6),
            scaled=candidate.semantic_scaled,
            weight=round(1 - ranking.lexical_weight, 6),
        ),
        lexical=Part(
            value=candidate.lexical,
            scaled=candidate.lexical_scaled,
            weight=ranking.lexical_weight,
        ),
        terms=[
            QueryTerm(term=term, idf=round(idf, 6), in_passage=term in in_passage)
            for term, idf in weights.items()
        ],
    )


def _confidence(best: list[Candidate]) -> float:
    """See SearchResult.confidence; 0 if there is no passage."""
    if not best:
        return 0.0
    return round(min(max((best[0].dense + best[0].sentence) / 2, 0.0), 1.0), 6)
