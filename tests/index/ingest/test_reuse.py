"""A chunk is encoded once: equal chunks of one model have bit-identical encodings."""

import shutil
import weakref
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path

import numpy as np
import pytest

from fakes import HashEmbedder
from index.ingest.batches import BATCH, one_thread, prefetch
from index.ingest.ingest import rebuild
from index.store.rows import tokens_blob
from index.store.store import Store
from index.types import Encoding, Span
from ingesting import indexed, run, write

PARAGRAPHS = [f"Report {i}. It has {i * i} pages. " + "river " * 35 for i in range(40)]


class Unsteady(HashEmbedder):
    """It never returns the same encoding twice."""

    def __init__(self) -> None:
        super().__init__()
        self._noise = np.random.default_rng(0)

    def encode(self, texts: Sequence[str], sentences: Sequence[Sequence[Span]]) -> list[Encoding]:
        return [
            replace(
                each,
                vector=self._noisy(each.vector),
                sentence_vectors=self._noisy(each.sentence_vectors),
                tokens=replace(each.tokens, scales=each.tokens.scales * np.float16(0.5)),
            )
            for each in super().encode(texts, sentences)
        ]

    def _noisy(self, rows: np.ndarray) -> np.ndarray:
        noisy = rows + self._noise.normal(0, 0.1, rows.shape)
        return np.asarray(noisy / np.linalg.norm(noisy, axis=-1, keepdims=True), np.float32)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with docs/a.txt, of 40 chunks."""
    write(tmp_path / "docs/a.txt", "\n\n".join(PARAGRAPHS))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def encodings(doc_id: str) -> list[tuple[bytes, bytes]]:
    """The stored vectors and token vectors of a document's chunks, in order."""
    store = Store.open(Path(".rag"))
    row = store.record(doc_id)
    assert row is not None
    ids = store.chunk_ids_of([row.row_id])
    chunks, tokens = store.chunks(ids), store.token_vectors(ids)
    vectors = store.vectors_in_bytes(ids)
    in_order = sorted(chunks, key=lambda each: each.ordinal)
    made = [(vectors[i], tokens_blob(tokens[i])) for i in (each.chunk_id for each in in_order)]
    store.close()
    return made


def assert_as_built_at_once() -> None:
    run(index="fresh")
    assert indexed(Path(".rag")) == indexed(Path("fresh"))
    shutil.rmtree("fresh")


@pytest.mark.parametrize("prune", [True, False])
def test_a_renamed_file_is_not_encoded_again(here: Path, prune: bool) -> None:
    run(embedder=Unsteady())
    before = encodings("docs/a.txt")
    (here / "docs/a.txt").rename(here / "docs/b.txt")
    report, n_encoded = run(embedder=Unsteady(), prune=prune)
    assert (report.added, report.removed) == (["docs/b.txt"], ["docs/a.txt"] * prune)
    assert (n_encoded, report.n_chunks, report.n_reused) == (0, 0, 40)
    assert encodings("docs/b.txt") == before
    assert len(before) == 40


def test_copies_in_one_run_are_encoded_once(here: Path) -> None:
    for i in range(5):  # in the same batch, in the next, and in later ones
        shutil.copy(here / "docs/a.txt", here / f"docs/copy{i}.txt")
    report, n_encoded = run(embedder=Unsteady())
    assert (n_encoded, report.n_chunks, report.n_reused) == (40, 40, 200)
    for i in range(5):
        assert encodings(f"docs/copy{i}.txt") == encodings("docs/a.txt")


def test_of_a_changed_file_only_the_changed_chunks_are_encoded(here: Path) -> None:
    """For any length: its earlier chunks are kept until its last new one is stored."""
    for i in range(7):
        volume = [f"{each} Volume {i}." for each in PARAGRAPHS]
        with (here / "docs/a.txt").open("a") as file:
            file.write("\n\n" + "\n\n".join(volume))
    _, n_encoded = run()
    assert n_encoded == 320 > 2 * BATCH
    text = (here / "docs/a.txt").read_text()
    write(here / "docs/a.txt", "A new beginning. " * 12 + "\n\n" + text)
    report, n_encoded = run()
    assert (report.updated, n_encoded, report.n_reused) == (["docs/a.txt"], 1, 320)
    assert_as_built_at_once()
    write(here / "docs/a.txt", text)
    assert run()[1] == 0
    assert_as_built_at_once()


