"""What every reranker must do: a score in [0, 1] for each candidate, or none at all."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from fakes import HashEmbedder, TokenlessEmbedder
from index.backend import Snapshot
from index.documents.load import document_of
from index.errors import ModelUnusable
from index.ingest.ingest import ingest_documents
from index.protocols import Embedder
from index.publish.snapshot import EmbeddedSnapshot
from rag.models.load_pairs import load_reranker
from rag.search.question import question_of
from rag.search.ranking import RankSettings
from rag.search.rerankers import RERANKERS, CrossEncoder, NoReranker, Reranker
from rag.search.retrieve import rank_candidates

SUBJECTS = ("aid", "trade", "grain", "winter", "border", "school")
QUERY = "grain in winter"


def word_overlap(question: str, texts: list[str]) -> list[float]:
    """A minimal cross-encoder: the share of the question's words."""
    words = set(question.split())
    return [len(words & set(text.split())) / len(words) for text in texts]


@pytest.fixture(params=[*RERANKERS, "cross-encoder"])
def reranker(request: pytest.FixtureRequest) -> Reranker:
    if request.param == "cross-encoder":
        return CrossEncoder(word_overlap)
    return load_reranker(RankSettings(rerank=request.param))


@pytest.fixture(params=[HashEmbedder, TokenlessEmbedder])
def embedder(request: pytest.FixtureRequest) -> Embedder:
    model: Embedder = request.param()
    return model


@pytest.fixture
def snapshot(tmp_path: Path, embedder: Embedder) -> Iterator[Snapshot]:
    documents = [
        document_of(
            f"They spoke of {one} in {other}.", f"{one} {other}", media_type="text/plain", name="x"
        )
        for one in SUBJECTS
        for other in SUBJECTS
    ]
    ingest_documents(tmp_path, documents, embedder)
    with closing(EmbeddedSnapshot.open(tmp_path)) as opened:
        yield opened


@pytest.mark.parametrize("n_rerank", [1, 7, 100])
def test_reranked_candidates_come_first_and_all_are_in_order(
    snapshot: Snapshot, embedder: Embedder, reranker: Reranker, n_rerank: int
) -> None:
    question = question_of(QUERY, embedder.encode_query(QUERY), snapshot)
    settings = RankSettings(n_rerank=n_rerank)
    first = rank_candidates(snapshot, question, settings, NoReranker())
    ranked = rank_candidates(snapshot, question, settings, reranker)
    ids = ranked.signals["chunk_id"]
    assert set(ids[:n_rerank]) == set(first.signals["chunk_id"][:n_rerank])
    assert ids[n_rerank:].tolist() == first.signals["chunk_id"][n_rerank:].tolist()
    scores = ranked.signals["score"]
    keys = list(zip((-scores).tolist(), ids.tolist(), strict=True))
    assert keys[:n_rerank] == sorted(keys[:n_rerank])
    assert ((scores >= 0) & (scores <= 1)).all()


def test_scores_are_in_0_to_1_for_every_candidate_or_there_are_none(
    snapshot: Snapshot, embedder: Embedder, reranker: Reranker
) -> None:
    question = question_of(QUERY, embedder.encode_query(QUERY), snapshot)
    head = rank_candidates(snapshot, question, RankSettings(), NoReranker()).head(5)
    before = head.signals.tobytes()
    reranking = reranker.rerank(snapshot, question, head)
    assert head.signals.tobytes() == before
    if reranking is None:
        return
    assert reranking.scores.shape == reranking.places.shape == (5,)
    assert ((reranking.scores >= 0) & (reranking.scores <= 1)).all()
    n_interactions = 0 if reranking.interactions is None else len(reranking.interactions)
    assert ((reranking.places >= -1) & (reranking.places < n_interactions)).all()


def test_late_interaction_without_token_vectors_leaves_the_first_ranking(tmp_path: Path) -> None:
    embedder = TokenlessEmbedder()
    ingest_documents(
        tmp_path, [document_of("Aid.", "d", media_type="text/plain", name="d")], embedder
    )
    with closing(EmbeddedSnapshot.open(tmp_path)) as snapshot:
        question = question_of("aid", embedder.encode_query("aid"), snapshot)
        head = rank_candidates(snapshot, question, RankSettings(), NoReranker())
        assert load_reranker(RankSettings()).rerank(snapshot, question, head) is None


def test_an_unknown_reranker_is_refused_with_the_known_names() -> None:
    with pytest.raises(ModelUnusable, match="none, late-interaction"):
        load_reranker(RankSettings(rerank="no/such/folder"))
