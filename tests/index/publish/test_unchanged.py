"""If mapped files are changed, reading them is an error and never a crash."""

import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from command import ROOT
from fakes import HashEmbedder
from faults.operations import perform
from faults.prepared import value_of
from faults.processes import outcome_of
from index.errors import IndexDamaged
from index.vectors.faiss_index import MMAP_FROM_BYTES, FaissIndex
from index.words.tantivy_index import TantivyIndex
from rag.pipeline import Pipeline

BUILD = """
import sys
from pathlib import Path
from index.words import tantivy_files as lexical
rows = [lexical.LexicalText(i, ["river", "grain", f"word{i}"]) for i in range(50)]
lexical.build(Path(sys.argv[1]), len(rows), rows)
"""


@pytest.fixture
def words(tmp_path: Path) -> TantivyIndex:
    # In a separate process: tantivy's writer threads continue for a while, and read.
    subprocess.run([sys.executable, "-c", BUILD, tmp_path], cwd=ROOT, check=True)
    return TantivyIndex(tmp_path)


SUFFIXES = [".term", ".idx", ".fieldnorm", ".fast"]


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("cut", [True, False])
def test_a_changed_file_of_bm25_is_refused(
    words: TantivyIndex, suffix: str, cut: bool, tmp_path: Path
) -> None:
    assert len(words.search(["river"], 5)) == 5
    for file in tmp_path.glob(f"*{suffix}"):
        if cut:
            os.truncate(file, 0)
        else:
            file.write_bytes(bytes(file.stat().st_size))
    for read in (lambda: words.search(["river"], 5), lambda: words.document_frequencies(["river"])):
        with pytest.raises(IndexDamaged, match="changed while it was in use"):
            read()


def test_files_replaced_by_a_newer_generation_can_still_be_read(
    words: TantivyIndex, tmp_path: Path
) -> None:
    for file in list(tmp_path.iterdir()):
        content = file.read_bytes()
        file.unlink()
        file.write_bytes(content[: len(content) // 2])
    assert len(words.search(["river"], 5)) == 5


def test_a_changed_file_of_faiss_is_refused(tmp_path: Path) -> None:
    dimension = 256
    n = MMAP_FROM_BYTES // (4 * dimension) + 1
    index = FaissIndex(dimension)
    index.add(np.arange(n), np.random.default_rng(0).random((n, dimension), np.float32))
    index.save(tmp_path)
    loaded = FaissIndex.load(tmp_path)
    query = np.ones(dimension, np.float32)
    assert len(loaded.search(query, 5)) == 5
    os.truncate(tmp_path / "vectors.faiss", 100)
    with pytest.raises(IndexDamaged, match="changed while it was in use"):
        loaded.search(query, 5)


def test_a_service_reopens_an_index_whose_files_were_changed(tmp_path: Path) -> None:
    """A question before that is refused; after the next check of the index it is answered."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/a.txt").write_text("The river carried grain.")
    value_of(outcome_of(tmp_path, perform, "first", Path("index")))
    with closing(Pipeline.over(tmp_path / "index", HashEmbedder())) as pipeline:
        right = pipeline.search("river").passages
        assert right
        for file in (tmp_path / "index").rglob("*.fieldnorm"):
            os.truncate(file, 0)
        with pytest.raises(IndexDamaged, match="changed while it was in use"):
            pipeline.search("river")
        assert pipeline.refresh()
        assert pipeline.search("river").passages == right
        assert not pipeline.refresh()
