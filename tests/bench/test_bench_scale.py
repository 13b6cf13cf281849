"""Copies of documents are as similar as specified; texts are read from every kind of file."""

import gzip
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from bench.scale.copies import Copies
from bench.scale.index import GrowingIndex, dense_search, disk
from bench.scale.results import SizeMeasures, picture, table
from bench.scale.text import split, texts_in
from fakes import HashEmbedder
from index.documents.load import document_of
from index.encode.token_codec import expand
from index.errors import BadInput
from index.ingest.ingest import ingest_documents
from index.publish.snapshot import EmbeddedSnapshot
from index.store.rows import tokens_from
from index.store.store import Store
from index.store.vector_codec import QuantizedVectors
from index.types import Document, Matrix, digest_of

EMBEDDER = HashEmbedder()
D = EMBEDDER.fingerprint.dimension


def written(n: int) -> list[Document]:
    words = "aid grain winter border river tax school harvest road bridge".split()
    return [
        document_of(
            "\n\n".join(
                f"The {words[(i + j) % 10]} of {words[i % 7]} and {words[j % 10]} is number {i}. "
                f"It has {words[(3 * i + j) % 10]} too, and {words[(i * j) % 10]}. " * 4
                for j in range(3)
            ),
            f"d{i}",
            media_type="text/plain",
            name=f"d{i}",
        )
        for i in range(n)
    ]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    ingest_documents(tmp_path, written(8), EMBEDDER)
    with closing(Store.open(tmp_path)) as store:
        yield store


def vectors_of(value: bytes) -> Matrix:
    rows = QuantizedVectors.from_bytes(value, D).expand()
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def originals(store: Store) -> list[bytes]:
    """The stored vectors of the first document's chunks and their sentences."""
    row = store.records()[0].row_id
    ids = store.chunk_ids_of([row]).tolist()
    chunks = sorted(store.chunks(ids), key=lambda each: each.ordinal)
    vectors = store.vectors_in_bytes(ids)
    return [vectors[each.chunk_id] for each in chunks]


def test_every_chunk_of_a_copy_is_its_own_slice_and_contains_its_sentences(store: Store) -> None:
    copies = Copies(store)
    for _ in range(8):
        document, chunks = copies.next()
        assert chunks
        for chunk, encoding in chunks:
            assert digest_of(chunk.span.of(document.text)) == chunk.digest
            assert all(chunk.span.contains(sentence) for sentence in chunk.sentences)
            assert len(vectors_of(encoding.vectors)) == 1 + len(chunk.sentences)


def test_no_two_copies_have_the_same_text_and_all_keep_most_words_of_the_original(
    store: Store,
) -> None:
    original = store.document(store.records()[0].doc_id).text.split()
    copies = Copies(store)
    texts = [copies.next()[0].text for _ in range(17)]
    assert len(set(texts)) == 17
    for copy in (texts[0], texts[8], texts[16]):
        words = copy.split()
        assert len(words) == len(original)
        n_same = sum(one == other for one, other in zip(words, original, strict=True))
        assert 0.55 < n_same / len(words) < 0.9


def test_the_vectors_of_a_copy_are_rotated_by_the_specified_angle(store: Store) -> None:
    _, chunks = Copies(store).next()
    before = [vectors_of(each) for each in originals(store)]
    for rows, (_, encoding) in zip(before, chunks, strict=True):
        cosines = np.einsum("nd,nd->n", rows, vectors_of(encoding.vectors))
        assert cosines.min() > 0.84
        assert cosines.max() < 0.96


def test_the_token_vectors_of_a_copy_keep_their_signs_and_most_magnitudes(store: Store) -> None:
    row = store.records()[0].row_id
    ids = store.chunk_ids_of([row]).tolist()
    chunks = sorted(store.chunks(ids), key=lambda each: each.ordinal)
    first = store.token_vectors([chunks[0].chunk_id])[chunks[0].chunk_id]
    copy = tokens_from(Copies(store).next()[1][0][1].tokens, D)
    assert copy.sentence_of.tolist() == first.sentence_of.tolist()
    rows, turned = (expand(each.codes, each.scales, D) for each in (first, copy))
    assert (np.sign(rows) == np.sign(turned)).all()
    changed = float(np.mean(rows != turned))
    assert changed == pytest.approx(1 / 8, abs=0.03)


