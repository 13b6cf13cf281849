"""Files are parsed in a process of their own, which they can neither leave nor stop for good."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from command import ROOT
from documents import examples
from hostile_format import HOSTILE
from index.documents.content_codec import content_of, message_of
from index.documents.formats import FORMATS
from index.documents.isolation import ParserProcess
from index.documents.loader import Content, LoadOptions
from index.documents.loaders.pdf import PdfLoader
from index.documents.markup_text import MarkupText
from index.errors import UnreadableDocument
from index.types import Span
from pdf_files import PdfPage, lines_of, pdf_of

FORMATS_BY_NAME = {each.name: each for each in FORMATS}
SUPPORT = ROOT / "tests" / "support"


@pytest.fixture(autouse=True)
def _importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", f"{SUPPORT}{os.pathsep}{ROOT}")


@pytest.fixture
def parser() -> Iterator[ParserProcess]:
    with closing(ParserProcess()) as process:
        yield process


def load(parser: ParserProcess, deed: str) -> Content:
    return parser.load(HOSTILE, deed.encode(), LoadOptions())


def refusal(parser: ParserProcess, deed: str) -> tuple[str, str]:
    with pytest.raises(UnreadableDocument) as raised:
        load(parser, deed)
    return raised.value.kind, str(raised.value)


def pid_of(content: Content) -> int:
    return int(content.text.rpartition("\n")[2])


def test_one_process_reads_many_files(parser: ParserProcess) -> None:
    first, second = load(parser, "one"), load(parser, "two")
    assert first.metadata == {"deed": "one"}
    assert pid_of(first) == pid_of(second) != os.getpid()


def test_rectangles_are_found_in_the_process_too(parser: ParserProcess) -> None:
    format, content = FORMATS_BY_NAME["PDF"], pdf_of([PdfPage(lines_of("The ferry is blue."))])
    assert parser.load(format, content, LoadOptions()).text == "The ferry is blue."
    found = parser.rectangles(format, content, Span(4, 9))
    assert found == PdfLoader().rectangles(content, Span(4, 9))
    assert len(found.rectangles) == 1
    with pytest.raises(UnreadableDocument) as raised:
        parser.rectangles(format, content[:50], Span(4, 9))
    assert raised.value.kind == "damaged"


def test_what_a_parser_prints_is_no_reply(parser: ParserProcess) -> None:
    assert load(parser, "print").metadata == {"deed": "print"}


@pytest.mark.parametrize(
    ("deed", "kind", "reason"),
    [
        ("crash", "damaged", "its parser was ended by SIGABRT"),
        ("leave", "damaged", "its parser ended with status 3"),
        ("allocate", "limit", "takes too much memory"),
        ("recurse", "limit", "nested too deeply"),
        ("raise x", "damaged", "KeyError: 'x'"),
    ],
)
def test_a_bad_file_costs_only_itself(
    parser: ParserProcess, deed: str, kind: str, reason: str
) -> None:
    found, said = refusal(parser, deed)
    assert found == kind
    assert reason in said
    assert load(parser, "next").metadata == {"deed": "next"}


def test_a_file_that_takes_too_long_is_named_and_its_process_ended() -> None:
    with closing(ParserProcess(timeout_s=5.0)) as parser:
        pid = pid_of(load(parser, "one"))
        assert refusal(parser, "hang") == ("limit", "takes longer than 5 s to read")
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
        assert load(parser, "next").metadata == {"deed": "next"}


@pytest.mark.skipif(sys.platform != "linux", reason="Landlock is of Linux")
def test_a_parser_reads_writes_and_connects_to_nothing(
    parser: ParserProcess, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        for deed in (f"write {tmp_path / 'new'}", f"connect {port}"):
            assert refusal(parser, deed)[0] == "damaged"
    assert list(tmp_path.iterdir()) == [secret]
    if _has_landlock():
        assert "PermissionError" in refusal(parser, f"read {secret}")[1]


def _has_landlock() -> bool:
    import ctypes

    return bool(ctypes.CDLL(None).syscall(444, None, 0, 1) >= 1)


STARTER = """
import sys
from index.documents.isolation import ParserProcess
from index.documents.loader import LoadOptions
from hostile_format import HOSTILE
parser = ParserProcess()
print(parser.load(HOSTILE, b"one", LoadOptions()).text.split()[-1], flush=True)
sys.stdin.read()
"""


def test_no_process_is_left_behind_by_a_kill() -> None:
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTER], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert starter.stdout is not None
    pid = int(starter.stdout.readline())
    os.kill(pid, 0)
    starter.kill()
    starter.communicate()
    deadline = time.monotonic() + 30
    while _is_running(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _is_running(pid)


def _is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


@given(rows=st.lists(st.lists(st.text(max_size=5), max_size=3), max_size=5), title=st.text())
@examples(100)
def test_a_content_is_the_same_after_its_journey(rows: list[list[str]], title: str) -> None:
    text = MarkupText()
    text.page()
    text.place("sheet", "é")
    text.heading(2, "Prices")
    text.table(rows, row_numbers=range(1, len(rows) + 1))
    before = text.content(title=title, metadata={"author": "Ä"}, warning="w")
    header, payload = message_of(before)
    after = content_of(header, b"".join(payload))
    assert list(after.blocks) == list(before.blocks)
    for name in ("text", "headings", "title", "pages", "places", "metadata", "warning"):
        assert getattr(after, name) == getattr(before, name)
