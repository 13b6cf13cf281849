"""Near-identical passages are grouped, and adjacent ones are merged into exact spans."""

from pathlib import Path
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from documents import documents, examples
from fakes import HashEmbedder, WordTokenizer, candidate_with, chunk_with
from index.documents.chunk import chunk
from index.documents.load import blocks_of, document_of
from index.fingerprint import ChunkSettings
from index.ingest.ingest import ingest_documents
from index.protocols import Embedder
from index.publish.snapshot import EmbeddedSnapshot
from index.types import Document, Span
from rag.answer.cite import cite
from rag.search.passages import RankedPassage, deduplicate, merge_adjacent
from rag.search.question import question_of
from rag.search.ranking import RankSettings
from rag.search.rerankers import LateInteraction
from rag.search.retrieve import rank_candidates

PARAGRAPH = (
    "The harvest failed in the northern provinces after two dry winters, and the price of grain "
    "doubled in the markets of the capital. Relief convoys reached the mountain villages only in "
    "April, when melting snow had opened the passes."
)
ONE_WORD_CHANGED = PARAGRAPH.replace("doubled", "tripled")
HALF_CHANGED = PARAGRAPH.replace(
    "Relief convoys reached the mountain villages only in April, when melting snow had opened the "
    "passes.",
    "Farmers sold their animals, and many families left for the cities before the first frost.",
)
QUERY = "When did the price of grain rise after the harvest failed?"


def document(doc_id: str, text: str) -> Document:
    return document_of(text, doc_id, media_type="text/plain", name="name")


def groups_in(
    folder: Path, embedder: Embedder, texts: list[str], k: int = 10, query: str = QUERY
) -> list[tuple[str, list[str]]]:
    """The document of each passage, with the documents of its near-identical chunks."""
    ingest_documents(folder, [document(f"d{i}", text) for i, text in enumerate(texts)], embedder)
    snapshot = EmbeddedSnapshot.open(folder)
    question = question_of(query, embedder.encode_query(query), snapshot)
    candidates = rank_candidates(snapshot, question, RankSettings(), LateInteraction())
    groups = deduplicate(snapshot, candidates, k, question.idf.keys())
    snapshot.close()
    return [(r.best.chunk.doc_id, sorted(d.chunk.doc_id for d in r.duplicates)) for r in groups]


def test_the_same_paragraph_in_two_documents_is_shown_once(
    tmp_path: Path, embedder: Embedder
) -> None:
    ((best, others),) = groups_in(tmp_path, embedder, [PARAGRAPH] * 3)
    assert sorted([best, *others]) == ["d0", "d1", "d2"]


def test_a_changed_word_does_not_make_another_passage(tmp_path: Path, embedder: Embedder) -> None:
    ((best, others),) = groups_in(tmp_path, embedder, [PARAGRAPH, ONE_WORD_CHANGED])
    assert {best, *others} == {"d0", "d1"}


def test_passages_with_other_statements_are_kept(tmp_path: Path, embedder: Embedder) -> None:
    groups = groups_in(tmp_path, embedder, [PARAGRAPH, HALF_CHANGED, "Grain is food."])
    assert sorted(groups) == [("d0", []), ("d1", []), ("d2", [])]


def test_a_different_number_makes_another_passage(tmp_path: Path, embedder: Embedder) -> None:
    texts = [PARAGRAPH + " It was 1998.", PARAGRAPH + " It was 1999."]
    assert len(groups_in(tmp_path, embedder, texts)) == 2


def test_a_word_of_the_question_makes_another_passage(tmp_path: Path, embedder: Embedder) -> None:
    texts = [PARAGRAPH, ONE_WORD_CHANGED]
    assert len(groups_in(tmp_path, embedder, texts, query="What tripled in price?")) == 2


