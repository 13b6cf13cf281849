"""An index of BM25 that was updated in steps has exactly the scores of one built at once."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

import numpy as np
import pytest

from index.words import segments
from index.words.tantivy_files import LexicalText, build, update
from index.words.tantivy_index import TantivyIndex

WORDS = [f"word{i}" for i in range(60)]
Texts = dict[int, LexicalText]


@pytest.fixture(autouse=True)
def _small_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segments, "LEAST_LIMIT", 20)


def texts(rng: Random, n: int) -> Texts:
    """New chunks of one document, up to 90 terms: tantivy rounds the lengths above 40."""
    made = {}
    for _ in range(n):
        i = rng.randrange(2**63)
        made[i] = LexicalText(i, rng.choices(WORDS, k=rng.randrange(1, 90)), rng.choices(WORDS))
    return made


def built(folder: Path, rows: Texts) -> TantivyIndex:
    folder.mkdir()
    build(folder, len(rows), iter(rows.values()))
    return TantivyIndex(folder)


def updated(folder: Path, former: Path, removed: Sequence[int], rows: Texts) -> TantivyIndex:
    folder.mkdir()
    update(folder, former, np.sort(np.array(removed, dtype=np.int64)), len(rows), rows_of(rows))
    return TantivyIndex(folder)


def rows_of(rows: Texts) -> Iterator[LexicalText]:
    yield from rows.values()


def answers(index: TantivyIndex) -> list[object]:
    rng = Random(1)
    queries = [rng.choices(WORDS, k=k) for k in (1, 2, 3, 5, 8) for _ in range(6)]
    hits = [[(h.chunk_id, h.score) for h in index.search(query, 30)] for query in queries]
    return [index.ids().tolist(), index.document_frequencies(WORDS), *hits]


@pytest.mark.parametrize("seed", range(3))
def test_random_updates_give_exactly_the_scores_of_one_build(seed: int, tmp_path: Path) -> None:
    rng = Random(seed)
    documents = [texts(rng, rng.randrange(1, 8)) for _ in range(40)]
    former = tmp_path / "0"
    built(former, merged(documents))
    for step in range(1, 10):
        gone = rng.sample(documents, min(len(documents), rng.choice([0, 1, 1, 1, 9])))
        documents = [each for each in documents if each not in gone]
        new = [texts(rng, rng.randrange(1, 8)) for _ in range(rng.choice([0, 1, 1, 1, 12]))]
        documents += new
        # Removed chunks that the former index never had are ignored.
        removed = [*merged(gone), *texts(rng, 2)]
        grown = updated(tmp_path / str(step), former, removed, merged(new))
        former = tmp_path / str(step)
        if step % 3 == 0:
            once = built(tmp_path / f"once-{step}", merged(documents))
            assert answers(grown) == answers(once)


def merged(documents: list[Texts]) -> Texts:
    return {i: row for document in documents for i, row in document.items()}


def test_a_chunk_that_is_removed_and_added_again_is_in_the_index_once(tmp_path: Path) -> None:
    rows = texts(Random(0), 50)
    built(tmp_path / "first", rows)
    few = dict(list(rows.items())[:3])
    again = updated(tmp_path / "second", tmp_path / "first", list(few), few)
    assert answers(again) == answers(built(tmp_path / "once", rows))


def test_an_update_may_remove_everything(tmp_path: Path) -> None:
    rows = texts(Random(0), 50)
    built(tmp_path / "first", rows)
    assert len(updated(tmp_path / "empty", tmp_path / "first", list(rows), {})) == 0
    refilled = updated(tmp_path / "second", tmp_path / "empty", [], rows)
    assert answers(refilled) == answers(built(tmp_path / "once", rows))


def test_the_largest_and_the_smallest_id_survive_an_update(tmp_path: Path) -> None:
    rows = {i: LexicalText(i, ["aid", "came"]) for i in (0, 1, 2**53 + 1, 2**63 - 1)}
    built(tmp_path / "first", rows)
    kept = updated(tmp_path / "second", tmp_path / "first", [1], {})
    assert kept.ids().tolist() == [0, 2**53 + 1, 2**63 - 1]


def test_segments_without_a_removed_chunk_are_linked_and_not_written(tmp_path: Path) -> None:
    rows = texts(Random(0), 100)
    built(tmp_path / "first", rows)
    before = {file.name: file for file in (tmp_path / "first").glob("*.idx")}
    assert len(before) == segments.N_LARGE
    updated(tmp_path / "second", tmp_path / "first", [next(iter(rows))], texts(Random(1), 1))
    after = {file.name: file for file in (tmp_path / "second").glob("*.idx")}
    kept = before.keys() & after.keys()
    assert len(kept) == segments.N_LARGE - 1
    assert all(after[name].samefile(before[name]) for name in kept)


def test_the_former_index_stays_as_it_was(tmp_path: Path) -> None:
    rows = texts(Random(0), 100)
    first = built(tmp_path / "first", rows)
    before = answers(first)
    content = {file: file.read_bytes() for file in (tmp_path / "first").glob("*.*")}
    updated(tmp_path / "second", tmp_path / "first", list(rows)[:30], texts(Random(1), 9))
    assert {f: f.read_bytes() for f in (tmp_path / "first").glob("*.*")} == content
    assert answers(first) == before == answers(TantivyIndex(tmp_path / "first"))
