"""`make clean` removes the environment and prints commands that remove the rest."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from command import ROOT

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="it needs make")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with the Makefile, an index and an environment; next to it a user's cache."""
    folder = tmp_path / "here"
    for name in (".venv/bin", ".rag", ".mypy_cache"):
        (folder / name).mkdir(parents=True)
    shutil.copy(ROOT / "Makefile", folder)
    python = folder / ".venv/bin/python"
    python.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$@"\n')
    python.chmod(0o755)
    (tmp_path / "a cache/rag/models").mkdir(parents=True)
    return folder


def run_clean(folder: Path, **settings: str) -> list[str]:
    """Run `make clean`; return the listed paths. Each printed command must remove its path."""
    plain = {name: v for name, v in os.environ.items() if not name.startswith(("RAG_", "MAKE"))}
    process = subprocess.run(
        ["make", "clean"],
        cwd=folder,
        env=plain | {"PYTHONPATH": str(ROOT), "VENV": ".venv"} | settings,
        capture_output=True,
        text=True,
        check=True,
    )
    assert process.stderr == ""
    assert {each.name for each in folder.iterdir()} <= {"Makefile", ".rag"}
    left = re.findall(r"^Left: (.*)\. To remove (?:it|them): (.*)$", process.stdout, re.MULTILINE)
    folders = []
    for what, command in left:
        program, option, path = shlex.split(command)
        assert (program, option) == ("rm", "-r")
        assert (folder / path).is_dir()
        subprocess.run(["sh", "-c", command], cwd=folder, check=True)
        folders.append(f"{what}: {path}")
        assert not (folder / path).exists()
    return folders


@pytest.mark.parametrize("broken", [False, True])
def test_it_lists_the_index_and_the_compiled_models_at_their_paths(
    project: Path, broken: bool
) -> None:
    if broken:  # an interrupted installation
        shutil.rmtree(project / ".venv")
    cache = project.parent / "a cache"
    assert run_clean(project, XDG_CACHE_HOME=str(cache)) == [
        "the index: .rag",
        f"compiled models: {cache}/rag/models",
    ]


@pytest.mark.parametrize("broken", [False, True])
def test_it_follows_the_settings(project: Path, broken: bool) -> None:
    if broken:
        shutil.rmtree(project / ".venv")
    cache, index = project.parent / "a cache/rag", project.parent / "elsewhere"
    index.mkdir()
    assert run_clean(project, RAG_CACHE_DIR=str(cache), RAG_INDEX=str(index)) == [
        f"the index: {index}",
        f"compiled models: {cache}/models",
    ]
    assert (project / ".rag").exists()


def test_it_lists_nothing_that_does_not_exist(project: Path) -> None:
    (project / ".rag").rmdir()
    assert run_clean(project, RAG_CACHE_DIR=str(project.parent / "none")) == []
