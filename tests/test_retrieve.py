"""Fusion by hand, scores against a recomputation from the store, and a total order."""

from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from fakes import HashEmbedder
from index.analyze import terms_of
from index.load import document_of
from index.snapshot import Snapshot
from index.sync import ingest_documents
from index.types import Document
from rag.retrieve import RankSettings, fuse, retrieve

SUBJECTS = ["aid", "trade", "grain", "winter", "banking", "border", "school", "river"]
PAIRS = [f"{a} and {b}" for a, b in combinations(SUBJECTS, 2)]


def document(doc_id: str, text: str) -> Document:
    return document_of(text, doc_id, media_type="text/plain", name=doc_id)


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Snapshot]:
    """29 documents of two sentences, two of them with the same text."""
    folder = tmp_path_factory.mktemp("retrieve")
    documents = [
        document(f"d{i:02d}", f"They spoke of {pair}. Nobody listened to them.")
        for i, pair in enumerate(PAIRS)
    ]
    documents.append(document("twin", f"They spoke of {PAIRS[0]}. Nobody listened to them."))
    ingest_documents(folder, documents, HashEmbedder())
    opened = Snapshot.open(folder)
    yield opened
    opened.close()


def test_fusion_equals_a_value_worked_by_hand() -> None:
    semantic, lexical = np.array([0.9, 0.5, 0.1]), np.array([0.0, 8.0, 2.0])
    assert fuse(semantic, lexical, 0.5).scores.tolist() == [0.5, 0.75, 0.125]
    assert fuse(semantic, lexical, 0.0).scores.tolist() == [1.0, 0.5, 0.0]
    assert fuse(semantic, lexical, 1.0).scores.tolist() == [0.0, 1.0, 0.25]


def test_a_signal_that_is_the_same_for_all_prefers_none() -> None:
    assert fuse(np.array([0.3, 0.3]), np.array([0.0, 0.0]), 0.5).scores.tolist() == [0.5, 0.5]
    assert fuse(np.array([0.3]), np.array([2.0]), 0.5).scores.tolist() == [1.0]


@given(
    hnp.arrays(np.float64, st.integers(1, 20), elements=st.floats(-2, 2)),
    st.floats(0, 1),
    st.data(),
)
def test_fused_scores_lie_between_0_and_1(
    semantic: np.ndarray, weight: float, data: st.DataObject
) -> None:
    lexical = data.draw(hnp.arrays(np.float64, len(semantic), elements=st.floats(0, 40)))
    scores = fuse(semantic, lexical, weight).scores
    assert scores.min() >= 0
    assert scores.max() <= 1


@pytest.mark.parametrize("query", ["grain and winter", "who listened?", "aid", "nothing of it"])
def test_every_candidates_signals_equal_a_recomputation(snapshot: Snapshot, query: str) -> None:
    vector = HashEmbedder().encode_query(query)
    # Ten a side, so that each side has candidates that only the other found.
    settings = RankSettings(n_candidates=10)
    candidates = retrieve(snapshot, vector, terms_of(query), settings)
    everything = {
        hit.chunk_id: hit.score
        for hit in snapshot.lexical.search(terms_of(query), len(snapshot.lexical))
    }
    assert len(candidates) >= 10
    for candidate in candidates:
        encoding = candidate.stored.encoding
        assert candidate.dense == pytest.approx(float(encoding.vector @ vector), abs=1e-6)
        best = max(float(row @ vector) for row in encoding.sentence_vectors)
        assert candidate.sentence == pytest.approx(best, abs=1e-6)
        bm25 = everything.get(candidate.stored.chunk.chunk_id, 0.0)
        assert candidate.lexical == pytest.approx(bm25, abs=1e-6)
    semantic = np.array([c.dense + c.sentence for c in candidates])
    lexical = np.array([c.lexical for c in candidates])
    assert [c.score for c in candidates] == pytest.approx(
        fuse(semantic, lexical, settings.lexical_weight).scores.tolist(), abs=1e-5
    )


def test_equal_passages_are_ordered_by_their_chunk_id(snapshot: Snapshot) -> None:
    vector = HashEmbedder().encode_query(PAIRS[0])
    candidates = retrieve(snapshot, vector, terms_of(PAIRS[0]), RankSettings())
    keys = [(-c.score, c.stored.chunk.chunk_id) for c in candidates]
    assert keys == sorted(keys)
    twins = [c for c in candidates if c.stored.chunk.doc_id in ("d00", "twin")]
    assert twins[0].score == twins[1].score
    assert candidates[:2] == twins


def test_only_the_chunks_asked_for_are_searched(snapshot: Snapshot) -> None:
    row = snapshot.document_row("d07")
    assert row is not None
    within = snapshot.chunk_ids_of([row.document])
    vector = HashEmbedder().encode_query("aid")
    candidates = retrieve(snapshot, vector, terms_of("aid"), RankSettings(), within)
    assert [c.stored.chunk.doc_id for c in candidates] == ["d07"]
    empty = np.array([], dtype=np.int64)
    assert retrieve(snapshot, vector, terms_of("aid"), RankSettings(), empty) == []


def test_an_empty_index_has_no_candidates(tmp_path: Path) -> None:
    ingest_documents(tmp_path, [], HashEmbedder())
    snapshot = Snapshot.open(tmp_path)
    vector = HashEmbedder().encode_query("aid")
    assert retrieve(snapshot, vector, ["aid"], RankSettings()) == []
    snapshot.close()
