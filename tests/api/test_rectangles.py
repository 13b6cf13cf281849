"""Rectangles of quotes over HTTP."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from api.problems import MEDIA_TYPE
from fakes import HashEmbedder
from index.documents.isolation import parsing
from index.ingest.ingest import ingest
from pdf_files import PdfPage, lines_of, pdf_of
from rag.pipeline import Pipeline
from serving import serving


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    pages = [PdfPage(lines_of("The ferry leaves at nine.")), PdfPage(lines_of("It is blue."))]
    Path("ferry.pdf").write_bytes(pdf_of(pages, labels="0 << /S /r >>"))
    Path("ferry.txt").write_text("The ferry leaves at nine.")
    Path("rectangles.txt").write_text("Rectangles have four sides.")
    return tmp_path


@pytest.fixture
def client(folder: Path) -> Iterator[httpx.Client]:
    ingest(Path(".rag"), [Path(name) for name in sorted(map(str, Path().glob("*.*")))],
           HashEmbedder)  # fmt: skip
    with parsing(), serving(Pipeline.over(folder / ".rag", HashEmbedder())) as client:
        yield client


def ask(client: httpx.Client, doc_id: str, **span: int) -> httpx.Response:
    return client.get(f"/v1/documents/{doc_id}/rectangles", params=httpx.QueryParams(span))


def problem(response: httpx.Response) -> tuple[int, str, str]:
    assert response.headers["content-type"] == MEDIA_TYPE
    return response.status_code, response.json()["type"], response.json()["detail"]


def test_the_citation_of_a_search_has_rectangles_on_its_page(client: httpx.Client) -> None:
    found = client.post("/v1/search", json={"query": "It is blue", "k": 5}).json()["passages"]
    cited = next(each["citation"] for each in found if "blue" in each["text"])
    assert cited["doc_id"] == "ferry.pdf"
    response = ask(client, "ferry.pdf", start=cited["start"], end=cited["end"])
    assert response.status_code == 200, response.text
    reply = response.json()
    assert reply["sha256"] == cited["sha256"]
    on_second = [each for each in reply["rectangles"] if each["page"] == 2]
    (last,) = on_second
    assert (last["label"], last["page_width"], last["page_height"]) == ("ii", 612, 792)
    # The line begins at (72, 700) from the lower left corner, in a font of 11 points.
    assert last["left"] == pytest.approx(72, abs=2)
    assert last["bottom"] == pytest.approx(92, abs=1)


def test_without_a_span_the_whole_document_is_meant(client: httpx.Client) -> None:
    reply = ask(client, "ferry.pdf").json()
    assert [each["page"] for each in reply["rectangles"]] == [1, 2]


def test_problems_say_what_is_wrong(client: httpx.Client, folder: Path) -> None:
    status, kind, detail = problem(ask(client, "ferry.txt", start=0, end=3))
    assert (status, kind) == (404, "/problems/no-rectangles")
    assert "is not a PDF" in detail
    assert problem(ask(client, "none.pdf", start=0, end=3))[:2] == (404, "/problems/not-found")
    status, kind, _ = problem(ask(client, "ferry.pdf", start=0, end=9999))
    assert (status, kind) == (422, "/problems/span-out-of-range")
    assert problem(ask(client, "ferry.pdf", start=-1))[0] == 422
    with (folder / "ferry.pdf").open("ab") as file:
        file.write(b"\n% edited")
    status, kind, detail = problem(ask(client, "ferry.pdf", start=0, end=3))
    assert (status, kind) == (409, "/problems/file-changed")
    assert str(folder) not in detail
    (folder / "ferry.pdf").unlink()
    assert problem(ask(client, "ferry.pdf", start=0, end=3))[1] == "/problems/file-changed"


def test_an_id_that_ends_like_the_route_is_written_with_an_escaped_slash(
    client: httpx.Client, folder: Path
) -> None:
    (folder / "notes").mkdir()
    (folder / "notes" / "rectangles").with_suffix(".txt").write_text("Four sides.")
    name = quote("notes/rectangles", safe="")
    assert problem(client.get(f"/v1/documents/{name}"))[1] == "/problems/not-found"
    assert "'notes/rectangles'" in problem(client.get(f"/v1/documents/{name}"))[2]
    assert "'notes'" in problem(client.get("/v1/documents/notes/rectangles"))[2]
