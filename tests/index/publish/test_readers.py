"""While another process builds the index files, readers use the published ones."""

import json
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from command import rag
from fakes import HashEmbedder
from holding import commit, commit_rebuild, stopped_holder_of
from index.backends import backend_at
from index.errors import IndexBusy, IndexProblem
from index.fingerprint import Fingerprint
from index.ingest.ingest import ingest
from index.publish import open as readers
from index.publish.manifest import Manifest
from index.publish.open import open_derived
from index.publish.publish import LOCK, MANIFEST
from index.publish.remaining import RemainingTexts, RemainingVectors, present
from index.publish.snapshot import EmbeddedSnapshot
from index.store.store import Store
from index.types import Hits, Ids
from index.vectors.faiss_index import FaissIndex
from index.vectors.sizing import Shape
from index.words.bm25 import idf_of
from index.words.tantivy_files import LexicalText, build
from index.words.tantivy_index import TantivyIndex
from ingesting import write
from rag.live_index import LiveIndex
from rag.pipeline import Pipeline
from serving import serving, until

BEFORE = {"kept.txt", "changed.txt", "removed.txt"}
AFTER = {"kept.txt", "changed.txt", "added.txt"}


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    for name, text in {"kept": "Apples.", "changed": "Pears.", "removed": "Plums."}.items():
        write(tmp_path / "docs" / f"{name}.txt", f"All about fruit. {text}")
    return tmp_path / "docs"


@pytest.fixture
def index(tmp_path: Path, docs: Path) -> Path:
    """An index of the files before their change."""
    ingest(tmp_path / "index", [docs], HashEmbedder)
    return tmp_path / "index"


def change(docs: Path) -> None:
    write(docs / "changed.txt", "All about fruit. Cherries.")
    write(docs / "added.txt", "All about fruit. Figs.")
    (docs / "removed.txt").unlink()


@pytest.fixture
def holder(index: Path) -> Iterator[int]:
    """A stopped process that holds the lock for building the index files; its id."""
    with stopped_holder_of(index / LOCK) as process:
        yield process.pid


@pytest.fixture
def behind(index: Path, docs: Path, holder: int) -> Path:
    """The index with a database newer than its files, which have generation 1."""
    change(docs)
    said = commit(index, docs)
    assert names_the(holder, said)
    assert "waiting up to 600 s" in said
    return index


def names_the(holder: int, said: str) -> bool:
    return re.search(rf"process {holder} on \S+, since \d{{4}}-\d\d-\d\d ", said) is not None


@pytest.fixture
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readers, "_PATIENCE_S", 0.05)


def names_found(index: Path) -> set[str]:
    with closing(Pipeline.over(index, HashEmbedder())) as pipeline:
        passages = pipeline.search("all about fruit", 50).passages
    return {Path(passage.citation.doc_id).name for passage in passages}


def test_a_search_uses_the_published_files_without_documents_removed_since(
    behind: Path, holder: int
) -> None:
    done = rag("search", "--lexical", "--json", "all about fruit", "--index", behind)
    assert done.returncode == 0
    result = json.loads(done.stdout)
    assert result["generation"] == 1
    found = [Path(passage["citation"]["doc_id"]).name for passage in result["passages"]]
    assert found == ["kept.txt"]
    [line] = done.stderr.splitlines()
    assert f"searching generation 1 of {backend_at(behind).state()[0]}, without" in line
    assert names_the(holder, line)


def test_info_reports_the_published_generation(behind: Path, holder: int) -> None:
    done = rag("info", "--json", "--index", behind)
    assert done.returncode == 0
    found = json.loads(done.stdout)
    assert (found["generation"], found["vectors"]["n_vectors"]) == (1, 1)
    assert names_the(holder, done.stderr)


def test_if_no_published_files_are_usable_the_holder_is_named(behind: Path, holder: int) -> None:
    (behind / MANIFEST).unlink()
    done = rag("info", "--index", behind)
    assert (done.returncode, done.stdout) == (2, "")
    waits, busy = done.stderr.splitlines()
    assert "waiting up to 5 s" in waits
    assert busy.startswith(f"rag: another process is building the index files in {behind}")
    assert names_the(holder, busy)
    assert busy.endswith("; wait until it is done, or stop it")


