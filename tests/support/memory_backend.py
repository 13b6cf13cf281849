"""A backend in memory, exact and slow: brute force over vectors, BM25 from its formula."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import ClassVar

import numpy as np

from index.backend import CandidateSet, EncodedChunk, State, StoredEncoding
from index.conditions import Condition, holds
from index.errors import IndexDamaged, IndexMissing
from index.fingerprint import Fingerprint
from index.store.rows import stored_encoding, stored_vectors, tokens_from
from index.types import (
    Chunk,
    ChunkVectors,
    Document,
    DocumentRecord,
    EncodingKey,
    FileVersion,
    Hits,
    Ids,
    IndexDescription,
    TokenVectors,
    Vector,
)
from index.words.analyze import terms_of
from index.words.bm25 import K1, idf_of

B, PAIR_WEIGHT = 0.75, 0.5


@dataclass
class Contents:
    """The contents of an index at one generation."""

    fingerprint: Fingerprint
    generation: int = 0
    documents: dict[str, tuple[DocumentRecord, Document]] = field(default_factory=dict)
    chunks: dict[int, Chunk] = field(default_factory=dict)
    encodings: dict[int, tuple[int, StoredEncoding]] = field(default_factory=dict)


class MemoryBackend:
    """Indexes by their place, until the process ends."""

    indexes: ClassVar[dict[Path, Contents]] = {}

    def __init__(self, place: Path) -> None:
        self.place = place

    def _contents(self) -> Contents:
        try:
            return self.indexes[self.place]
        except KeyError:
            raise IndexMissing(f"no index at {self.place}") from None

    def exists(self) -> bool:
        return self.place in self.indexes

    def open(self) -> "MemorySnapshot":
        return MemorySnapshot(deepcopy(self._contents()))

    def newer(self, than: State) -> "MemorySnapshot | None":
        return None if self.state() == than else self.open()

    def state(self) -> State:
        return self._contents().generation, "memory"

    def fingerprint(self) -> Fingerprint:
        return self._contents().fingerprint

    @contextmanager
    def reader(self) -> Iterator["MemorySnapshot"]:
        yield self.open()

    @contextmanager
    def lock(self, *, existing: bool = False) -> Iterator[None]:
        if existing:
            self._contents()
        yield

    @contextmanager
    def writer(self, new: Callable[[], Fingerprint]) -> Iterator["MemoryWriter"]:
        if not self.exists():
            self.indexes[self.place] = Contents(new())
        yield MemoryWriter(self.indexes, self.place)

    def n_bytes(self) -> Mapping[str, int]:
        stored = self._contents().encodings.values()
        return {"vectors": sum(len(s.vectors) + len(s.tokens) for _, s in stored)}


class MemorySnapshot:
    """A copy of the contents."""

    outdated = False

    def __init__(self, contents: Contents) -> None:
        self._contents = contents
        self.generation = contents.generation
        self.state: State = (contents.generation, "memory")
        self.fingerprint = contents.fingerprint

    @property
    def description(self) -> IndexDescription:
        return IndexDescription("exact", self.n_searched, 0, 0, 0, None)

    @property
    def n_searched(self) -> int:
        return len(self._contents.chunks)

    def close(self) -> None:
        pass

    def release_log(self) -> None:
        pass

    def candidates(
        self, query: Vector, terms: Sequence[str], n: int, within: Ids | None = None
    ) -> CandidateSet:
        searched = sorted(self._contents.chunks if within is None else within.tolist())
        vectors = self._vectors(searched)
        cosines = vectors.own(np.arange(len(searched))) @ query
        bm25 = self._bm25(terms, searched)
        everything = np.array(searched, dtype=np.int64)
        dense = Hits.ordered(everything, cosines.astype(np.float64), n if query.any() else 0)
        holding = bm25 > 0
        lexical = Hits.ordered(everything[holding], bm25[holding], n)
        ids = np.union1d(dense.ids, lexical.ids)
        return CandidateSet(
            vectors=self._vectors(ids.tolist()),
            dense_rank=_ranks(dense, ids),
            lexical_rank=_ranks(lexical, ids),
            bm25=bm25[np.searchsorted(everything, ids)],
        )

    def _vectors(self, ids: Sequence[int]) -> ChunkVectors:
        blobs = {i: self._contents.encodings[i][1].vectors for i in ids}
        return stored_vectors(blobs, self.fingerprint.model.dimension)

    def _bm25(self, terms: Sequence[str], ids: Sequence[int]) -> np.ndarray:
        """BM25 of each chunk: of the terms, and of pairs of neighbours with half the weight."""
        scores = np.zeros(len(ids))
        for fields, weight in ((self._terms, 1.0), (self._pairs, PAIR_WEIGHT)):
            texts = {i: fields(i) for i in self._contents.chunks}
            mean = max(sum(map(len, texts.values())), 1) / max(len(texts), 1)
            query = terms if weight == 1 else _pairs_of(terms)
            for term in dict.fromkeys(query):
                idf = idf_of(sum(term in text for text in texts.values()), len(texts))
                for place, i in enumerate(ids):
                    n = Counter(texts[i])[term]
                    length = K1 * (1 - B + B * len(texts[i]) / mean)
                    scores[place] += weight * idf * n * (K1 + 1) / (n + length) if n else 0.0
        return scores

    def _terms(self, chunk_id: int) -> list[str]:
        chunk = self._contents.chunks[chunk_id]
        document = self._contents.documents[chunk.doc_id][1]
        context = document.context_of(chunk.span)
        return [t for text in (*context, chunk.span.of(document.text)) for t in terms_of(text)]

    def _pairs(self, chunk_id: int) -> list[str]:
        chunk = self._contents.chunks[chunk_id]
        return _pairs_of(terms_of(chunk.span.of(self.document(chunk.doc_id).text)))

    def document_frequencies(self, terms: Sequence[str]) -> list[int]:
        texts = [set(self._terms(i)) for i in self._contents.chunks]
        return [sum(term in text for text in texts) for term in terms]

    def having(self, terms: Sequence[str], ids: Ids) -> np.ndarray:
        held = [set(self._terms(i)) for i in ids.tolist()]
        shape = (len(ids), len(terms))
        return np.array([[t in its for t in terms] for its in held], dtype=bool).reshape(shape)

    def chunks(self, ids: Iterable[int]) -> list[Chunk]:
        return [self._contents.chunks[i] for i in sorted(set(ids))]

    def contents_lists(self, ids: Iterable[int]) -> list[int]:
        return [chunk.chunk_id for chunk in self.chunks(ids) if chunk.contents_list]

    def token_vectors(self, ids: Iterable[int]) -> dict[int, TokenVectors]:
        dimension = self.fingerprint.model.dimension
        stored = {i: self._contents.encodings[i][1].tokens for i in ids}
        return {i: tokens_from(tokens, dimension) for i, tokens in stored.items() if tokens}

    def document(self, doc_id: str) -> Document:
        try:
            return self._contents.documents[doc_id][1]
        except KeyError:
            raise IndexDamaged(f"no document {doc_id}") from None

    def record(self, doc_id: str) -> DocumentRecord | None:
        return self._contents.documents.get(doc_id, (None, None))[0]

    def record_of_file(self, path: str) -> DocumentRecord | None:
        return next((row for row in self.records() if row.path == path), None)

    def has(self, doc_id: str) -> bool:
        return doc_id in self._contents.documents

    def is_intact(self, doc_id: str) -> bool:
        return self.has(doc_id)

    def records(self, after: str = "", limit: int = -1) -> list[DocumentRecord]:
        names = sorted(self._contents.documents)
        first = bisect_right(names, after) if after else 0
        last = None if limit < 0 else first + limit
        return [self._contents.documents[name][0] for name in names[first:last]]

    def count(self) -> tuple[int, int]:
        return len(self._contents.documents), len(self._contents.chunks)

    def chunk_ids_of(
        self,
        doc_ids: Sequence[str] | None = None,
        media_types: Sequence[str] | None = None,
        matches: Callable[[str], bool] | None = None,
        where: Condition | None = None,
    ) -> Ids:
        chosen = {
            doc_id
            for doc_id, (record, _) in self._contents.documents.items()
            if (doc_ids is None or doc_id in doc_ids)
            and (media_types is None or record.media_type in media_types)
            and (matches is None or matches(doc_id))
            and (where is None or holds(where, record))
        }
        ids = [i for i, chunk in self._contents.chunks.items() if chunk.doc_id in chosen]
        return np.array(sorted(ids), dtype=np.int64)


def _pairs_of(terms: Sequence[str]) -> list[str]:
    return ["_".join(sorted(pair)) for pair in pairwise(terms)]


def _ranks(hits: Hits, ids: Ids) -> np.ndarray:
    rank_of = {hit.chunk_id: hit.rank for hit in hits}
    return np.array([rank_of.get(int(i), 0) for i in ids], dtype=np.int64)


class MemoryWriter:
    """Writes to a copy, which replaces the contents at each commit."""

    def __init__(self, indexes: dict[Path, Contents], place: Path) -> None:
        self._indexes, self._place = indexes, place

    @property
    def _now(self) -> Contents:
        return self._indexes[self._place]

    @property
    def fingerprint(self) -> Fingerprint:
        return self._now.fingerprint

    def record(self, doc_id: str) -> DocumentRecord | None:
        return MemorySnapshot(self._now).record(doc_id)

    def record_of_file(self, path: str) -> DocumentRecord | None:
        return next((record for record in self.records() if record.path == path), None)

    def records(self) -> list[DocumentRecord]:
        return MemorySnapshot(self._now).records()

    def has(self, doc_id: str) -> bool:
        return doc_id in self._now.documents

    def is_intact(self, doc_id: str) -> bool:
        return self.has(doc_id)

    def digests_among(self, digests: Collection[bytes]) -> set[bytes]:
        return {chunk.digest for chunk in self._now.chunks.values()} & set(digests)

    def encoding(self, key: EncodingKey, since: int = 0) -> StoredEncoding | None:
        for i, chunk in self._now.chunks.items():
            generation, encoding = self._now.encodings[i]
            if chunk.encoding_key == key and generation >= since:
                return encoding
        return None

    @contextmanager
    def transaction(self, *, makes_generation: bool = True) -> Iterator["MemoryTransaction"]:
        changed = deepcopy(self._now)
        changed.generation += 1
        yield MemoryTransaction(changed)
        if not makes_generation:
            changed.generation -= 1
        self._indexes[self._place] = changed


class MemoryTransaction:
    """Writes to contents that are not committed yet."""

    def __init__(self, contents: Contents) -> None:
        self._contents = contents

    @property
    def generation(self) -> int:
        return self._contents.generation

    def put(
        self,
        document: Document,
        path: str | None,
        chunks: Iterable[EncodedChunk],
        version: FileVersion | None = None,
    ) -> int:
        taken = list(chunks)
        for record, _ in list(self._contents.documents.values()):
            if record.doc_id == document.doc_id or (path and record.path == path):
                self.delete(record.doc_id)
        for chunk, encoding in taken:
            stored = encoding if isinstance(encoding, StoredEncoding) else stored_encoding(encoding)
            self._contents.chunks[chunk.chunk_id] = chunk
            self._contents.encodings[chunk.chunk_id] = (self.generation, stored)
        record = DocumentRecord(
            doc_id=document.doc_id,
            path=path,
            source=document.source,
            title=document.title,
            media_type=document.media_type,
            sha256=document.sha256,
            n_chars=len(document.text),
            n_chunks=len(taken),
            metadata=dict(document.metadata),
            file_version=version,
        )
        self._contents.documents[document.doc_id] = (record, document)
        return len(taken)

    def delete(self, doc_id: str) -> None:
        self._contents.documents.pop(doc_id, None)
        for i, chunk in list(self._contents.chunks.items()):
            if chunk.doc_id == doc_id:
                del self._contents.chunks[i], self._contents.encodings[i]

    def note_file(self, doc_id: str, path: str, version: FileVersion | None) -> None:
        record, document = self._contents.documents[doc_id]
        changed = replace(record, path=path, file_version=version)
        self._contents.documents[doc_id] = (changed, document)

    def set_metadata(self, doc_id: str, metadata: Mapping[str, str]) -> None:
        record, document = self._contents.documents[doc_id]
        changed = replace(record, metadata=dict(metadata))
        self._contents.documents[doc_id] = (changed, replace(document, metadata=dict(metadata)))

    def set_fingerprint(self, fingerprint: Fingerprint) -> None:
        self._contents.fingerprint = fingerprint
