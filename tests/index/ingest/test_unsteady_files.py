"""Files that vanish or change while an ingest runs cost only themselves."""

from pathlib import Path

from fakes import HashEmbedder
from index.ingest.ingest import ingest
from index.ingest.progress import Progress


def test_a_file_that_vanishes_is_named_and_the_others_are_read(tmp_path: Path) -> None:
    files = tmp_path / "files"
    files.mkdir()
    for name in ("a.txt", "b.txt", "c.txt"):
        (files / name).write_text(f"Aid came by {name}.")

    def remove(_: Progress) -> None:
        (files / "b.txt").unlink(missing_ok=True)

    report = ingest(tmp_path / "index", [files], HashEmbedder, watch=remove)
    assert [Path(doc_id).name for doc_id in report.added] == ["a.txt", "c.txt"]
    assert [(Path(each.path).name, each.kind) for each in report.skipped] == [
        ("b.txt", "unreadable")
    ]


def test_a_file_that_grows_is_read_whole_by_the_next_ingest(tmp_path: Path) -> None:
    files = tmp_path / "files"
    files.mkdir()
    for name in ("a.txt", "b.txt"):
        (files / name).write_text("Aid came.\n")

    def grow(_: Progress) -> None:
        with (files / "b.txt").open("a") as stream:
            stream.write("More came.\n")

    first = ingest(tmp_path / "index", [files], HashEmbedder, watch=grow)
    assert [Path(doc_id).name for doc_id in first.added] == ["a.txt", "b.txt"]
    (files / "b.txt").write_text("Aid came.\n" + "It stayed.\n" * 50)
    second = ingest(tmp_path / "index", [files], HashEmbedder)
    assert [Path(doc_id).name for doc_id in second.updated] == ["b.txt"]
