"""Answers: the parts of a question, the sentences that answer them, and unanswered questions."""

import json
import re
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from calibrations import calibration
from command import rag
from fakes import HashEmbedder
from index.documents.load import document_of
from index.ingest.ingest import ingest_documents
from index.protocols import Embedder
from rag.answer.confidence import Weight
from rag.answer.question_parts import questions_in
from rag.pipeline import Pipeline
from rag.results import NOT_ANSWERED, Answer, Filter

TWO_PARTS = "Who keeps a presence in the country, and what do international organizations warn of?"
BAKERY = "Zara Quill founded the bakery. Loaves left its oven in Lisbon. Nobody saw the river."
WORDS = "aid grain winter border École e\u0301t\u00e9 東京都 سلام U.S. 43% river who what".split()
PROSE = st.lists(
    st.one_of(st.sampled_from(WORDS), st.sampled_from([".", ".\n\n", "\n", "! ", "。"])),
    max_size=60,
).map(" ".join)
ASKED = st.lists(
    st.sampled_from([*WORDS, "and what", ", why", "?", "it", "and"]), min_size=1, max_size=12
).map(" ".join)


def library(folder: Path, texts: dict[str, str], threshold: float | None = None) -> Pipeline:
    """A pipeline over these documents, with the fake model and, if given, a calibration."""
    embedder = HashEmbedder()
    documents = [
        document_of(text, name, media_type="text/plain", name=name) for name, text in texts.items()
    ]
    ingest_documents(folder / "index", documents, embedder)
    file = calibration(folder, embedder, threshold) if threshold is not None else None
    return Pipeline.over(folder / "index", embedder, calibration=file)


def prove(answer: Answer, texts: dict[str, str]) -> None:
    """Check that each sentence is a slice of its document and within a passage of the answer."""
    for sentence in answer.sentences:
        cited = sentence.citation
        text = texts[cited.doc_id]
        assert text[cited.start : cited.end] == cited.quote
        assert text[: cited.start].count("\n") + 1 == cited.line_start
        assert any(
            passage.citation.doc_id == cited.doc_id
            and passage.citation.start <= cited.start < cited.end <= passage.citation.end
            for passage in answer.passages
        )
    assert [passage.rank for passage in answer.passages] == list(range(1, len(answer.passages) + 1))


# The parts of a question


@pytest.mark.parametrize(
    ("question", "parts"),
    [
        (TWO_PARTS, [TWO_PARTS.split(", and ")[0], TWO_PARTS.split(", and ")[1]]),
        ("Who founded it? When did it close?", ["Who founded it?", "When did it close?"]),
        ("Where is Oslo and how cold does Oslo get?", ["Where is Oslo", "how cold does Oslo get?"]),
        ("What is grain, why is grain stored?", ["What is grain", "why is grain stored?"]),
        ("Who led Norway; what was decided?", ["Who led Norway", "what was decided?"]),
        (
            "In 1990, what fell in Berlin, and who led Norway?",
            ["In 1990, what fell in Berlin", "who led Norway?"],
        ),
        ("Who led Norway? What fell? Many thanks.", ["Who led Norway?", "What fell? Many thanks."]),
        ("誰が援助を払う？どこで払う？", ["誰が援助を払う？", "どこで払う？"]),
        ("من يدفع المساعدة؟ أين تدفع؟", ["من يدفع المساعدة؟", "أين تدفع؟"]),
        ("Wer zahlt? Seit wann?", ["Wer zahlt?", "Seit wann?"]),
    ],
)
def test_a_question_about_several_things_has_parts(question: str, parts: list[str]) -> None:
    assert [part.text for part in questions_in(question)] == parts


@pytest.mark.parametrize(
    "question",
    [
        "Who wrote War and Peace?",
        "What do war and peace cost?",
        "What happened between May and June?",
        "Who leads Norway, and why?",
        "When and how did the war end?",
        "In the Middle Ages, who paid for bread?",
        "Which drug, which was approved in 1990, treats malaria?",
        "Where did the man live, when he was young?",
        "aid grain, and border",
        "The aid came. It was spent.",
        "Who leads Norway? I need it for school.",
        "???",
        "and what",
        "誰が援助を払う？",
        "Хто платить і скільки",
        "援助",
    ],
)
def test_a_question_about_one_thing_has_no_parts(question: str) -> None:
    assert questions_in(question) == []


