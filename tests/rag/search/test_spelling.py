"""Mistyped words are replaced by words of the index, and by nothing else."""

from collections.abc import Iterator
from contextlib import closing
from functools import cache
from pathlib import Path

import pytest
import regex
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fakes import HashEmbedder
from index.backend import Snapshot
from index.documents.load import document_of
from index.ingest.ingest import ingest_documents
from index.protocols import Embedder
from index.publish.snapshot import EmbeddedSnapshot
from index.words.analyze import STOP_WORDS
from rag.pipeline import Pipeline
from rag.search.spelling import MOST_UNKNOWN, correct_spelling, edits

TEXTS = {
    "ports": "# Harbours\n\nThe manifest lists every cargo. A manifest is signed by the captain.",
    "cargo": "The captain signed the manifest. Insulation was dear. Captain Céloron sailed.",
    "rivers": "The river froze. Нева замёрзла зимой. Präsident Weber schwieg.",
    "rider": "One rider came with singed clothes.",
}
DOCUMENTS = [
    document_of(text, name, media_type="text/markdown", name=name) for name, text in TEXTS.items()
]
WORDS = sorted({word for text in TEXTS.values() for word in regex.findall(r"\p{L}{4,}", text)})


not_a_word = frozenset[str]().__contains__
"""A tokenizer of a model that knows no whole word."""


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Snapshot]:
    folder = tmp_path_factory.mktemp("spelling")
    ingest_documents(folder, DOCUMENTS, HashEmbedder())
    with closing(EmbeddedSnapshot.open(folder)) as opened:
        yield opened


@pytest.mark.parametrize(
    ("query", "corrected"),
    [
        ("who signed the manifst?", "who signed the manifest?"),  # a missing letter
        ("who signed the mannifest?", "who signed the manifest?"),  # an additional letter
        ("who signed the monifest?", "who signed the manifest?"),  # a replaced letter
        ("who signed the mainfest?", "who signed the manifest?"),  # two exchanged letters
        ("Manifst, and Captian (rivr)", "Manifest, and Captain (river)"),
        ("the manifst's captian; the captian!", "the manifest's captain; the captain!"),
        ("harbuors", "harbours"),  # only in a heading
        ("who sailed with Celeron?", "who sailed with Céloron?"),  # in the spelling of the passage
        ("wer ist Präsidnet?", "wer ist Präsident?"),
        ("замрёзла Нева?", "замёрзла Нева?"),
        ("whcih river", "which river"),  # a function word, which is in every passage
    ],
)
def test_a_word_one_edit_from_a_word_of_the_index_becomes_that_word(
    snapshot: Snapshot, query: str, corrected: str
) -> None:
    assert correct_spelling(query, snapshot, not_a_word).text == corrected


def test_each_correction_is_listed_once_in_the_order_of_the_query(snapshot: Snapshot) -> None:
    corrections = correct_spelling("Captian, manifst, Captian", snapshot, not_a_word).corrections
    pairs = [(each.written, each.searched) for each in corrections]
    assert pairs == [("Captian", "Captain"), ("manifst", "manifest")]


@pytest.mark.parametrize(
    "query",
    [
        "MANIFST",
        "manifst.md or manifst_v or manifst-v or v/manifst or manifst() or manifst2",
        "maniFst",
        "--manifst @manifst #manifst $manifst",
        '"the manifst" “manifst” `manifst` ‘manifst’ „manifst“ «manifst»',
        "rvr",  # three letters
        "manfst",  # two edits
        "insulatoin2 4012 v1.2",
        "insulin",  # `insulic` has the stem of "insulation" but is in no passage
        "漢字 סלאם",
        "manifestation manifesting",  # their stems are in the index
    ],
)
def test_a_word_that_may_be_correct_is_unchanged(snapshot: Snapshot, query: str) -> None:
    assert correct_spelling(query, snapshot, not_a_word) == (query, ())


