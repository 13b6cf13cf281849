"""`rag verify` and the receipts of --save: from the index that answered to the files alone."""

import json
import shutil
import stat
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from command import ROOT, rag
from fakes import HashEmbedder
from index.errors import BadInput
from index.ingest.ingest import ingest
from rag.cli.save import save
from rag.pipeline import Pipeline
from rag.verify.receipt import Receipt
from rag.verify.saved import read_saved

ARTICLE = "000_7140c98bc3163d31.txt"
QUESTION = "foreign aid constituted approximately 43% of Afghanistan’s GDP"


@pytest.fixture(scope="module")
def answered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the article, a receipt and other results, but no index any more."""
    folder = tmp_path_factory.mktemp("answered")
    shutil.copy(ROOT / "seeds" / ARTICLE, folder)
    embedder = HashEmbedder()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        ingest(folder / ".rag", [Path(ARTICLE)], lambda: embedder)
    pipeline = Pipeline.over(folder / ".rag", embedder)
    answer = pipeline.ask(QUESTION, 2)
    save(answer, pipeline, folder / "receipt.json")
    pipeline.close()
    shown = rag("search", QUESTION, "--lexical", "--json", "--save", "search.json", cwd=folder)
    assert shown.returncode == 0, shown.stderr
    (folder / "shown.json").write_text(shown.stdout, encoding="utf-8")
    shutil.rmtree(folder / ".rag")
    return folder


@pytest.fixture
def folder(answered: Path, tmp_path: Path) -> Path:
    """A copy of it elsewhere, to change. The receipt's absolute path does not lead to it."""
    return shutil.copytree(answered, tmp_path / "copy")


def verdicts(folder: Path, *arguments: str | Path) -> list[dict[str, Any]]:
    done = rag("verify", *arguments, "--json", cwd=folder)
    assert done.returncode in (0, 1), done.stderr
    reply: dict[str, Any] = json.loads(done.stdout)
    assert reply["valid"] == (done.returncode == 0)
    assert reply["valid"] == all(each["status"] == "valid" for each in reply["verdicts"])
    found: list[dict[str, Any]] = reply["verdicts"]
    return found


def test_a_receipt_names_program_model_time_and_the_digest_of_each_file(answered: Path) -> None:
    receipt = Receipt.model_validate_json((answered / "receipt.json").read_bytes())
    assert receipt.program.startswith("rag ")
    assert receipt.created.endswith("+00:00")
    assert receipt.model is not None
    assert receipt.model.name == "hash"
    (document,) = receipt.documents
    assert document.doc_id == ARTICLE
    assert document.media_type == "text/plain"
    assert document.file_sha256 == sha256((answered / ARTICLE).read_bytes()).hexdigest()
    assert receipt.result.query == QUESTION
    without_model = json.loads((answered / "search.json").read_bytes())
    assert without_model["model"] is None
    shown = json.loads((answered / "shown.json").read_bytes())
    assert without_model["result"] == shown
    assert stat.S_IMODE((answered / "receipt.json").stat().st_mode) == 0o600


@pytest.mark.parametrize("name", ["receipt.json", "search.json", "shown.json"])
def test_citations_are_valid_while_the_file_is_unchanged(answered: Path, name: str) -> None:
    text = (answered / ARTICLE).read_bytes().decode()
    saved = read_saved((answered / name).read_bytes(), name)
    cited = [each.cited for each in saved]
    assert len(cited) >= 2
    for each, verdict in zip(cited, verdicts(answered, name), strict=True):
        assert (verdict["status"], verdict["document_changed"]) == ("valid", False)
        assert text[verdict["start"] : verdict["end"]] == each.quote


def test_each_citation_is_a_line_and_the_last_line_counts_them(folder: Path) -> None:
    done = rag("verify", "receipt.json", cwd=folder)
    assert done.returncode == 0
    *lines, last = done.stdout.splitlines()
    n = len(verdicts(folder, "receipt.json"))
    assert [line.split()[0] for line in lines] == ["valid"] * n
    assert all(f"{ARTICLE}:" in line for line in lines)
    assert last == f"{n} citations: {n} valid."


def test_a_text_before_the_quotes_moves_all_by_its_length(folder: Path) -> None:
    before = verdicts(folder, "receipt.json")
    file = folder / ARTICLE
    file.write_bytes(b"A new first line.\n" + file.read_bytes())
    for old, new in zip(before, verdicts(folder, "receipt.json"), strict=True):
        assert new["status"] == "moved"
        assert (new["start"], new["end"]) == (old["start"] + 18, old["end"] + 18)
        assert new["line_start"] == old["line_start"] + 1
    assert rag("verify", "receipt.json", cwd=folder).returncode == 1


def test_a_changed_figure_is_shown_with_the_new_text(folder: Path) -> None:
    file = folder / ARTICLE
    file.write_bytes(file.read_bytes().replace(b"approximately 43%", b"about 34%"))
    first = verdicts(folder, "receipt.json")[0]
    assert first["status"] == "changed"
    assert "about 34%" in first["text"]
    lines = rag("verify", "receipt.json", cwd=folder).stdout.splitlines()
    assert lines[0].startswith("changed")
    assert "about 34%" in lines[0]