def test_an_index_grows_by_real_documents_then_by_copies_and_is_searched(tmp_path: Path) -> None:
    index = GrowingIndex(tmp_path, EMBEDDER, written(12), n_real=20)
    real = index.grow(10)
    n_real = index.n_chunks
    assert real["copied_chunks"] == 0
    assert real["encoded_chunks"] == n_real >= 10
    grown = index.grow(100)
    assert grown["encoded_chunks"] + grown["copied_chunks"] == index.n_chunks - n_real
    with closing(EmbeddedSnapshot.open(tmp_path)) as snapshot:
        assert snapshot.count()[1] == len(snapshot.dense) == len(snapshot.lexical)
        assert snapshot.count()[1] == index.n_chunks >= 100
    questions = np.stack([EMBEDDER.encode_query(text).vector for text in ("aid", "road tax")])
    assert dense_search(tmp_path, questions)["recall_at_10"] == 1
    parts = disk(tmp_path)
    files = sum(file.stat().st_size for file in tmp_path.rglob("*") if file.is_file()) / 2**20
    assert 0 < sum(parts.values()) <= files
    assert parts["sqlite token_vectors"] > 0


def test_text_is_read_from_plain_files_pages_and_manuals_compressed_or_not(tmp_path: Path) -> None:
    body = "Grain is paid for by the river authority. " * 80
    (tmp_path / "a.txt").write_text(f"Plain. {body}")
    (tmp_path / "b.html").write_text(f"<style>x</style><p>Page &amp; all.</p><p>{body}</p>")
    manual = f'.TH X 1\n.SH "NAME"\n\\fBMan\\fP of two\\-part\n{body}'
    (tmp_path / "c.1.gz").write_bytes(gzip.compress(manual.encode()))
    (tmp_path / "d.png").write_text(body)
    (tmp_path / "e.txt").write_text("short")
    (tmp_path / "f.txt").write_bytes(b"\xff\xfe" + body.encode())
    plain, page, man = texts_in([tmp_path])
    assert plain == f"Plain. {body}".strip()
    assert page == f"Page & all.\n\n{body}".strip()
    assert man == f"NAME\n\nMan of two-part\n{body}".strip()


def test_questions_are_sentences_of_texts_outside_the_index() -> None:
    texts = [
        " ".join(f"Text {i} holds sentence {j} about the {i * j} rivers." for j in range(30))
        for i in range(40)
    ]
    documents, questions = split(texts, 20)
    assert len(documents) == 38
    assert len(set(questions)) == 20
    joined = "\n".join(document.text for document in documents)
    assert not any(question in joined for question in questions)
    with pytest.raises(BadInput, match=r"have 60 questions, but 100 are required"):
        split(texts, 100)


def test_the_plot_and_the_table_have_every_size_and_omit_missing_values() -> None:
    one: SizeMeasures = dict.fromkeys(
        ("publish_s", "publish_dense_s", "publish_lexical_s", "dense_p50_ms", "p50_ms", "p90_ms"), 3
    ) | dict.fromkeys(
        ("first_p50_ms", "first_p90_ms", "first_open_s", "resident_mb", "own_mb", "encoded_per_s"),
        7,
    )
    one |= {"recall_at_10": 0.99, "dense": {"n_probed": 0}, "copied_per_s": 0}
    sizes = [one | {"n_chunks": n, "disk_mb": n / 50} for n in (1000, 10_000)]
    drawn = picture(sizes)
    # One point per size, and one more per size for the first time a query is asked.
    assert drawn.count("</circle>") == 2 * drawn.count('class="title"') + 2
    assert "1,000: 0.99" in drawn
    assert "10,000: 200" in drawn
    assert ">encoded</text>" in drawn
    assert picture([each | {"publish_dense_s": 0} for each in sizes[:1]] + sizes[1:]).count(
        "</circle>"
    ) == (drawn.count("</circle>") - 1)
    # The state after the first size: the documents are already published.
    only = picture([sizes[0] | {"publish_dense_s": 0}])
    assert only.count('class="title"') == drawn.count('class="title"') - 1
    assert "Publishing" not in only
    assert ">copied</text>" not in drawn
    assert table(sizes).splitlines()[0].split() == "| chunks | 1,000 | 10,000 | aim |".split()
    assert "| dense recall@10 | 0.99 | 0.99 | ≥ 0.98 |" in " ".join(table(sizes).split())
    assert "| copied and stored, chunks/s | | | |" in " ".join(table(sizes).split())
