"""No text of a document, a name or an argument can send control sequences to the terminal."""

import ast
import io
import json
import logging
import sys
import unicodedata
from pathlib import Path

import pytest
from rich.table import Table
from rich.text import Text

from api.logs import MessageFormatter, RequestFormatter
from command import ROOT, rag
from index.ingest.progress import Report, SkippedFile
from rag.cli.print_ingest import print_report, report_json
from rag.output.safe_output import (
    PrintableFormatter,
    complain,
    on_one_line,
    printable,
    printable_json,
    say,
    say_json,
)
from rag.output.terminal import console

JOINERS = "\u200c\u200d"
STEERING = "".join(
    character
    for character in map(chr, range(sys.maxunicode + 1))
    if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp")
    and character not in "\n\t" + JOINERS
)
HARMLESS = "é ü 漢\u00a0字 नमस्ते क्\u200dष می\u200cخواهم 👩\u200d👩\u200d👧 🇦🇫 🫨"


def is_safe(text: str) -> bool:
    return not set(text) & set(STEERING)


def strings_in(value: object) -> str:
    """All strings in a JSON value."""
    if isinstance(value, dict):
        return "\0".join(strings_in(each) for each in value.values())
    if isinstance(value, list):
        return "\0".join(map(strings_in, value))
    return value if isinstance(value, str) else ""


def test_each_control_character_is_replaced_one_for_one() -> None:
    assert {"\x1b", "\x7f", "\x9b", "\u202e", "\u2066", "\u2028", "\ufeff"} < set(STEERING)
    assert printable(STEERING) == "\ufffd" * len(STEERING)
    assert printable(f"{HARMLESS}\n\t") == f"{HARMLESS}\n\t"
    assert on_one_line(f"a\nb\t{HARMLESS}") == f"a\ufffdb\ufffd{HARMLESS}"


@pytest.mark.parametrize("indent", [None, 1])
def test_json_has_the_same_text_with_escaped_control_characters(indent: int | None) -> None:
    value = {f"{character}{HARMLESS}": f"\n\t\\u{character}" for character in STEERING}
    text = printable_json(json.dumps(value, ensure_ascii=False, indent=indent))
    assert is_safe(text)
    assert json.loads(text) == value
    assert HARMLESS in text


def test_the_output_of_commands_is_safe(capsys: pytest.CaptureFixture[str]) -> None:
    say(f"{STEERING}{HARMLESS}\n")
    say_json(json.dumps(STEERING, ensure_ascii=False))
    complain(f"{STEERING}\n{HARMLESS}")
    said = capsys.readouterr()
    assert is_safe(said.out + said.err)
    assert HARMLESS in said.out
    assert len(said.err.splitlines()) == 1


def test_the_output_of_a_console_is_safe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    out = console()
    table = Table(STEERING, title=STEERING)
    table.add_row(STEERING, Text(STEERING, "bold"))
    out.print(table)
    out.print(STEERING, HARMLESS, markup=False, soft_wrap=True)
    print_report(out, Report(skipped=[SkippedFile(STEERING, "name", STEERING)]), STEERING, 1.0)
    assert isinstance(sys.stdout, io.StringIO)
    shown = sys.stdout.getvalue()
    assert is_safe(shown)
    assert HARMLESS in shown


def test_the_report_of_an_ingest_as_json_is_safe(capsys: pytest.CaptureFixture[str]) -> None:
    path = "/".join(STEERING)  # two adjacent surrogates are one character in JSON
    report = Report(skipped=[SkippedFile(path, "name", STEERING)])
    say_json(report_json(None, report, STEERING, 1.0))
    said = capsys.readouterr().out
    assert is_safe(said)
    assert json.loads(said)["skipped"][0]["path"] == path


