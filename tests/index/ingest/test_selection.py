"""Ignore files are read as git reads them; --include and --exclude narrow the scope of a run."""

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from command import rag
from index.errors import BadInput
from index.ingest.files import Files, find
from index.ingest.progress import IgnoredPath
from index.ingest.selection import Selection
from ingesting import run, texts_in, write
from privileges import give_up_root_access, needs_permissions

NAMES = st.sampled_from(["a", "b", "a.txt", "b.txt", "c.md", "ab.txt"])
FILES = st.sets(
    st.lists(NAMES, min_size=1, max_size=4)
    .map("/".join)
    .filter(lambda p: p[-3:] in ("txt", ".md")),
    min_size=1,
    max_size=12,
)
SEGMENTS = st.sampled_from(
    ["a", "b", "a.txt", "c.md", "*", "**", "*.txt", "a*", "?b.txt", "[!a]*", "[ab]", "*.m[d]"]
)
PATTERNS = st.builds(
    lambda negation, start, segments, end: negation + start + "/".join(segments) + end,
    st.sampled_from(["", "", "!"]),
    st.sampled_from(["", "", "/"]),
    st.lists(SEGMENTS, min_size=1, max_size=3),
    st.sampled_from(["", "", "/"]),
)
IGNORE_FILES = st.dictionaries(
    st.lists(st.sampled_from(["a", "b"]), max_size=2).map(lambda names: "/".join([*names, ""])),
    st.lists(PATTERNS, min_size=1, max_size=4),
    max_size=3,
)


def search(*paths: str, selection: Selection | None = None) -> Files:
    return find([Path(path) for path in paths or ("docs",)], Path(".rag"), selection)


def names(files: Files) -> list[str]:
    return [path.relative_to(Path.cwd()).as_posix() for path in files.paths]


def plant(root: Path, files: set[str], ignore_files: Mapping[str, list[str]]) -> None:
    """Create the files, without those below another file, and the ignore files."""
    for name in sorted(files):
        path = root / name
        if not any(parent.is_file() for parent in path.parents) and not path.exists():
            write(path, "x")
    for folder, patterns in ignore_files.items():
        if (root / folder).is_dir():
            (root / folder / ".gitignore").write_text("".join(f"{p}\n" for p in patterns))


def git(root: Path, *arguments: str) -> list[str]:
    environment = {
        **os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull,
        "XDG_CONFIG_HOME": str(root / "none"),
    }  # fmt: skip
    done = subprocess.run(
        ["git", *arguments], cwd=root, env=environment, capture_output=True, check=True
    )
    return [name for name in done.stdout.decode().split("\0") if name]


@settings(deadline=None, max_examples=150)
@given(FILES, IGNORE_FILES)
def test_the_files_found_are_those_that_git_does_not_ignore(
    files: set[str], ignore_files: dict[str, list[str]]
) -> None:
    with TemporaryDirectory() as folder:
        root = Path(folder).resolve()
        plant(root, files, ignore_files)
        git(root, "init", "-q", "--template=")
        expected = unignored(root)
        assert found_by_walk(root, root) == expected
        for below in filter(Path.is_dir, (root / "a", root / "a/b")):
            # A given folder is read even if git ignores it; then git has no list to compare.
            if not is_ignored(root, below):
                prefix = f"{below.relative_to(root)}/"
                here = {name for name in expected if name.startswith(prefix)}
                assert found_by_walk(root, below) == here


def unignored(root: Path) -> set[str]:
    listed = git(root, "ls-files", "-coz", "--exclude-standard")
    return {name for name in listed if not name.endswith(".gitignore")}


def is_ignored(root: Path, folder: Path) -> bool:
    relative = folder.relative_to(root)
    listed = git(root, "ls-files", "-oiz", "--directory", "--exclude-standard")
    return any(f"{each}/" in listed for each in (relative, *relative.parents))


