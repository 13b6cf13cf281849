"""Both kinds of evaluation sets are read; an error names the file and the line."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from command import ROOT
from eval.datasets.load import BeirDataset, SpanDataset, load_dataset
from index.errors import BadDataset


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


def test_a_span_set_keeps_its_text_unchanged_so_that_offsets_are_valid(tmp_path: Path) -> None:
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


def test_a_dataset_has_the_name_of_its_folder_for_every_form_of_the_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = spans(tmp_path / "named")
    monkeypatch.chdir(folder)
    assert load_dataset(Path()).name == "named"


def test_the_folder_of_documents_can_be_in_the_set(tmp_path: Path) -> None:
    (tmp_path / "documents" / "deep").mkdir(parents=True)
    (tmp_path / "documents" / "deep" / "a.md").write_text("# A\n\nBody.")
    write(tmp_path, "questions.jsonl", {"_id": "q", "text": "?", "answerable": False})
    dataset = load_dataset(tmp_path)
    assert [d.doc_id for d in dataset.documents] == ["documents/deep/a.md"]


def test_a_beir_set_has_titles_judged_queries_and_no_empty_documents(tmp_path: Path) -> None:
    dataset = load_dataset(beir(tmp_path))
    assert isinstance(dataset, BeirDataset)
    # A title with which the text begins is not repeated.
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
    with pytest.raises(BadDataset, match=r"no dev\.tsv .* available: test, train"):
        load_dataset(folder, split="dev")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"answers": [{"doc_id": "x", "start": 0, "end": 1}]},
            "questions.jsonl:1: an answer is in",
        ),
        ({"answers": [{"doc_id": "d", "start": 9, "end": 99}]}, "is not within d"),
        ({"answers": [{"doc_id": "d", "start": 5, "end": 5}]}, "is not within d"),
        (
            {"answers": [{"doc_id": "d", "start": 0}]},
            "questions.jsonl:1: an answer needs doc_id, start",
        ),
        ({"answers": [["d", 9, 14]]}, "an answer needs doc_id, start and end"),
        ({"answers": "d"}, "answers is 'd', not a list"),
        ({"answers": [{"doc_id": "d", "start": 9.5, "end": 14}]}, "9.5 and 14, not integers"),
        ({"answers": [{"doc_id": "d", "start": "9", "end": 14}]}, "'9' and 14, not integers"),
        ({"answerable": "false", "answers": []}, "answerable is 'false', not true or false"),
        ({"answers": []}, "answerable is True with 0 answers"),
        ({"answerable": False}, "answerable is False with 1 answers"),
    ],
)
def test_a_wrong_label_is_refused(tmp_path: Path, changes: dict[str, object], message: str) -> None:
    with pytest.raises(BadDataset, match=message):
        load_dataset(spans(tmp_path, **changes))


def test_a_folder_without_a_dataset_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadDataset, match="not a folder"):
        load_dataset(tmp_path / "nowhere")
    with pytest.raises(BadDataset, match="neither"):
        load_dataset(tmp_path)


def test_an_error_names_the_malformed_line(tmp_path: Path) -> None:
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
    with pytest.raises(BadDataset, match=r"questions\.jsonl:2: _id 'a' is also in line 1"):
        load_dataset(folder)


@pytest.mark.parametrize("line", ["q1\ta", "q1\ta\tvery", "q1 a 1", "q1\t0\ta\t1", "q1\ta\t1.5"])
def test_an_error_names_the_malformed_judgment(tmp_path: Path, line: str) -> None:
    with pytest.raises(BadDataset, match=r"test\.tsv:2: must be query-id"):
        load_dataset(beir(tmp_path, f"query-id\tcorpus-id\tscore\n{line}\n"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            b"corpus-id\tquery-id\tscore\na\tq1\t1\n",
            r":1: the columns are corpus-id, query-id, score",
        ),
        (b'q1\ta\t1\n"q1\tb\t1\nq1\tempty\t1\n', r":2: not tab-separated values"),
        (b"q1\t\xff\t1\n", r"test\.tsv is not UTF-8"),
        (b"query-id\tcorpus-id\tscore\n\n", r"test\.tsv contains no judgments"),
    ],
)
def test_a_file_of_judgments_that_cannot_be_read_is_refused(
    tmp_path: Path, content: bytes, message: str
) -> None:
    folder = beir(tmp_path)
    (folder / "qrels" / "test.tsv").write_bytes(content)
    with pytest.raises(BadDataset, match=message):
        load_dataset(folder)


def test_a_judgment_of_an_unknown_query_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadDataset, match=r"test\.tsv:1: query 'gone' is not in queries\.jsonl"):
        load_dataset(beir(tmp_path, "gone\ta\t1\n"))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"text": None}, "text is None, not a string"),
        ({"text": 7}, "text is 7, not a string"),
        ({"text": "\ud800"}, "text is not valid Unicode"),
        ({"title": ["T"]}, r"title is \['T'\], not a string"),
        ({"_id": None}, "_id is None, not a string"),
        ({"_id": True}, "_id is True, not a string"),
        ({"_id": ""}, "_id is empty"),
    ],
)
@pytest.mark.parametrize(
    ("make", "name"),
    [
        (spans, "questions.jsonl"),
        (spans, "corpus.jsonl"),
        (beir, "queries.jsonl"),
        (beir, "corpus.jsonl"),
    ],
)
def test_a_value_that_is_not_a_string_is_refused_with_its_line(
    tmp_path: Path,
    make: Callable[[Path], Path],
    name: str,
    changes: dict[str, object],
    message: str,
) -> None:
    folder = make(tmp_path)
    first = {"_id": "first", "text": "?", "answerable": False}
    write(folder, name, first, {"_id": "second", "text": "?", "answerable": False} | changes)
    with pytest.raises(BadDataset, match=rf"{name}:2: {message}"):
        load_dataset(folder)


@pytest.mark.parametrize("text", ["", " \n"])
@pytest.mark.parametrize(("make", "name"), [(spans, "questions.jsonl"), (beir, "queries.jsonl")])
def test_a_question_without_text_is_refused_with_its_line(
    tmp_path: Path, make: Callable[[Path], Path], name: str, text: str
) -> None:
    folder = make(tmp_path)
    write(folder, name, {"_id": "q1", "text": text, "answerable": False})
    with pytest.raises(BadDataset, match=rf"{name}:1: text is empty"):
        load_dataset(folder)


@pytest.mark.parametrize("line", ["[" * 100_000, "1" * 5_000, "{'a': 1}"])
def test_a_line_that_is_not_json_is_refused_with_its_number(tmp_path: Path, line: str) -> None:
    folder = spans(tmp_path)
    (folder / "questions.jsonl").write_text(f"\n{line}\n")
    with pytest.raises(BadDataset, match=r"questions\.jsonl:2: not JSON"):
        load_dataset(folder)


def test_judgments_of_missing_documents_are_counted_and_listed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    absent = "".join(f"q1\tgone{number}\t1\n" for number in range(4))
    dataset = load_dataset(beir(tmp_path, f"q1\ta\t2\nq1\tempty\t1\n{absent}"))
    assert isinstance(dataset, BeirDataset)
    assert len(dataset.qrels["q1"]) == 6
    (warning,) = caplog.messages
    assert warning.endswith(
        "test.tsv: 4 of 6 judgments have documents that are missing from corpus.jsonl: "
        "'gone0' in line 3, 'gone1' in line 4, 'gone2' in line 5, …"
    )


def test_judgments_of_another_corpus_are_refused(tmp_path: Path) -> None:
    with pytest.raises(
        BadDataset, match=r"test\.tsv:1: document 'x' and all other judged documents are"
    ):
        load_dataset(beir(tmp_path, "q1\tx\t1\nq1\ty\t1\n"))


def test_ids_can_contain_spaces_and_quoted_tabs_and_quotes(tmp_path: Path) -> None:
    folder = beir(tmp_path, 'a query\t"a\tb"\t1\na query\tsay "no"\t1\n7\t8\t1\n')
    ids: list[object] = ["a\tb", 'say "no"', 8]
    write(folder, "corpus.jsonl", *({"_id": i, "text": f"Lift {i}."} for i in ids))
    write(folder, "queries.jsonl", {"_id": "a query", "text": "?"}, {"_id": 7, "text": "?"})
    dataset = load_dataset(folder)
    assert isinstance(dataset, BeirDataset)
    assert dataset.qrels == {"a query": {"a\tb": 1, 'say "no"': 1}, "7": {"8": 1}}


def test_a_repeated_judgment_is_refused_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(BadDataset, match=r"test\.tsv:2: 'q1' and 'a' are also judged in line 1"):
        load_dataset(beir(tmp_path, "q1\ta\t1\nq1\ta\t2\n"))


def test_byte_order_mark_windows_line_ends_and_blank_lines_are_accepted(tmp_path: Path) -> None:
    judgments = "\ufeffquery-id\tcorpus-id\tscore\r\nq1\ta\t2\r\n\r\n \t\r\n"
    folder = beir(tmp_path, judgments)
    for name in ("corpus.jsonl", "queries.jsonl"):
        content = (folder / name).read_text().replace("\n", "\r\n")
        (folder / name).write_text(f"\ufeff{content}\r\n \n", newline="")
    dataset = load_dataset(folder)
    assert isinstance(dataset, BeirDataset)
    assert dataset.qrels == {"q1": {"a": 2}}
