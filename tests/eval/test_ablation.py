"""The ablation: rows, oracle, intervals and plot."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from statistics import fmean
from xml.etree import ElementTree

import pytest

from command import ROOT, rag
from eval.datasets.load import BeirDataset, SpanDataset, load_dataset
from eval.runs.evaluate import IndexedDataset, evaluate, index_dataset
from eval.studies.ablation import COLUMNS, ORACLE, Ablation, ablate, mean_over, rankings
from fakes import HashEmbedder
from index.errors import BadDataset
from known_runs import beir_set, span_set, write_jsonl
from rag.search.ranking import RankSettings

SIGNALS = [
    "dense",
    "best sentence",
    "BM25",
    "late interaction",
    "dense + sentence",
    "+ BM25",
    "+ late interaction",
]
SVG = "{http://www.w3.org/2000/svg}"


def seeds(_: Path) -> Path:
    return ROOT / "eval" / "seeds"


def set_with_missing_document(folder: Path) -> Path:
    """A BEIR set with a judged document that is not in the corpus, and one that no ranking puts
    first."""
    texts = {"a": "Lift of a wing.", "b": "A wing.", "c": "Drag of a wing and lift of a wing."}
    write_jsonl(folder / "corpus.jsonl", *({"_id": i, "text": t} for i, t in texts.items()))
    write_jsonl(folder / "queries.jsonl", {"_id": "1", "text": "lift of a wing"})
    (folder / "qrels").mkdir()
    qrels = "query-id\tcorpus-id\tscore\n1\tb\t1\n1\tabsent\t1\n"
    (folder / "qrels" / "test.tsv").write_text(qrels)
    return folder


SETS = [span_set, beir_set, set_with_missing_document, seeds]


@pytest.fixture(scope="module", params=SETS, ids=lambda make: make.__name__)
def corpus(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[IndexedDataset]:
    make: Callable[[Path], Path] = request.param
    with index_dataset(
        load_dataset(make(tmp_path_factory.mktemp("set"))), HashEmbedder()
    ) as corpus:
        yield corpus


@pytest.fixture(scope="module")
def ablation(corpus: IndexedDataset) -> Ablation:
    return ablate(corpus, RankSettings(), n_resamples=500)


def test_each_signal_is_the_one_of_its_name() -> None:
    named = rankings(RankSettings())
    assert list(named) == SIGNALS
    alone = {name: ranking.weights for name, ranking in named.items()}
    assert [alone[name] for name in SIGNALS[:3]] == [(1, 0, 0), (0, 1, 0), (0, 0, 1)]
    assert alone["dense + sentence"] == (0.5, 0.5, 0)
    assert alone["+ BM25"] == RankSettings().weights
    assert named["late interaction"].rerank_weight == 1
    without = [name for name, ranking in named.items() if ranking.rerank == "none"]
    assert without == ["dense", "best sentence", "BM25", "dense + sentence", "+ BM25"]
    assert named["+ late interaction"] == RankSettings()


def test_each_row_is_an_evaluation_with_its_settings(
    corpus: IndexedDataset, ablation: Ablation
) -> None:
    assert [row.name for row in ablation.rows] == [*SIGNALS, ORACLE]
    for row in ablation.rows[:-1]:
        assert row.ranking is not None
        measures = evaluate(corpus.dataset, HashEmbedder(), row.ranking).run.measures
        for name in COLUMNS[corpus.dataset.kind]:
            assert row.measures[name].value == pytest.approx(measures[name])
        assert row.median_ms is not None
        assert row.median_ms > 0


def test_the_oracle_is_at_least_every_row(ablation: Ablation) -> None:
    *rows, oracle = ablation.rows
    assert (oracle.ranking, oracle.median_ms) == (None, None)
    for row in rows:
        for name, mean in row.measures.items():
            assert oracle.measures[name].value >= mean.value - 1e-12


def test_the_intervals_contain_their_means(ablation: Ablation) -> None:
    for row in ablation.rows:
        assert list(row.measures) == [*COLUMNS[ablation.kind]]
        for mean in row.measures.values():
            assert mean.interval.low - 1e-12 <= mean.value <= mean.interval.high + 1e-12


def test_the_oracle_finds_an_answer_at_any_rank(corpus: IndexedDataset, ablation: Ablation) -> None:
    if not isinstance(corpus.dataset, SpanDataset):
        pytest.skip("answers are spans")
    # Every chunk of these small corpora is a candidate, and no answer crosses a chunk's boundary.
    whole = evaluate(corpus.dataset, HashEmbedder(), RankSettings(), [100]).run
    assert whole.n_chunks <= 100
    measures = ablation.rows[-1].measures
    assert measures["answer@1"].value == pytest.approx(whole.measures["answer@100"])
    assert measures["MRR@10"].value == measures["answer@5"].value == measures["answer@1"].value


def test_the_oracle_of_judged_documents_is_the_ideal_order_of_those_found(tmp_path: Path) -> None:
    dataset = load_dataset(set_with_missing_document(tmp_path))
    assert isinstance(dataset, BeirDataset)
    with index_dataset(dataset, HashEmbedder()) as corpus:
        oracle = ablate(corpus, RankSettings(), n_resamples=10).rows[-1]
    # By hand: the only retrieved one comes first of two: 1 / (1 + 1 / log2(3)).
    assert oracle.measures["nDCG@10"].value == pytest.approx(0.6131471927654584)
    assert oracle.measures["R@10"].value == 0.5


def test_an_interval_is_about_two_standard_errors_wide() -> None:
    values = [float(i % 4 == 0) for i in range(400)]
    mean = mean_over(values)
    error = (0.25 * 0.75 / 400) ** 0.5
    assert mean.value == fmean(values)
    assert mean.interval.low == pytest.approx(0.25 - 1.96 * error, abs=0.005)
    assert mean.interval.high == pytest.approx(0.25 + 1.96 * error, abs=0.005)
    assert mean_over([1.0, 1.0]).interval == (1, 1)


def test_questions_without_an_answer_have_no_table(tmp_path: Path) -> None:
    dataset = load_dataset(span_set(tmp_path / "set"))
    assert isinstance(dataset, SpanDataset)
    none = replace(dataset, questions=dataset.questions[2:])
    message = "set has 0 questions with an answer, but needs 1"
    with index_dataset(none, HashEmbedder()) as corpus, pytest.raises(BadDataset, match=message):
        ablate(corpus, RankSettings())


# The command and the plot


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the command's JSON for two datasets."""
    folder = tmp_path_factory.mktemp("printed")
    sets = span_set(folder / "a & b"), beir_set(folder / "beir")
    process = rag("eval", "ablation", *sets, "--json", timeout_s=300)
    assert process.returncode == 0, process.stderr
    (folder / "ablation.json").write_text(process.stdout, encoding="utf-8")
    return folder / "ablation.json"


