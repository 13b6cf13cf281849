"""Changes that can matter to an ingest are notified, in folders that are replaced too."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from index.ingest.file_events import file_events
from index.ingest.selection import Selection
from ingesting import write

N_TICKS = 20


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    write(tmp_path / "docs/a.txt", "Aid came.")
    write(tmp_path / "docs/.rag/rag.db", "x")
    write(tmp_path / "docs/.notes/n.txt", "x")
    return tmp_path / "docs"


def started(docs: Path, selection: Selection | None = None) -> Iterator[bool]:
    events = file_events([docs], docs / ".rag", selection or Selection())
    while next(events):
        pass  # notifications of what the fixture wrote
    return events


def is_notified(events: Iterator[bool]) -> bool:
    return any(next(events) for _ in range(N_TICKS))


@pytest.mark.parametrize("name", ["a.txt", "b.txt", "sub/c.txt", ".ragignore", "sub/.gitignore"])
def test_a_change_of_a_file_or_of_a_rule_is_notified(docs: Path, name: str) -> None:
    events = started(docs)
    write(docs / name, "Changed.")
    assert is_notified(events)


def test_changes_of_the_index_and_of_hidden_files_are_not_notified(docs: Path) -> None:
    events = started(docs)
    for name in (".rag/rag.db", ".notes/n.txt", ".a.txt.swp"):
        write(docs / name, "Changed.")
    assert [next(events) for _ in range(3)] == [False, False, False]
    events = started(docs, Selection(hidden=True))
    write(docs / ".notes/n.txt", "Changed again.")
    assert is_notified(events)


def test_a_folder_that_is_replaced_is_watched_again(docs: Path) -> None:
    events = started(docs)
    docs.rename(docs.with_name("away"))
    assert is_notified(events)
    assert not next(events)
    write(docs / "new.txt", "New.")
    assert is_notified(events)
    while next(events):
        pass
    write(docs / "new.txt", "Newer.")
    assert is_notified(events)
