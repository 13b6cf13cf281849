"""Tuning: the halves, the search, the held-out half, and the saved settings."""

import json
import os
import pty
import re
import signal
import stat
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from itertools import combinations, product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from command import RAG, ROOT, rag
from eval.datasets.load import Dataset, SpanDataset, load_dataset
from eval.measures.measures import PRIMARY
from eval.runs.evaluate import IndexedDataset, index_dataset
from eval.runs.query_cache import CachingEmbedder
from eval.studies.settings_file import Value, edit_settings, write_settings
from eval.studies.tune import Tuning, coordinate_ascent, halves, tune
from fakes import HashEmbedder
from index.errors import BadDataset, BadInput
from known_runs import beir_set, span_set, write_jsonl
from rag.search.ranking import RankSettings
from rag.settings import Settings

WORDS_ONLY = RankSettings(lexical_weight=1.0, rerank="none")


def planted_set(folder: Path) -> Path:
    """Questions of five words on which BM25 ranks a wrong document first and vectors do not.

    Three words are in the answer's document and in many others; two are in one other document.
    """
    rows, questions = [], []
    common = combinations(("harbour", "lantern", "meadow", "quartz", "walnut", "copper"), 3)
    for i, (one, two, three) in enumerate(common):
        rare, rarer = f"zephyr{i}", f"yonder{i}"
        rows.append({"_id": f"answer{i}", "text": f"{one} {two} {three}"})
        rows.append({"_id": f"other{i}", "text": f"{rare} nothing {rarer}"})
        questions.append(
            {
                "_id": f"q{i}",
                "text": f"{three} {rarer} {two} {rare} {one}",
                "answerable": True,
                "answers": [{"doc_id": f"answer{i}", "start": 0, "end": len(one)}],
            }
        )
    write_jsonl(folder / "corpus.jsonl", *rows)
    write_jsonl(folder / "questions.jsonl", *questions)
    return folder


@contextmanager
def corpus_of(folder: Path) -> Iterator[IndexedDataset]:
    with index_dataset(load_dataset(folder), HashEmbedder()) as corpus:
        yield corpus


# The halves


@given(st.sets(st.text()), st.integers())
def test_the_halves_are_a_partition(ids: set[str], seed: int) -> None:
    first, second = halves(ids, seed)
    assert sorted(first + second) == sorted(ids)
    assert len(first) - len(second) in (0, 1)


@given(st.sets(st.text()).flatmap(lambda ids: st.permutations(sorted(ids))), st.integers())
def test_the_halves_do_not_depend_on_the_order(ids: list[str], seed: int) -> None:
    assert halves(ids, seed) == halves(sorted(ids), seed)


def test_another_seed_gives_other_halves() -> None:
    ids = [str(i) for i in range(100)]
    assert len({tuple(halves(ids, seed)[0]) for seed in range(5)}) == 5