def test_near_identical_passages_do_not_count_towards_k(tmp_path: Path) -> None:
    texts = [PARAGRAPH, PARAGRAPH, PARAGRAPH, "The price of grain rose.", "Rivers froze."]
    groups = groups_in(tmp_path, HashEmbedder(), texts, k=2)
    assert len(groups) == 2
    assert sorted(len(others) for _, others in groups) == [0, 2]
    assert groups_in(tmp_path, HashEmbedder(), texts, k=0) == []


def ranked(document: int, ordinal: int, text: str = "aid") -> RankedPassage:
    stored = chunk_with(text, [Span(0, len(text))], ordinal=ordinal, document=document)
    return RankedPassage(candidate_with(stored), [stored])


def ordinals(passages: list[RankedPassage]) -> list[tuple[int, list[int]]]:
    """The number of each passage's document, and its chunks."""
    return [(int(r.best.chunk.doc_id[1:]), [part.ordinal for part in r.parts]) for r in passages]


def test_neighbours_are_merged_at_the_rank_of_the_better_one() -> None:
    passages = [ranked(1, 9), ranked(1, 4), ranked(1, 0), ranked(1, 3)]
    assert ordinals(merge_adjacent(passages)) == [(1, [9]), (1, [3, 4]), (1, [0])]
    assert merge_adjacent(passages)[1].best is passages[1].best


def test_two_passages_are_merged_through_the_one_between_them() -> None:
    assert ordinals(merge_adjacent([ranked(1, 2), ranked(1, 4), ranked(1, 3)])) == [(1, [2, 3, 4])]


def test_passages_of_two_documents_are_never_merged() -> None:
    passages = [ranked(1, 0), ranked(2, 1), ranked(1, 2)]
    assert ordinals(merge_adjacent(passages)) == [(1, [0]), (2, [1]), (1, [2])]


def test_a_merged_passage_has_the_duplicates_of_both() -> None:
    one, other = ranked(1, 0), ranked(1, 1)
    one.duplicates, other.duplicates = [ranked(2, 0).best], [ranked(3, 0).best]
    (whole,) = merge_adjacent([one, other])
    assert whole.duplicates == [*one.duplicates, *other.duplicates]


def test_merging_does_not_change_its_input() -> None:
    passages = [ranked(1, 0), ranked(1, 1)]
    passages[1].duplicates = [ranked(2, 0).best]
    merge_adjacent(passages)
    assert ordinals(passages) == [(1, [0]), (1, [1])]
    assert [len(r.duplicates) for r in passages] == [0, 1]


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(0, 9)), unique=True, max_size=20))
def test_merging_equals_cutting_the_sorted_chunks_into_runs(places: list[tuple[int, int]]) -> None:
    runs: list[list[tuple[int, int]]] = []
    for document, ordinal in sorted(places):
        if runs and runs[-1][-1] == (document, ordinal - 1):
            runs[-1].append((document, ordinal))
        else:
            runs.append([(document, ordinal)])
    expected = sorted(runs, key=lambda run: min(places.index(place) for place in run))
    merged = ordinals(merge_adjacent([ranked(*place) for place in places]))
    assert [[(document, ordinal) for ordinal in part] for document, part in merged] == expected


@examples(40)
@given(documents(), st.randoms(use_true_random=False))
def test_merged_chunks_of_any_document_are_one_exact_slice(
    document: Document, random: Random
) -> None:
    blocks = blocks_of(document)
    chunks = chunk(document, blocks, WordTokenizer(), ChunkSettings(limit=12, target=8))
    passages = []
    for part in chunks:
        stored = chunk_with(document.text, part.sentences, span=part.span, ordinal=part.ordinal)
        passages.append(RankedPassage(candidate_with(stored), [stored]))
    random.shuffle(passages)
    (whole,) = merge_adjacent(passages)
    citation = cite(document, whole.parts)
    assert citation.quote == document.text[whole.span.start : whole.span.end]
    assert citation.quote == document.text[chunks[0].span.start : chunks[-1].span.end]
    assert whole.best is passages[0].best
