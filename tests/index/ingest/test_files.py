"""Files to read are found once; other files are listed with the reason and not opened."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from index.errors import BadInput
from index.ingest.files import Files, find
from index.ingest.progress import SkippedFile
from ingesting import write


@pytest.fixture
def docs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with docs/a.txt and docs/sub/b.md."""
    write(tmp_path / "docs/a.txt", "Aid came.")
    write(tmp_path / "docs/sub/b.md", "# Grain")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "docs"


def search(*paths: str) -> Files:
    return find([Path(path) for path in paths or ("docs",)], avoid=Path(".rag"))


def names(files: Files) -> list[str]:
    return [path.relative_to(Path.cwd()).as_posix() for path in files.paths]


def kinds(unread: list[SkippedFile]) -> list[tuple[str, str]]:
    return [(each.path, each.kind) for each in unread]


def test_a_loop_of_links_is_listed_and_the_rest_is_read(docs: Path) -> None:
    (docs / "x.txt").symlink_to("y.txt")
    (docs / "y.txt").symlink_to("x.txt")
    (docs / "self.txt").symlink_to("self.txt")
    files = search()
    assert names(files) == ["docs/a.txt", "docs/sub/b.md"]
    assert kinds(files.skipped) == [(f"docs/{n}.txt", "link") for n in ("self", "x", "y")]
    assert "it is a loop of links" in files.skipped[0].reason


def test_a_dangling_link_is_listed_by_its_own_name(docs: Path) -> None:
    (docs / "link.txt").symlink_to("nowhere.txt")
    (unread,) = search().skipped
    assert unread == SkippedFile(
        "docs/link.txt", "link", "a link to docs/nowhere.txt, which does not exist"
    )


def test_a_link_within_the_paths_is_read_once_under_the_name_of_its_target(docs: Path) -> None:
    (docs / "link.txt").symlink_to("a.txt")
    (docs / "again.txt").symlink_to("link.txt")
    (docs / "sub/up.txt").symlink_to(docs / "a.txt")
    files = search()
    assert names(files) == ["docs/a.txt", "docs/sub/b.md"]
    assert (files.skipped, files.left_out) == ([], [])


def test_a_link_to_a_target_outside_the_paths_is_not_followed(docs: Path) -> None:
    write(docs.parent / "private/key.txt", "secret")
    (docs / "key.txt").symlink_to("../private/key.txt")
    (docs / "all").symlink_to("../private")
    (docs / "hop.txt").symlink_to("key.txt")
    files = search()
    assert names(files) == ["docs/a.txt", "docs/sub/b.md"]
    assert kinds(files.skipped) == [(f"docs/{n}", "link") for n in ("all", "hop.txt", "key.txt")]
    assert "outside the given paths, private/key.txt; ingest that file" in files.skipped[2].reason
    assert names(search("docs", "private")) == ["docs/a.txt", "docs/sub/b.md", "private/key.txt"]


def test_a_link_that_is_itself_given_is_followed(docs: Path) -> None:
    (docs.parent / "way").symlink_to("docs")
    (docs.parent / "one.txt").symlink_to("docs/a.txt")
    assert names(search("way")) == ["docs/a.txt", "docs/sub/b.md"]
    assert names(search("one.txt")) == ["docs/a.txt"]


def test_a_link_to_a_folder_within_the_paths_is_omitted_and_listed(docs: Path) -> None:
    (docs / "link").symlink_to("sub")
    (docs / "sub/up").symlink_to("..")
    files = search()
    assert names(files) == ["docs/a.txt", "docs/sub/b.md"]
    assert kinds(files.left_out) == [("docs/link", "link"), ("docs/sub/up", "link")]
    assert files.skipped == []


def test_pipes_and_sockets_are_listed_and_never_opened(docs: Path) -> None:
    os.mkfifo(docs / "pipe")
    os.mkfifo(docs / "pipe.txt")  # an open would wait forever for a writer
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("docs/socket")
        files = search()
    assert kinds(files.skipped) == [("docs/pipe.txt", "special")]
    assert kinds(files.left_out) == [("docs/pipe", "special"), ("docs/socket", "special")]
    assert files.left_out[1].reason == "a socket, not a regular file"


def test_files_of_other_types_are_omitted_and_listed(docs: Path) -> None:
    for name in ("t.bin", "README", "sub/p.EXE"):
        write(docs / name, "x")
    assert kinds(search().left_out) == [
        ("docs/README", "other-type"),
        ("docs/sub/p.EXE", "other-type"),
        ("docs/t.bin", "other-type"),
    ]


def test_a_folder_too_deep_for_the_system_is_skipped_and_the_rest_is_read(
    docs: Path,
) -> None:
    here = os.open(docs, os.O_RDONLY)
    for _ in range(30):
        os.mkdir("d" * 200, dir_fd=here)
        below = os.open("d" * 200, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    files = search()
    assert names(files) == ["docs/a.txt", "docs/sub/b.md"]
    assert [each.kind for each in files.skipped] == ["unreadable"]
    assert "File name too long" in files.skipped[0].reason


def test_a_name_that_is_not_unicode_can_be_printed(docs: Path) -> None:
    (docs / os.fsdecode(b"\xff.bin")).write_text("x")
    assert kinds(search().left_out) == [("docs/?.bin", "other-type")]


@pytest.mark.usefixtures("docs")
@pytest.mark.parametrize("path", ["nowhere", "docs/a.txt/b", "docs/nowhere.txt"])
def test_a_missing_path_is_refused(path: str) -> None:
    with pytest.raises(BadInput, match=f"no file or folder at {path}; check"):
        search("docs", path)


def test_a_given_dangling_link_is_refused_with_its_target(docs: Path) -> None:
    (docs / "link").symlink_to("nowhere")
    with pytest.raises(
        BadInput, match=r"docs/link is a link to .*/docs/nowhere, which does not exist"
    ):
        search("docs/link")


@pytest.mark.usefixtures("docs")
def test_a_name_too_long_for_the_system_is_skipped() -> None:
    files = search("docs", "x" * 300)
    assert names(files) == ["docs/a.txt", "docs/sub/b.md"]
    assert [each.kind for each in files.skipped] == ["unreadable"]


@pytest.fixture
def unreadable_link() -> Iterator[Path]:
    """A link that exists but cannot be read: the program of a process that has ended and has not
    been waited for."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        link = Path(f"/proc/{process.pid}/exe")
        with pytest.raises(FileNotFoundError):
            link.readlink()
        yield link


@pytest.mark.skipif(sys.platform != "linux", reason="it needs /proc")
def test_an_unreadable_link_is_skipped(docs: Path, unreadable_link: Path) -> None:
    (docs / "link.txt").symlink_to(unreadable_link)
    files = search()
    assert names(files) == ["docs/a.txt", "docs/sub/b.md"]
    assert kinds(files.skipped) == [("docs/link.txt", "link")]
    with pytest.raises(BadInput, match=f"{unreadable_link} is a link to .*, which does not exist"):
        search(str(unreadable_link))


def test_a_deleted_working_directory_is_reported(docs: Path) -> None:
    (docs / "below").mkdir()
    os.chdir(docs / "below")
    (docs / "below").rmdir()
    with pytest.raises(BadInput, match="the working directory no longer exists"):
        search("docs")
