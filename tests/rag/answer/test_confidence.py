"""A probability and features worked by hand, and errors of unusable calibrations."""

import json
from dataclasses import replace
from math import exp, log
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rag.answer.confidence
from fakes import HashEmbedder, TokenlessEmbedder, candidate_with, chunk_with, question_with
from index.documents.load import document_of
from index.encode.model_files import find_model
from index.errors import BadInput
from index.ingest.ingest import ingest_documents
from index.types import Span
from rag.answer.best_unit import BestUnit
from rag.answer.choose import Choice
from rag.answer.confidence import FEATURES, Calibration, Weight, calibration_for, features_of
from rag.answer.token_matches import TokenMatches
from rag.answer.units import Unit
from rag.pipeline import Pipeline
from rag.search.candidates import Candidate
from rag.search.late_interaction import Interaction
from rag.search.passages import RankedPassage
from rag.search.question import Question

SHIPPED = sorted((Path(rag.answer.confidence.__file__).parents[1] / "calibration").glob("*.json"))
TEXT = "Aid did not reach Kabul. In 1998 the Red Cross sent 1,500 tents."
SENTENCES = (Span(0, 24), Span(25, len(TEXT)))
CALIBRATION = Calibration(
    model="m",
    fitted_on="nothing",
    n_questions=2,
    threshold=0.5,
    intercept=-0.5,
    weights={"match": Weight(0.5, 0.2, 2.0), "lead": Weight(0.1, 0.05, -1.0)},
)


def unit_of(question: Question, candidate: Candidate, sentence: int = 0) -> BestUnit:
    """A sentence of TEXT as the best unit."""
    document = document_of(TEXT, "d1", media_type="text/plain", name="n.txt")
    token_matches = TokenMatches.of(document, candidate, question)
    choice = Choice(0.0, Unit((SENTENCES[sentence],)), (), token_matches.matches_in([sentence]))
    return BestUnit(RankedPassage(candidate, [candidate.chunk]), choice, token_matches)


def evidence(
    question: Question, candidate: Candidate, sentence: int = 0, other: Candidate | None = None
) -> dict[str, float]:
    return features_of(question, unit_of(question, candidate, sentence), other)


def features(question: str, sentence: int = 0, **given: Any) -> dict[str, float]:
    """The features of a question whose best passage is TEXT, with its best sentence."""
    candidate = candidate_with(chunk_with(TEXT, SENTENCES), **given)
    return evidence(question_with(question), candidate, sentence)


def test_a_probability_equals_a_value_worked_by_hand() -> None:
    # -0.5 + 2 * (0.7 - 0.5) / 0.2 - 1 * (0.2 - 0.1) / 0.05 = -0.5
    found = {"match": 0.7, "lead": 0.2, "dense": 9.0}
    assert CALIBRATION.probability(found) == round(1 / (1 + exp(0.5)), 6)


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
def test_a_probability_is_between_0_and_1_for_any_evidence(match: float, lead: float) -> None:
    assert 0 <= CALIBRATION.probability({"match": match, "lead": lead}) <= 1


def test_a_calibration_survives_a_round_trip_through_its_file(tmp_path: Path) -> None:
    file = tmp_path / "mine.json"
    file.write_text(CALIBRATION.to_json())
    assert calibration_for("m", file) == CALIBRATION


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: str(file.stem))
def test_a_shipped_calibration_can_be_used(file: Path) -> None:
    calibration = Calibration.from_json(file.read_text(encoding="utf-8"), str(file))
    assert calibration.weights.keys() <= FEATURES.keys()
    assert 0 < calibration.threshold < 1
    assert calibration.n_questions > 0
    assert calibration_for(calibration.model) == calibration


def test_the_default_models_calibration_is_shipped() -> None:
    assert calibration_for(find_model().digest) is not None
    assert calibration_for("another model") is None


