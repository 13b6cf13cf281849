"""A question that begins like an option is a question; a mistyped option is an error."""

from pathlib import Path

import pytest

from command import rag


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("notes")
    (folder / "notes.txt").write_text("Start the importer again with the --force flag.\n")
    ingested = rag("ingest", folder, "--index", folder / "index")
    assert ingested.returncode == 0, ingested.stderr
    return folder / "index"


def test_a_bare_option_of_another_program_is_a_question(index: Path) -> None:
    asked = rag("ask", "--force", "--index", index)
    assert asked.returncode == 0, asked.stderr
    assert "Start the importer again with the --force flag." in asked.stdout


@pytest.mark.parametrize("arguments", [("--indx", "x", "importer"), ("importer", "--fliter")])
def test_a_mistyped_option_among_words_is_an_error(index: Path, arguments: tuple[str, ...]) -> None:
    asked = rag("ask", *arguments, "--index", index)
    assert asked.returncode == 2
    assert "no such option" in asked.stderr


@pytest.mark.parametrize("option", ["--where", "--prefer", "-k"])
def test_an_option_without_its_value_is_no_question(option: str) -> None:
    asked = rag("ask", option)
    assert asked.returncode == 2
    assert f"option '{option}' requires an argument" in asked.stderr
