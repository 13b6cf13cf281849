"""For any changed value in the database, answers stay right or are refused."""

import shutil
from pathlib import Path

import pytest

from damaging import change, columns, make_index
from faults.answers import REFUSED, Answers, answers_of
from index.errors import IndexDamaged, RagError
from index.store.store import DATABASE


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_index(tmp_path_factory.mktemp("checksums"))


@pytest.fixture(scope="module")
def right(index: Path) -> Answers:
    return answers_of(index)


@pytest.mark.parametrize(("table", "column"), columns())
def test_a_changed_value_is_refused_or_has_no_effect(
    table: str, column: str, index: Path, right: Answers, tmp_path: Path
) -> None:
    struck = tmp_path / "index"
    shutil.copytree(index, struck)
    if not change(struck, table, column):
        assert table == "tombstones"
        return
    try:
        given = answers_of(struck)
    except RagError:
        return
    for question, answer in given.items():
        assert answer == right.get(question) or answer.startswith(REFUSED), question


@pytest.mark.parametrize("n_bytes", [1, 100, 4095, 4096, 4097, 40_000])
def test_a_truncated_database_is_refused(n_bytes: int, index: Path, tmp_path: Path) -> None:
    shutil.copytree(index, tmp_path / "index")
    path = tmp_path / "index" / DATABASE
    with path.open("r+b") as stream:
        stream.truncate(path.stat().st_size - n_bytes)
    with pytest.raises(IndexDamaged, match=r"rag\.db cannot be read"):
        answers_of(tmp_path / "index")
