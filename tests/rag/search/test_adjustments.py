"""Passages that lack exact terms lose score; contents lists come last and answer nothing."""

from collections.abc import Iterator
from contextlib import closing

import numpy as np
import pytest

from index.documents.formats import MARKDOWN
from index.documents.load import document_of
from index.ingest.ingest import ingest_documents
from index.protocols import Embedder
from index.words.analyze import terms_of
from rag.pipeline import Pipeline
from rag.search.adjustments import lacking_share
from rag.search.ranking import RankSettings
from rag.search.rerankers import NoReranker
from rag.search.retrieve import rank_candidates

PARTS = ("Lighting the stove", "Cleaning the flue", "Storing the wood", "Ordering new parts")
GUIDE = (
    "# Stove guide\n\n"
    + "\n".join(f"- [{part}](#{part.lower().replace(' ', '-')})" for part in PARTS)
    + "\n\n## Lighting the stove\n\nOpen the damper, lay thin sticks and light them from above.\n"
    + "\n## Cleaning the flue\n\nSweep it twice a year with the wire brush, from the roof.\n"
    + "\n## Storing the wood\n\nKeep it dry under the eaves for two summers.\n"
    + "\n## Ordering new parts\n\nGrate SV-40 costs 30 crowns. Grate SV-41 costs 35 crowns.\n"
)


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Iterator[Pipeline]:
    folder = tmp_path_factory.mktemp("guide")
    document = document_of(GUIDE, "guide.md", media_type=MARKDOWN, name="guide.md")
    ingest_documents(folder, [document], embedder)
    with closing(Pipeline.over(folder, embedder)) as opened:
        yield opened


@pytest.mark.parametrize("part", PARTS)
def test_a_contents_list_ranks_after_the_section_that_it_names(
    pipeline: Pipeline, part: str
) -> None:
    found = pipeline.search(part)
    assert found.passages[0].citation.headings[-1] == part
    (listed,) = (passage for passage in found.passages if "](#" in passage.text)
    assert (listed.rank > 1, listed.scores.rerank) == (True, 0.0)


def test_a_contents_list_is_never_the_answer(pipeline: Pipeline) -> None:
    for question in (*PARTS, "lighting the stove, cleaning the flue, storing the wood"):
        assert "](#" not in pipeline.ask(question).text


def test_the_share_that_a_passage_lacks_equals_a_count_over_its_words(pipeline: Pipeline) -> None:
    query = "What does grate SV-41 of the Flue cost?"
    with pipeline._queries.questions([query]) as (snapshot, (question,), _):
        ranked = rank_candidates(snapshot, question, RankSettings(), NoReranker())
        shares = lacking_share(snapshot, question, ranked)
        exact = {"sv", "41", "flue"}
        total = sum(question.idf.values())
        for share, candidate in zip(shares, ranked, strict=True):
            document = snapshot.document(candidate.chunk.doc_id)
            span = candidate.chunk.span
            context = (document.title, *document.headings_of(span), span.of(document.text))
            lacking = exact - set(terms_of(" ".join(context)))
            assert share == pytest.approx(sum(question.idf[t] for t in lacking) / total)
        assert np.ptp(shares) > 0