FIELDS = json.loads(CALIBRATION.to_json())


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "Expecting property name"),
        ("[]", ""),
        ("{}", "'weights'"),
        (
            json.dumps(FIELDS | {"weights": {"luck": {"mean": 0, "scale": 1, "weight": 1}}}),
            "'luck'",
        ),
        (json.dumps(FIELDS | {"weights": {"match": {"mean": 0, "weight": 1}}}), "scale"),
        (json.dumps(FIELDS | {"weights": {"match": [0, 1, 1]}}), "mapping"),
        (
            json.dumps(FIELDS | {"weights": {"match": {"mean": 0, "scale": 0, "weight": 1}}}),
            "not every scale is positive",
        ),
        (
            json.dumps(FIELDS | {"weights": {"match": {"mean": "0", "scale": 1, "weight": 1}}}),
            "real number, not str",
        ),
        (json.dumps(FIELDS | {"intercept": float("nan")}), "not every weight is finite"),
        (json.dumps(FIELDS | {"colour": "red"}), "colour"),
        (json.dumps({k: v for k, v in FIELDS.items() if k != "threshold"}), "threshold"),
    ],
)
def test_an_invalid_calibration_file_is_refused_with_the_command_that_creates_one(
    tmp_path: Path, text: str, reason: str
) -> None:
    file = tmp_path / "mine.json"
    file.write_text(text)
    with pytest.raises(
        BadInput, match=rf"mine\.json is not a calibration \(.*{reason}.*eval calibr"
    ):
        calibration_for("m", file)


def test_a_calibration_of_another_model_or_an_unreadable_one_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "mine.json"
    with pytest.raises(BadInput, match=r"cannot read the calibration .*mine\.json"):
        calibration_for("m", file)
    file.write_bytes(b"\xff")
    with pytest.raises(BadInput, match="cannot read the calibration"):
        calibration_for("m", file)
    file.write_text(CALIBRATION.to_json())
    with pytest.raises(BadInput, match="is a calibration for another model than the index's"):
        calibration_for("other", file)


@pytest.mark.parametrize(
    ("question", "sentence", "expected"),
    [
        ("What did not reach Kabul?", 0, 0.0),
        ("What did not reach Kabul?", 1, 1.0),
        ("What didn’t reach Kabul?", 1, 1.0),
        ("What did Aid reach, without tents?", 0, 0.0),
        ("Who NEVER came?", 1, 1.0),
        ("What reached Kabul?", 0, 0.0),
        ("Was it noted in another knot?", 1, 0.0),
    ],
)
def test_a_negated_question_needs_a_negated_sentence(
    question: str, sentence: int, expected: float
) -> None:
    assert features(question, sentence)["negation"] == expected


def test_numbers_are_compared_with_the_unit() -> None:
    assert features("Who sent 1,500 tents in 1998?", 1)["numbers"] == 0
    assert features("Who sent 1,500 tents in 1999?", 1)["numbers"] == 0.5
    assert features("Who sent 1,500 tents in 1998?", 0)["numbers"] == 1
    assert features("Who sent 15 tents?", 1)["numbers"] == 1
    assert features("Who sent tents?")["numbers"] == 0


def test_names_are_the_capitalised_words_except_the_first_and_compared_with_the_sentence() -> None:
    assert features("What reached Kabul in Spring?", 0)["names"] == 0.5
    assert features("What reached Kabul?", 1)["names"] == 1
    assert features("Grain for whom?")["names"] == 0


def test_coverage_weights_words_by_their_idf() -> None:
    idf = {"aid": 1.0, "reach": 2.0, "cross": 3.0, "gold": 4.0}
    question = question_with("aid reached cross gold", idf=idf)
    candidate = candidate_with(chunk_with(TEXT, SENTENCES))
    found = evidence(question, candidate)
    assert found["coverage"] == pytest.approx(0.3)
    known = replace(question, idf={k: v for k, v in idf.items() if k != "gold"})
    assert evidence(known, candidate)["coverage"] == pytest.approx(0.5)