def test_the_json_has_every_row_of_every_set(printed: Path) -> None:
    datasets = json.loads(printed.read_text(encoding="utf-8"))["datasets"]
    assert [(d["dataset"], d["primary"], d["n_questions"]) for d in datasets] == [
        ("a & b", "MRR@10", 2),
        ("beir", "nDCG@10", 2),
    ]
    for dataset in datasets:
        assert [row["name"] for row in dataset["rows"]] == [*SIGNALS, ORACLE]
        for row in dataset["rows"]:
            for mean in row["measures"].values():
                assert mean["low"] <= mean["mean"] <= mean["high"]


def test_the_plot_is_well_formed_and_names_each_row(printed: Path, tmp_path: Path) -> None:
    target = tmp_path / "ablation.svg"
    process = subprocess.run(
        [sys.executable, "-m", "bench.draw.ablation", printed, target],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    root = ElementTree.parse(target).getroot()
    texts = [element.text for element in root.iter(f"{SVG}text")]
    assert [text for text in texts if text in (*SIGNALS, ORACLE)] == [*SIGNALS, ORACLE]
    assert {"a & b · MRR@10", "beir · nDCG@10"} <= set(texts)
    assert len(list(root.iter(f"{SVG}circle"))) == 2 * (len(SIGNALS) + 1)
    width = float(root.attrib["viewBox"].split()[2])
    for line in root.iter(f"{SVG}line"):
        assert 0 <= float(line.attrib["x1"]) <= float(line.attrib["x2"]) <= width
    # The Markdown tables: one line per row, one cell per column.
    rows = [line for line in process.stdout.splitlines() if line.startswith("| ")]
    assert [row.split(" | ")[0][2:] for row in rows] == ["signal", *SIGNALS, ORACLE] * 2
    assert {row.count("|") for row in rows[:9]} == {7}
    assert {row.count("|") for row in rows[9:]} == {5}


def test_the_table_shows_means_intervals_and_times(tmp_path: Path) -> None:
    process = rag("eval", "ablation", beir_set(tmp_path), timeout_s=300)
    assert process.returncode == 0, process.stderr
    lines = process.stdout.splitlines()
    assert lines[1].split() == ["signal", "nDCG@10", "R@10", "ms"]
    assert [line for line in lines if line.startswith("+ late interaction")]
    assert "95 % interval" in lines[-2]
    assert "one run" in lines[-1]
    assert "–" in lines[3]


def test_help_imports_no_heavy_library() -> None:
    heavy = "torch faiss tantivy sklearn scipy numpy ir_measures rag.pipeline".split()
    program = (
        "import sys; from rag.cli.app import main\n"
        "sys.argv = ['rag', 'eval', 'ablation', '--help']\n"
        "try: main()\n"
        f"finally: print('HEAVY', sorted(set({heavy!r}) & set(sys.modules)))"
    )
    process = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "Usage: rag eval ablation" in process.stdout
    assert "HEAVY []" in process.stdout
