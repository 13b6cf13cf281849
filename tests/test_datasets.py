"""Evaluation sets are told apart by their files; what is wrong with one is said with its line."""

import json
from pathlib import Path

import pytest

from eval.datasets import BeirDataset, SpanDataset, load_dataset
from index.errors import BadDataset

ROOT = Path(__file__).parents[1]


def write(folder: Path, name: str, *rows: object) -> None:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")


def spans(folder: Path, **changes: object) -> Path:
    write(folder, "corpus.jsonl", {"_id": "d", "title": "T", "text": "one two\r\nthree"})
    question = {
        "_id": "q",
        "text": "Which?",
        "answerable": True,
        "answers": [{"doc_id": "d", "start": 9, "end": 14}],
    }
    write(folder, "questions.jsonl", question | changes)
    return folder


def beir(folder: Path, qrels: str = "query-id\tcorpus-id\tscore\nq1\ta\t2\nq1\tb\t0\n") -> Path:
    write(
        folder,
        "corpus.jsonl",
        {"_id": "a", "title": "Wings", "text": "Lift and drag."},
        {"_id": "b", "title": "Wings", "text": "Wings in a slipstream."},
        {"_id": "empty", "title": "", "text": " "},
    )
    write(folder, "queries.jsonl", {"_id": "q1", "text": "lift"}, {"_id": "train", "text": "x"})
    (folder / "qrels").mkdir()
    (folder / "qrels" / "test.tsv").write_text(qrels)
    return folder


def test_a_span_set_keeps_its_text_so_that_its_offsets_hold(tmp_path: Path) -> None:
    dataset = load_dataset(spans(tmp_path))
    assert isinstance(dataset, SpanDataset)
    (question,), (document,) = dataset.questions, dataset.documents
    assert document.text == "one two\r\nthree"
    assert document.title == "T"
    assert question.answers[0].span.of(document.text) == "three"
    assert question.answerable


def test_the_shipped_set_reads_the_documents_of_the_project() -> None:
    dataset = load_dataset(ROOT / "eval" / "seeds")
    assert isinstance(dataset, SpanDataset)
    assert [d.doc_id for d in dataset.documents] == ["seeds/000_7140c98bc3163d31.txt"]
    assert sum(q.answerable for q in dataset.questions) >= 80
    assert sum(not q.answerable for q in dataset.questions) >= 20


def test_a_set_is_named_as_its_folder_however_that_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = spans(tmp_path / "named")
    monkeypatch.chdir(folder)
    assert load_dataset(Path()).name == "named"


def test_a_folder_of_documents_can_lie_in_the_set(tmp_path: Path) -> None:
    (tmp_path / "documents" / "deep").mkdir(parents=True)
    (tmp_path / "documents" / "deep" / "a.md").write_text("# A\n\nBody.")
    write(tmp_path, "questions.jsonl", {"_id": "q", "text": "?", "answerable": False})
    dataset = load_dataset(tmp_path)
    assert [d.doc_id for d in dataset.documents] == ["documents/deep/a.md"]


def test_a_beir_set_has_titles_judged_queries_and_no_empty_documents(tmp_path: Path) -> None:
    dataset = load_dataset(beir(tmp_path))
    assert isinstance(dataset, BeirDataset)
    # A title that the text begins with is not said twice.
    assert [d.text for d in dataset.documents] == [
        "Wings\n\nLift and drag.",
        "Wings in a slipstream.",
    ]
    assert dataset.queries == {"q1": "lift"}
    assert dataset.qrels == {"q1": {"a": 2, "b": 0}}
    assert dataset.n_empty == 1


