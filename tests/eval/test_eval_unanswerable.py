"""Another dataset's questions as unanswerable questions."""

from pathlib import Path

import pytest
from sklearn.metrics import brier_score_loss, roc_auc_score

from calibrations import calibration
from command import rag
from eval.datasets.load import BeirDataset, SpanDataset, load_dataset
from eval.datasets.unanswerable import load_with_unanswerable, with_unanswerable
from eval.runs.evaluate import evaluate, index_dataset
from fakes import HashEmbedder
from index.errors import BadDataset
from known_runs import beir_set, span_set
from rag.answer.confidence import Weight
from rag.search.ranking import RankSettings


@pytest.fixture
def sets(tmp_path: Path) -> tuple[Path, Path]:
    return span_set(tmp_path / "spans"), beir_set(tmp_path / "beir")


def test_a_span_sets_own_unanswerable_questions_are_replaced(sets: tuple[Path, Path]) -> None:
    spans, beir = sets
    dataset = load_with_unanswerable(spans, None, beir)
    assert isinstance(dataset, SpanDataset)
    assert dataset.unanswerable == "beir"
    assert dataset.answerable == {"q1": True, "q2": True, "beir/1": False, "beir/2": False}
    assert dataset.queries["beir/1"] == "lift of a wing"
    assert dataset.documents == load_dataset(spans).documents


def test_a_beir_set_keeps_its_queries_and_judgments(sets: tuple[Path, Path]) -> None:
    spans, beir = sets
    alone, dataset = load_dataset(beir), load_with_unanswerable(beir, None, spans)
    assert isinstance(alone, BeirDataset)
    assert isinstance(dataset, BeirDataset)
    assert alone.answerable == {}
    assert dataset.qrels == alone.qrels
    # Both the answerable and the unanswerable questions of the other set.
    foreign = {"spans/q1": False, "spans/q2": False, "spans/q3": False}
    assert dataset.answerable == {"1": True, "2": True} | foreign


def test_a_beir_sets_ranking_is_measured_unchanged_and_its_confidence_is_measured(
    sets: tuple[Path, Path], tmp_path: Path
) -> None:
    spans, beir = sets
    before = evaluate(load_dataset(beir), HashEmbedder(), RankSettings()).run
    model = HashEmbedder()
    with index_dataset(load_with_unanswerable(beir, None, spans), model) as corpus:
        file = calibration(tmp_path, model, 0.5, coverage=Weight(mean=0.5, scale=0.1, weight=1.0))
        run = corpus.evaluate(RankSettings(), calibration=file).run
        uncalibrated = corpus.evaluate(RankSettings()).run
    assert uncalibrated.measures == before.measures
    assert {question.outcome.confidence for question in uncalibrated.questions} == {None}
    assert list(run.measures) == [*before.measures, "AUROC", "ECE", "Brier"]
    assert run.measures.items() >= before.measures.items()
    assert (before.n_answerable, run.n_answerable, run.n_questions) == (None, 2, 5)
    labels = [question.answerable for question in run.questions]
    confidences = [question.outcome.confidence for question in run.questions]
    assert run.measures["AUROC"] == pytest.approx(roc_auc_score(labels, confidences))
    assert run.measures["Brier"] == pytest.approx(brier_score_loss(labels, confidences))
    assert [list(question.measures) for question in run.questions[2:]] == [["Brier"]] * 3


def test_repeated_ids_and_a_set_with_its_own_questions_are_refused(
    sets: tuple[Path, Path],
) -> None:
    spans, beir = sets
    both = load_with_unanswerable(spans, None, beir)
    with pytest.raises(BadDataset, match="spans also has a question 'beir/1'; rename beir"):
        with_unanswerable(both, load_dataset(beir))
    with pytest.raises(BadDataset, match="is the dataset itself"):
        load_with_unanswerable(spans, None, spans / ".." / "spans")


def test_the_command_prints_them_and_omits_them_from_the_trec_file(
    sets: tuple[Path, Path], tmp_path: Path
) -> None:
    spans, beir = sets
    run = tmp_path / "run.txt"
    process = rag("eval", "run", beir, "--unanswerable", spans, "--run", run, timeout_s=300)
    assert process.returncode == 0, process.stderr
    assert "5 questions, 2 of them answerable, the others from spans" in " ".join(
        process.stdout.split()
    )
    assert [line.split()[0] for line in process.stdout.splitlines()[-3:]] == [
        "AUROC",
        "ECE",
        "Brier",
    ]
    assert {line.split()[0] for line in run.read_text().splitlines()} == {"1", "2"}