@pytest.mark.usefixtures("_impatient")
@pytest.mark.parametrize("file", ["vectors.faiss", "meta.json"])
def test_damaged_files_are_not_searched(behind: Path, file: str) -> None:
    [path] = behind.glob(f"*/{file}")
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(IndexBusy):
        EmbeddedSnapshot.open(behind)


@pytest.mark.usefixtures("_impatient")
def test_files_of_a_generation_that_the_store_deleted_are_not_searched(
    behind: Path,
) -> None:
    with closing(Store.open(behind)) as store:
        store.forget_before(store.generation)
    with pytest.raises(IndexBusy):
        EmbeddedSnapshot.open(behind)


@pytest.mark.usefixtures("holder")
def test_chunks_that_were_removed_and_added_again_are_found(index: Path) -> None:
    commit_rebuild(index)
    assert backend_at(index).state()[0] == 2
    assert names_found(index) == BEFORE


@pytest.mark.usefixtures("holder", "_impatient")
def test_vectors_of_another_model_are_not_searched(index: Path) -> None:
    commit_rebuild(index, "another")
    with pytest.raises(IndexBusy):
        EmbeddedSnapshot.open(index)


def test_files_published_after_a_reader_pinned_are_not_a_lost_commit(
    index: Path, docs: Path
) -> None:
    with closing(Store.open(index)) as store:
        before = store.pin()
        change(docs)
        ingest(index, [docs], HashEmbedder, prune=True)
        assert Manifest.read(index, store) is None
        assert store.generation == before
        assert open_derived(index, store).generation == store.generation > before


# A server


def test_a_server_answers_and_switches_when_the_files_can_be_built(index: Path, docs: Path) -> None:
    with serving(Pipeline.over(index, HashEmbedder())) as client:

        def names() -> set[str]:
            found = client.post("/v1/search", json={"query": "all about fruit"}).json()
            return {Path(each["citation"]["doc_id"]).name for each in found["passages"]}

        with stopped_holder_of(index / LOCK):
            change(docs)
            commit(index, docs)
            assert names_found(index) == {"kept.txt"}  # a new search
            assert names() == BEFORE
            assert client.get("/readyz").json()["generation"] == 1
        until(lambda: names() == AFTER)


def fingerprint_of(index: Path) -> Fingerprint:
    with closing(EmbeddedSnapshot.open(index)) as snapshot:
        return snapshot.fingerprint


def kept_open(generations: LiveIndex) -> bool:
    with generations.borrow() as before:
        renewed = generations.refresh()
    with generations.borrow() as after:
        return after is before and not renewed


def test_a_reader_keeps_its_generation_until_a_newer_one_is_usable(index: Path, docs: Path) -> None:
    """Both a reader from before the files became outdated, and one from after."""
    fingerprint = fingerprint_of(index)
    early = LiveIndex(backend_at(index), fingerprint)
    with stopped_holder_of(index / LOCK):
        change(docs)
        commit(index, docs)
        late = LiveIndex(backend_at(index), fingerprint)
        for each in (early, late, early, late):
            assert kept_open(each)
            assert each.generation == 1
    for each in (early, late):
        assert each.refresh()
        assert each.generation == backend_at(index).state()[0]
        assert kept_open(each)
        each.close()


def test_a_reader_keeps_its_generation_if_the_one_published_since_is_not_usable(
    index: Path, docs: Path
) -> None:
    """Every document of the newer files was replaced again, by one that is in no files."""
    early = LiveIndex(backend_at(index), fingerprint_of(index))
    for path in docs.iterdir():
        write(path, f"All about fruit. Second {path.stem}.")
    ingest(index, [docs], HashEmbedder)
    for path in docs.iterdir():
        write(path, f"All about fruit. Third {path.stem}.")
    with stopped_holder_of(index / LOCK):
        commit(index, docs)
        assert kept_open(early)
        assert early.generation == 1
    assert early.refresh()
    assert early.generation == backend_at(index).state()[0] == 3
    early.close()