def test_another_split_can_be_chosen(tmp_path: Path) -> None:
    folder = beir(tmp_path)
    (folder / "qrels" / "train.tsv").write_text("query-id\tcorpus-id\tscore\ntrain\tb\t1\n")
    dataset = load_dataset(folder, split="train")
    assert isinstance(dataset, BeirDataset)
    assert dataset.queries == {"train": "x"}
    with pytest.raises(BadDataset, match=r"no dev\.tsv .* there is: test, train"):
        load_dataset(folder, split="dev")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"answers": [{"doc_id": "x", "start": 0, "end": 1}]}, "questions.jsonl:1: an answer in"),
        ({"answers": [{"doc_id": "d", "start": 9, "end": 99}]}, "is not within d"),
        ({"answers": [{"doc_id": "d", "start": 5, "end": 5}]}, "is not within d"),
        ({"answers": [{"doc_id": "d", "start": 0}]}, "needs doc_id, start and end"),
        ({"answers": []}, "answerable is True with 0 answers"),
        ({"answerable": False}, "answerable is False with 1 answers"),
    ],
)
def test_a_wrong_label_is_refused(tmp_path: Path, changes: dict[str, object], message: str) -> None:
    with pytest.raises(BadDataset, match=message):
        load_dataset(spans(tmp_path, **changes))


def test_what_is_no_dataset_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadDataset, match="not a folder"):
        load_dataset(tmp_path / "nowhere")
    with pytest.raises(BadDataset, match="neither"):
        load_dataset(tmp_path)


def test_malformed_lines_are_named(tmp_path: Path) -> None:
    folder = spans(tmp_path)
    (folder / "questions.jsonl").write_text('{"_id": "a"\n')
    with pytest.raises(BadDataset, match=r"questions\.jsonl:1: not JSON"):
        load_dataset(folder)
    (folder / "questions.jsonl").write_text('\n{"_id": "a", "answerable": true}\n')
    with pytest.raises(BadDataset, match=r"questions\.jsonl:2: has no text"):
        load_dataset(folder)
    (folder / "questions.jsonl").write_bytes(b'{"_id": "\xff"}')
    with pytest.raises(BadDataset, match=r"questions\.jsonl is not UTF-8"):
        load_dataset(folder)
    write(folder, "questions.jsonl", *[{"_id": "a", "text": "?", "answerable": False}] * 2)
    with pytest.raises(BadDataset, match=r"questions\.jsonl:2: _id 'a' is there twice"):
        load_dataset(folder)


@pytest.mark.parametrize("line", ["q1\ta", "q1\ta\tvery", "q1 a 1"])
def test_malformed_judgments_are_named(tmp_path: Path, line: str) -> None:
    with pytest.raises(BadDataset, match=r"test\.tsv:2: needs query-id"):
        load_dataset(beir(tmp_path, f"query-id\tcorpus-id\tscore\n{line}\n"))


def test_a_judged_query_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(BadDataset, match="as 'gone'"):
        load_dataset(beir(tmp_path, "gone\ta\t1\n"))


def test_a_text_that_is_no_string_is_refused_by_line(tmp_path: Path) -> None:
    folder = spans(tmp_path)
    write(folder, "questions.jsonl", {"_id": "a", "text": None, "answerable": False})
    with pytest.raises(BadDataset, match=r"questions\.jsonl:1: text is None"):
        load_dataset(folder)
    write(folder, "questions.jsonl", {"_id": None, "text": "?", "answerable": False})
    with pytest.raises(BadDataset, match=r"questions\.jsonl:1: _id is None"):
        load_dataset(folder)


def test_a_judgment_that_is_there_twice_is_refused_by_line(tmp_path: Path) -> None:
    with pytest.raises(BadDataset, match=r"test\.tsv:2: 'q1' and 'a' are there twice"):
        load_dataset(beir(tmp_path, "q1\ta\t1\nq1\ta\t2\n"))


def test_a_byte_order_mark_windows_line_ends_and_blank_lines_do_no_harm(tmp_path: Path) -> None:
    judgments = "\ufeffquery-id\tcorpus-id\tscore\r\nq1\ta\t2\r\n\r\n"
    dataset = load_dataset(beir(tmp_path, judgments))
    assert isinstance(dataset, BeirDataset)
    assert dataset.qrels == {"q1": {"a": 2}}
