"""The commands in README.md and docs/http.md work as written and in order."""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from command import ROOT
from pdf_files import PdfPage, lines_of, pdf_of
from rag.cli.app import app

SAMPLE_URL = "http://127.0.0.1:8000"
NEEDS_CURL = pytest.mark.skipif(shutil.which("curl") is None, reason="it needs curl")
PAGES = ["README.md", *(f"docs/{page.name}" for page in sorted((ROOT / "docs").glob("*.md")))]


def fenced(page: str, language: str) -> list[str]:
    """Return the code blocks of a language on a page."""
    text = (ROOT / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def commands_in(page: str) -> list[str]:
    """Return the commands after `$` on a page, each with its continuation lines."""
    return [
        command.rstrip()
        for block in fenced(page, "console")
        for command in re.findall(r"^\$ ((?:.*\\\n)*.*)$", block, re.MULTILINE)
    ]


def targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the repository; next to it a folder bin/ with the command `rag`."""
    folder = tmp_path_factory.mktemp("readme")
    shutil.copytree(ROOT, folder / "clone", ignore=shutil.ignore_patterns(".*", "__pycache__"))
    (folder / "bin").mkdir()
    rag = folder / "bin" / "rag"
    rag.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m rag.cli "$@"\n')
    rag.chmod(0o755)
    return folder / "clone"


def environment(clone: Path) -> dict[str, str]:
    path = f"{clone.parent / 'bin'}{os.pathsep}{os.environ['PATH']}"
    return os.environ | {"PATH": path, "PYTHONPATH": str(clone)}


def run_in(clone: Path, command: str) -> str:
    """Run a command in the copy; return its output. Its exit status must be 0."""
    completed = subprocess.run(
        ["sh", "-c", command],
        cwd=clone,
        env=environment(clone),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert completed.returncode == 0, f"{command}\n{completed.stdout}{completed.stderr}"
    return completed.stdout


@contextmanager
def start_server(clone: Path, command: str) -> Iterator[str]:
    """Start a server with a command, on a free port instead of the given one; yield its address.
    Ctrl-C ends it with status 0."""
    command = re.sub(r" --port \d+", "", command)
    with subprocess.Popen(
        ["sh", "-c", f"exec {command} --port 0"],
        cwd=clone,
        env=environment(clone),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            greeting = iter(process.stdout.readline, "")
            matches = (re.match(r"Serving .* on (http://\S+) ", line) for line in greeting)
            url = next((match[1] for match in matches if match), None)
            assert url is not None, f"{command}\n{process.communicate()[1]}"
            yield url
            process.send_signal(signal.SIGINT)
            assert process.wait(60) == 0
        finally:
            process.kill()


def curl_of(command: str, url: str) -> str:
    """Return a command with curl for another server; it fails if the response is an error."""
    assert SAMPLE_URL in command
    return command.replace(SAMPLE_URL, url).replace("curl ", "curl -sS --fail ", 1)


def run_in_order(clone: Path, commands: list[str]) -> dict[str, str]:
    """Return command -> output. Each curl command gets its own server."""
    printed = {}
    for command in commands:
        program, *arguments = shlex.split(command, comments=True)
        if program == "make":
            assert arguments, command
            assert set(arguments) <= targets(), f"the Makefile lacks a target: {command}"
        elif program == "curl":
            with start_server(clone, "rag serve") as url:
                printed[command] = run_in(clone, curl_of(command, url))
        elif [program, *arguments[:1]] == ["rag", "serve"]:
            with start_server(clone, " ".join(shlex.quote(word) for word in [program, *arguments])):
                pass
        else:
            assert program == "rag", f"a command that this test does not know: {command}"
            printed[command] = run_in(clone, command)
    return printed


def sample_in(page: str) -> Any:
    """The only response on a page; `…` stands for omitted parts."""
    (sample,) = fenced(page, "json")
    return json.loads(sample.replace("{…}", "{}"))


def assert_shows(sample: Any, response: Any) -> None:
    """Each field of the response is in the sample, and exact values are equal in both."""
    if isinstance(sample, list):
        for one, other in zip(sample, response, strict=True):
            assert_shows(one, other)
    elif isinstance(sample, dict) and sample:
        assert sample.keys() == response.keys()
        for name, value in sample.items():
            # Times and scores depend on the machine; generations depend on earlier ingests.
            if not isinstance(value, float) and name != "generation":
                assert_shows(value, response[name])
    elif isinstance(sample, str):
        assert response.startswith(sample.removesuffix("…"))
    elif sample != {}:
        assert sample == response


@NEEDS_CURL
@pytest.mark.slow
def test_the_commands_of_the_readme_work_in_order(clone: Path) -> None:
    run_in(clone, "rag ingest seeds")  # as `make run` does
    commands = commands_in("README.md")
    assert {shlex.split(c)[0] for c in commands} == {"make", "rag", "curl"}
    printed = run_in_order(clone, commands)
    (ask,) = (json.loads(out) for command, out in printed.items() if command.startswith("curl"))
    assert_shows(sample_in("README.md"), ask)


@NEEDS_CURL
def test_the_commands_of_the_http_page_work(clone: Path) -> None:
    run_in(clone, "rag ingest seeds")
    for name in ("notes.md", "new.md"):
        (clone / name).write_text("# Notes\n\nThe notes are short.\n")
    (clone / "report.pdf").write_bytes(pdf_of([PdfPage(lines_of("The report is long."))]))
    commands = commands_in("docs/http.md")
    with start_server(clone, "rag serve --writable") as url:
        printed = [json.loads(run_in(clone, curl_of(command, url))) for command in commands]
    text, *changes = printed
    assert text["text"].startswith("Prior to the Taliban takeover")
    results = [each.get("result") or each["n_failed"] for each in changes]
    assert results == ["created", "created", "created", "created", "changed", 0, "removed"]


@pytest.mark.parametrize("page", PAGES)
def test_the_commands_in_the_text_of_a_page_exist(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    for target in re.findall(r"`make ([a-z-]+)", text):
        assert target in targets(), f"make {target}"
    for named in re.findall(r"`rag ([a-z][a-z ]*)", text):
        group: Any = get_command(app)
        for word in named.split():
            if not hasattr(group, "get_command"):
                break  # the words after it are its arguments
            command = group.get_command(None, word)
            assert command is not None, f"rag {named}"
            group = command


def test_the_pages_contain_commands() -> None:
    assert len(commands_in("README.md")) > 10
    assert "`make bench" in (ROOT / "README.md").read_text(encoding="utf-8")
