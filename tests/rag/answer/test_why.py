"""`why` returns the step at which an expected passage was lost, with correct facts."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibrations import calibration
from fakes import HashEmbedder
from index.documents.load import document_of
from index.errors import SpanOutOfRange
from index.ingest.ingest import ingest_documents
from index.protocols import Embedder
from index.types import Document, Span
from rag.answer.confidence import Weight
from rag.answer.why.expected import Expected
from rag.answer.why.result import Why, WhyStep
from rag.pipeline import Pipeline
from rag.search.ranking import LATE_INTERACTION, NO_RERANKING, RankSettings

QUESTION = "Who founded the bakery?"
FOUNDED = "Zara Quill founded the bakery in Lisbon."
STAGES = "document passage candidates reranking duplicates rank confidence answer".split()


def pipeline_over(
    folder: Path,
    texts: Mapping[str, str],
    ranking: RankSettings = RankSettings(),
    threshold: float = 0.0,
) -> Pipeline:
    """A pipeline over these texts (`a.txt` for the name `a`), with the fake model. Its confidence
    grows with the number of matched words."""
    embedder = HashEmbedder()
    documents = [
        document_of(text, f"{name}.txt", media_type="text/plain", name=name)
        for name, text in texts.items()
    ]
    ingest_documents(folder / "index", documents, embedder)
    trusts = Weight(mean=0.5, scale=0.1, weight=1.0)
    fitted = calibration(folder, embedder, threshold, coverage=trusts)
    return Pipeline.over(folder / "index", embedder, ranking, fitted)


def last_step(found: Why, stage: str) -> WhyStep:
    """The step at which the passage was lost; all earlier steps were passed."""
    assert found.lost_at == stage
    failed = [step for step in found.steps if not step.passed]
    assert failed[0].stage == stage
    return failed[0]


def test_a_passage_that_the_answer_quotes_passed_every_step(tmp_path: Path) -> None:
    pipeline = pipeline_over(tmp_path, {"a": FOUNDED, "b": "Bread is sold in the market."})
    found = pipeline.why(QUESTION, Expected("a.txt", (1, 1)))
    assert found.lost_at is None
    assert [step.stage for step in found.steps] == STAGES
    assert all(step.passed for step in found.steps)
    assert (found.query, found.expected, found.generation) == (QUESTION, "a.txt:1", 1)


def test_a_document_outside_the_index_is_reported_with_similar_names(
    tmp_path: Path,
) -> None:
    pipeline = pipeline_over(tmp_path, {"bakery": FOUNDED, "river": "The river is long."})
    step = last_step(pipeline.why(QUESTION, Expected("docs/bakerry.txt")), "document")
    assert step.detail == "The index does not contain docs/bakerry.txt. Similar names: bakery.txt."
    step = last_step(pipeline.why(QUESTION, Expected("???")), "document")
    assert step.detail == "The index does not contain ???. No document has a similar name."


def test_a_blank_line_is_reported_with_the_nearest_passage(tmp_path: Path) -> None:
    pipeline = pipeline_over(tmp_path, {"a": f"{FOUNDED}\n\n\n\nIt is long.\n"})
    (near, far) = (Expected("a.txt", (line, line)) for line in (2, 4))
    assert [last_step(pipeline.why(QUESTION, each), "passage").detail for each in (near, far)] == [
        "A blank line belongs to no passage; the nearest is the passage of lines 1-5."
    ] * 2


def test_a_missing_line_is_refused(tmp_path: Path) -> None:
    pipeline = pipeline_over(tmp_path, {"a": f"{FOUNDED}\nIt is long.\n"})
    for lines in ((3, 3), (2, 3), (0, 1), (2, 1)):
        with pytest.raises(SpanOutOfRange, match=r"a\.txt has no line .*; choose one from 1 to 2"):
            pipeline.why(QUESTION, Expected("a.txt", lines))


def test_beyond_the_candidates_the_ranks_are_those_of_all_passages(tmp_path: Path) -> None:
    # A document that repeats more of the question's words ranks better on both sides.
    texts = {f"d{i}": f"founded bakery {'word ' * i}{i}." for i in range(9)}
    pipeline = pipeline_over(tmp_path, texts, RankSettings(n_candidates=3))
    found = pipeline.why(QUESTION, Expected("d8.txt"))
    detail = last_step(found, "candidates").detail
    with pipeline.snapshot() as snapshot:
        query = HashEmbedder().encode_query(QUESTION)
        chunks = snapshot.chunks(snapshot.chunk_ids_of().tolist())
        texts_in = [c.span.of(snapshot.document(c.doc_id).text) for c in chunks]
    cosines = [float(HashEmbedder().encode_query(text).vector @ query.vector) for text in texts_in]
    expected = next(i for i, chunk in enumerate(chunks) if chunk.doc_id == "d8.txt")
    rank = 1 + sum(cosine > cosines[expected] for cosine in cosines)
    assert rank > 3
    assert detail.startswith(f"It is #{rank} of FAISS and #9 of BM25; the first 3 of each ")


def test_a_passage_without_any_word_of_the_question_lacks_all_of_them(tmp_path: Path) -> None:
    texts = {f"d{i}": f"The bakery was founded {i}." for i in range(5)}
    pipeline = pipeline_over(
        tmp_path, {"river": "Long is its way.", **texts}, RankSettings(n_candidates=2)
    )
    step = last_step(pipeline.why(QUESTION, Expected("river.txt")), "candidates")
    assert "not among the first 10,000 of BM25" in step.detail
    assert step.detail.endswith("It lacks the question's founded, bakery.")


def test_a_passage_that_is_not_reranked_is_compared_with_the_last_reranked_one(
    tmp_path: Path,
) -> None:
    texts = {f"d{i}": f"Bakery founded {'word ' * i}{i}." for i in range(4)}
    pipeline = pipeline_over(tmp_path, texts, RankSettings(n_rerank=2))
    found = pipeline.why(QUESTION, Expected("d3.txt"), k=1)
    step = last_step(found, "reranking")
    with_ranks = {p.citation.doc_id: p for p in pipeline.search(QUESTION, 4, explain=True).passages}
    (last,) = [
        doc_id
        for doc_id, passage in with_ranks.items()
        if passage.explanation is not None and passage.explanation.first_rank == 2
    ]
    assert step.comparison is not None
    assert step.comparison.passage.doc_id == last
    assert {pair.signal for pair in step.comparison.signals} == {"dense", "sentence", "lexical"}


@pytest.mark.parametrize("rerank", [NO_RERANKING, LATE_INTERACTION])
def test_beyond_k_the_compared_signals_add_up_to_both_scores(tmp_path: Path, rerank: str) -> None:
    texts = {f"d{i}": f"Bakery founded {'word ' * i}{i}." for i in range(6)}
    pipeline = pipeline_over(tmp_path, texts, RankSettings(rerank=rerank))
    ranked = pipeline.search(QUESTION, 6).passages
    expected, k = ranked[4], 2
    found = pipeline.why(QUESTION, Expected(expected.citation.doc_id), k)
    step = last_step(found, "rank")
    assert step.comparison is not None
    assert step.comparison.passage.doc_id == ranked[k - 1].citation.doc_id
    pairs = step.comparison.signals
    assert sum(pair.expected for pair in pairs) == pytest.approx(expected.score, abs=1e-5)
    assert sum(pair.other for pair in pairs) == pytest.approx(ranked[k - 1].score, abs=1e-5)
    leads = [pair.other - pair.expected for pair in pairs]
    assert leads == sorted(leads, reverse=True)
    assert step.detail.startswith(f"It is passage 5, with score {expected.score:.3f}; the first 2")
    assert ("rerank" in {pair.signal for pair in pairs}) == (rerank == LATE_INTERACTION)


def test_a_copy_is_reported_with_the_passage_that_is_shown_instead(tmp_path: Path) -> None:
    pipeline = pipeline_over(tmp_path, {"a": FOUNDED, "b": FOUNDED})
    (kept,) = pipeline.search(QUESTION).passages
    copy = kept.duplicates[0].doc_id
    step = last_step(pipeline.why(QUESTION, Expected(copy, (1, 1))), "duplicates")
    assert step.detail == (
        f"It is nearly the same as {kept.citation.doc_id}:1, passage 1, which is shown instead."
    )


def test_below_the_threshold_the_confidence_is_reported(tmp_path: Path) -> None:
    pipeline = pipeline_over(tmp_path, {"a": FOUNDED}, threshold=1.0)
    question = "Who founded the opera?"
    found = pipeline.why(question, Expected("a.txt"))
    confidence = pipeline.ask(question).confidence
    step = last_step(found, "confidence")
    assert step.detail == f"The confidence is {confidence:.2f}; below 1.00 no answer is stated."
    assert found.steps[-1].stage == "answer"
    assert found.steps[-1].detail == "If an answer were stated, it would quote it."


def test_a_sentence_that_was_not_chosen_is_reported_with_the_chosen_one(tmp_path: Path) -> None:
    pipeline = pipeline_over(tmp_path, {"a": f"{FOUNDED}\nIt sold bread.\nThe bakery burned."})
    assert pipeline.why(QUESTION, Expected("a.txt", (1, 1))).lost_at is None
    step = last_step(pipeline.why(QUESTION, Expected("a.txt", (2, 2))), "answer")
    assert step.detail.startswith("The answer quotes a.txt:1 instead: ")


def test_for_a_whole_document_the_steps_are_those_of_its_best_passage(
    seeds_index: Path, embedder: Embedder
) -> None:
    question = "What share of Afghanistan's GDP came from foreign aid before the takeover?"
    pipeline = Pipeline.over(seeds_index, embedder)
    best = pipeline.search(question, 1).passages[0].citation
    whole = pipeline.why(question, Expected(best.doc_id))
    lines = Expected(best.doc_id, (best.line_start, best.line_end))
    assert whole.steps[2:] == pipeline.why(question, lines).steps[2:]
    assert whole.lost_at is None


@given(st.text(alphabet="ab\n", min_size=1, max_size=30))
def test_the_spans_of_lines_are_the_lines_of_the_text(text: str) -> None:
    document = Document("d", "d", "d", text)
    lines = text.removesuffix("\n").split("\n")
    spans = [document.span_of_lines(n, n) for n in range(1, document.n_lines + 1)]
    assert [span.of(text) for span in spans] == lines
    assert document.span_of_lines(1, len(lines)) == Span(0, len(text.removesuffix("\n")))
    assert np.all(np.diff([span.start for span in spans]) > 0)


def test_a_missing_identifier_is_reported_even_if_the_confidence_is_high(
    tmp_path: Path,
) -> None:
    pipeline = pipeline_over(tmp_path, {"a": FOUNDED})
    question = "Who founded the bakery BK-4711?"
    assert not pipeline.ask(question).answered
    step = last_step(pipeline.why(question, Expected("a.txt")), "confidence")
    assert "lacks something that the question asks for" in step.detail