def test_a_part_with_a_pronoun_is_searched_with_the_name_it_refers_to() -> None:
    parts = questions_in("Who leads Norway, and when was he elected? What does Norway export?")
    assert [part.query for part in parts] == [
        "Who leads Norway",
        "Who leads Norway when was he elected?",
        "What does Norway export?",
    ]


@given(ASKED)
def test_parts_are_slices_of_the_question_in_order(question: str) -> None:
    places, at = [], 0
    for part in questions_in(question):
        at = question.index(part.text, at)
        places.append((at, at + len(part.text)))
        at += len(part.text)
    assert all(a[1] <= b[0] for a, b in pairwise(places))
    assert len(places) != 1


# The sentences


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(PROSE, min_size=1, max_size=4),
    st.lists(ASKED, min_size=1, max_size=3),
    st.sampled_from([1, 2, 100]),
    st.booleans(),
)
def test_every_sentence_of_every_answer_is_exact_and_within_a_passage(
    tmp_path_factory: pytest.TempPathFactory,
    texts: list[str],
    questions: list[str],
    k: int,
    merge: bool,
) -> None:
    named = {f"d{i}": text for i, text in enumerate(texts) if text.strip()}
    pipeline = library(tmp_path_factory.mktemp("exact"), named)
    for question in questions:
        answer = pipeline.ask(question, k, merge=merge)
        prove(answer, named)
        assert answer.answered == bool(answer.sentences)
    pipeline.close()


def test_each_part_is_answered_by_its_own_cited_sentence(
    seeds_index: Path, embedder: Embedder, tmp_path: Path
) -> None:
    pipeline = Pipeline.over(
        seeds_index, embedder, calibration=calibration(tmp_path, embedder, 0.0)
    )
    answer = pipeline.ask(TWO_PARTS)
    who, what = answer.sentences
    assert (who.question, what.question) == tuple(TWO_PARTS.split(", and "))
    assert "Al-Qaeda and ISIS-K continue to maintain a presence" in who.citation.quote
    assert "warn that millions of Afghans face acute hunger" in what.citation.quote
    assert answer.text == f"{who.text}\n{what.text}"
    doc_id = who.citation.doc_id
    prove(answer, {doc_id: pipeline.slice(doc_id)[0].text})
    pipeline.close()


def test_the_default_settings_answer_the_readmes_question_but_not_one_about_a_recipe(
    seeds_index: Path, embedder: Embedder
) -> None:
    pipeline = Pipeline.over(seeds_index, embedder)
    share = pipeline.ask(
        "What share of Afghanistan's GDP came from foreign aid before the takeover?"
    )
    assert share.answered
    assert "approximately 43%" in share.text
    bread = pipeline.ask("How do I bake sourdough bread?")
    assert not bread.answered
    assert bread.text == NOT_ANSWERED
    assert bread.confidence is not None
    assert share.confidence is not None
    assert bread.confidence < 0.2 < 0.5 < share.confidence


def test_the_answer_does_not_depend_on_the_number_of_passages(
    seeds_index: Path, embedder: Embedder, tmp_path: Path
) -> None:
    pipeline = Pipeline.over(
        seeds_index, embedder, calibration=calibration(tmp_path, embedder, 0.0)
    )
    most = pipeline.ask(TWO_PARTS, 100)
    for k in (1, 2, 5):
        for merge in (False, True):
            answer = pipeline.ask(TWO_PARTS, k, merge=merge)
            assert (answer.sentences, answer.confidence) == (most.sentences, most.confidence)
    pipeline.close()