def test_a_refresh_does_not_open_a_closed_index(index: Path, docs: Path) -> None:
    generations = LiveIndex(backend_at(index), fingerprint_of(index))
    generations.close()
    change(docs)
    ingest(index, [docs], HashEmbedder, prune=True)
    assert not generations.refresh()
    with generations.borrow() as snapshot, pytest.raises(IndexProblem, match="closed"):
        snapshot.count()


def test_releasing_the_log_does_not_open_a_closed_snapshot(index: Path, docs: Path) -> None:
    with closing(EmbeddedSnapshot.open(index)):  # this keeps the log
        change(docs)
        ingest(index, [docs], HashEmbedder, prune=True)
        snapshot = EmbeddedSnapshot.open(index)
        snapshot.close()
        snapshot.release_log()
        with pytest.raises(IndexProblem, match="closed"):
            snapshot.count()


# The remaining part of an index, compared with the whole

WORDS = ["aid", "grain", "winter", "border", "river", "aid aid", "grain aid"]
N = 40


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> TantivyIndex:
    folder = tmp_path_factory.mktemp("texts")
    terms = [f"{WORDS[i % 7]} {WORDS[i % 5]}".split() for i in range(N)]
    build(folder, len(terms), (LexicalText(i, each) for i, each in enumerate(terms)))
    return TantivyIndex(folder)


def vectors_of(rng: np.random.Generator, n: int) -> np.ndarray:
    rows = rng.standard_normal((n, 8)).astype(np.float32)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True))


@pytest.fixture(scope="module", params=[0, 4])
def vectors(request: pytest.FixtureRequest) -> FaissIndex:
    """Exact, or with inverted lists that are all probed."""
    rows = vectors_of(np.random.default_rng(0), N)
    made = FaissIndex(8)
    if request.param:
        made = FaissIndex.trained(np.repeat(rows, 4, axis=0), request.param)
        made.shape = Shape(request.param, request.param)
    made.add(np.arange(N), rows)
    return made


IDS = st.sets(st.integers(0, N - 1))


def ascending(ids: set[int]) -> Ids:
    return np.array(sorted(ids), dtype=np.int64)


def expected(
    whole: Hits, removed: set[int], within: set[int] | None, k: int
) -> list[tuple[int, float]]:
    """The k best of the remaining hits of the whole index."""
    asked = set(range(N)) if within is None else within
    return [(h.chunk_id, h.score) for h in whole if h.chunk_id in asked - removed][:k]


@given(IDS, st.one_of(st.none(), IDS), st.integers(1, N), st.integers(0, 99))
def test_the_nearest_remaining_vectors_are_those_of_the_whole_without_the_removed_ones(
    vectors: FaissIndex, removed: set[int], within: set[int] | None, k: int, seed: int
) -> None:
    remaining = RemainingVectors(vectors, ascending(removed))
    query = vectors_of(np.random.default_rng(seed), 1)[0]
    found = remaining.search(query, k, None if within is None else ascending(within))
    assert [(h.chunk_id, h.score) for h in found] == expected(
        vectors.search(query, N), removed, within, k
    )
    assert len(remaining) == remaining.description.n_vectors == N - len(removed)
    assert remaining.dimension == 8


@given(IDS, st.one_of(st.none(), IDS), st.integers(1, N), st.lists(st.sampled_from(WORDS[:5])))
def test_the_best_remaining_texts_are_those_of_the_whole_without_the_removed_ones(
    texts: TantivyIndex, removed: set[int], within: set[int] | None, k: int, terms: list[str]
) -> None:
    remaining = RemainingTexts(texts, ascending(removed))
    found = remaining.search(terms, k, None if within is None else ascending(within))
    assert [(h.chunk_id, h.score) for h in found] == expected(
        texts.search(terms, N), removed, within, k
    )
    for term in WORDS[:5]:
        assert idf_of(remaining.document_frequencies([term])[0], len(remaining)) >= 0


@given(st.sets(st.integers(0, 2 * N)))
def test_present_ids_are_distinguished_from_absent_ones(
    vectors: FaissIndex, asked: set[int]
) -> None:
    assert present(vectors, ascending(asked)).tolist() == sorted(asked & set(range(N)))