def test_question_words_are_features() -> None:
    asked = features("How many came, and when?")
    names = [name for name in asked if name.startswith("asks_") and asked[name]]
    assert names == ["asks_when", "asks_how_many", "asks_how"]


def test_the_signals_are_passed_through_and_the_lead_is_over_the_second() -> None:
    stored = chunk_with(TEXT, SENTENCES)
    best = candidate_with(stored, dense=0.3, sentence=0.15, lexical_share=0.5, score=0.7)
    second = candidate_with(stored, score=0.6)
    found = evidence(question_with("aid"), best, other=second)
    assert [found[name] for name in ("dense", "sentence", "lexical")] == [0.3, 0.15, 0.5]
    assert found["lead"] == pytest.approx(0.1)
    assert found["off_topic"] == pytest.approx(0.25)
    alone = evidence(question_with("aid"), best)
    assert alone["lead"] == 0.7
    assert features("aid", sentence=1) | {"off_topic": 0.4} == features("aid", sentence=1)


def test_weak_matches_have_the_most_weight_in_weakest() -> None:
    matches = np.array([[0.9, 0.1], [0.3, 0.2]], dtype=np.float32)
    interaction = Interaction(matches, matches.max(axis=1), np.zeros(2, np.float32), 0.5)
    question = question_with("aid", tokens=np.eye(2, dtype=np.float32), weights=(0.75, 0.25))
    best = candidate_with(chunk_with(TEXT, SENTENCES), interaction=interaction)
    found = evidence(question, best, 1)
    assert found["match"] == pytest.approx(0.75 * 0.1 + 0.25 * 0.2)
    assert found["weakest"] == pytest.approx(-log(0.75 * exp(-0.6) + 0.25 * exp(-1.2)) / 6)
    anywhere = -log(0.75 * exp(-5.4) + 0.25 * exp(-1.8)) / 6
    assert found["weakest_anywhere"] == pytest.approx(anywhere)
    assert min(0.1, 0.2) <= found["weakest"] <= found["match"]


@pytest.mark.parametrize("embedder", [HashEmbedder(), TokenlessEmbedder()], ids=["tokens", "none"])
def test_the_evidence_of_any_question_has_every_feature_within_its_range(
    tmp_path: Path, embedder: HashEmbedder
) -> None:
    texts = [TEXT, "The river rose.", "Nobody listened — 43 did."]
    documents = [
        document_of(text, f"d{i}", media_type="text/plain", name="n")
        for i, text in enumerate(texts)
    ]
    ingest_documents(tmp_path, documents, embedder)
    pipeline = Pipeline.over(tmp_path, embedder)
    in_unit = {"lexical", "coverage", "names", "numbers", "negation", "lead", "new_words"}
    unbounded = {"exact_missing", "length", "position"}
    text_of = {document.doc_id: document.text for document in documents}
    for question in (
        "Who did not go to Kabul in 1999?",
        "the",
        "?",
        "東京 Ünal",
        "river " * 300,
        "43",
    ):
        evidence = pipeline.evidence(question)
        if evidence is None:  # no sentence is an answer
            assert question in ("?",)
            continue
        features = evidence.features
        assert features.keys() == FEATURES.keys()
        for name, value in features.items():
            assert np.isfinite(value), (question, name)
            low = 0 if name in in_unit or name in unbounded or name == "off_topic" else -1.2
            assert low <= value, (question, name)
            assert name in unbounded or value <= 2, (question, name)
            assert name not in in_unit or value <= 1, (question, name)
        if not features["match"]:
            assert isinstance(embedder, TokenlessEmbedder)
            assert (features["weakest"], features["weakest_anywhere"]) == (0, 0)
        for doc_id, span in evidence.citations:
            assert span.of(text_of[doc_id])
    pipeline.close()
    empty = tmp_path / "empty"
    ingest_documents(empty, [], embedder)
    pipeline = Pipeline.over(empty, embedder)
    assert pipeline.evidence("aid") is None
    pipeline.close()
