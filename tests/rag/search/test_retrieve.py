"""Scores against a recomputation from the store, each reranker, and a total order."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from command import ROOT
from fakes import HashEmbedder, TokenlessEmbedder
from index.documents.load import document_of
from index.ingest.ingest import ingest_documents
from index.publish.snapshot import EmbeddedSnapshot
from index.store.vector_codec import QuantizedVectors
from index.types import Document, Ids
from rag.search.candidates import Candidate, Candidates
from rag.search.late_interaction import Interactions
from rag.search.question import Question, question_of
from rag.search.ranking import RankSettings
from rag.search.rerankers import RERANKERS, CrossEncoder
from rag.search.retrieve import add_interactions, first_score, rank_candidates

SUBJECTS = ["aid", "trade", "grain", "winter", "banking", "border", "school", "river"]
PAIRS = [f"{a} and {b}" for a, b in combinations(SUBJECTS, 2)]
QUERIES = ["grain and winter", "who listened?", "aid", "nothing of it", "the"]
FIRST_ONLY = RankSettings(rerank="none")


def document(doc_id: str, text: str) -> Document:
    return document_of(text, doc_id, media_type="text/plain", name=doc_id)


def documents() -> list[Document]:
    """29 documents of two sentences each; two of them have the same text."""
    texts = [f"They spoke of {pair}. Nobody listened to them." for pair in PAIRS]
    named = [document(f"d{i:02d}", text) for i, text in enumerate(texts)]
    return [*named, document("twin", texts[0])]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("retrieve")
    ingest_documents(folder, documents(), HashEmbedder())
    return folder


@pytest.fixture(scope="module")
def snapshot(folder: Path) -> Iterator[EmbeddedSnapshot]:
    opened = EmbeddedSnapshot.open(folder)
    yield opened
    opened.close()


def weighted_question(snapshot: EmbeddedSnapshot, text: str) -> Question:
    return question_of(text, HashEmbedder().encode_query(text), snapshot)


def ranked(
    snapshot: EmbeddedSnapshot,
    question: Question,
    settings: RankSettings,
    within: Ids | None = None,
) -> Candidates:
    """All candidates, ranked with the reranker of the settings."""
    reranker = RERANKERS[settings.rerank]()
    return rank_candidates(snapshot, question, settings, reranker, within)


def ids(candidates: Sequence[Candidate]) -> list[int]:
    return [c.chunk.chunk_id for c in candidates]


def test_the_first_score_equals_a_value_worked_by_hand() -> None:
    ranking = RankSettings(lexical_weight=0.4, sentence_weight=0.25)
    # .45 of .2, .15 of .6, .4 of .5
    dense, sentence, share = np.array([[0.2, -0.2], [0.6, -0.1], [0.5, 0.5]])
    # A negative cosine counts as 0.
    expected = [0.09 + 0.09 + 0.2, 0.2]
    assert first_score(dense, sentence, share, ranking) == pytest.approx(expected)


@given(st.floats(0, 1), st.floats(0, 1))
def test_the_shares_of_the_first_score_sum_to_1(lexical: float, sentence: float) -> None:
    weights = RankSettings(lexical_weight=lexical, sentence_weight=sentence).weights
    assert sum(weights) == pytest.approx(1)
    assert min(weights) >= 0
    ones = np.ones(1)
    assert first_score(ones, ones, ones, RankSettings(lexical_weight=lexical)) <= 1 + 1e-9


@pytest.mark.parametrize("query", QUERIES)
def test_in_a_large_index_threads_get_the_same_results_and_end_with_it(
    folder: Path, snapshot: EmbeddedSnapshot, query: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    question, settings = weighted_question(snapshot, query), RankSettings(n_candidates=5)
    expected = ranked(snapshot, question, settings).signals
    monkeypatch.setattr("index.publish.snapshot.LARGE", 1)
    threads = threading.enumerate()
    large = EmbeddedSnapshot.open(folder)
    np.testing.assert_array_equal(ranked(large, question, settings).signals, expected)
    (started,) = set(threading.enumerate()) - set(threads)
    large.close()
    started.join(10)
    assert not started.is_alive()


@pytest.mark.parametrize("query", QUERIES)
def test_every_candidates_signals_equal_a_recomputation(
    snapshot: EmbeddedSnapshot, query: str
) -> None:
    question = weighted_question(snapshot, query)
    # Ten per side, so that each side has candidates that the other lacks.
    settings = replace(FIRST_ONLY, n_candidates=10, lexical_weight=0.3, sentence_weight=0.6)
    candidates = ranked(snapshot, question, settings)
    everything = {
        hit.chunk_id: hit.score
        for hit in snapshot.lexical.search(question.terms, len(snapshot.lexical))
    }
    assert len(candidates) >= 10
    for candidate in candidates:
        chunk = candidate.chunk
        stored = snapshot.vectors_of([chunk.chunk_id])
        vectors = QuantizedVectors(stored.codes, stored.scales).expand()
        dense, *sentences = (float(row @ question.vector) for row in vectors)
        bm25 = everything.get(chunk.chunk_id, 0.0)
        share = min(bm25 / (2.2 * sum(question.idf.values())), 1.0) if bm25 else 0.0
        assert candidate.dense == pytest.approx(dense, abs=1e-6)
        assert candidate.sentences == pytest.approx(sentences, abs=1e-6)
        assert candidate.sentence == pytest.approx(max(sentences), abs=1e-6)
        assert candidate.lexical == pytest.approx(bm25, abs=1e-6)
        assert candidate.lexical_share == pytest.approx(share, abs=1e-5)
        expected = 0.28 * max(dense, 0) + 0.42 * max(candidate.sentence, 0) + 0.3 * share
        assert candidate.score == pytest.approx(expected, abs=2e-6)
        assert candidate.score == candidate.first_score
        assert (candidate.reranked, candidate.first_weight) == (None, 1.0)


@pytest.mark.parametrize("query", QUERIES)
def test_a_reranked_score_is_the_weighted_sum_of_both(
    snapshot: EmbeddedSnapshot, query: str
) -> None:
    question = weighted_question(snapshot, query)
    candidates = ranked(snapshot, question, RankSettings(n_rerank=12, rerank_weight=0.6))
    tokens = snapshot.token_vectors(ids(candidates))
    for candidate in candidates[:12]:
        chunk = candidate.chunk
        (alone,) = Interactions(question, [tokens[chunk.chunk_id]], [len(chunk.sentences)])
        assert candidate.reranked == pytest.approx(alone.score, abs=2e-6)
        expected = 0.6 * alone.score + 0.4 * candidate.first_score
        assert candidate.score == pytest.approx(expected, abs=2e-6)
        assert candidate.first_weight == pytest.approx(0.4)
        assert candidate.interaction is not None
        np.testing.assert_allclose(candidate.interaction.matches, alone.matches, atol=1e-6)


@pytest.mark.parametrize("query", QUERIES)
def test_candidates_that_are_not_reranked_come_after_in_their_order(
    snapshot: EmbeddedSnapshot, query: str
) -> None:
    question = weighted_question(snapshot, query)
    first = ranked(snapshot, question, FIRST_ONLY)
    candidates = ranked(snapshot, question, RankSettings(n_rerank=3, rerank_weight=0.8))
    assert set(ids(candidates[:3])) == set(ids(first[:3]))
    assert ids(candidates[3:]) == ids(first[3:])
    for candidate in candidates[3:]:
        assert candidate.reranked is None
        assert candidate.score == pytest.approx(0.2 * candidate.first_score, abs=1e-6)
    assert [c.first_rank for c in first] == list(range(1, len(first) + 1))
    assert [c.first_rank for c in candidates[3:]] == list(range(4, len(first) + 1))


@pytest.mark.parametrize("rerank", ["none", "late-interaction"])
@pytest.mark.parametrize("query", [*QUERIES, PAIRS[0]])
def test_the_order_is_total_and_ties_go_to_the_smaller_id(
    snapshot: EmbeddedSnapshot, query: str, rerank: str
) -> None:
    candidates = ranked(snapshot, weighted_question(snapshot, query), RankSettings(rerank=rerank))
    keys = [(-c.score, c.chunk.chunk_id) for c in candidates]
    assert keys == sorted(keys)
    assert len(set(ids(candidates))) == len(candidates)


def test_equal_passages_have_equal_scores(snapshot: EmbeddedSnapshot) -> None:
    candidates = ranked(snapshot, weighted_question(snapshot, PAIRS[0]), RankSettings())
    twins = [c for c in candidates if c.chunk.doc_id in ("d00", "twin")]
    # They differ in the title, which BM25 reads; both titles are one term.
    assert twins[0].score == twins[1].score
    assert ids(candidates[:2]) == ids(twins)


def test_the_order_does_not_depend_on_the_hash_seed(folder: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from test_retrieve import *\n"
        "snapshot = EmbeddedSnapshot.open(Path(sys.argv[1]))\n"
        "for query in [*QUERIES, *PAIRS]:\n"
        "    for c in ranked(snapshot, weighted_question(snapshot, query), RankSettings()):\n"
        "        print(c.chunk.chunk_id, c.score)\n"
    )
    here = Path(__file__).parent
    path = os.pathsep.join([str(ROOT), str(ROOT / "tests" / "support"), str(here)])
    printed = {
        subprocess.run(
            [sys.executable, "-c", program, str(folder)],
            env={**os.environ, "PYTHONPATH": path, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(printed) == 1
    assert printed.pop().count("\n") > 29 * 20


def test_only_the_given_chunks_are_searched(snapshot: EmbeddedSnapshot) -> None:
    within = snapshot.chunk_ids_of(["d07"])
    question = weighted_question(snapshot, "aid")
    candidates = ranked(snapshot, question, RankSettings(), within)
    assert [c.chunk.doc_id for c in candidates] == ["d07"]
    everywhere = {c.chunk.doc_id: c.score for c in ranked(snapshot, question, FIRST_ONLY)}
    (alone,) = ranked(snapshot, question, FIRST_ONLY, within)
    assert alone.score == everywhere["d07"]
    assert not len(ranked(snapshot, question, RankSettings(), np.array([], dtype=np.int64)))


def test_a_selected_cross_encoder_determines_the_order(snapshot: EmbeddedSnapshot) -> None:
    calls: list[tuple[str, list[str]]] = []

    def likes_schools(question: str, texts: list[str]) -> list[float]:
        calls.append((question, texts))
        return [0.9 if "school" in text else 0.1 for text in texts]

    settings = RankSettings(rerank="some/model", n_rerank=29, rerank_weight=1)
    question = weighted_question(snapshot, "They spoke of aid.")
    candidates = rank_candidates(snapshot, question, settings, CrossEncoder(likes_schools))
    assert len(candidates) == 29
    ((text, texts),) = calls
    assert text == "They spoke of aid."
    assert sorted(texts) == sorted(document.text for document in documents())
    assert [c.score for c in candidates] == [0.9] * 7 + [0.1] * 22
    assert [c.reranked for c in candidates] == [0.9] * 7 + [0.1] * 22
    assert all("school" in PAIRS[int(c.chunk.doc_id[1:])] for c in candidates[:7])


def test_a_model_without_token_vectors_is_ranked_by_the_first_score(tmp_path: Path) -> None:
    embedder = TokenlessEmbedder()
    ingest_documents(tmp_path, documents(), embedder)
    snapshot = EmbeddedSnapshot.open(tmp_path)
    encoding = embedder.encode_query("grain and winter")
    question = question_of("grain and winter", encoding, snapshot)
    assert question.token_weights.shape == (0,)
    candidates, first = (ranked(snapshot, question, s) for s in (RankSettings(), FIRST_ONLY))
    assert [(i, c.score) for i, c in zip(ids(candidates), candidates, strict=True)] == [
        (i, c.score) for i, c in zip(ids(first), first, strict=True)
    ]
    assert all((c.reranked, c.first_weight) == (None, 1.0) for c in candidates)
    snapshot.close()


def test_a_chunk_without_token_vectors_does_not_stop_the_others_from_being_reranked(
    tmp_path: Path,
) -> None:
    """Chunks of characters that the model's tokenizer drops have none."""
    ingest_documents(tmp_path, documents(), TokenlessEmbedder(only="school"))
    snapshot = EmbeddedSnapshot.open(tmp_path)
    candidates = ranked(snapshot, weighted_question(snapshot, "school"), RankSettings(n_rerank=29))
    for candidate in candidates:
        mute = "school" in snapshot.document(candidate.chunk.doc_id).text
        assert (candidate.interaction is None) == mute
        assert (candidate.reranked == 0) == mute
    snapshot.close()


def test_interactions_are_computed_only_if_they_are_missing(snapshot: EmbeddedSnapshot) -> None:
    question = weighted_question(snapshot, "grain and winter")
    candidates = ranked(snapshot, question, RankSettings(n_rerank=2))
    first = candidates[:5]
    results = add_interactions(snapshot, question, first)
    assert all(
        result is candidate_before
        for result, candidate_before in zip(results[:2], first[:2], strict=True)
    )
    assert all(c.interaction is None for c in first[2:])
    tokens = snapshot.token_vectors(ids(results))
    for candidate in results[2:]:
        (alone,) = Interactions(question, [tokens[candidate.chunk.chunk_id]], [2])
        assert candidate.interaction is not None
        np.testing.assert_allclose(candidate.interaction.sentences, alone.sentences, atol=1e-6)


def test_an_empty_index_has_no_candidates(tmp_path: Path) -> None:
    ingest_documents(tmp_path, [], HashEmbedder())
    snapshot = EmbeddedSnapshot.open(tmp_path)
    assert not len(ranked(snapshot, weighted_question(snapshot, "aid"), RankSettings()))
    snapshot.close()
