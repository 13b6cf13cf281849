"""What every backend must do: each test runs with all of them, including one in memory."""

from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fakes import HashEmbedder
from index.backend import Backend, Snapshot
from index.backends import BACKENDS, backend_at
from index.conditions import Comparison
from index.documents.load import document_of
from index.errors import BadInput, IndexMissing
from index.fingerprint import Fingerprint
from index.ingest.ingest import ingest, ingest_documents, rebuild
from index.ingest.remove import remove
from index.types import Document
from index.words.analyze import terms_of
from memory_backend import MemoryBackend
from rag.pipeline import Pipeline
from rag.results import Filter

EMBEDDER = HashEmbedder()
WORDS = ("aid", "trade", "grain", "winter", "border", "school", "river", "Ŀamp", "漢字")
QUERIES = ("aid and grain", "the winter border", "漢字", "nothing here", "the")
NAMES = [*BACKENDS, "memory"]


@pytest.fixture(autouse=True)
def _memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(BACKENDS, "memory", "memory_backend:MemoryBackend")
    monkeypatch.setattr(MemoryBackend, "indexes", {})


@pytest.fixture(params=NAMES)
def backend(request: pytest.FixtureRequest, tmp_path: Path) -> Backend:
    return backend_at(tmp_path / "index", request.param)


def name_of(backend: Backend) -> str:
    return "memory" if isinstance(backend, MemoryBackend) else "embedded"


def document(doc_id: str, text: str, media_type: str = "text/plain") -> Document:
    return document_of(text, doc_id, media_type=media_type, name=doc_id)


def put(backend: Backend, *documents: Document) -> None:
    ingest_documents(backend.place, documents, EMBEDDER, backend=name_of(backend))


@pytest.fixture
def snapshot(backend: Backend) -> Iterator[Snapshot]:
    """A snapshot of four documents: one is Markdown, and one has an id beyond ASCII."""
    put(
        backend,
        document("a", "Aid came in winter. Nobody spoke of grain."),
        document("b", "Grain rotted at the border. Aid was late."),
        document("é/漢.md", "# Schools\n\nThe school by the river closed.", "text/markdown"),
        document("z", "The river froze."),
    )
    with closing(backend.open()) as opened:
        yield opened


def test_a_place_without_an_index_is_reported(backend: Backend) -> None:
    assert not backend.exists()
    for call in (backend.open, backend.state, backend.fingerprint):
        with pytest.raises(IndexMissing):
            call()
    with pytest.raises(IndexMissing), backend.lock(existing=True):
        pass


def test_an_unknown_backend_is_refused_with_the_known_names(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="embedded"):
        backend_at(tmp_path, "other")


def test_an_empty_index_has_no_candidates(backend: Backend) -> None:
    put(backend)
    assert backend.exists()
    assert backend.fingerprint() == Fingerprint.of(EMBEDDER.fingerprint)
    with closing(backend.open()) as snapshot:
        query = EMBEDDER.encode_query("aid").vector
        assert not len(snapshot.candidates(query, ["aid"], 5).vectors.ids)
        assert (snapshot.count(), snapshot.n_searched, snapshot.records()) == ((0, 0), 0, [])


def test_documents_are_returned_in_order_of_their_ids_and_in_pages(snapshot: Snapshot) -> None:
    assert [each.doc_id for each in snapshot.records()] == ["a", "b", "z", "é/漢.md"]
    assert [each.doc_id for each in snapshot.records("a", 2)] == ["b", "z"]
    for record in snapshot.records():
        text = snapshot.document(record.doc_id)
        assert (record.sha256, record.n_chars) == (text.sha256, len(text.text))
    assert snapshot.record("none") is None
    assert snapshot.document("é/漢.md").title == "Schools"


def test_chunks_are_slices_of_their_documents(snapshot: Snapshot) -> None:
    ids = snapshot.chunk_ids_of()
    assert len(ids) == snapshot.count()[1] == snapshot.n_searched
    assert (np.diff(ids) > 0).all()
    chunks = snapshot.chunks(ids.tolist())
    assert [chunk.chunk_id for chunk in chunks] == ids.tolist()
    assert all(snapshot.document(c.doc_id).text[c.span.start : c.span.end] for c in chunks)
    tokens = snapshot.token_vectors(ids.tolist())
    assert set(tokens) == set(ids.tolist())


def test_contents_lists_are_told_from_other_chunks(backend: Backend) -> None:
    titles = ("Install", "Use", "Repair", "Remove")
    links = "\n".join(f"- [{title}](#{title.lower()})" for title in titles)
    sections = "".join(f"\n\n## {title}\n\nAid came by river." for title in titles)
    put(backend, document("guide.md", f"{links}{sections}", "text/markdown"))
    with closing(backend.open()) as snapshot:
        ids = snapshot.chunk_ids_of().tolist()
        flagged = [chunk for chunk in snapshot.chunks(ids) if chunk.contents_list]
        assert [chunk.ordinal for chunk in flagged] == [0]
        first = flagged[0].chunk_id
        assert snapshot.contents_lists(ids[::-1]) == [first]
        assert snapshot.contents_lists([i for i in ids if i != first]) == []
        assert snapshot.contents_lists([]) == []