@pytest.mark.parametrize(
    "formatter",
    [
        PrintableFormatter("rag: %(message)s"),
        MessageFormatter("%(levelprefix)s %(message)s", use_colors=False),
    ],
)
def test_a_log_record_is_one_safe_line_with_a_safe_traceback(formatter: logging.Formatter) -> None:
    try:
        raise ValueError(STEERING)
    except ValueError:
        record = logging.LogRecord(
            "api", logging.ERROR, "", 0, "%s\nrag: forged", (STEERING,), sys.exc_info()
        )
    first, *traceback = formatter.format(record).split("\n")
    assert is_safe(first + "".join(traceback))
    assert "forged" in first
    assert traceback[0].startswith("Traceback")
    assert record.args == (STEERING,)


def test_a_request_is_logged_safely() -> None:
    formatter = RequestFormatter("%(client_addr)s %(request_line)s", use_colors=False)
    request = ("127.0.0.1:1", "GET", f"/{STEERING}\n", "1.1", 200)
    message = '%s - "%s %s HTTP/%s" %d'
    record = logging.LogRecord("uvicorn.access", logging.INFO, "", 0, message, request, None)
    line = formatter.format(record)
    assert is_safe(line)
    assert "\n" not in line


@pytest.mark.parametrize(
    "arguments",
    [
        ["--{}"],
        ["{}"],
        ["search", "--{}"],
        ["search", "x", "-k", "{}"],
        ["search", "x", "--index", "{}"],
        ["search", "x", "--rerank", "{}", "--index", "nowhere"],
        ["ingest", "{}"],
        ["eval", "run", "{}"],
        ["eval", "{}"],
        ["--config", "{}", "search", "x"],
    ],
    ids=" ".join,
)
def test_an_invalid_argument_is_reported_in_one_safe_line(
    arguments: list[str], tmp_path: Path
) -> None:
    argument = "\x1b[31m\x9b\u202e\u2028\x7f\n"
    done = rag(*(each.format(argument) for each in arguments), cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith("rag: ")
    assert done.stderr.count("\n") == 1
    assert is_safe(done.stderr)
    assert done.stdout == ""


def test_names_and_texts_are_safe_from_ingest_to_search(tmp_path: Path) -> None:
    bidi = "\u202e\u2066\u2069"
    marks = f"\x1b[31m\x9b\u2028{bidi}"
    (tmp_path / f"{marks}.md").write_text(f"# Aid {bidi}\n\nSome aid {bidi} came.\n")
    (tmp_path / f"{marks}.bin").write_text("a")
    ingested = rag("ingest", ".", "--json", "--index", f"index{marks}", cwd=tmp_path)
    assert is_safe(ingested.stdout + ingested.stderr)
    assert ingested.returncode == 0, ingested.stderr
    (doc_id,) = json.loads(ingested.stdout)["added"]
    assert doc_id == f"{marks}.md"
    for command in (["search", "aid", "--lexical"], ["info"], ["ingest", "."]):
        index = ["--index", f"index{marks}"]
        shown = rag(*command, *index, cwd=tmp_path)
        as_json = rag(*command, "--json", *index, cwd=tmp_path)
        assert (shown.returncode, as_json.returncode) == (0, 0), shown.stderr + as_json.stderr
        assert is_safe(shown.stdout + shown.stderr + as_json.stdout + as_json.stderr)
        assert marks in strings_in(json.loads(as_json.stdout))


def test_commands_print_only_through_the_safe_functions() -> None:
    """Only the modules that make output safe, and a script that prints a table of its own numbers,
    use print, typer.echo or their own console."""
    exempt = {
        "rag/output/safe_output.py",
        "rag/output/streams.py",
        "rag/output/terminal.py",
        "eval/studies/encodings.py",
    }
    found = set()
    for package in ("index", "rag", "api", "eval"):
        for path in (ROOT / package).rglob("*.py"):
            for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(call, ast.Call) and ast.unparse(call.func) in (
                    *("print", "typer.echo", "typer.secho", "Console", "sys.stdout.write"),
                    *("sys.stderr.write", "rich.print"),
                ):
                    found.add(f"{path.relative_to(ROOT)}: {ast.unparse(call)}")
    assert {each for each in found if each.split(":")[0] not in exempt} == set()
