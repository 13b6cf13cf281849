"""`rag locate`."""

import json
from pathlib import Path

import pytest

from command import rag
from fakes import HashEmbedder
from index.ingest.ingest import ingest
from pdf_files import PdfPage, lines_of, pdf_of


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    page = PdfPage(lines_of("The ferry leaves the pier at nine in the", "morning and returns."))
    Path("ferry.pdf").write_bytes(pdf_of([page], labels="0 << /S /r >>"))
    ingest(Path(".rag"), [Path("ferry.pdf")], HashEmbedder)
    return tmp_path


def test_it_prints_a_line_for_each_line_of_the_quote(folder: Path) -> None:
    shown = rag("locate", "ferry.pdf", "4", "48", cwd=folder)
    assert (shown.returncode, shown.stderr) == (0, "")
    lines = shown.stdout.splitlines()
    assert len(lines) == 2
    assert all(line.startswith("page 1 (i)  left ") for line in lines)
    assert all(line.endswith("of 612 x 792") for line in lines)


def test_json_is_what_the_service_returns(folder: Path) -> None:
    reply = json.loads(rag("locate", "ferry.pdf", "4", "9", "--json", cwd=folder).stdout)
    assert (reply["doc_id"], reply["start"], reply["end"]) == ("ferry.pdf", 4, 9)
    assert [each["page"] for each in reply["rectangles"]] == [1]


def test_errors_are_one_line(folder: Path) -> None:
    shown = rag("locate", "ferry.pdf", "9", "4", cwd=folder)
    assert shown.returncode == 2
    assert shown.stderr.startswith("rag: the span [9, 4) is not within ferry.pdf")
    Path("ferry.pdf").write_bytes(b"%PDF-1.4\n")
    shown = rag("locate", "ferry.pdf", "4", "9", cwd=folder)
    assert (shown.returncode, shown.stdout) == (2, "")
    assert "has changed since it was indexed" in shown.stderr
    assert len(shown.stderr.splitlines()) == 1
