"""Settings come from flag, environment, rag.toml and default, in that order."""

from pathlib import Path

import pytest

from index.errors import BadInput
from rag.search.ranking import RankSettings
from rag.settings import Settings


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RAG_INDEX", raising=False)
    monkeypatch.setenv("RAG_CONFIG", "")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


@pytest.fixture
def _trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAG_CONFIG", "rag.toml")


def test_the_order_is_flag_environment_file_default(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert Settings.resolve().index == Path(".rag")
    monkeypatch.setenv("RAG_CONFIG", "rag.toml")
    Path("rag.toml").write_text('index = "file"\nlexical_weight = 0.25\n')
    assert Settings.resolve().index == Path("file")
    monkeypatch.setenv("RAG_INDEX", "environment")
    assert Settings.resolve().index == Path("environment")
    assert Settings.resolve(index=Path("flag")).index == Path("flag")
    # A flag with the value None is absent, and a value that only the file has is used.
    assert Settings.resolve(index=None).index == Path("environment")
    assert Settings.resolve().lexical_weight == 0.25


@pytest.mark.usefixtures("_trusted")
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
def test_an_invalid_value_is_named(toml: str, message: str) -> None:
    Path("rag.toml").write_text(toml)
    with pytest.raises(BadInput, match=message):
        Settings.resolve()


@pytest.mark.usefixtures("_trusted")
def test_a_settings_file_that_is_not_utf_8_is_refused() -> None:
    Path("rag.toml").write_bytes('index = "Größe"'.encode("latin-1"))
    with pytest.raises(BadInput, match=r"rag\.toml is not valid TOML: 'utf-8' codec"):
        Settings.resolve()


@pytest.mark.usefixtures("_trusted")
def test_a_table_or_a_list_is_not_a_value() -> None:
    for toml in ("[index]\na = 1", "model = ['a']", "host = 3"):
        Path("rag.toml").write_text(toml)
        with pytest.raises(BadInput, match=toml.strip("[")[:4]):
            Settings.resolve()


def test_the_environment_is_checked_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAG_PORT", "http")
    with pytest.raises(BadInput, match=r"port: .*value: 'http'"):
        Settings.resolve()


def test_the_ranking_has_the_settings_of_the_same_names() -> None:
    assert Settings.resolve().ranking == RankSettings()
    Path("rag.toml").write_text(
        "n_candidates = 7\nlexical_weight = 0.2\nsentence_weight = 0.3\n"
        'rerank = "none"\nn_rerank = 9\nrerank_weight = 0.6\n'
    )
    assert Settings.resolve().ranking == RankSettings(7, 0.2, 0.3, "none", 9, 0.6)


def test_a_file_in_the_working_directory_sets_only_the_ranking_and_other_names_are_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    Path("rag.toml").write_text(
        'host = "0.0.0.0"\ncache_dir = "x"\nindex = "y"\nrerank = "some/model"\nn_rerank = 9\n'
    )
    settings, plain = Settings.resolve(), Settings()
    assert (settings.host, settings.index, settings.n_rerank) == ("127.0.0.1", Path(".rag"), 9)
    assert (settings.rerank, settings.cache_dir) == (RankSettings().rerank, plain.cache_dir)
    assert "may not set cache_dir, host, index, rerank: ignored" in caplog.text
    assert "0.0.0.0" not in caplog.text


def test_the_users_file_comes_last_and_only_if_no_other_user_can_write_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    file = Path("config/rag/rag.toml")
    file.parent.mkdir(parents=True)
    file.write_text('host = "::1"\nn_rerank = 3\n')
    file.chmod(0o600)
    Path("rag.toml").write_text("n_rerank = 9\n")
    assert (Settings.resolve().host, Settings.resolve().n_rerank) == ("::1", 9)
    file.chmod(0o666)
    assert Settings.resolve().host == "127.0.0.1"
    assert "must not be writable by others" in caplog.text


def test_a_missing_config_file_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAG_CONFIG", "missing.toml")
    with pytest.raises(BadInput, match=r"no settings file at missing\.toml"):
        Settings.resolve()