def test_the_halves_do_not_depend_on_pythons_hash() -> None:
    program = "from eval.studies.tune import halves; print(halves({str(i) for i in range(50)}, 7))"
    printed = {
        subprocess.run(
            [sys.executable, "-c", program],
            cwd=ROOT,
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("0", "1")
    }
    assert printed == {f"{halves({str(i) for i in range(50)}, 7)}\n".encode()}


# The search


def closeness(ranking: RankSettings) -> float:
    """A separable objective (a sum of one term for each setting) with its maximum on the grid."""
    best = {"n_candidates": 200, "lexical_weight": 0.9, "sentence_weight": 0.0}
    best |= {"n_rerank": 10, "rerank_weight": 0.25}
    parts = [abs(getattr(ranking, name) - value) / (1 + value) for name, value in best.items()]
    return -float(sum(parts))


def test_the_search_ends_at_the_best_of_a_separable_objective() -> None:
    best = max(coordinate_ascent(closeness, RankSettings(), 50), key=lambda trial: trial.mean)
    grid = product((50, 100, 200), (0.1, 0.5, 0.9), (0.0, 0.5, 1.0), (10, 30), (0.25, 0.75))
    every = [RankSettings(c, lexical, s, "late-interaction", n, w) for c, lexical, s, n, w in grid]
    assert best.ranking == max(every, key=closeness)


@pytest.mark.parametrize("max_trials", [1, 2, 25])
def test_the_search_makes_at_most_the_allowed_trials_and_none_twice(max_trials: int) -> None:
    rankings: list[RankSettings] = []

    def objective(ranking: RankSettings) -> float:
        rankings.append(ranking)
        return closeness(ranking)

    trials = coordinate_ascent(objective, RankSettings(), max_trials)
    assert [trial.ranking for trial in trials] == rankings
    assert len(set(rankings)) == len(rankings) <= max_trials
    assert rankings[0] == RankSettings()


def test_unused_settings_are_not_varied() -> None:
    start = RankSettings(lexical_weight=1.0, rerank="none")

    def objective(ranking: RankSettings) -> float:
        return float(ranking.lexical_weight == 1 and ranking.rerank == "none")

    tried = [trial.ranking for trial in coordinate_ascent(objective, start, 100)]
    of_no_use = [r for r in tried if r.rerank == "none" and r.lexical_weight == 1]
    assert [replace(r, n_candidates=100) for r in of_no_use] == [start] * len(of_no_use)
    assert len(of_no_use) == 3, "n_candidates alone"


def test_a_cross_encoder_is_tried_only_if_the_start_has_one() -> None:
    def tried(start: RankSettings) -> set[str]:
        return {trial.ranking.rerank for trial in coordinate_ascent(lambda ranking: 0.0, start)}

    assert tried(RankSettings()) == {"none", "late-interaction"}
    assert tried(RankSettings(rerank="other/model")) == {"none", "late-interaction", "other/model"}


# Tuning


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[IndexedDataset]:
    with corpus_of(planted_set(tmp_path_factory.mktemp("planted"))) as corpus:
        yield corpus


@pytest.fixture(scope="module")
def tuned(planted: IndexedDataset) -> Tuning:
    return tune([planted], WORDS_ONLY)


def test_the_search_chooses_a_planted_better_weight(tuned: Tuning) -> None:
    assert tuned.changed
    assert tuned.better
    (held_out,) = tuned.held_out
    assert held_out.n_tried == held_out.n_questions == 10
    assert held_out.start < held_out.best == 1
    assert held_out.difference == pytest.approx(held_out.best - held_out.start)
    assert held_out.interval.low <= held_out.difference <= held_out.interval.high
    assert held_out.interval.low > 0
    assert held_out.p < 0.05


def test_the_held_out_half_is_measured_as_a_separate_evaluation(
    planted: IndexedDataset, tuned: Tuning
) -> None:
    _, second = halves(planted.dataset.queries)
    for ranking, value in ((tuned.start, "start"), (tuned.best, "best")):
        questions = planted.evaluate(ranking).run.questions
        values = [q.measures["MRR@10"] for q in questions if q.outcome.question_id in second]
        assert getattr(tuned.held_out[0], value) == pytest.approx(sum(values) / len(values))


def relabelled(dataset: Dataset, ids: list[str]) -> SpanDataset:
    """Exchange the answers of these questions."""
    assert isinstance(dataset, SpanDataset)
    answers = {q.question_id: q.answers for q in dataset.questions}
    after = dict(zip(ids, [*ids[1:], ids[0]], strict=True))
    questions = [
        replace(q, answers=answers[after.get(q.question_id, q.question_id)])
        for q in dataset.questions
    ]
    return replace(dataset, questions=questions)


def test_the_labels_of_the_held_out_half_do_not_affect_the_choice(
    planted: IndexedDataset, tuned: Tuning
) -> None:
    first, second = halves(planted.dataset.queries)
    other = tune([replace(planted, dataset=relabelled(planted.dataset, second))], WORDS_ONLY)
    assert (other.trials, other.best) == (tuned.trials, tuned.best)
    assert other.held_out != tuned.held_out
    # The labels of the other half do.
    other = tune([replace(planted, dataset=relabelled(planted.dataset, first))], WORDS_ONLY)
    assert other.trials != tuned.trials


def test_settings_that_are_already_best_stay(planted: IndexedDataset, tuned: Tuning) -> None:
    again = tune([planted], tuned.best)
    assert (again.best, again.changed, again.better) == (tuned.best, {}, False)
    assert again.held_out[0].difference == 0


def test_settings_that_are_worse_on_the_held_out_half_are_not_better(tuned: Tuning) -> None:
    (held_out,) = tuned.held_out
    assert not replace(tuned, held_out=(replace(held_out, difference=-0.1),)).better
    assert not replace(tuned, held_out=(replace(held_out, difference=0.0),)).better


def test_datasets_have_equal_weights_and_the_number_of_questions_is_limited(tmp_path: Path) -> None:
    folders = planted_set(tmp_path / "spans"), beir_set(tmp_path / "beir")
    calls = []
    with corpus_of(folders[0]) as spans, corpus_of(folders[1]) as beir:
        tuning = tune(
            [spans, beir],
            WORDS_ONLY,
            n_questions=3,
            on_question=lambda *counts: calls.append(counts),
        )
        first = tuning.trials[0]
        values = []
        for corpus in (spans, beir):
            ids = halves(corpus.dataset.queries)[0][:3]
            run = corpus.evaluate(WORDS_ONLY).run
            measures = [q.measures for q in run.questions if q.outcome.question_id in ids]
            values.append(sum(m[PRIMARY[run.kind]] for m in measures) / len(measures))
    assert first.mean == pytest.approx(sum(values) / 2)
    assert [(h.dataset, h.n_tried, h.n_questions) for h in tuning.held_out] == [
        ("spans", 3, 10),
        ("beir", 1, 1),
    ]
    assert calls[:4] == [("spans", 1, 3), ("spans", 2, 3), ("spans", 3, 3), ("beir", 1, 1)]


def test_unanswerable_questions_are_not_used(tmp_path: Path) -> None:
    with corpus_of(span_set(tmp_path)) as corpus:
        (held_out,) = tune([corpus], RankSettings(), max_trials=2).held_out
    assert (held_out.n_tried, held_out.n_questions) == (1, 1)


def test_a_set_of_one_question_cannot_be_split(tmp_path: Path) -> None:
    with corpus_of(span_set(tmp_path)) as corpus:
        assert isinstance(corpus.dataset, SpanDataset)
        one = replace(corpus.dataset, questions=corpus.dataset.questions[:1])
        with pytest.raises(BadDataset, match="has 1 questions with an answer, but needs 2"):
            tune([replace(corpus, dataset=one)], RankSettings())


def test_a_query_is_encoded_once() -> None:
    class Counting(HashEmbedder):
        queries: list[str]

        def encode_query(self, text: str):  # type: ignore[no-untyped-def]
            self.queries = [*getattr(self, "queries", []), text]
            return super().encode_query(text)

    counting = Counting()
    caching = CachingEmbedder(counting)
    first = caching.encode_query("one")
    assert caching.encode_query("one") is first
    caching.encode_query("two")
    assert counting.queries == ["one", "two"]
    assert caching.fingerprint == counting.fingerprint


# The settings file


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", 'n_rerank = 10\nrerank = "none"\n'),
        ("port = 1", 'port = 1\nn_rerank = 10\nrerank = "none"\n'),
        (
            '# note\n rerank = "a # b" # why\r\n\r\n"n_rerank"=30\r\nport = 1\r\n',
            '# note\n rerank = "none" # why\r\n\r\n"n_rerank"=10\r\nport = 1\r\n',
        ),
        (
            "#n_rerank = 20\nmodel = 'rerank = 1'\n",
            "#n_rerank = 20\nmodel = 'rerank = 1'\nn_rerank = 10\nrerank = \"none\"\n",
        ),
    ],
)
def test_only_the_lines_of_the_given_settings_change(before: str, after: str) -> None:
    values: dict[str, Value] = {"n_rerank": 10, "rerank": "none"}
    assert edit_settings(before, values) == after
    assert tomllib.loads(after) == tomllib.loads(before) | values


