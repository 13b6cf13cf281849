"""`rag list` and `rag remove` as users run them."""

import json
from pathlib import Path

import pytest
from filelock import FileLock

from api.schemas import DocumentOut
from command import rag
from index.ingest.ingest import ingest
from index.protocols import Embedder
from ingesting import write
from terminal import in_a_terminal, plain_lines


@pytest.fixture(scope="module")
def read_only(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Path:
    """A folder with an index of docs/a.txt, docs/b.md and docs/sub/a.txt. Do not change it."""
    return filled(tmp_path_factory.mktemp("here"), embedder)


@pytest.fixture
def here(tmp_path: Path, embedder: Embedder) -> Path:
    """The same folder, for tests that change it."""
    return filled(tmp_path, embedder)


def filled(folder: Path, embedder: Embedder) -> Path:
    write(folder / "docs/a.txt", "Apples are red.")
    write(folder / "docs/b.md", "# Pears\n\nPears are green.")
    write(folder / "docs/sub/a.txt", "Grapes are blue.")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        ingest(Path(".rag"), [Path("docs")], lambda: embedder)
    return folder


def listed(folder: Path, *names: str) -> list[str]:
    """The ids that `rag list` prints."""
    done = rag("list", *names, cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    return [line.split("\t")[0] for line in done.stdout.splitlines()]


def test_a_pipe_gets_one_line_of_five_fields_per_document(read_only: Path) -> None:
    assert rag("list", cwd=read_only).stdout == (
        "docs/a.txt\ta\t15\t1\ttext/plain\n"
        "docs/b.md\tPears\t25\t1\ttext/markdown\n"
        "docs/sub/a.txt\ta\t16\t1\ttext/plain\n"
    )


def test_a_terminal_gets_a_table_with_a_header_and_a_total(read_only: Path) -> None:
    assert plain_lines(in_a_terminal("list", columns=80, cwd=read_only)) == [
        "  characters  passages  type           document",
        "          15         1  text/plain     docs/a.txt  a",
        "          25         1  text/markdown  docs/b.md  Pears",
        "          16         1  text/plain     docs/sub/a.txt  a",
        "3 documents, 56 characters, 3 passages",
        "",
    ]


def test_json_has_the_fields_of_the_http_service_and_the_path(read_only: Path) -> None:
    found = json.loads(rag("list", "b.md", "--json", cwd=read_only).stdout)
    (document,) = found["documents"]
    path = document.pop("path")
    assert path == str((read_only / "docs/b.md").resolve())
    assert DocumentOut.model_validate(document).model_dump() == document
    assert (document["doc_id"], document["n_characters"]) == ("docs/b.md", 25)
    assert found["index"] == ".rag"


def test_names_limit_the_list(read_only: Path) -> None:
    assert listed(read_only, "docs/*/*", "./docs/b.md") == ["docs/b.md", "docs/sub/a.txt"]
    assert listed(read_only, str(read_only / "docs/a.txt")) == ["docs/a.txt"]


@pytest.mark.parametrize("command", [["list"], ["remove", "--yes"], ["ask", "x", "--doc"]])
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("none.txt", "rag: no document 'none.txt'; `rag list` lists all documents"),
        ("*.pdf", "rag: no document '*.pdf'; `rag list` lists all documents"),
        ("a.txt", "rag: 'a.txt' matches several documents: docs/a.txt, docs/sub/a.txt; choose one"),
    ],
)
def test_an_unknown_or_ambiguous_name_is_one_line_with_status_2(
    read_only: Path, command: list[str], name: str, message: str
) -> None:
    done = rag(*command, name, cwd=read_only)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(message)
    assert len(done.stderr.splitlines()) == 1
    assert len(listed(read_only)) == 3


@pytest.mark.parametrize("name", ["./docs/b.md", "docs/b.md", "b.md", "docs/*.md"])
def test_search_is_limited_to_a_document_by_any_form_of_its_name(
    read_only: Path, name: str
) -> None:
    done = rag("search", "--lexical", "pears", "apples", "--doc", name, "--json", cwd=read_only)
    found = json.loads(done.stdout)["passages"]
    assert [passage["citation"]["doc_id"] for passage in found] == ["docs/b.md"]


