"""Make copies of real documents with other words and other vectors, without a model.

In a copy's text a third of the words are replaced by random words of the originals, drawn by
frequency; the gaps between sentences stay. Each vector of a chunk or sentence gets random noise, so
that its cosine with the original is between 0.85 and 0.95. Token vectors have two bits a dimension,
sign and magnitude; one dimension in eight gets the other magnitude.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import regex

from index.backend import StoredEncoding
from index.store.rows import StoredDocument
from index.store.store import Store
from index.store.vector_codec import QuantizedVectors, quantize, row_bytes
from index.types import Chunk, Document, Matrix, Span, chunk_id_of, digest_of

REPLACED = 1 / 3
COSINES = (0.85, 0.95)

_WORD = regex.compile(r"\w+")
_MAGNITUDE = 0x55  # the lower bit of each of a byte's four codes (index.encode.token_codec)
_MASKS = 2**22
_BYTES_A_TOKEN = 4  # its scale and sentence, before all codes


@dataclass(frozen=True, slots=True)
class Original:
    """A chunk's text, the spans of its sentences within it, and its encoding."""

    text: str
    sentences: list[Span]
    encoding: StoredEncoding


class Copies:
    """Copies the documents of a store in turn, without end."""

    def __init__(self, store: Store, seed: int = 0) -> None:
        self._dimension = store.fingerprint.model.dimension
        self._random = np.random.default_rng(seed)
        self._originals = [_originals(store, row) for row in store.records()]
        self._words = [
            word
            for document in self._originals
            for original in document
            for word in _WORD.findall(original.text)
        ]
        masks = self._random.integers(0, 256, (3, _MASKS), dtype=np.uint8)
        self._masks = np.bitwise_and.reduce(masks, axis=0) & np.uint8(_MAGNITUDE)
        self.n_copies = 0

    def next(self) -> tuple[Document, list[tuple[Chunk, StoredEncoding]]]:
        """Return the next copy: a document, its chunks and their encodings."""
        originals = self._originals[self.n_copies % len(self._originals)]
        doc_id = f"copy-{self.n_copies:07d}"
        self.n_copies += 1
        texts, sentences, start = [], [], 0
        for original in originals:
            text, spans = self._reword(original)
            texts.append(text)
            sentences.append([Span(start + span.start, start + span.end) for span in spans])
            start += len(text) + 2
        document = Document(doc_id, doc_id, doc_id, "\n\n".join(texts))
        chunks = _chunks(doc_id, texts, sentences)
        return document, list(zip(chunks, self._encodings(originals), strict=True))

    def _reword(self, original: Original) -> tuple[str, list[Span]]:
        parts: list[str] = []
        spans: list[Span] = []
        length = before = 0
        for span in original.sentences:
            gap = original.text[before : span.start]
            sentence = self._with_other_words(span.of(original.text))
            spans.append(Span(length + len(gap), length + len(gap) + len(sentence)))
            parts += [gap, sentence]
            length, before = spans[-1].end, span.end
        return "".join([*parts, original.text[before:]]), spans

    def _with_other_words(self, sentence: str) -> str:
        words = list(_WORD.finditer(sentence))
        word_ids = self._random.integers(0, len(self._words), len(words)).tolist()
        chosen = (self._random.random(len(words)) < REPLACED).tolist()
        parts, before = [], 0
        for word, other, replaced in zip(words, word_ids, chosen, strict=True):
            if replaced:
                parts += [sentence[before : word.start()], self._words[other]]
                before = word.end()
        return "".join([*parts, sentence[before:]])

    def _encodings(self, originals: list[Original]) -> Iterator[StoredEncoding]:
        """Yield the encodings of a document's chunks."""
        joined = b"".join(original.encoding.vectors for original in originals)
        rows = QuantizedVectors.from_bytes(joined, self._dimension).expand()
        perturbed = quantize(self._perturb(rows)).to_bytes()
        first = 0
        for original in originals:
            size = len(original.encoding.vectors)
            tokens = self._other_magnitudes(original.encoding.tokens)
            yield StoredEncoding(perturbed[first : first + size], tokens)
            first += size

    def _perturb(self, vectors: Matrix) -> Matrix:
        noise = self._random.standard_normal(vectors.shape, dtype=np.float32)
        noise -= np.einsum("nd,nd->n", noise, vectors)[:, None] * vectors
        noise /= np.linalg.norm(noise, axis=1, keepdims=True)
        cosine = self._random.uniform(*COSINES, (len(vectors), 1)).astype(np.float32)
        return np.asarray(cosine * vectors + np.sqrt(1 - cosine**2) * noise, dtype=np.float32)

    def _other_magnitudes(self, tokens: bytes) -> bytes:
        width = -(-self._dimension // 4)
        head = len(tokens) // (width + _BYTES_A_TOKEN) * _BYTES_A_TOKEN
        codes = np.frombuffer(tokens, np.uint8, offset=head)
        at = int(self._random.integers(0, _MASKS - len(codes)))
        changed: bytes = (codes ^ self._masks[at : at + len(codes)]).tobytes()
        return tokens[:head] + changed


def _originals(store: Store, record: StoredDocument) -> list[Original]:
    document = store.document(record.doc_id)
    originals = []
    rows = store.chunks(store.chunk_ids_of([record.row_id]).tolist())
    for chunk in sorted(rows, key=lambda chunk: chunk.ordinal):
        start = chunk.span.start
        encoding = store.encoding(chunk.encoding_key)
        assert encoding is not None
        assert len(encoding.vectors) % row_bytes(store.fingerprint.model.dimension) == 0
        spans = [Span(s.start - start, s.end - start) for s in chunk.sentences]
        originals.append(Original(chunk.span.of(document.text), spans, encoding))
    return originals


def _chunks(doc_id: str, texts: list[str], sentences: list[list[Span]]) -> Iterator[Chunk]:
    start = 0
    for ordinal, (text, spans) in enumerate(zip(texts, sentences, strict=True)):
        span, digest = Span(start, start + len(text)), digest_of(text)
        chunk_id = chunk_id_of(doc_id, span, digest)
        yield Chunk(chunk_id, doc_id, ordinal, span, tuple(spans), digest)
        start += len(text) + 2
