"""Whole evaluations: the shipped set with the real model, and small sets with known measures."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from command import ROOT, rag
from eval.datasets.load import SpanDataset, load_dataset
from eval.runs.evaluate import evaluate, index_dataset
from eval.runs.run_file import to_lines
from fakes import HashEmbedder
from index.protocols import Embedder
from known_runs import beir_set, span_set
from rag.search.ranking import NO_RERANKING, RankSettings

SEEDS = ROOT / "eval" / "seeds"
QUESTION = "What share of Afghanistan's GDP came from foreign aid before the takeover?"


def lines_of(file: Path) -> list[str]:
    return file.read_text(encoding="utf-8").splitlines()


def test_the_seed_question_has_its_answer_first_in_the_evaluation(
    embedder: Embedder,
) -> None:
    dataset = load_dataset(SEEDS)
    assert isinstance(dataset, SpanDataset)
    run = evaluate(dataset, embedder, RankSettings()).run
    (question,) = [q for q in dataset.questions if q.text == QUESTION]
    (outcome,) = [o for o in run.outcomes if o.question_id == question.question_id]
    text = dataset.documents[0].text
    assert "approximately 43%" in outcome.passages[0].highlight.of(text)

    # Each signal alone ranks worse than both, and both rank worse than reranked.
    def mrr(lexical_weight: float) -> float:
        ranking = RankSettings(lexical_weight=lexical_weight, rerank=NO_RERANKING)
        return evaluate(dataset, embedder, ranking).run.measures["MRR@10"]

    assert max(mrr(0.0), mrr(1.0)) < mrr(0.5) < run.measures["MRR@10"]


def test_the_command_prints_the_measures_and_writes_each_questions_passages(
    tmp_path: Path,
) -> None:
    output = tmp_path / "out.jsonl"
    process = rag("eval", "run", SEEDS, "--json", "--k", "3", "--output", output, timeout_s=300)
    assert process.returncode == 0, process.stderr
    measures = json.loads(process.stdout)["measures"]
    ranking = ["answer@1", "answer@3", "answer@5", "MRR@10", "highlight@1"]
    stating = ["right", "stated-wrong", "declined-wrong", "candidate-right", "answer-length"]
    confidence = ["AUROC", "ECE", "Brier", "AUROC-right", "ECE-right"]
    assert list(measures) == [*ranking, *stating, *confidence]
    assert 0 < measures["answer@1"] <= measures["answer@3"] <= measures["answer@5"] <= 1

    questions = [json.loads(line) for line in lines_of(SEEDS / "questions.jsonl")]
    header, *outcomes = [json.loads(line) for line in lines_of(output)]
    assert header["run"]["measures"] == measures
    assert [o["_id"] for o in outcomes] == [q["_id"] for q in questions]
    # The measure can be recomputed from the file and the labels.
    right = [
        any(
            passage["start"] <= a["start"] and a["end"] <= passage["end"]
            for passage in outcome["passages"][:1]
            for a in question["answers"]
        )
        for question, outcome in zip(questions, outcomes, strict=True)
        if question["answerable"]
    ]
    assert sum(right) / len(right) == pytest.approx(measures["answer@1"])
    first = outcomes[0]["passages"][0]
    assert set(first) == {"doc_id", "start", "end", "score", "highlight", "quote"}


@pytest.fixture
def beir(tmp_path: Path) -> Path:
    return beir_set(tmp_path)


def test_a_beir_set_gives_its_known_measures_and_a_run_file(beir: Path) -> None:
    process = rag("eval", "run", beir, "--json", "--run", "run.txt", cwd=beir, timeout_s=300)
    assert process.returncode == 0, process.stderr
    measures = json.loads(process.stdout)["measures"]
    # Both first documents are right; the second query also has one that is not in the corpus.
    assert measures["MRR@10"] == 1
    assert measures["R@100"] == pytest.approx((1 + 1 / 2) / 2)
    assert measures["MAP"] == pytest.approx((1 + 1 / 2) / 2)
    lines = [line.split() for line in (beir / "run.txt").read_text().splitlines()]
    assert [line[:4] for line in lines if line[3] == "1"] == [
        ["1", "Q0", "wing", "1"],
        ["2", "Q0", "heat", "1"],
    ]
    assert all(len(line) == 6 and line[5] == "rag" for line in lines)


def test_an_evaluation_writes_nothing_into_the_working_directory(beir: Path) -> None:
    before = sorted(beir.rglob("*"))
    process = rag("eval", "run", beir, cwd=beir, timeout_s=300)
    assert "nDCG@10" in process.stdout
    assert sorted(beir.rglob("*")) == before


def test_the_same_evaluation_gives_the_same_bytes() -> None:
    dataset = load_dataset(SEEDS)
    runs = [evaluate(dataset, HashEmbedder(), RankSettings()).run for _ in range(2)]
    assert list(to_lines(runs[0])) == list(to_lines(runs[1]))


def test_many_rankings_on_one_index_give_the_same_as_separate_runs(tmp_path: Path) -> None:
    dataset, embedder = load_dataset(span_set(tmp_path)), HashEmbedder()
    rankings = [RankSettings(lexical_weight=weight) for weight in (0.0, 1.0)]
    with index_dataset(dataset, embedder) as corpus:
        n_encoded = embedder.n_encoded
        together = [corpus.evaluate(ranking, [3]).run for ranking in rankings]
        assert embedder.n_encoded == n_encoded
    assert together == [evaluate(dataset, embedder, ranking, [3]).run for ranking in rankings]
    assert [run.ranking["lexical_weight"] for run in together] == [0.0, 1.0]


def test_only_the_first_passages_have_their_text(embedder: Embedder) -> None:
    dataset = load_dataset(SEEDS)
    assert isinstance(dataset, SpanDataset)
    text = dataset.documents[0].text
    few = replace(dataset, questions=dataset.questions[:2])
    for outcome in evaluate(few, embedder, RankSettings()).run.outcomes:
        quotes = [passage.quote for passage in outcome.passages]
        assert quotes[:3] == [passage.span.of(text) for passage in outcome.passages[:3]]
        assert set(quotes[3:]) == {None}


def test_an_output_that_cannot_be_written_is_an_error(beir: Path) -> None:
    process = rag("eval", "run", beir, "--output", beir / "none" / "out.jsonl")
    assert process.returncode == 2
    assert "cannot write" in process.stderr
    assert "Loading" not in process.stderr, "the error comes before the model is loaded"
