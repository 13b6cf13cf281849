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


VOCABULARY = STOP_WORDS | {word.lower() for word in WORDS} | {"wer", "ist"}


def in_vocabulary(word: str) -> bool:
    """As with a model that knows the words of the documents and the function words."""
    return word.lower() in VOCABULARY


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
    assert correct_spelling(query, snapshot, in_vocabulary).text == corrected


def test_each_correction_is_named_once_in_the_order_of_the_query(snapshot: Snapshot) -> None:
    corrections = correct_spelling("Captian, manifst, Captian", snapshot, in_vocabulary).corrections
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
def test_what_may_be_meant_as_it_stands_is_left(snapshot: Snapshot, query: str) -> None:
    assert correct_spelling(query, snapshot, in_vocabulary) == (query, ())


def test_of_several_words_the_one_in_most_chunks_is_chosen(snapshot: Snapshot) -> None:
    assert snapshot.document_frequencies(["sign", "sing", "rider", "river"]) == [2, 1, 1, 1]
    assert correct_spelling("sigged", snapshot, in_vocabulary).text == "signed"
    # Of words that are in equally many, the first by the alphabet.
    assert correct_spelling("riter", snapshot, in_vocabulary).text == "rider"


def test_a_word_in_the_models_vocabulary_is_not_mistyped(
    snapshot: Snapshot,
) -> None:
    assert correct_spelling("liver", snapshot, in_vocabulary).text == "river"
    assert correct_spelling("liver", snapshot, {"liver"}.__contains__).text == "liver"


@pytest.mark.parametrize(
    ("query", "is_corrected"),
    [
        ("rivr", True),  # nothing says in which language
        ("the rivr froze", True),
        ("und von the rivr froze that was here", True),  # 5 of 7 others are known
        ("und von der the rivr froze that was", False),  # 4 of 7
        ("la rivr", False),
    ],
)
def test_a_query_is_corrected_only_in_the_language_of_the_vocabulary(
    snapshot: Snapshot, query: str, is_corrected: bool
) -> None:
    assert bool(correct_spelling(query, snapshot, in_vocabulary).corrections) == is_corrected


def test_the_model_leaves_a_german_question_word_that_the_documents_lack(
    tmp_path: Path, embedder: Embedder
) -> None:
    text = "Der Hafen kann Schiffe aufnehmen. Er wurde von der Stadt gebaut. Dann kam die Werft."
    document = document_of(text, "hafen", media_type="text/plain", name="hafen")
    ingest_documents(tmp_path, [document], embedder)
    with closing(Pipeline.over(tmp_path, embedder)) as pipeline:
        assert pipeline.search("Wann wurde der Hafen gebaut?").corrections == []
        assert pipeline.search("Welche Schiffe kann der Hafen aufnehmen?").corrections == []


def test_a_question_with_many_unknown_words_is_left(snapshot: Snapshot) -> None:
    for n, corrected in ((MOST_UNKNOWN, "river"), (MOST_UNKNOWN + 1, "rivr")):
        query = " ".join(["rivr"] * n)
        assert correct_spelling(query, snapshot, in_vocabulary).text == " ".join([corrected] * n)


@given(st.lists(st.sampled_from([*WORDS, "Which", "of", "43%", "rag.toml"]), max_size=8))
def test_a_question_of_known_words_is_unchanged(snapshot: Snapshot, words: list[str]) -> None:
    query = " ".join(words) + "?"
    assert correct_spelling(query, snapshot, in_vocabulary) == (query, ())


@settings(suppress_health_check=[HealthCheck.filter_too_much])
@given(st.sampled_from(WORDS), st.data())
def test_a_correction_is_one_edit_away_and_known(
    snapshot: Snapshot, word: str, data: st.DataObject
) -> None:
    near = data.draw(st.sampled_from(sorted(edits(word.lower()))))
    for each in correct_spelling(f"the {near}?", snapshot, in_vocabulary).corrections:
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
