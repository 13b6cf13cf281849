"""Collections: a run touches only the documents of its own, and a search can keep to some."""

from pathlib import Path

import pytest

from fakes import HashEmbedder
from index.backends import backend_at
from index.errors import BadInput
from index.ingest.ingest import ingest, plan_ingest
from index.ingest.progress import Report
from index.ingest.selection import Selection
from ingesting import write
from rag.pipeline import Pipeline
from rag.results import Filter

EMBEDDER = HashEmbedder()


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A folder with a/tea.md in no collection and b/coffee.md in the collection drinks."""
    write(tmp_path / "a/tea.md", "# Tea\n\nTea is served at four.\n")
    write(tmp_path / "b/coffee.md", "# Coffee\n\nCoffee is served at nine.\n")
    run(tmp_path, "a")
    run(tmp_path, "b", collection="drinks")
    return tmp_path


def run(here: Path, *folders: str, collection: str = "", prune: bool = False) -> Report:
    paths = [here / folder for folder in folders]
    selection = Selection(collection=collection)
    return ingest(here / "index", paths, lambda: EMBEDDER, prune=prune, selection=selection)


def collections(here: Path) -> dict[str, str]:
    """The collection of each document, by file name."""
    with backend_at(here / "index").reader() as reader:
        records = reader.records()
    return {Path(each.doc_id).name: each.metadata.get("collection", "") for each in records}


def test_documents_keep_their_collection_and_others_are_left_out(here: Path) -> None:
    assert collections(here) == {"tea.md": "", "coffee.md": "drinks"}
    write(here / "a/tea.md", "# Tea\n\nTea is served at five.\n")
    write(here / "b/coffee.md", "# Coffee\n\nCoffee is served at ten.\n")
    report = run(here, "a", "b")
    assert [Path(doc_id).name for doc_id in report.updated] == ["tea.md"]
    [left_out] = report.left_out
    assert left_out.kind == "collection"
    assert "add --collection drinks" in left_out.reason
    assert report.skipped == []
    report = run(here, "a", "b", collection="drinks")
    assert [Path(doc_id).name for doc_id in report.updated] == ["coffee.md"]
    assert "omit --collection" in report.left_out[0].reason
    assert collections(here) == {"tea.md": "", "coffee.md": "drinks"}


def test_prune_removes_only_documents_of_the_collection(here: Path) -> None:
    write(here / "a/milk.md", "Milk.")
    run(here, "a")
    (here / "a/tea.md").unlink()
    (here / "b/coffee.md").unlink()
    write(here / "b/water.md", "Water.")
    assert run(here, "a", "b", collection="other", prune=True).removed == []
    report = run(here, "a", "b", collection="drinks", prune=True)
    assert [Path(doc_id).name for doc_id in report.removed] == ["coffee.md"]
    report = run(here, "a", "b", prune=True)
    assert [Path(doc_id).name for doc_id in report.removed] == ["tea.md"]


def test_unchanged_files_of_a_collection_are_not_read_again(here: Path) -> None:
    assert len(run(here, "b", collection="drinks").unchanged) == 1
    plan = plan_ingest(here / "index", [here / "b"], selection=Selection(collection="drinks"))
    assert (plan.added, plan.updated, len(plan.unchanged)) == ([], [], 1)


def test_what_a_file_says_does_not_choose_its_collection(here: Path) -> None:
    for name, collection in (("c", ""), ("d", "mine")):
        write(here / name / f"{name}.md", "---\ncollection: theirs\n---\nText.\n")
        run(here, name, collection=collection)
    assert collections(here)["c.md"] == ""
    assert collections(here)["d.md"] == "mine"


@pytest.mark.parametrize(
    ("filter", "names"),
    [
        (Filter(collection=["drinks"]), {"coffee.md"}),
        (Filter(collection=["drinks", "other"]), {"coffee.md"}),
        (Filter(collection=["other"]), set()),
        (Filter(collection=["drinks"], where="title = Tea"), set()),
        (Filter(where="not collection exists"), {"tea.md"}),
        (None, {"tea.md", "coffee.md"}),
    ],
)
def test_a_search_keeps_to_collections(here: Path, filter: Filter | None, names: set[str]) -> None:
    pipeline = Pipeline.over(here / "index", EMBEDDER)
    try:
        found = pipeline.search("served at", 5, filter).passages
    finally:
        pipeline.close()
    assert {Path(passage.citation.doc_id).name for passage in found} == names


@pytest.mark.parametrize("name", ["Drinks", "1st", "a b", "x" * 65, "é", "-a"])
def test_a_name_that_is_not_valid_is_refused(name: str) -> None:
    with pytest.raises(BadInput, match="is not a name of a collection"):
        Selection(collection=name)
