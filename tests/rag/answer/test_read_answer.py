"""Answers with a reader: the phrase is in the unit that answers, and is evidence."""

import json
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from calibrations import calibration
from command import rag
from fakes import HashEmbedder
from index.backends import backend_at
from index.documents.load import document_of
from index.encode.phrases import Phrase
from index.errors import BadInput
from index.ingest.ingest import ingest_documents
from index.types import Span
from rag.answer.confidence import (
    FEATURES,
    READER_FEATURES,
    Calibration,
    Weight,
    calibration_for,
    reader_features,
)
from rag.answer.reader import PASSAGES_READ
from rag.pipeline import Pipeline
from rag.results import Answer, to_json
from reader_facts import ROLES
from readers import TINY_READER, FactReader

MAYORS = "The judge is Anna Brown. The mayor is Carl Smith."
RECORD = "Who is the mayor and who is not, the mayor wrote. Nobody knew why."
QUESTION = "Who is the mayor?"


@pytest.fixture(scope="module")
def reader() -> FactReader:
    return FactReader()


def library(folder: Path, texts: Sequence[str], media_type: str = "text/plain") -> Path:
    documents = [
        document_of(text, f"d{number}", media_type=media_type, name=f"d{number}")
        for number, text in enumerate(texts)
    ]
    ingest_documents(folder, documents, HashEmbedder())
    return folder


def asked(folder: Path, question: str, reader: FactReader | None) -> Answer:
    with closing(Pipeline.over(folder, HashEmbedder(), reader=reader)) as pipeline:
        return pipeline.ask(question)


def test_the_phrase_is_a_proven_citation_within_what_is_quoted(
    tmp_path: Path, reader: FactReader
) -> None:
    texts = [f"It rained — 漢字. The {role} is Änna {role.title()}. All left." for role in ROLES]
    folder = library(tmp_path / "index", texts)
    for role, text in zip(ROLES, texts, strict=True):
        (sentence,) = asked(folder, f"Who is the {role}?", reader).sentences
        phrase = sentence.phrase
        assert phrase is not None
        assert phrase.quote == f"Änna {role.title()}" == text[phrase.start : phrase.end]
        assert any(
            cited.doc_id == phrase.doc_id and cited.span.contains(phrase.span)
            for cited in sentence.citations
        )


def test_the_unit_that_holds_the_best_phrase_becomes_the_answer(
    tmp_path: Path, reader: FactReader
) -> None:
    folder = library(tmp_path / "index", [RECORD, MAYORS])
    without, with_reader = (asked(folder, QUESTION, each) for each in (None, reader))
    assert without.sentences[0].text.startswith("Who is the mayor and who is not, the mayor wrote.")
    assert with_reader.sentences[0].text == "The mayor is Carl Smith."
    assert with_reader.sentences[0].phrase is not None
    assert with_reader.sentences[0].phrase.quote == "Carl Smith"


def test_a_unit_without_an_exact_term_stays_behind_one_that_has_it(
    tmp_path: Path, reader: FactReader
) -> None:
    texts = ["The captain is Paul King.", "Form AB-17 names the captain of the ship."]
    folder = library(tmp_path / "index", texts)
    with closing(Pipeline.over(folder, HashEmbedder(), reader=reader)) as pipeline:
        reading = pipeline.read("Who is the captain in AB-17?")
        answer = pipeline.answer(reading, decline=False)
    assert [sentence.citation.doc_id for sentence in answer.sentences] == ["d1"]


def test_without_a_calibration_the_reader_declines_what_it_finds_no_phrase_for(
    tmp_path: Path, reader: FactReader, caplog: pytest.LogCaptureFixture
) -> None:
    folder = library(tmp_path / "index", [MAYORS])
    assert asked(folder, QUESTION, reader).answered
    assert not asked(folder, "Who is the captain?", reader).answered
    assert "not calibrated for this reader" in caplog.text


def test_the_reader_reads_the_first_passages_of_each_part_once(tmp_path: Path) -> None:
    class Counting:
        digest = "counting"

        def __init__(self) -> None:
            self.read_texts: list[tuple[str, int]] = []

        def read(self, question: str, texts: Sequence[str]) -> list[object]:
            self.read_texts.append((question, len(texts)))
            return [self for _ in texts]

        def best(self, within: Span | None = None) -> Phrase | None:
            del within
            return None

    texts = [f"The mayor of Paris met {name}." for name in "abcdefgh"]
    counting = Counting()
    folder = library(tmp_path / "index", texts)
    with closing(Pipeline.over(folder, HashEmbedder(), reader=counting)) as pipeline:  # type: ignore[arg-type]
        pipeline.ask("Who met the mayor, and when was Paris met?", 8)
        pipeline.search("Who met the mayor?")
    assert counting.read_texts == [
        ("Who met the mayor", PASSAGES_READ),
        ("when was Paris met?", PASSAGES_READ),
    ]


def test_json_has_the_phrase_only_with_a_reader(tmp_path: Path, reader: FactReader) -> None:
    folder = library(tmp_path / "index", [MAYORS])
    for each, expected in ((reader, "Carl Smith"), (None, None)):
        (sentence,) = json.loads(to_json(asked(folder, QUESTION, each)))["sentences"]
        assert sentence.get("phrase", {}).get("quote") == expected


# Evidence