def test_the_passages_of_the_sentences_come_before_others_and_are_at_most_k(
    tmp_path: Path,
) -> None:
    texts = {
        "d": "Aid and grain and aid came to the border.",
        "e": "The river froze.",
        "f": "Grain and aid left the border with aid.",
    }
    pipeline = library(tmp_path, texts)
    question = "Who came to the border with aid and grain, and what river froze?"
    for k in (1, 2, 3):
        answer = pipeline.ask(question, k)
        assert [sentence.citation.doc_id for sentence in answer.sentences] == ["d", "e"]
        shown = [passage.citation.doc_id for passage in answer.passages]
        assert set(shown) == {1: {"d"}, 2: {"d", "e"}, 3: {"d", "e", "f"}}[k]
        scores = [passage.score for passage in answer.passages]
        assert scores == sorted(scores, reverse=True)
        assert [passage.rank for passage in answer.passages] == list(range(1, len(shown) + 1))
    pipeline.close()


def test_two_neighbouring_sentences_answer_if_each_contains_half(tmp_path: Path) -> None:
    pipeline = library(tmp_path, {"d": BAKERY})
    both = pipeline.ask("Zara Quill bakery loaves Lisbon oven").sentences
    assert [s.citation.quote for s in both] == [BAKERY[: BAKERY.index(" Nobody")]]
    one = pipeline.ask("Zara Quill founded bakery").sentences
    assert [s.citation.quote for s in one] == ["Zara Quill founded the bakery."]
    pipeline.close()


# Unanswered questions


def test_below_the_threshold_no_answer_is_stated_and_the_nearest_passages_are_shown(
    tmp_path: Path,
) -> None:
    pipeline = library(tmp_path, {"d": BAKERY, "e": "Grain came to the border."}, 1.0)
    for question in ("Who founded the bakery?", "Who founded it, and what came to the border?"):
        answer, result = pipeline.ask(question), pipeline.search(question)
        assert (answer.answered, answer.sentences, answer.text) == (False, [], NOT_ANSWERED)
        assert answer.passages == result.passages
        assert not result.answered
        assert len(answer.passages) == 2
        assert answer.confidence == result.confidence == 0.5
    pipeline.close()


def test_a_confidence_equal_to_the_threshold_states_the_answer(tmp_path: Path) -> None:
    pipeline = library(tmp_path, {"d": BAKERY}, 0.5)
    assert pipeline.ask("river").answered
    assert pipeline.search("river").answered
    pipeline.close()


def test_without_a_passage_there_is_no_answer(tmp_path: Path) -> None:
    pipeline = library(tmp_path, {"d": BAKERY}, 0.0)
    none = Filter(doc_id=["nothing/*"])
    for question in ("bakery", "Who founded the bakery, and what left the oven?"):
        answer = pipeline.ask(question, filter=none)
        assert (answer.answered, answer.confidence, answer.passages) == (False, 0.0, [])
        assert not pipeline.search(question, filter=none).answered
    pipeline.close()


def test_if_only_one_of_two_parts_has_an_answer_it_is_stated(tmp_path: Path) -> None:
    embedder = HashEmbedder()
    ingest_documents(
        tmp_path / "index", [document_of(BAKERY, "d", media_type="text/plain", name="d")], embedder
    )
    file = calibration(tmp_path, embedder, 0.5, coverage=Weight(mean=0.5, scale=0.1, weight=2.0))
    pipeline = Pipeline.over(tmp_path / "index", embedder, calibration=file)
    answer = pipeline.ask("Who founded the bakery, and who wrote an opera?")
    assert answer.answered
    assert [sentence.question for sentence in answer.sentences] == ["Who founded the bakery"]
    assert answer.confidence is not None
    assert answer.confidence == answer.sentences[0].confidence
    assert answer.confidence > 0.9
    pipeline.close()


# Repeated questions


def test_processes_with_different_hash_seeds_print_the_same_bytes(seeds_index: Path) -> None:
    printed = set()
    for seed in ("1", "2"):
        done = rag(
            *("ask", TWO_PARTS, "--json", "--explain", "--merge", "-k", "3"),
            *("--index", seeds_index),
            PYTHONHASHSEED=seed,
        )
        assert done.returncode == 0, done.stderr
        assert len(json.loads(done.stdout)["passages"]) >= 2
        printed.add(re.sub(r'"took_ms":[0-9.]+', "", done.stdout))
    assert len(printed) == 1
