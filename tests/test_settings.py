"""Settings come from flag, environment, rag.toml and default, in that order."""

from pathlib import Path

import pytest

from index.errors import BadInput
from rag.ranking import RankSettings
from rag.settings import Settings


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RAG_INDEX", raising=False)


def test_a_flag_beats_the_environment_which_beats_the_file_which_beats_the_default(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert Settings.resolve().index == Path(".rag")
    Path("rag.toml").write_text('index = "file"\nlexical_weight = 0.25\n')
    assert Settings.resolve().index == Path("file")
    monkeypatch.setenv("RAG_INDEX", "environment")
    assert Settings.resolve().index == Path("environment")
    assert Settings.resolve(index=Path("flag")).index == Path("flag")
    # A flag that was not given is no flag, and what only the file has still holds.
    assert Settings.resolve(index=None).index == Path("environment")
    assert Settings.resolve().lexical_weight == 0.25


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        ('indx = "typo"', "indx"),
        ("lexical_weight = 2", "lexical_weight: .*less than or equal to 1.*value: 2"),
        ("n_candidates = 0", "n_candidates"),
        ("sentence_weight = -0.1", "sentence_weight"),
        ("rerank_weight = 1.5", "rerank_weight"),
        ("n_rerank = 0", "n_rerank"),
        ('rerank = ""', "rerank"),
        ("port = 70000", "port"),
        ("index = ", "rag.toml is not valid TOML"),
    ],
)
def test_a_value_that_cannot_be_used_is_named(toml: str, message: str) -> None:
    Path("rag.toml").write_text(toml)
    with pytest.raises(BadInput, match=message):
        Settings.resolve()


def test_a_settings_file_that_is_not_utf_8_is_told() -> None:
    Path("rag.toml").write_bytes('index = "Größe"'.encode("latin-1"))
    with pytest.raises(BadInput, match=r"rag\.toml is not valid TOML: 'utf-8' codec"):
        Settings.resolve()


def test_a_table_or_a_list_is_no_value() -> None:
    for toml in ("[index]\na = 1", "model = ['a']", "host = 3"):
        Path("rag.toml").write_text(toml)
        with pytest.raises(BadInput, match=toml.strip("[")[:4]):
            Settings.resolve()


def test_the_environment_is_checked_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAG_PORT", "http")
    with pytest.raises(BadInput, match=r"port: .*value: 'http'"):
        Settings.resolve()


def test_the_ranking_is_made_of_the_settings_of_the_same_names() -> None:
    assert Settings.resolve().ranking == RankSettings()
    Path("rag.toml").write_text(
        "n_candidates = 7\nlexical_weight = 0.2\nsentence_weight = 0.3\n"
        'rerank = "none"\nn_rerank = 9\nrerank_weight = 0.6\n'
    )
    assert Settings.resolve().ranking == RankSettings(7, 0.2, 0.3, "none", 9, 0.6)
