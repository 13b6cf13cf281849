"""Search with BM25 only: the order is that of BM25, and no model is loaded."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from command import ROOT, rag
from index.publish.snapshot import EmbeddedSnapshot
from index.words.analyze import terms_of
from rag.pipeline import Pipeline
from rag.settings import Settings

QUESTION = "What share of GDP came from foreign aid?"


def test_the_order_is_that_of_bm25(seeds_index: Path) -> None:
    pipeline = Pipeline.open(Settings(index=seeds_index), lexical=True)
    result = pipeline.search(QUESTION, k=5)
    pipeline.close()
    snapshot = EmbeddedSnapshot.open(seeds_index)
    hits = snapshot.lexical.search(terms_of(QUESTION), 5)
    chunks = {chunk.chunk_id: chunk for chunk in snapshot.chunks(h.chunk_id for h in hits)}
    snapshot.close()
    assert [p.scores.lexical for p in result.passages] == pytest.approx([h.score for h in hits])
    assert [(p.citation.start, p.citation.end) for p in result.passages] == [
        (chunks[h.chunk_id].span.start, chunks[h.chunk_id].span.end) for h in hits
    ]
    best = result.passages[0]
    assert (best.scores.dense, best.scores.sentence, best.scores.rerank) == (0, 0, None)
    assert result.confidence is None


def test_unknown_words_have_no_result(seeds_index: Path) -> None:
    pipeline = Pipeline.open(Settings(index=seeds_index), lexical=True)
    result = pipeline.search("zyzzyva quokka")
    pipeline.close()
    assert (result.passages, result.answered, result.confidence) == ([], False, None)


def test_the_command_prints_the_results_of_the_pipeline(seeds_index: Path) -> None:
    done = rag("search", QUESTION, "--lexical", "--json", "--index", seeds_index)
    pipeline = Pipeline.open(Settings(index=seeds_index), lexical=True)
    expected = json.loads(pipeline.search(QUESTION).model_dump_json())
    pipeline.close()
    printed = json.loads(done.stdout)
    assert {**printed, "took_ms": 0} == {**expected, "took_ms": 0}


def test_no_model_is_loaded(seeds_index: Path) -> None:
    program = (
        "import sys\n"
        "from rag.pipeline import Pipeline\n"
        "from rag.settings import Settings\n"
        f"pipeline = Pipeline.open(Settings(index={str(seeds_index)!r}), lexical=True)\n"
        f"print(len(pipeline.search({QUESTION!r}).passages))\n"
        "print(*{'onnxruntime', 'tokenizers', 'torch', 'markdown_it'} & sys.modules.keys())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.splitlines() == ["5", ""], done.stderr
