"""Without a calibration: no confidence, a note in every reply, and answers by words alone."""

import io
import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from calibrations import calibration
from fakes import HashEmbedder, TokenlessEmbedder
from index.backends import backend_at
from index.documents.load import document_of
from index.ingest.ingest import ingest_documents
from index.protocols import Embedder
from index.words.analyze import terms_of
from rag.answer.no_passages import BY_WORDS_ALONE, NO_CALIBRATION
from rag.cli.print_results import print_answer, print_result
from rag.pipeline import Pipeline
from rag.results import NOT_ANSWERED
from serving import serving

FOUNDED = "Zara Quill founded the bakery in Lisbon."
TEXTS = {
    "bakery": FOUNDED,
    "bridge": "Die Brücke wurde 1992 gebaut.",
}
STATED = [
    ("Who founded the bakery?", FOUNDED),
    ("Who founded bakeries?", FOUNDED),  # another inflection
    ("Please tell me the name of who founded the bakery", FOUNDED),  # the kind of answer
    ("Wann wurde die Brücke gebaut?", TEXTS["bridge"]),
]
DECLINED = [
    "Who founded the opera?",
    "Who founded the bakery and its ovens?",
    "Who sold the bakery?",
    "Who is it?",  # no content word
    "Wann wurde die Brücke gesprengt?",
    "How many founded the bakery?",  # every word, but no number
]


def ingested(folder: Path, embedder: Embedder, texts: Mapping[str, str] = TEXTS) -> Path:
    documents = [
        document_of(text, name, media_type="text/plain", name=f"{name}.txt")
        for name, text in texts.items()
    ]
    ingest_documents(folder, documents, embedder)
    return folder


@pytest.fixture(params=["tokens", "no tokens", "no model"])
def pipeline(request: pytest.FixtureRequest, tmp_path: Path) -> Pipeline:
    embedder = TokenlessEmbedder() if request.param == "no tokens" else HashEmbedder()
    ingested(tmp_path / "index", embedder)
    model = None if request.param == "no model" else embedder
    return Pipeline(backend_at(tmp_path / "index"), model)


@pytest.mark.parametrize(("question", "unit"), STATED)
def test_a_unit_with_every_word_of_the_question_is_stated(
    pipeline: Pipeline, question: str, unit: str
) -> None:
    answer, result = pipeline.ask(question), pipeline.search(question)
    assert (answer.answered, answer.text, answer.confidence) == (True, unit, None)
    assert (result.answered, result.confidence) == (True, None)
    assert [sentence.confidence for sentence in answer.sentences] == [None]
    pipeline.close()


@pytest.mark.parametrize("question", DECLINED)
def test_a_unit_that_lacks_something_asked_for_is_not_stated(
    pipeline: Pipeline, question: str
) -> None:
    answer, result = pipeline.ask(question), pipeline.search(question)
    assert (answer.answered, answer.sentences, answer.confidence) == (False, [], None)
    assert (result.answered, result.confidence) == (False, None)
    assert answer.text in (NOT_ANSWERED, answer.reason)
    pipeline.close()


@pytest.mark.parametrize(
    ("question", "stated"),
    [
        ("港口重建", True),  # of its three pairs two are there
        ("港口是什么时候重建的？", False),  # of nine pairs two
        ("港口 1992", False),
    ],
)
def test_of_a_script_without_spaces_half_of_the_pairs_are_enough(
    tmp_path: Path, question: str, stated: bool
) -> None:
    ingested(tmp_path, HashEmbedder(), {"harbour": "港口在一九九二年重建。"})
    pipeline = Pipeline(backend_at(tmp_path), None)
    assert pipeline.search(question).answered == stated
    pipeline.close()


@settings(max_examples=20)
@given(
    st.lists(st.sampled_from("founded bakery opera Lisbon river who the".split()), min_size=1),
    st.lists(st.sampled_from("founded bakery opera Lisbon river".split()), min_size=1),
)
def test_what_is_stated_has_every_term_of_the_question(
    tmp_path_factory: pytest.TempPathFactory, asked: list[str], said: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("words")
    embedder = HashEmbedder()
    text = " ".join(said) + "."
    pipeline = Pipeline.over(ingested(folder, embedder, {"d": text}), embedder)
    wanted = set(terms_of(" ".join(asked)))
    answer = pipeline.ask(" ".join(asked))
    assert answer.answered == (bool(wanted) and wanted <= set(terms_of(text)))
    pipeline.close()


@pytest.mark.parametrize("question", ["Who founded the bakery?", "Who sold the opera?", "the"])
def test_every_reply_of_a_model_without_calibration_has_the_note(
    tmp_path: Path, question: str
) -> None:
    embedder = HashEmbedder()
    folder = ingested(tmp_path / "index", embedder)
    pipeline = Pipeline.over(folder, embedder)
    answer, result = pipeline.ask(question), pipeline.search(question)
    assert answer.note == result.note == NO_CALIBRATION
    assert "has no calibration" in NO_CALIBRATION
    assert "`rag eval calibrate`" in NO_CALIBRATION
    for reply in (answer, result):
        out = Console(file=io.StringIO(), width=1000)
        if reply is answer:
            print_answer(out, answer, full=False)
        else:
            print_result(out, result)
        assert isinstance(out.file, io.StringIO)
        printed = out.file.getvalue()
        assert NO_CALIBRATION in printed
        assert not re.search(r"confidence \d|most likely", printed)
    with serving(pipeline) as client:
        for route in ("/v1/ask", "/v1/search"):
            reply = client.post(route, json={"query": question}).json()
            assert (reply["confidence"], reply["note"]) == (None, NO_CALIBRATION)
    fitted = Pipeline.over(folder, embedder, calibration=calibration(tmp_path, embedder, 0.5))
    assert fitted.ask(question).note is None
    fitted.close()
    lexical = Pipeline(backend_at(folder), None)
    assert lexical.search(question).note is None
    lexical.close()


def test_the_default_model_without_its_calibration_answers_by_words_alone(
    seeds_index: Path, embedder: Embedder
) -> None:
    """And a question that it cannot read has no confidence even with one."""
    bare, fitted = Pipeline(backend_at(seeds_index), embedder), Pipeline.over(seeds_index, embedder)
    unit = bare.ask("What did foreign aid constitute approximately 43% of?")
    assert unit.answered
    assert "approximately 43%" in unit.text
    paraphrase = "How much of the money came from donors abroad?"
    assert not bare.ask(paraphrase).answered
    assert bare.search(paraphrase).confidence is None
    assert fitted.search(paraphrase).confidence is not None
    unread = "ร้านเปิดกี่โมง"
    assert bare.ask(unread).note == f"{BY_WORDS_ALONE} {NO_CALIBRATION}"
    assert (fitted.ask(unread).confidence, fitted.ask(unread).note) == (None, BY_WORDS_ALONE)
    bare.close()
    fitted.close()