@pytest.mark.parametrize(
    "text",
    ["[table]\nport = 1\n", 'model = """\nn_rerank = 30\n"""\n', "n_rerank = [\n30]\n", "port ="],
)
def test_a_file_that_an_edit_would_change_elsewhere_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="write them yourself: n_rerank = 10"):
        edit_settings(text, {"n_rerank": 10})


@given(
    st.dictionaries(
        st.sampled_from(["port", "host", "n_rerank", "rerank", "model"]),
        st.integers(0, 99) | st.text(st.characters(exclude_categories=["C", "Zl", "Zp"])),
    ),
    st.fixed_dictionaries(
        {}, optional={"n_rerank": st.integers(1, 9), "rerank": st.text("ab\"\\'")}
    ),
)
def test_an_edited_file_has_the_old_settings_and_the_new(
    before: dict[str, Value], values: dict[str, Value]
) -> None:
    text = "".join(f"{k} = {json.dumps(v, ensure_ascii=False)}\n" for k, v in before.items())
    assert tomllib.loads(edit_settings(text, values)) == before | values


def test_a_file_is_replaced_atomically_and_keeps_its_mode_and_link(tmp_path: Path) -> None:
    true, link = tmp_path / "true.toml", tmp_path / "rag.toml"
    true.write_text("old")
    true.chmod(0o640)
    link.symlink_to(true)
    write_settings(link, "new\r\n")
    assert link.is_symlink()
    assert true.read_bytes() == b"new\r\n"
    assert stat.S_IMODE(true.stat().st_mode) == 0o640
    assert sorted(tmp_path.iterdir()) == [link, true]
    with pytest.raises(BadInput, match="cannot write"):
        write_settings(tmp_path / "none" / "rag.toml", "new")


