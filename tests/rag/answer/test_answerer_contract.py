"""What every answerer must do: at most one verified quotation per part, in order."""

from collections.abc import Sequence
from contextlib import closing

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fakes import HashEmbedder
from index.backends import backend_at
from index.documents.load import document_of
from index.errors import BadInput
from index.ingest.ingest import ingest_documents
from rag.answer.answerer import Answerer, Part
from rag.answer.answerers import ANSWERERS, load_answerer
from rag.answer.cite import cite
from rag.pipeline import Pipeline
from rag.results import AnswerSentence

TEXTS = (
    "# Aid\n\nAid came in winter. Nobody spoke of grain.\n\n- wheat\n- rye",
    "The border was closed.\nWho closed it? The guards did.",
    "Grain rotted. 漢字 came. It was late!",
)
QUERIES = ("Who closed the border?", "When did aid come, and what rotted?", "漢字", "unheard of")


class WholePassage:
    """A fake that quotes the whole first passage of each part."""

    waits = True

    def answer(self, parts: Sequence[Part]) -> list[AnswerSentence]:
        sentences = []
        for part in parts:
            passage = part.retrieval.passages[0]
            citation = cite(part.retrieval.document(passage), passage.parts)
            sentences.append(AnswerSentence.quoting(part.text, part.confidence, [citation]))
        return sentences


@pytest.fixture(params=[*ANSWERERS, "whole passage"])
def answerer(request: pytest.FixtureRequest) -> Answerer:
    return WholePassage() if request.param == "whole passage" else load_answerer(request.param)


def test_an_unknown_answerer_is_refused_with_the_known_names() -> None:
    with pytest.raises(BadInput, match="extractive"):
        load_answerer("oracle")


def test_no_part_gives_no_sentence(answerer: Answerer) -> None:
    assert answerer.answer([]) == []


@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(texts=st.permutations(TEXTS), query=st.sampled_from(QUERIES), k=st.integers(1, 3))
def test_every_sentence_is_a_slice_of_its_document_within_a_passage(
    answerer: Answerer,
    tmp_path_factory: pytest.TempPathFactory,
    texts: Sequence[str],
    query: str,
    k: int,
) -> None:
    folder = tmp_path_factory.mktemp("index")
    documents = [
        document_of(text, f"d{i}", media_type="text/markdown", name=f"d{i}")
        for i, text in enumerate(texts)
    ]
    ingest_documents(folder, documents, HashEmbedder())
    pipeline = Pipeline(backend_at(folder), HashEmbedder(), answerer=answerer)
    with closing(pipeline):
        reading = pipeline.read(query, k)
        answer = pipeline.answer(reading)
        assert answer.model_copy(update={"took_ms": 0}) == pipeline.answer(reading).model_copy(
            update={"took_ms": 0}
        )
    questions = [part.text for part in reading.parts]
    places = [questions.index(sentence.question) for sentence in answer.sentences]
    assert places == sorted(set(places))
    by_id = {document.doc_id: document for document in documents}
    for sentence in answer.sentences:
        citation = sentence.citation
        assert citation.quote == by_id[citation.doc_id].text[citation.start : citation.end] != ""
        assert citation.sha256 == by_id[citation.doc_id].sha256
        assert any(
            passage.citation.doc_id == citation.doc_id
            and passage.citation.start <= citation.start
            and citation.end <= passage.citation.end
            for passage in answer.passages
        )
    assert [passage.rank for passage in answer.passages] == list(range(1, len(answer.passages) + 1))