def test_the_readers_evidence_is_the_margin_in_the_unit_and_what_is_better_elsewhere(
    tmp_path: Path, reader: FactReader
) -> None:
    folder = library(tmp_path / "index", [MAYORS])
    backend = backend_at(folder)
    with closing(Pipeline(backend, HashEmbedder(), reader=reader)) as pipeline:
        evidence = pipeline.evidence(QUESTION)
        lacking = pipeline.evidence("Who is the captain?")
    with closing(Pipeline(backend, HashEmbedder())) as pipeline:
        without = pipeline.evidence(QUESTION)
    assert evidence is not None
    assert without is not None
    assert lacking is not None
    assert evidence.features.keys() == FEATURES.keys() | READER_FEATURES.keys()
    assert without.features.keys() == FEATURES.keys()
    phrase = reader.read(QUESTION, [MAYORS])[0].best()
    assert phrase is not None
    assert evidence.features["phrase"] == pytest.approx(phrase.margin)
    assert evidence.features["phrase_elsewhere"] == 0
    assert evidence.features["phrase"] > 0 > lacking.features["phrase"]


def fitted(**fields: object) -> Calibration:
    values: dict[str, object] = {
        "model": HashEmbedder().fingerprint.weights,
        "fitted_on": "nothing",
        "n_questions": 0,
        "threshold": 0.5,
        "intercept": 0.0,
        "weights": {"phrase": Weight(0.0, 1.0, 1.0)},
        "reader": "r" * 64,
    }
    return Calibration(**{**values, **fields})  # type: ignore[arg-type]


def test_a_calibration_for_a_reader_survives_its_file(tmp_path: Path) -> None:
    file = tmp_path / "c.json"
    file.write_text(fitted().to_json())
    assert calibration_for(fitted().model, file, "r" * 64) == fitted()


def test_a_calibration_of_another_reader_or_of_none_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "c.json"
    file.write_text(fitted().to_json())
    with pytest.raises(BadInput, match="fitted with another reader, and the settings name one"):
        calibration_for(fitted().model, file, "s" * 64)
    with pytest.raises(BadInput, match="fitted with another reader, and the settings name none"):
        calibration_for(fitted().model, file)
    without = calibration(tmp_path, HashEmbedder(), 0.5)
    with pytest.raises(BadInput, match="fitted without a reader, and the settings name one"):
        calibration_for(fitted().model, without, "r" * 64)


def test_a_readers_feature_in_a_calibration_without_one_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "c.json"
    file.write_text(fitted(reader="").to_json())
    with pytest.raises(BadInput, match="unknown feature 'phrase'"):
        calibration_for(fitted().model, file)


def test_the_shipped_calibration_is_not_used_with_a_reader(reader: FactReader) -> None:
    from index.encode.model_files import find_model

    assert calibration_for(find_model().digest) is not None
    assert calibration_for(find_model().digest, None, reader.digest) is None


def test_confidence_follows_the_margin_with_a_calibration_for_the_reader(
    tmp_path: Path, reader: FactReader
) -> None:
    file = tmp_path / "c.json"
    file.write_text(fitted(reader=reader.digest).to_json())
    folder = library(tmp_path / "index", [MAYORS])
    opened = Pipeline.over(folder, HashEmbedder(), calibration=file, reader=reader)
    with closing(opened) as pipeline:
        evidence = pipeline.evidence(QUESTION)
        assert evidence is not None
        answer = pipeline.ask(QUESTION)
        assert answer.confidence == fitted().probability(evidence.features)
        assert answer.answered
        assert not pipeline.ask("Who is the captain?").answered


# The command


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mayors")
    (folder / "mayors.txt").write_text(MAYORS + "\n")
    ingested = rag("ingest", folder / "mayors.txt", "--index", folder / "index")
    assert ingested.returncode == 0, ingested.stderr
    return folder / "index"


def test_ask_takes_a_reader_by_its_folder(index: Path) -> None:
    done = rag("ask", QUESTION, "--index", index, "--reader", TINY_READER, "--json")
    assert done.returncode == 0, done.stderr
    assert "Compiling" in done.stderr
    for sentence in json.loads(done.stdout)["sentences"]:
        phrase = sentence.get("phrase")
        assert phrase is None or phrase["quote"] == (MAYORS + "\n")[phrase["start"] : phrase["end"]]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("no/such-model", "could not be downloaded"),
        ("all-MiniLM-L6-v2", "no extractive question-answering model"),
    ],
)
def test_a_reader_that_cannot_be_used_is_told_in_one_line(
    index: Path, name: str, reason: str
) -> None:
    done = rag("ask", QUESTION, "--index", index, "--reader", name, HF_HUB_OFFLINE="1")
    assert done.returncode == 2
    line = done.stderr.splitlines()[-1]
    assert line.startswith(f"rag: the reader {name!r} cannot be used: ")
    assert reason in line
    assert "`rag models`" in line


def test_a_unit_without_a_phrase_has_the_least_margin(tmp_path: Path) -> None:
    folder = library(tmp_path / "index", [MAYORS])
    with closing(Pipeline(backend_at(folder), HashEmbedder())) as pipeline:
        best = pipeline.read(QUESTION).retrievals[QUESTION]
        judged = pipeline._confidence.judge(best).best
    assert judged is not None
    assert reader_features(judged) == {"phrase": -20.0, "phrase_elsewhere": 0.0}
