"""The command line: real processes, the real model, and typical input."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from inspect import cleandoc
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from calibrations import calibration
from command import RAG, ROOT, rag
from index.protocols import Embedder
from rag.cli.app import app, ask
from rag.cli.check import check
from rag.cli.documents import remove
from rag.pipeline import Pipeline
from rag.results import to_json
from terminal import in_a_terminal, plain_lines

QUESTION = "What share of Afghanistan's GDP came from foreign aid before the takeover?"
TWO_PARTS = "Who keeps a presence in the country, and what do international organizations warn of?"


def commands_of(command: Any, path: list[str]) -> Iterator[list[str]]:
    """A command and all its subcommands, as a user types them."""
    yield path
    for name in getattr(command, "list_commands", lambda context: [])(None):
        yield from commands_of(command.get_command(None, name), [*path, name])


COMMANDS = list(commands_of(get_command(app), []))


def without_time(output: str) -> str:
    return re.sub(r'"took_ms":[0-9.]+', '"took_ms":0', output)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(command) or "rag")
def test_every_command_has_help_without_the_heavy_libraries(command: list[str]) -> None:
    program = (
        "import sys; from rag.cli.app import main\n"
        f"sys.argv = ['rag', *{command!r}, '--help']\n"
        "try: main()\n"
        "finally: print('HEAVY', sorted({'torch', 'transformers', 'sentence_transformers', "
        "'faiss', 'tantivy', 'fastapi', 'uvicorn', 'sklearn', 'scipy', 'numpy', 'ir_measures'} "
        "& set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "Usage: rag" in done.stdout
    assert "HEAVY []" in done.stdout


def test_the_command_reference_equals_the_help_of_the_program(tmp_path: Path) -> None:
    reference = tmp_path / "cli.md"
    subprocess.run(
        [sys.executable, *"-m typer rag.cli.app utils docs --name rag --output".split(), reference],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    written = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    assert written == reference.read_text(encoding="utf-8"), "run `make docs`"


def test_the_seed_question_is_answered_by_the_sentence_with_43_percent(seeds_index: Path) -> None:
    done = rag("search", QUESTION, "--json", "--index", seeds_index)
    assert done.returncode == 0, done.stderr
    best = json.loads(done.stdout)["passages"][0]
    assert "approximately 43% of Afghanistan’s GDP" in best["highlight"]["quote"]
    citation = best["citation"]
    text = (ROOT / citation["doc_id"]).read_text(encoding="utf-8")
    assert text[citation["start"] : citation["end"]] == citation["quote"] == best["text"]
    # Lines are counted as in an editor.
    lines = text.split("\n")[citation["line_start"] - 1 : citation["line_end"]]
    assert "\n".join(lines) == citation["quote"]
    assert citation["headings"] == ["Economic Realities and Humanitarian Imperatives"]


@pytest.mark.parametrize("command", ["search", "ask"])
def test_json_is_what_the_pipeline_returns(
    seeds_index: Path, embedder: Embedder, command: str
) -> None:
    done = rag(command, TWO_PARTS, "--json", "-k", "3", "--merge", "--index", seeds_index)
    pipeline = Pipeline.over(seeds_index, embedder)
    find = pipeline.ask if command == "ask" else pipeline.search
    expected = to_json(find(TWO_PARTS, 3, merge=True))
    pipeline.close()
    assert without_time(done.stdout) == without_time(expected + "\n")


def test_an_answer_has_its_source_and_its_passages(
    seeds_index: Path, embedder: Embedder, tmp_path: Path
) -> None:
    trusting = calibration(tmp_path, embedder, 0.0)
    done = rag("ask", QUESTION, "--index", seeds_index, RAG_CALIBRATION=str(trusting))
    sentence, source, *rest = done.stdout.splitlines()
    assert done.returncode == 0
    assert "approximately 43% of Afghanistan’s GDP" in sentence
    assert source == (
        "    seeds/000_7140c98bc3163d31.txt:12 › Economic Realities and Humanitarian Imperatives"
    )
    assert rest[:2] == ["", "Supporting passages:"]
    assert re.fullmatch(r"5 passages in \d+ ms · confidence 0\.50 · generation 1", rest[-1])


def test_a_question_without_an_answer_ends_with_status_0(
    seeds_index: Path, embedder: Embedder, tmp_path: Path
) -> None:
    strict = str(calibration(tmp_path, embedder, 1.0))
    done = rag("ask", QUESTION, "-k", "2", "--index", seeds_index, RAG_CALIBRATION=strict)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("The documents do not answer this.\n\nThe nearest passages:\n")
    assert "2 passages in " in done.stdout


def test_another_reranker_can_be_selected(seeds_index: Path) -> None:
    for name, says in (("none", "null"), ("late-interaction", r"0\.\d+")):
        done = rag("search", QUESTION, "--json", "--rerank", name, "--index", seeds_index)
        assert re.search(rf'"scores":{{[^}}]*"rerank":{says}}}', done.stdout), done.stderr


def test_a_pipe_gets_plain_text_with_unbroken_lines(seeds_index: Path) -> None:
    done = rag("search", QUESTION, "-k", "1", "--index", seeds_index)
    assert "\x1b" not in done.stdout
    assert "seeds/000_7140c98bc3163d31.txt:11-12" in done.stdout
    sentence = "foreign aid constituted approximately 43% of Afghanistan’s GDP and funded 75% of"
    assert any(sentence in line for line in done.stdout.splitlines())


def test_explain_prints_ranks_sums_and_the_terms_that_a_passage_lacks(seeds_index: Path) -> None:
    done = rag("search", QUESTION, "-k", "1", "--explain", "--index", seeds_index)
    for part, note in (
        ("dense", "FAISS #1"),
        ("sentence", "its best sentence"),
        ("words", r"BM25 #1, \d+\.\d\d"),
        ("rerank", r"#1 before reranking"),
    ):
        assert re.search(rf"    {part} +0\.\d+ x 0\.\d+ = 0\.\d+  {note}\n", done.stdout), part
    assert re.search(r"terms     \(share \d\.\d\), afghanistan \d\.\d, gdp ", done.stdout)


def test_a_terminal_gets_a_wrapped_passage_with_marked_words(
    seeds_index: Path,
) -> None:
    shown = in_a_terminal("search", QUESTION, "-k", "1", "--index", str(seeds_index), columns=60)
    assert re.search(r"\x1b\[1;33m(GDP|aid)\x1b", shown)
    lines = plain_lines(shown)
    assert max(map(len, lines)) <= 60
    assert "approximately 43% of Afghanistan’s GDP" in " ".join(line.strip() for line in lines)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["search", "   "], "the question is empty"),
        (["ask", "   "], "the question is empty"),
        (["ask", "x", "--index", "nowhere"], "no index at nowhere; create one with `rag ingest"),
        (["ask", "x", "--rerank", ""], "rerank"),
        (["search", "x" * 2001], "2,001 characters; shorten it to 2,000"),
        (["search", "x", "-k", "0"], "k is 0; choose from 1 to 100"),
        (["search", "x", *["--doc", "a"] * 1001], "--doc: list should have at most 1000 items"),
        (["ask", "x", "--doc", "a", "--doc", "a" * 4097], "--doc (number 2): string should have"),
        (["ask", "x", *["--doc", "*" * 4000] * 17], "at most 65,536 characters in total, but have"),
        (["search", "x", "--index", "nowhere"], "no index at nowhere; create one with `rag ingest"),
        (["serve", "--index", "nowhere"], "no index at nowhere; create one with `rag ingest"),
        (["ingest", "nowhere"], "no file or folder at nowhere"),
        (["ingest"], "no path was given; give a file or folder"),
        (["ingest", "--rebuild", "--index", "nowhere"], "no index at nowhere to rebuild"),
        (["ingest", ".", "--model", "./none"], "no model './none'"),
        (["eval", "run", "nowhere"], "no dataset at nowhere"),
        (["eval", "run", str(ROOT / "eval" / "seeds"), "--run", "f"], "--run requires a BEIR set"),
        (["eval", "run", str(ROOT / "eval" / "seeds"), "--k", "0"], "--k 0 is out of range"),
    ],
)
def test_an_error_is_one_line_with_status_2(
    arguments: list[str], message: str, tmp_path: Path
) -> None:
    (tmp_path / "a.txt").write_text("Some text.")
    done = rag(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert done.stdout == ""


def test_settings_come_from_flag_environment_and_file_in_that_order(tmp_path: Path) -> None:
    (tmp_path / "rag.toml").write_text('index = "from-file"\n')
    done = rag("--config", "rag.toml", "search", "x", cwd=tmp_path)
    assert done.stderr.startswith("rag: no index at from-file")
    done = rag("search", "x", cwd=tmp_path)
    assert "rag.toml in the working directory may not set index: ignored" in done.stderr
    assert "no index at .rag" in done.stderr
    assert "no index at from-env" in rag("search", "x", cwd=tmp_path, RAG_INDEX="from-env").stderr
    done = rag("search", "x", "--index", "from-flag", cwd=tmp_path, RAG_INDEX="from-env")
    assert "no index at from-flag" in done.stderr
    (tmp_path / "rag.toml").write_text('indx = "typo"\n')
    done = rag("search", "x", cwd=tmp_path)
    assert done.returncode == 2
    assert "indx" in done.stderr


def test_ingest_prints_what_it_did_and_ends_with_status_1_if_files_were_skipped(
    tmp_path: Path,
) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "good.md").write_text("# Title\n\nA sentence about aid.")
    (docs / "empty.txt").write_text("")
    (docs / "picture.txt").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0")
    (docs / "table.bin").write_text("a,b")
    first = rag("ingest", "docs", cwd=tmp_path)
    assert first.returncode == 1
    assert "skipped docs/empty.txt: empty" in first.stdout
    assert "skipped docs/picture.txt: binary, not text" in first.stdout
    assert "1 added, 0 updated, 0 unchanged, 0 removed, 2 skipped, 1 of other" in first.stdout
    (docs / "empty.txt").unlink()
    (docs / "picture.txt").unlink()
    (docs / "good.md").write_text("# Title\n\nA sentence about trade.")
    second = rag("ingest", "docs", cwd=tmp_path)
    assert second.returncode == 0
    assert "0 added, 1 updated, 0 unchanged" in second.stdout
    (docs / "good.md").unlink()
    (docs / "other.md").write_text("# Other\n\nMore.")
    third = rag("ingest", "docs", "--prune", cwd=tmp_path)
    assert "1 added, 0 updated, 0 unchanged, 1 removed, 0 skipped" in third.stdout


def test_control_characters_of_a_document_do_not_reach_the_terminal(tmp_path: Path) -> None:
    (tmp_path / "evil.txt").write_text("Aid \x1b]0;owned\x07 was " + "given to all people. " * 40)
    assert rag("ingest", "evil.txt", cwd=tmp_path).returncode == 0
    done = rag("search", "aid", cwd=tmp_path)
    assert done.returncode == 0
    assert "\x1b" not in done.stdout
    assert "Aid �]0;owned� was" in done.stdout


def test_ctrl_c_stops_an_ingest_with_one_line_and_the_next_run_completes_it(
    tmp_path: Path,
) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    for i in range(40):
        (docs / f"{i:02d}.txt").write_text(f"Document {i}. " + f"It speaks of matter {i}. " * 150)
    process = subprocess.Popen(
        [*RAG, "ingest", "docs"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 90
    # The database is created just before the first chunks are encoded.
    while not (tmp_path / ".rag" / "rag.db").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert process.poll() is None, "the ingest ended before it could be stopped"
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "Stopped. Committed documents are in the index" in err
    assert "Traceback" not in err
    assert out == ""
    done = rag("ingest", "docs", cwd=tmp_path)
    assert done.returncode == 0
    counts = re.match(r"(\d+) added, 0 updated, (\d+) unchanged", done.stdout)
    assert counts is not None
    assert int(counts[1]) + int(counts[2]) == 40


def test_a_closed_pipe_ends_the_command_silently(seeds_index: Path) -> None:
    arguments = " ".join([*RAG, "search", "aid", "-k", "100", "--index", str(seeds_index)])
    done = subprocess.run(
        f"{arguments} | true", shell=True, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert "Traceback" not in done.stderr
    assert "BrokenPipe" not in done.stderr


def test_a_question_needs_no_quotes_and_can_begin_with_dashes(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("The --force option removes a lock.")
    assert rag("ingest", "a.txt", cwd=tmp_path).returncode == 0
    for words in (["what", "removes", "a", "lock", "--json"], ["--json", "--", "--force"]):
        done = rag("search", "--lexical", *words, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        expected = " ".join(word for word in words if word not in ("--json", "--"))
        assert json.loads(done.stdout)["query"] == expected


def test_h_prints_the_help_of_every_command() -> None:
    for command in ([], ["ask"], ["eval", "run"]):
        assert "Usage:" in rag(*command, "-h").stdout


def test_an_unexpected_error_is_one_line_with_status_70_and_a_traceback_on_request() -> None:
    code = (
        "import rag.cli.app as c\ndef app(**_): raise LookupError('a\\x1bb')\nc.app = app\nc.main()"
    )
    for debug, shows in (("", False), ("1", True)):
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env=os.environ | {"RAG_DEBUG": debug},
            capture_output=True,
            text=True,
            check=False,
        )
        assert ("Traceback" in done.stderr) == shows
        if not shows:
            assert done.returncode == 70
            assert done.stderr.startswith("rag: internal error: LookupError: a\ufffdb;")
            assert len(done.stderr.splitlines()) == 1


def test_the_paragraphs_of_the_help_are_wrapped_to_the_terminal() -> None:
    for command, function in (("check", check), ("ask", ask), ("remove", remove)):
        _, *paragraphs = cleandoc(function.__doc__ or "").split("\n\n")
        lines = [line.strip() for line in rag(command, "-h", COLUMNS="400").stdout.splitlines()]
        assert paragraphs
        for paragraph in paragraphs:
            assert paragraph.replace("\n", " ") in lines