def test_an_encoding_is_reused_even_if_its_chunk_is_removed_in_the_same_transaction(
    here: Path,
) -> None:
    run(embedder=Unsteady())
    before = encodings("docs/a.txt")
    (here / "docs/a.txt").rename(here / "docs/b.txt")
    write(here / "docs/a.txt", "Another text.")
    report, n_encoded = run(embedder=Unsteady())
    assert (report.added, report.updated) == (["docs/b.txt"], ["docs/a.txt"])
    assert (n_encoded, report.n_reused) == (1, 40)
    assert encodings("docs/b.txt") == before


def test_the_same_text_with_other_sentences_is_encoded_again(here: Path) -> None:
    write(here / "docs/a.txt", "Grain\nIt rotted in the barn.")
    run()
    # In plain text the first line is a heading and not a sentence; in Markdown it is in a sentence.
    (here / "docs/a.txt").rename(here / "docs/a.md")
    report, n_encoded = run()
    assert (report.added, n_encoded, report.n_reused) == (["docs/a.md"], 1, 0)
    digests = Store.open(Path(".rag"))._database.rows("SELECT DISTINCT digest FROM chunks")
    assert len(list(digests)) == 1


@pytest.mark.usefixtures("here")
def test_a_rebuild_with_the_same_model_encodes_nothing_and_with_another_everything() -> None:
    shutil.copy("docs/a.txt", "docs/b.txt")
    run()
    before = indexed(Path(".rag"))
    same, other = HashEmbedder(), HashEmbedder("other", dimension=32)
    report = rebuild(Path(".rag"), same)
    assert (same.n_encoded, report.n_chunks, report.n_reused) == (0, 0, 80)
    assert indexed(Path(".rag")) == before
    report = rebuild(Path(".rag"), other)
    # The copy reuses the encoding of the new model, not that of the old one.
    assert (other.n_encoded, report.n_chunks, report.n_reused) == (40, 40, 40)
    assert encodings("docs/a.txt") == encodings("docs/b.txt")
    run(index="fresh", embedder=HashEmbedder("other", dimension=32))
    rebuilt, fresh = Store.open(Path(".rag")), Store.open(Path("fresh"))
    ids = rebuilt.changes_since(0).added
    np.testing.assert_array_equal(rebuilt.vectors(ids), fresh.vectors(ids))
    assert rebuilt.vectors(ids).shape == (80, 32)
    rebuilt.close()
    fresh.close()


def test_only_a_few_batches_of_a_long_document_are_in_memory(tmp_path: Path) -> None:
    alive: list[int] = []

    class Watched(HashEmbedder):
        def __init__(self) -> None:
            super().__init__()
            self._made: list[weakref.ref[np.ndarray]] = []

        def encode(
            self, texts: Sequence[str], sentences: Sequence[Sequence[Span]]
        ) -> list[Encoding]:
            alive.append(sum(made() is not None for made in self._made))
            made = super().encode(texts, sentences)
            self._made += [weakref.ref(each.vector) for each in made]
            return made

    text = "\n\n".join(f"Part {i}. " + "river " * 35 for i in range(6 * BATCH))
    write(tmp_path / "docs/long.txt", text)
    run(str(tmp_path / "docs"), index=str(tmp_path / ".rag"), embedder=Watched())
    assert len(alive) == 9  # the first three and the last are smaller
    assert 0 < max(alive) <= 2 * BATCH


def test_results_computed_ahead_are_limited_and_in_order() -> None:
    n_made = 0

    def numbers() -> Iterator[int]:
        nonlocal n_made
        for number in count():
            n_made += 1
            yield number

    with one_thread("numbers") as thread:
        for expected, number in zip(range(100), prefetch(numbers(), thread), strict=False):
            assert number == expected
            assert n_made <= expected + 6