def test_without_the_file_the_citations_are_gone(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    found = verdicts(folder, "receipt.json", "--root", tmp_path / "empty")
    assert {each["status"] for each in found} == {"gone"}
    assert all(ARTICLE in each["detail"] for each in found)


def test_the_receipts_own_path_is_used_if_no_other_file_is_there(
    answered: Path, tmp_path: Path
) -> None:
    found = verdicts(tmp_path, answered / "receipt.json")
    assert {each["status"] for each in found} == {"valid"}


def test_json_lines_and_standard_input_are_read(folder: Path) -> None:
    results = [json.loads((folder / name).read_bytes()) for name in ("receipt.json", "shown.json")]
    (folder / "both.jsonl").write_text("\n".join(map(json.dumps, results)), encoding="utf-8")
    both = verdicts(folder, "both.jsonl")
    spans = {(each["start"], each["end"]) for each in both}
    assert spans == {
        (each["start"], each["end"])
        for name in ("receipt.json", "shown.json")
        for each in verdicts(folder, name)
    }


def test_two_receipts_of_equal_names_lead_to_two_files(
    folder: Path, answered: Path, tmp_path: Path
) -> None:
    (folder / ARTICLE).write_text("Nothing of it is here.", encoding="utf-8")
    other = json.loads((folder / "receipt.json").read_bytes())
    other["documents"][0]["path"] = str(folder / ARTICLE)
    (tmp_path / "other.json").write_text(json.dumps(other), encoding="utf-8")
    found = verdicts(tmp_path, answered / "receipt.json", "other.json")
    n = len(found) // 2
    assert [each["status"] for each in found] == ["valid"] * n + ["gone"] * n


def test_a_damaged_index_is_not_needed(folder: Path) -> None:
    (folder / ".rag").mkdir()
    (folder / ".rag" / "rag.db").write_bytes(b"not a database" * 100)
    assert {each["status"] for each in verdicts(folder, "receipt.json")} == {"valid"}
    done = rag("verify", "receipt.json", "--index", ".rag", cwd=folder)
    assert done.returncode == 2


def test_only_a_receipt_is_overwritten(folder: Path) -> None:
    from rag.verify.receipt import check_replaceable

    check_replaceable(folder / "receipt.json")
    check_replaceable(folder / "new.json")
    for name in (ARTICLE, "shown.json", ".", "missing/receipt.json"):
        with pytest.raises(BadInput):
            check_replaceable(folder / name)
    before = (folder / ARTICLE).read_bytes()
    done = rag("search", "aid", "--lexical", "--save", ARTICLE, cwd=folder)
    assert done.returncode == 2
    assert "is not a receipt" in done.stderr
    assert (folder / ARTICLE).read_bytes() == before


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b"not JSON", "is not JSON"),
        (b"\xff\xfe", "is not UTF-8"),
        (b"[" * 100_000, "nested too deeply"),
        (b"{}", "not a result"),
        (b"[1]", "not a result"),
        (b'{"receipt": 2}', "use a newer one"),
        (b'{"passages": [{"citation": {"doc_id": "a"}}]}', "passages.0.citation.start"),
        (b'{"doc_id": "a", "start": 0, "end": 1, "quote": ""}', "quote"),
    ],
)
def test_input_that_is_no_result_is_refused_with_its_place(content: bytes, says: str) -> None:
    with pytest.raises(BadInput, match=f"(?s)^here.*{says}"):
        read_saved(content, "here")


def test_unusable_input_has_status_2(tmp_path: Path) -> None:
    assert rag("verify", "missing.json", cwd=tmp_path).returncode == 2
    (tmp_path / "other.json").write_text("{}", encoding="utf-8")
    done = rag("verify", "other.json", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")


def test_a_result_without_citations_is_valid(tmp_path: Path) -> None:
    (tmp_path / "none.json").write_text('{"passages": []}', encoding="utf-8")
    done = rag("verify", "none.json", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "There are no citations to check.\n")


def test_citations_without_surroundings_are_read() -> None:
    citation = {"doc_id": "a", "start": 0, "end": 1, "quote": "x", "sha256": "", "page_start": 3}
    old = {"sentences": [{"citation": citation}], "passages": [{"citation": citation}]}
    (saved,) = read_saved(json.dumps(old).encode(), "old.json")
    assert saved.document is None
    cited = saved.cited
    assert (cited.doc_id, cited.prefix, cited.suffix) == ("a", "", "")


def test_a_file_in_another_encoding_is_read_in_it_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("cafe.txt").write_bytes("Das Café hat 12 Plätze.\n".encode("cp437"))
    ingest(tmp_path / ".rag", [Path("cafe.txt")], HashEmbedder, encoding="cp437")
    done = rag("search", "Plätze", "--lexical", "--save", "r.json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    shutil.rmtree(tmp_path / ".rag")
    (verdict,) = verdicts(tmp_path, "r.json")
    assert (verdict["status"], verdict["document_changed"]) == ("valid", False)


def test_the_index_says_where_a_file_is_without_a_root(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    ingest(tmp_path / "index", [Path(ARTICLE)], HashEmbedder)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / ARTICLE).write_text("Nothing of it is here.", encoding="utf-8")
    found = verdicts(tmp_path / "elsewhere", folder / "shown.json", "--index", tmp_path / "index")
    assert {each["status"] for each in found} == {"valid"}
    found = verdicts(tmp_path / "elsewhere", folder / "shown.json", "--root", ".")
    assert {each["status"] for each in found} == {"gone"}


def test_an_answer_is_saved_as_it_is_printed(seeds_index: Path, tmp_path: Path) -> None:
    done = rag("ask", QUESTION, "--json", "--save", tmp_path / "r.json", "--index", seeds_index)
    assert done.returncode == 0, done.stderr
    saved = json.loads((tmp_path / "r.json").read_bytes())
    assert saved["result"] == json.loads(done.stdout)
    assert saved["model"]["name"] == "all-MiniLM-L6-v2"
    assert rag("verify", tmp_path / "r.json").returncode == 0
