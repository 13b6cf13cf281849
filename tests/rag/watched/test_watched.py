"""Watched questions: what counts as a change, and that each change is reported once."""

import json
from pathlib import Path

import pytest

from command import rag
from index.errors import BadInput, IndexDamaged, IndexMissing
from index.ingest.ingest import ingest
from index.protocols import Embedder
from ingesting import write
from rag.settings import Settings
from rag.watched.check import add_question, changed_answers, remove_question
from rag.watched.questions import FILE, read_watched

QUESTION = "How many days of leave does a new employee get?"
LEAVE = "# Leave\n\nA new employee gets {} days of leave.\n"


@pytest.fixture
def folder(tmp_path: Path, embedder: Embedder) -> Path:
    """A folder with docs/leave.md and docs/canteen.md, and their index in index/."""
    write(tmp_path / "docs/leave.md", LEAVE.format(20))
    write(tmp_path / "docs/canteen.md", "# Canteen\n\nThe canteen opens at eleven.\n")
    update(tmp_path, embedder)
    return tmp_path


def update(folder: Path, embedder: Embedder) -> None:
    ingest(folder / "index", [folder / "docs"], lambda: embedder, prune=True)


def settings_of(folder: Path) -> Settings:
    return Settings.resolve(index=folder / "index")


def quotes(cited: tuple[object, ...]) -> list[str]:
    return [each.quote for each in cited]  # type: ignore[attr-defined]


def test_an_edited_answer_is_reported_once_with_before_and_after(
    folder: Path, embedder: Embedder
) -> None:
    settings = settings_of(folder)
    added = add_question(settings, QUESTION)
    assert quotes(added.cited) == ["A new employee gets 20 days of leave."]
    assert changed_answers(settings, embedder) == []
    write(folder / "docs/leave.md", LEAVE.format(25))
    update(folder, embedder)
    [change] = changed_answers(settings, embedder)
    assert change.question == QUESTION
    assert quotes(change.before) == ["A new employee gets 20 days of leave."]
    assert quotes(change.after) == ["A new employee gets 25 days of leave."]
    assert changed_answers(settings, embedder) == []


def test_an_answer_that_disappears_and_one_that_appears_are_changes(
    folder: Path, embedder: Embedder
) -> None:
    settings = settings_of(folder)
    add_question(settings, QUESTION)
    (folder / "docs/leave.md").unlink()
    update(folder, embedder)
    [gone] = changed_answers(settings, embedder)
    assert (len(gone.before), gone.after) == (1, ())
    write(folder / "docs/holidays.md", LEAVE.format(30))
    update(folder, embedder)
    [appeared] = changed_answers(settings, embedder)
    assert appeared.before == ()
    assert [(each.doc_id, each.line_start) for each in appeared.after] == [
        (appeared.after[0].doc_id, 3)
    ]
    assert appeared.after[0].doc_id.endswith("holidays.md")


def test_a_quote_that_moves_and_other_edits_are_no_change(folder: Path, embedder: Embedder) -> None:
    settings = settings_of(folder)
    add_question(settings, QUESTION)
    write(folder / "docs/leave.md", f"# Note\n\nSee below.\n\n{LEAVE.format(20)}")
    write(folder / "docs/canteen.md", "# Canteen\n\nThe canteen opens at noon.\n")
    update(folder, embedder)
    assert changed_answers(settings, embedder) == []
    [now] = read_watched(settings.index).questions
    assert now.cited[0].line_start == 7


def test_questions_are_added_once_and_removed(folder: Path) -> None:
    settings = settings_of(folder)
    add_question(settings, QUESTION)
    with pytest.raises(BadInput, match="is watched already"):
        add_question(settings, QUESTION)
    with pytest.raises(BadInput, match="is not watched"):
        remove_question(settings.index, "Another?")
    assert len(read_watched(settings.index).questions) == 1
    remove_question(settings.index, QUESTION)
    assert read_watched(settings.index).questions == ()


def test_without_an_index_or_with_a_damaged_file_it_says_what_to_do(folder: Path) -> None:
    with pytest.raises(IndexMissing, match="rag ingest"):
        add_question(settings_of(folder / "elsewhere"), QUESTION)
    (folder / "index" / FILE).write_text("{")
    with pytest.raises(IndexDamaged, match="add the questions again"):
        read_watched(folder / "index")


def test_an_ingest_reports_a_change_and_exits_with_3(folder: Path) -> None:
    def run(*arguments: str) -> tuple[int, str, str]:
        done = rag(*arguments, "--index", folder / "index", cwd=folder)
        return done.returncode, done.stdout, done.stderr

    status, out, _ = run("watch-question", "add", QUESTION)
    assert status == 0
    assert "A new employee gets 20 days of leave." in out
    write(folder / "docs/leave.md", LEAVE.format(25))
    status, out, err = run("ingest", "docs")
    assert status == 3
    assert "1 updated" in out
    before, now = err.splitlines()[-2:]
    assert before.lstrip().startswith("before: ")
    assert before.endswith("20 days of leave.")
    assert now.endswith("25 days of leave.")
    assert run("ingest", "docs")[0] == 0
    write(folder / "docs/leave.md", LEAVE.format(30))
    assert run("ingest", "docs", "--dry-run")[0] == 0
    status, out, _ = run("watch-question", "check", "--json")
    assert (status, json.loads(out)) == (0, {"changes": []})
    status, out, _ = run("watch-question", "list", "--json")
    assert [each["question"] for each in json.loads(out)["questions"]] == [QUESTION]