def found_by_walk(root: Path, given: Path) -> set[str]:
    return {each.relative_to(root).as_posix() for each in find([given], root / ".rag").paths}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with docs/a.txt, docs/b.md and docs/sub/c.txt."""
    for name in ("a.txt", "b.md", "sub/c.txt"):
        write(tmp_path / "docs" / name, f"The text of {name}.")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_ignored_files_and_folders_are_counted_and_their_contents_are_not(here: Path) -> None:
    write(here / "docs/.gitignore", "*.md\n*.pyc\nsub/\n")
    write(here / "docs/x.pyc", "x")
    files = search()
    assert names(files) == ["docs/a.txt"]
    assert files.ignored == [
        IgnoredPath("docs/b.md", ".gitignore"),
        IgnoredPath("docs/sub/", ".gitignore"),
    ]
    assert (files.skipped, files.left_out) == ([], [])


def test_no_ignore_turns_the_ignore_files_off(here: Path) -> None:
    write(here / "docs/.gitignore", "*\n")
    write(here / "docs/.ragignore", "*\n")
    files = search(selection=Selection(ignore_files=False))
    assert names(files) == ["docs/a.txt", "docs/b.md", "docs/sub/c.txt"]


def test_ragignore_decides_before_gitignore(here: Path) -> None:
    write(here / "docs/.ragignore", "!c.txt\na.txt\n")
    write(here / "docs/.gitignore", "b.md\n")
    write(here / "docs/sub/.gitignore", "!a.txt\nc.txt\n")
    files = search()
    assert names(files) == ["docs/sub/c.txt"]
    assert files.ignored == [
        IgnoredPath("docs/a.txt", ".ragignore"),
        IgnoredPath("docs/b.md", ".gitignore"),
    ]


def test_a_gitignore_above_the_folder_holds_up_to_the_root_of_the_repository(here: Path) -> None:
    write(here / ".gitignore", "a.txt\n/docs/sub/c.txt\n")
    assert len(search().paths) == 3
    (here / ".git").mkdir()
    assert names(search()) == ["docs/b.md"]
    assert names(search("docs/sub")) == []
    (here / "docs/.git").mkdir()  # a repository within a repository has its own rules
    assert len(search().paths) == len(search(".").paths) == 3


def test_a_file_that_is_itself_given_is_read(here: Path) -> None:
    write(here / "docs/.gitignore", "*\n")
    write(here / "docs/.hidden.txt", "x")
    selection = Selection(include=("*.md",), exclude=("*",))
    found = search("docs", "docs/a.txt", "docs/.hidden.txt", selection=selection)
    assert names(found) == ["docs/.hidden.txt", "docs/a.txt"]


def test_an_ignore_file_that_is_a_link_or_a_pipe_is_not_read(here: Path) -> None:
    write(here / "rules", "*\n")
    (here / "docs/.gitignore").symlink_to("../rules")
    os.mkfifo(here / "docs/.ragignore")
    assert len(search().paths) == 3


def test_lines_end_as_on_any_system_and_invalid_lines_are_passed_over(here: Path) -> None:
    lines = b"\xef\xbb\xbfa.txt\r\n# b.md\r\n\n!\n/\n[\nc.txt  \n"
    (here / "docs/.gitignore").write_bytes(lines)
    assert names(search()) == ["docs/b.md"]


@needs_permissions
def test_an_ignore_file_without_read_permission_stops_the_run(here: Path) -> None:
    write(here / "docs/.gitignore", "a.txt\n")
    (here / "docs/.gitignore").chmod(0)
    done = rag("ingest", "docs", cwd=here, preexec_fn=give_up_root_access)
    assert done.returncode == 2
    assert "docs/.gitignore: Permission denied; make it readable, or use --no-ignore" in done.stderr


def test_include_and_exclude_are_relative_to_each_path(here: Path) -> None:
    write(here / "more/sub/d.txt", "d")
    write(here / "more/e.txt", "e")
    both = ("docs", "more")
    assert names(search(*both, selection=Selection(include=("/sub/",)))) == [
        "docs/sub/c.txt",
        "more/sub/d.txt",
    ]
    exclude = Selection(exclude=("*.txt", "!e.txt"))
    assert names(search(*both, selection=exclude)) == ["docs/b.md", "more/e.txt"]
    neither = Selection(include=("*.txt",), exclude=("sub/",))
    files = search(selection=neither)
    assert names(files) == ["docs/a.txt"]
    assert files.ignored == [
        IgnoredPath("docs/b.md", "--include"),
        IgnoredPath("docs/sub/", "--exclude"),
    ]


@pytest.mark.parametrize("pattern", ["", "#x", "/", "!"])
def test_a_pattern_that_matches_nothing_is_refused(pattern: str) -> None:
    with pytest.raises(BadInput, match="is no pattern for --exclude; give one in the syntax"):
        Selection(exclude=(pattern,))


def test_hidden_files_are_read_if_asked_for_but_never_those_of_git(here: Path) -> None:
    for name in (".h.txt", ".notes/d.txt", ".git/refs/x.txt"):
        write(here / "docs" / name, "x")
    assert len(search().paths) == 3
    hidden = names(search(selection=Selection(hidden=True)))
    assert hidden[:2] == ["docs/.h.txt", "docs/.notes/d.txt"]
    assert len(hidden) == 5


def test_a_link_to_an_ignored_file_does_not_lead_to_it(here: Path) -> None:
    write(here / "docs/.gitignore", "sub/\nb.md\n")
    (here / "docs/link.txt").symlink_to("sub/c.txt")
    assert names(search()) == ["docs/a.txt"]


def test_a_document_whose_file_is_now_ignored_is_listed_and_removed_only_by_prune(
    here: Path,
) -> None:
    run()
    write(here / "docs/.gitignore", "sub/\na.txt\n")
    (here / "docs/b.md").unlink()
    run("docs/a.txt")
    report, _ = run(prune=False)
    assert report.gone == ["docs/a.txt", "docs/b.md", "docs/sub/c.txt"]
    assert report.gone_ignored == ["docs/a.txt", "docs/sub/c.txt"]
    assert len(texts_in()) == 3
    report, _ = run(selection=Selection(ignore_files=False), prune=True)
    assert (report.removed, len(report.unchanged)) == (["docs/b.md"], 2)
    assert run("docs", "docs/a.txt", prune=True)[0].removed == ["docs/sub/c.txt"]
    assert list(texts_in()) == ["docs/a.txt"]


def test_documents_outside_the_scope_of_include_and_exclude_are_not_touched(here: Path) -> None:
    run()
    for name in ("a.txt", "b.md", "sub/c.txt"):
        (here / "docs" / name).unlink()
    write(here / "docs/new.md", "New.")
    for selection in (Selection(include=("new.md",)), Selection(exclude=("*.txt", "b.md"))):
        report, _ = run(selection=selection, prune=True)
        assert (report.removed, report.gone) == ([], [])
    assert run(selection=Selection(exclude=("sub/", "*.md")), prune=True)[0].removed == [
        "docs/a.txt"
    ]
    assert list(texts_in()) == ["docs/b.md", "docs/new.md", "docs/sub/c.txt"]


def test_a_folder_with_only_ignored_files_is_refused_with_the_reason(here: Path) -> None:
    write(here / "docs/.gitignore", "*\n")
    with pytest.raises(BadInput, match=r"files under docs \(3 ignored by .gitignore\)"):
        run()
    assert not (here / ".rag").exists()


def test_the_command_counts_ignored_files_and_lists_them_with_verbose(here: Path) -> None:
    rag("ingest", "docs", cwd=here)
    write(here / "docs/.gitignore", "a.txt\nsub/\n")
    options = ["--include", "*.txt", "--include", "/b.*", "--exclude", "b.md"]
    write(here / "docs/d.txt", "The text of d.")
    done = rag("ingest", "docs", *options, cwd=here)
    assert "1 file ignored by --exclude\n1 file and 1 folder ignored by .gitignore" in done.stdout
    assert (
        "2 documents' files are ignored now: docs/a.txt, docs/sub/c.txt; --prune removes them"
        in done.stdout
    )
    assert "ignored docs/sub/: .gitignore" in rag("ingest", "docs", "--verbose", cwd=here).stdout
    report = json.loads(rag("ingest", "docs", "--hidden", "--json", *options, cwd=here).stdout)
    assert report["gone"] == report["gone_ignored"] == ["docs/a.txt", "docs/sub/c.txt"]
    assert {"path": "docs/b.md", "by": "--exclude"} in report["ignored"]
    assert (
        "3 unchanged" in rag("ingest", "docs", "--no-ignore", "--exclude", "d.*", cwd=here).stdout
    )
