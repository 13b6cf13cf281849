"""Nothing is removed that this program did not write."""

from pathlib import Path

import pytest

from fakes import HashEmbedder
from index.disk.owned import (
    JOBS,
    SEAL,
    check_directory,
    folders_in,
    make_folder,
    remove_folder,
)
from index.errors import BadInput, IndexProblem
from index.ingest.ingest import ingest
from index.store.store import DATABASE

LIKE_OURS = {
    "draft-chapters/one.txt": "one",
    "lexical-notes.md": "notes",
    "dense-data/rows.csv": "1,2",
    "dense-00000001/vectors.faiss": "a user's own",
    "draft-0123456789abcdef0123456789abcdef/part-00000.npz": "too",
    "lexical-00000000/meta.json": "{}",
}


def put(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def tree(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text(errors="replace")
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_a_folder_with_other_files_is_refused_as_an_index(tmp_path: Path) -> None:
    put(tmp_path, LIKE_OURS | {"a.md": "# A\n\nText."})
    before = tree(tmp_path)
    with pytest.raises(BadInput, match="is not an index and not empty"):
        ingest(tmp_path, [tmp_path / "a.md"], HashEmbedder)
    assert tree(tmp_path) == before


def test_files_next_to_an_index_stay_whatever_their_names(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    index, document = tmp_path / "index", tmp_path / "docs" / "a.md"
    for generation in range(1, 4):
        document.write_text(f"Text {generation}.")
        ingest(index, [document], HashEmbedder)
        if generation == 1:
            files = {k: v for k, v in LIKE_OURS.items() if not k.startswith("dense-00000001")}
            put(index, files)
    assert {name: text for name, text in tree(index).items() if name in files} == files
    # The served generation stays, and earlier ones are removed.
    ours = [path.name for path in folders_in(index) if (path / SEAL).exists()]
    assert "dense-00000003" in ours
    assert "dense-00000001" not in ours


def test_a_foreign_file_in_a_folder_of_the_index_stays(tmp_path: Path) -> None:
    folder = tmp_path / "dense-00000001"
    make_folder(folder)
    put(folder, {"vectors.faiss": "ours", "thesis.txt": "theirs"})
    assert not remove_folder(folder)
    assert sorted(path.name for path in folder.iterdir()) == [SEAL, "thesis.txt"]
    with pytest.raises(IndexProblem, match="already exists, and this program did not create it"):
        make_folder(folder)
    (folder / "thesis.txt").unlink()
    assert remove_folder(folder)
    assert not folder.exists()


@pytest.mark.parametrize("name", ["dense-1", "dense-00000001x", "xdense-00000001", "draft-0123"])
def test_a_folder_whose_name_does_not_match_exactly_is_never_removed(
    tmp_path: Path, name: str
) -> None:
    make_folder(tmp_path / name)
    assert not remove_folder(tmp_path / name, {name})
    assert (tmp_path / name / SEAL).exists()


def test_a_seal_of_another_folder_is_invalid(tmp_path: Path) -> None:
    make_folder(tmp_path / "dense-00000001")
    (tmp_path / "dense-00000001").rename(tmp_path / "dense-00000002")
    put(tmp_path, {"dense-00000002/vectors.faiss": "a copy that somebody keeps"})
    assert not remove_folder(tmp_path / "dense-00000002")
    assert remove_folder(tmp_path / "dense-00000002", {"dense-00000002"})


def test_a_symbolic_link_is_never_followed(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    put(tmp_path, {"real/vectors.faiss": "theirs"})
    (tmp_path / "dense-00000001").symlink_to(tmp_path / "real")
    assert not remove_folder(tmp_path / "dense-00000001", {"dense-00000001"})
    make_folder(tmp_path / "dense-00000002")
    (tmp_path / "dense-00000002" / "vectors.faiss").symlink_to(tmp_path / "real" / "vectors.faiss")
    assert not remove_folder(tmp_path / "dense-00000002")
    assert (tmp_path / "real" / "vectors.faiss").read_text() == "theirs"


def test_remains_of_a_stopped_first_ingest_are_no_obstacle(tmp_path: Path) -> None:
    put(tmp_path, {"ingest.lock": "", "publish.lock": "", "rag.db-wal": ""})
    make_folder(tmp_path / "dense-00000001")
    (tmp_path / "lexical-00000001").mkdir()
    check_directory(tmp_path, DATABASE)
    put(tmp_path, {"lexical-00000001/meta.json": "theirs"})
    with pytest.raises(BadInput, match="lexical-00000001"):
        check_directory(tmp_path, DATABASE)


def test_the_jobs_of_a_service_are_no_obstacle_but_other_files_among_them_are(
    tmp_path: Path,
) -> None:
    jobs = tmp_path / JOBS
    jobs.mkdir()
    for name in (f"{'0' * 32}.json", f"{'0' * 32}.draft", f"{'0' * 16}.lock"):
        (jobs / name).write_text("x")
    check_directory(tmp_path, DATABASE)
    (jobs / "cv.json").write_text("x")
    with pytest.raises(BadInput):
        check_directory(tmp_path, DATABASE)