def test_a_filter_accepts_ids_media_types_and_a_function(snapshot: Snapshot) -> None:
    def doc_ids(**conditions: object) -> list[str]:
        ids = snapshot.chunk_ids_of(**conditions)  # type: ignore[arg-type]
        return sorted({chunk.doc_id for chunk in snapshot.chunks(ids.tolist())})

    assert doc_ids(doc_ids=["a", "z", "none"]) == ["a", "z"]
    assert doc_ids(doc_ids=["a\0", "z"]) == ["z"]
    assert doc_ids(media_types=["text/markdown"]) == ["é/漢.md"]
    assert doc_ids(media_types=["text/markdown\0"]) == []
    assert doc_ids(matches=lambda doc_id: doc_id > "b") == ["z", "é/漢.md"]
    assert doc_ids(doc_ids=["a", "é/漢.md"], media_types=["text/plain"]) == ["a"]
    assert doc_ids(doc_ids=[]) == []


@pytest.mark.parametrize("n", [1, 2, 9])
def test_candidates_are_the_nearest_and_the_best_by_bm25(snapshot: Snapshot, n: int) -> None:
    query, terms = EMBEDDER.encode_query("grain and aid"), terms_of("grain and aid")
    found = snapshot.candidates(query.vector, terms, n)
    everything = snapshot.candidates(query.vector, terms, 100)
    ids = everything.vectors.ids.tolist()
    assert found.vectors.ids.tolist() == sorted(found.vectors.ids.tolist())
    own = everything.vectors.own(np.arange(len(ids))) @ query.vector
    for ranks, values in ((found.dense_rank, own), (found.lexical_rank, everything.bm25)):
        # Best first, ties to the smaller id; a chunk without any of the terms is no BM25 candidate.
        order = [i for _, i in sorted(zip(-values, ids, strict=True))][:n]
        if values is everything.bm25:
            order = [i for i in order if everything.bm25[ids.index(i)] > 0]
        at = np.flatnonzero(ranks)
        assert found.vectors.ids[at[np.argsort(ranks[at])]].tolist() == order
    for i, bm25 in zip(found.vectors.ids.tolist(), found.bm25, strict=True):
        assert bm25 == pytest.approx(everything.bm25[ids.index(i)])
    assert (found.dense_rank + found.lexical_rank > 0).all()


def test_which_chunks_have_which_terms_in_text_title_or_headings(snapshot: Snapshot) -> None:
    ids = snapshot.chunk_ids_of()[::-1]
    # More terms than one query of the index tells apart.
    terms = ["aid", "grain", "school", "nothing", *(f"none{i}" for i in range(30)), "river"]
    has = snapshot.having(terms, ids)
    assert has.shape == (len(ids), len(terms))
    for row, chunk_id in enumerate(ids.tolist()):
        (chunk,) = snapshot.chunks([chunk_id])
        document = snapshot.document(chunk.doc_id)
        context = (document.title, *document.headings_of(chunk.span))
        held = set(terms_of(" ".join((*context, chunk.span.of(document.text)))))
        assert has[row].tolist() == [term in held for term in terms]
    assert snapshot.having([], ids).shape == (len(ids), 0)
    assert snapshot.having(terms, ids[:0]).shape == (0, len(terms))


def test_a_zero_vector_has_no_nearest_vectors(snapshot: Snapshot) -> None:
    nowhere = np.zeros(EMBEDDER.fingerprint.dimension, np.float32)
    found = snapshot.candidates(nowhere, ["river"], 10)
    assert not found.dense_rank.any()
    assert len(found.vectors.ids) == 2
    assert not len(snapshot.candidates(nowhere, [], 10).vectors.ids)


def test_a_search_is_limited_to_the_given_chunks(snapshot: Snapshot) -> None:
    within = snapshot.chunk_ids_of(doc_ids=["b"])
    found = snapshot.candidates(EMBEDDER.encode_query("aid").vector, ["aid"], 10, within)
    assert found.vectors.ids.tolist() == within.tolist()
    none = within[:0]
    assert not len(snapshot.candidates(EMBEDDER.encode_query("aid").vector, ["aid"], 10, none).bm25)


def test_a_snapshot_does_not_change_and_a_newer_one_can_be_opened(backend: Backend) -> None:
    put(backend, document("a", "Aid came."))
    with closing(backend.open()) as before:
        assert backend.newer(before.state) is None
        put(backend, document("a", "Grain came."))
        remove(backend.place, ["none"], name_of(backend))
        assert before.document("a").text == "Aid came."
        after = backend.newer(before.state)
        assert after is not None
        with closing(after):
            assert after.document("a").text == "Grain came."
            assert after.generation > before.generation
            assert after.state == backend.state()