def test_a_removed_document_is_not_found_until_it_is_ingested_again(here: Path) -> None:
    search = ["search", "--lexical", "apples", "--json"]
    assert json.loads(rag(*search, cwd=here).stdout)["passages"]
    done = rag("remove", "./docs/a.txt", cwd=here)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "removed docs/a.txt\n1 removed · .rag is at generation 2\n"
    assert json.loads(rag(*search, cwd=here).stdout)["passages"] == []
    assert (here / "docs/a.txt").exists()
    assert "1 added, 0 updated, 2 unchanged" in rag("ingest", "docs", cwd=here).stdout
    assert json.loads(rag(*search, cwd=here).stdout)["passages"]


def test_a_pattern_with_several_matches_needs_yes_without_a_terminal(here: Path) -> None:
    refused = rag("remove", "docs/*.txt", cwd=here)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert (
        refused.stderr == "rag: 'docs/*.txt' matches 2 documents; to remove them all, add --yes\n"
    )
    assert len(listed(here)) == 3
    done = rag("remove", "docs/*.txt", "docs/a.txt", "--yes", cwd=here)
    assert done.stdout.splitlines()[:2] == ["removed docs/a.txt", "removed docs/sub/a.txt"]
    # A single match of a pattern, and several names, need no confirmation.
    assert rag("remove", "docs/*", cwd=here).returncode == 0
    assert "contains no documents" in rag("list", cwd=here).stderr


def test_a_pattern_with_several_matches_needs_confirmation_on_a_terminal(here: Path) -> None:
    def remove(typed: str, status: int) -> list[str]:
        shown = in_a_terminal(
            "remove", "docs/*.txt", columns=80, cwd=here, typed=typed, status=status
        )
        return plain_lines(shown)

    for answer in ("n\n", "\n", "\x04"):  # no, nothing, and the end of the input
        lines = remove(answer, 1)
        assert any("Remove these 2 documents from the index? [y/N]" in line for line in lines)
        assert lines[-2].endswith("Nothing was removed.")
        assert len(listed(here)) == 3
    assert remove("y\n", 0)[-2] == "2 removed · .rag is at generation 2"
    assert listed(here) == ["docs/b.md"]


def test_a_removal_while_another_process_writes_is_refused(here: Path) -> None:
    with FileLock(here / ".rag/ingest.lock"):
        done = rag("remove", "docs/a.txt", cwd=here)
    assert done.returncode == 2
    assert done.stderr.startswith("rag: another process is writing to .rag (")
    assert len(listed(here)) == 3


def test_the_list_of_an_empty_index_says_so(here: Path) -> None:
    rag("remove", "docs/*", "--yes", cwd=here)
    done = rag("list", cwd=here)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == "The index contains no documents; add some with `rag ingest PATH`.\n"
    assert json.loads(rag("list", "--json", cwd=here).stdout)["documents"] == []
    refused = rag("search", "apples", "--doc", "docs/a.txt", cwd=here)
    assert refused.returncode == 2
    assert "no document 'docs/a.txt': the index contains no documents; add some" in refused.stderr


@pytest.mark.parametrize("command", [["list"], ["remove", "x"], ["search", "x", "--doc", "x"]])
def test_without_an_index_none_is_created(tmp_path: Path, command: list[str]) -> None:
    done = rag(*command, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "rag: no index at .rag; create one with `rag ingest PATH`\n"
    assert not (tmp_path / ".rag").exists()


def test_names_in_a_list_contain_no_control_characters_or_line_breaks(tmp_path: Path) -> None:
    write(tmp_path / "evil\t\x1b[31m\nname.txt", "Apples.")
    assert rag("ingest", ".", cwd=tmp_path).returncode == 0
    line = "evil\ufffd\ufffd[31m\ufffdname.txt"
    assert listed(tmp_path) == [line]
    assert line in in_a_terminal("list", columns=80, cwd=tmp_path)
    assert rag("remove", "evil*", cwd=tmp_path).stdout.startswith(f"removed {line}\n")
