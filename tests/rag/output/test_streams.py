"""A command ends correctly with any standard input, output and error."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from command import RAG, ROOT
from index.ingest.ingest import ingest
from index.protocols import Embedder
from ingesting import write

TEXT = "Grüße kosten 3 €. 😀 Apples are red."
ASCII = [
    {"LC_ALL": "C", "PYTHONIOENCODING": "ascii"},
    {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
]
BUFFERING = pytest.mark.parametrize("unbuffered", ["", "1"])
FULL = pytest.mark.skipif(not Path("/dev/full").exists(), reason="it needs /dev/full")
COMMANDS = ["search apples", "search --lexical apples", "ask apples", "list"]
CLOSED = pytest.mark.parametrize("closed", [(0,), (1,), (2,), (0, 1, 2)])
CLOSE = ("<&-", ">&-", "2>&-")


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Path:
    """A folder with an index of docs/ä.txt. Do not change it."""
    folder = tmp_path_factory.mktemp("here")
    write(folder / "docs/ä.txt", TEXT)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        ingest(Path(".rag"), [Path("docs")], lambda: embedder)
    return folder


def shell(script: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a shell script in which `rag` is the command."""
    return subprocess.run(
        ["bash", "-c", f'rag() {{ "{sys.executable}" -m rag.cli "$@"; }}; {script}'],
        cwd=cwd,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("environment", ASCII, ids=lambda names: "+".join(names))
@pytest.mark.parametrize("command", COMMANDS)
def test_characters_that_an_encoding_lacks_are_escaped(
    here: Path, command: str, environment: dict[str, str]
) -> None:
    done = shell(f"rag {command}", here, **environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.isascii()
    assert r"docs/\u00e4.txt" in done.stdout
    if command.startswith("search"):
        assert r"Gr\u00fc\u00dfe kosten 3 \u20ac. \ud83d\ude00" in done.stdout


@pytest.mark.parametrize("environment", [*ASCII, {"PYTHONIOENCODING": "latin-1"}, {}])
def test_json_is_json_in_every_encoding(here: Path, environment: dict[str, str]) -> None:
    done = subprocess.run(
        [*RAG, "search", "--lexical", "apples", "--json"],
        cwd=here,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
        capture_output=True,
        check=True,
    )
    latin = environment.get("PYTHONIOENCODING") == "latin-1"
    found = json.loads(done.stdout.decode("latin-1" if latin else "utf-8"))
    assert found["passages"][0]["text"] == TEXT
    assert done.stdout.isascii() == (environment in ASCII)
    assert (rb"3 \u20ac. \ud83d\ude00" in done.stdout) == bool(environment)


def test_an_error_can_be_printed_in_ascii(here: Path) -> None:
    for environment in ASCII:
        done = shell("rag list ö.txt", here, **environment)
        assert done.returncode == 2
        assert done.stderr.startswith("rag: no document ")
        assert len(done.stderr.splitlines()) == 1


@BUFFERING
@pytest.mark.parametrize("command", ["list", "search --lexical apples"])
def test_a_closed_pipe_is_no_error(here: Path, command: str, unbuffered: str) -> None:
    for reader in ("true", "head -1"):
        done = shell(f"rag {command} | {reader}", here, PYTHONUNBUFFERED=unbuffered)
        assert (done.returncode, done.stderr) == (0, "")


@FULL
@BUFFERING
@pytest.mark.parametrize("command", ["list", "list --json", "search --lexical apples", "--help"])
def test_a_full_disk_of_the_output_is_reported_in_one_line(
    here: Path, command: str, unbuffered: str
) -> None:
    done = shell(f"rag {command} > /dev/full", here, PYTHONUNBUFFERED=unbuffered)
    assert done.returncode == 2
    assert done.stderr == (
        "rag: the output could not be written: No space left on device; write it to another place\n"
    )


@FULL
@BUFFERING
@pytest.mark.parametrize("command", ["list none.txt", "list --none"])
def test_an_error_that_cannot_be_printed_keeps_its_status(
    here: Path, command: str, unbuffered: str
) -> None:
    for away in ("2>/dev/full", "2>&-"):
        assert shell(f"rag {command} {away}", here, PYTHONUNBUFFERED=unbuffered).returncode == 2


@CLOSED
def test_closed_streams_change_nothing_else(tmp_path: Path, closed: tuple[int, ...]) -> None:
    write(tmp_path / "docs/a.txt", "Apples are red.")
    close = " ".join(CLOSE[number] for number in closed)
    for command in ("ingest docs", "search --lexical apples"):
        done = shell(f"rag {command} {close}", tmp_path)
        assert (done.returncode, done.stderr) == (0, "")
        assert (done.stdout == "") == (1 in closed)
    assert shell("rag list | cut -f1", tmp_path).stdout == "docs/a.txt\n"
    assert shell(f"rag search '' {close}", tmp_path).returncode == 2


PROGRAM = """
import os, sys
from rag.cli import app as cli

def app(**options):
    opened = os.open("opened", os.O_CREAT | os.O_WRONLY)
    null = os.stat(os.devnull).st_rdev
    closed = [number for number in range(3) if os.fstat(number).st_rdev == null]
    inherited = all(map(os.get_inheritable, range(3)))
    os.write(opened, f"{opened > 2} {closed} {inherited}".encode())
    print("out")
    print("error", file=sys.stderr)

cli.app = app
cli.main()
"""


@CLOSED
def test_no_file_gets_the_descriptor_of_a_closed_stream(
    tmp_path: Path, closed: tuple[int, ...]
) -> None:
    (tmp_path / "program.py").write_text(PROGRAM)
    close = " ".join(CLOSE[number] for number in closed)
    done = shell(f'"{sys.executable}" program.py < program.py {close}', tmp_path)
    assert (tmp_path / "opened").read_text() == f"True {list(closed)} True"
    assert done.stdout == ("" if 1 in closed else "out\n")
    assert done.stderr == ("" if 2 in closed else "error\n")