def test_a_transaction_that_raises_writes_nothing(backend: Backend) -> None:
    put(backend, document("a", "Aid came."))
    state = backend.state()
    with (
        backend.lock(),
        backend.writer(backend.fingerprint) as writer,
        suppress(ZeroDivisionError),
        writer.transaction() as transaction,
    ):
        transaction.delete("a")
        raise ZeroDivisionError
    assert backend.state() == state
    with closing(backend.open()) as snapshot:
        assert snapshot.document("a").text == "Aid came."


def test_files_are_recorded_by_their_paths_and_versions(backend: Backend, tmp_path: Path) -> None:
    file = tmp_path / "docs" / "a.txt"
    file.parent.mkdir()
    file.write_text("Aid came.")
    name = name_of(backend)
    added = ingest(backend.place, [file.parent], lambda: EMBEDDER, backend=name)
    again = ingest(backend.place, [file.parent], lambda: EMBEDDER, backend=name)
    assert (len(added.added), len(again.unchanged)) == (1, 1)
    assert added.generation == again.generation == backend.state()[0]
    moved = file.rename(file.with_name("b.txt"))
    ingest(backend.place, [moved.parent], lambda: EMBEDDER, prune=True, backend=name)
    with closing(backend.open()) as snapshot:
        (record,) = snapshot.records()
        assert record.path == str(moved)


def test_metadata_can_be_replaced_alone(backend: Backend) -> None:
    put(backend, document("a", "Aid came."), document("b", "Grain rotted."))
    before = backend.state()
    with closing(backend.open()) as old, backend.lock():
        ids, text = old.chunk_ids_of().tolist(), old.document("a")
        with backend.writer(lambda: old.fingerprint) as writer:
            with writer.transaction() as transaction:
                transaction.set_metadata("a", {"author": "Zoë", "tags": "x, y"})
            changed = writer.record("a")
        assert old.record("a") != changed
    assert backend.state() != before
    with closing(backend.open()) as new:
        assert new.record("a") == changed
        assert changed is not None
        assert dict(changed.metadata) == {"author": "Zoë", "tags": "x, y"}
        assert new.document("a") == replace(text, metadata=changed.metadata)
        assert new.chunk_ids_of().tolist() == ids
        where = Comparison("author", "=", "Zoë")
        assert new.chunk_ids_of(where=where).tolist() == new.chunk_ids_of(["a"]).tolist()
        query = EMBEDDER.encode_query("aid").vector
        assert new.candidates(query, ["aid"], 5).vectors.ids.tolist() == sorted(ids)


def test_a_rebuild_with_another_model_replaces_every_vector(backend: Backend) -> None:
    put(backend, document("a", "Aid came."))
    other = HashEmbedder("other", dimension=32)
    rebuild(backend.place, other, backend=name_of(backend))
    assert backend.fingerprint() == Fingerprint.of(other.fingerprint)
    with closing(backend.open()) as snapshot:
        found = snapshot.candidates(other.encode_query("aid").vector, ["aid"], 5)
        assert found.vectors.codes.shape[1] == 32


Step = tuple[str, int, list[str]]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["put", "put", "delete"]),
        st.integers(0, 3),
        st.lists(st.sampled_from(WORDS), min_size=1, max_size=12),
    ),
    max_size=6,
)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=STEPS)
def test_all_backends_give_the_same_results_after_the_same_steps(
    tmp_path_factory: pytest.TempPathFactory, steps: list[Step]
) -> None:
    """Their contents are compared with a dictionary, and their results with one another."""
    place = tmp_path_factory.mktemp("index")
    backends = {name: backend_at(place / name, name) for name in NAMES}
    texts: dict[str, str] = {}
    for backend in backends.values():
        put(backend)
    for kind, number, words in steps:
        doc_id, text = f"d{number}", f"It is {' '.join(words)}. It is so."
        if kind == "put":
            texts[doc_id] = text
        else:
            texts.pop(doc_id, None)
        for name, backend in backends.items():
            if kind == "put":
                put(backend, document(doc_id, text))
            else:
                remove(backend.place, [doc_id], name)
    results = {}
    for name, backend in backends.items():
        pipeline = Pipeline(backend, EMBEDDER)
        with pipeline.snapshot() as snapshot:
            held = {each.doc_id: snapshot.document(each.doc_id).text for each in snapshot.records()}
        assert held == texts
        results[name] = [
            {(p.citation.doc_id, p.citation.start): p.score for p in found.passages}
            for query in QUERIES
            for found in (
                pipeline.search(query),
                pipeline.search(query, 9, Filter(doc_id=["d[01]"])),
            )
        ]
        pipeline.close()
    for name in NAMES:
        for mine, first in zip(results[name], results[NAMES[0]], strict=True):
            assert mine == pytest.approx(first, abs=2e-5)