# The command


def test_help_imports_no_heavy_library() -> None:
    heavy = "torch faiss tantivy sklearn scipy numpy ir_measures rag.pipeline".split()
    program = (
        "import sys; from rag.cli.app import main\n"
        "sys.argv = ['rag', 'eval', 'tune', '--help']\n"
        "try: main()\n"
        f"finally: print('HEAVY', sorted(set({heavy!r}) & set(sys.modules)))"
    )
    completed = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "Usage: rag eval tune" in completed.stdout
    assert "HEAVY []" in completed.stdout


def test_better_settings_are_saved_and_other_lines_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = planted_set(tmp_path / "set")
    before = '# mine\nport = 9000\nlexical_weight = 1.0  # words\nrerank = "none"\n'
    (tmp_path / "rag.toml").write_text(before)
    completed = rag("eval", "tune", folder, "--write", "--json", cwd=tmp_path, timeout_s=300)
    assert completed.returncode == 0, completed.stderr
    report = json.loads(completed.stdout)
    assert report["written"]
    assert report["start"] == asdict(WORDS_ONLY)
    assert report["best"] == report["start"] | report["changed"]
    assert report["held_out"][0]["best"] > report["held_out"][0]["start"]
    after = (tmp_path / "rag.toml").read_text()
    assert tomllib.loads(after) == tomllib.loads(before) | report["changed"]
    assert after.startswith("# mine\nport = 9000\n")
    monkeypatch.chdir(tmp_path)
    assert asdict(Settings.resolve().ranking) == report["best"]
    assert Settings.resolve().port == 8000  # a rag.toml in the working directory may not set it
    # Then nothing is better, so nothing is written.
    completed = rag("eval", "tune", folder, "--write", cwd=tmp_path, timeout_s=300)
    assert (
        "No settings are better than the present ones; rag.toml is unchanged." in completed.stdout
    )
    assert (tmp_path / "rag.toml").read_text() == after


def test_without_write_nothing_is_written(tmp_path: Path) -> None:
    folder = span_set(tmp_path / "set")
    completed = rag("eval", "tune", folder, cwd=tmp_path, timeout_s=300)
    assert completed.returncode == 0, completed.stderr
    assert re.search(r"settings tried on 1 questions of set; none better", completed.stdout)
    assert [file.name for file in tmp_path.iterdir()] == ["set"]


def test_settings_that_cannot_be_saved_are_an_error_before_the_search(tmp_path: Path) -> None:
    folder = span_set(tmp_path / "set")
    (tmp_path / "rag.toml").write_text('model = """\nn_rerank = 30"""\n')
    for arguments, message in ((["--write"], "write them"), (["--questions", "0"], "out of range")):
        completed = rag("eval", "tune", folder, *arguments, cwd=tmp_path)
        assert (completed.returncode, completed.stdout) == (2, "")
        assert message in completed.stderr
        assert "Loading" not in completed.stderr


def test_ctrl_c_on_a_terminal_ends_it_with_one_line_and_nothing_written(tmp_path: Path) -> None:
    folder = planted_set(tmp_path / "set")
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [*RAG, "eval", "tune", str(folder), "--write"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT), "TERM": "xterm", "COLUMNS": "100"},
        stdout=subprocess.DEVNULL,
        stderr=slave,
    )
    os.close(slave)
    output, deadline = "", time.monotonic() + 120
    try:
        while not re.search(r"Round \d+ · set: \d", output) and time.monotonic() < deadline:
            output += os.read(master, 65536).decode(errors="replace")
        assert re.search(r"Round \d+ · set: \d", output), "work is in flight"
        process.send_signal(signal.SIGINT)
        try:
            while some := os.read(master, 65536):
                output += some.decode(errors="replace")
        except OSError:  # the end of a terminal whose program has ended
            pass
        assert process.wait(60) == 130
    finally:
        process.kill()
        process.wait()
        os.close(master)
    assert "Stopped. Nothing was written." in output
    assert "Traceback" not in output
    assert [file.name for file in tmp_path.iterdir()] == ["set"]