def test_of_several_words_the_one_in_most_chunks_is_chosen(snapshot: Snapshot) -> None:
    assert snapshot.document_frequencies(["sign", "sing", "rider", "river"]) == [2, 1, 1, 1]
    assert correct_spelling("sigged", snapshot, not_a_word).text == "signed"
    # Of words in equally many chunks, the alphabetically first.
    assert correct_spelling("riter", snapshot, not_a_word).text == "rider"


def test_a_word_in_the_models_vocabulary_is_not_mistyped(
    snapshot: Snapshot,
) -> None:
    assert correct_spelling("liver", snapshot, not_a_word).text == "river"
    assert correct_spelling("liver", snapshot, {"liver"}.__contains__).text == "liver"


def test_a_question_with_many_unknown_words_is_unchanged(snapshot: Snapshot) -> None:
    for n, corrected in ((MOST_UNKNOWN, "river"), (MOST_UNKNOWN + 1, "rivr")):
        query = " ".join(["rivr"] * n)
        assert correct_spelling(query, snapshot, not_a_word).text == " ".join([corrected] * n)


@given(st.lists(st.sampled_from([*WORDS, "Which", "of", "43%", "rag.toml"]), max_size=8))
def test_a_question_of_known_words_is_unchanged(snapshot: Snapshot, words: list[str]) -> None:
    query = " ".join(words) + "?"
    assert correct_spelling(query, snapshot, not_a_word) == (query, ())


@settings(suppress_health_check=[HealthCheck.filter_too_much])
@given(st.sampled_from(WORDS), st.data())
def test_a_correction_is_one_edit_away_and_known(
    snapshot: Snapshot, word: str, data: st.DataObject
) -> None:
    near = data.draw(st.sampled_from(sorted(edits(word.lower()))))
    for each in correct_spelling(f"the {near}?", snapshot, not_a_word).corrections:
        written, searched = (plain(text) for text in (each.written, each.searched))
        assert distance(written, searched) == 1
        assert searched in STOP_WORDS | {plain(word) for word in WORDS}


ABC = st.text("abc", min_size=1, max_size=5)


@given(ABC, ABC)
def test_edits_are_all_texts_at_distance_one(a: str, b: str) -> None:
    assert (b in edits(a)) == (distance(a, b) == 1)


def test_edits_are_counted_by_hand() -> None:
    """For n = 2 different letters: 2 deletions, 1 exchange, 25 n replacements and 26 (n + 1)
    insertions, of which n double a letter and occur twice."""
    assert len(edits("ab")) == len(set(edits("ab"))) == 2 + 1 + 25 * 2 + 26 * 3 - 2
    assert edits("漢字") == []


def test_the_response_has_the_words_that_were_searched(tmp_path: Path, embedder: Embedder) -> None:
    ingest_documents(tmp_path, DOCUMENTS, embedder)
    with closing(Pipeline.over(tmp_path, embedder)) as pipeline:
        right, wrong = "Who signed the manifest?", "Who signed the manifst?"
        for call in (pipeline.search, pipeline.ask):
            corrected, as_meant = call(wrong), call(right)
            assert corrected.query == wrong
            assert [(c.written, c.searched) for c in corrected.corrections] == [
                ("manifst", "manifest")
            ]
            # The model also encodes the corrected question: nothing else differs.
            assert corrected.passages == as_meant.passages
            assert corrected.confidence == as_meant.confidence
            assert '"corrections":[{"written":"manifst"' in corrected.model_dump_json()
            assert "corrections" not in as_meant.model_dump_json()
        # "liver" is one edit from "river", but the model knows it.
        assert pipeline.search("Is the liver frozen?").corrections == []


def plain(word: str) -> str:
    return word.lower().replace("é", "e").replace("ä", "a").replace("ё", "е")


@cache
def distance(a: str, b: str) -> int:
    """The least number of insertions, deletions, replacements and exchanges of neighbours, if no
    letter is edited twice."""
    if not a or not b:
        return len(a) + len(b)
    ways = [
        distance(a[1:], b) + 1,
        distance(a, b[1:]) + 1,
        distance(a[1:], b[1:]) + (a[0] != b[0]),
    ]
    if a[:2] == b[1::-1]:
        ways.append(distance(a[2:], b[2:]) + 1)
    return min(ways)
