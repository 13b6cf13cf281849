"""A check finds whatever was changed, and a repair ends with right answers or says what is lost."""

import shutil
from pathlib import Path

import pytest

from damaging import change, columns, make_index
from fakes import HashEmbedder
from faults.answers import Answers, answers_of
from index.check import check
from index.errors import IndexProblem
from index.repair import repair

BEYOND = {("meta", "key"), ("meta", "value"), ("meta", "sum")}
"""Which model an index is of, and its schema: nothing else says so."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_index(tmp_path_factory.mktemp("check"))


@pytest.fixture(scope="module")
def right(made: Path) -> Answers:
    return answers_of(made)


@pytest.fixture
def index(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy to damage, with the files beside it that the documents came from."""
    monkeypatch.chdir(made.parent)
    return Path(shutil.copytree(made, tmp_path / "index"))


def never() -> HashEmbedder:
    raise AssertionError("nothing is to be encoded")


def test_an_index_as_it_was_written_is_sound(index: Path) -> None:
    checked = check(index)
    assert checked.sound, checked.flaws
    n = checked.n_chunks
    assert (checked.n_documents, n > 3) == (3, True)
    counts = {checked.n_vectors, checked.n_token_vectors, checked.n_dense, checked.n_lexical}
    assert counts == {n}
    assert repair(index, never) == (checked, checked)


@pytest.mark.parametrize(("table", "column"), columns())
def test_a_changed_value_is_found_and_mended(
    table: str, column: str, index: Path, right: Answers
) -> None:
    if not change(index, table, column):
        assert table == "tombstones"
        return
    try:
        checked = check(index)
    except IndexProblem:
        assert (table, column) in BEYOND
        return
    assert not checked.sound
    _, after = repair(index, HashEmbedder)
    if after.sound:
        assert answers_of(index) == right
        return
    assert (table, column) in BEYOND or table == "documents"
    if table == "documents":
        _, after = repair(index, HashEmbedder, drop=True)
        assert after.sound
        assert after.n_documents == 2
