"""All answers of an index, for comparisons of two indexes."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from fakes import HashEmbedder
from faults.corpus import QUERIES
from index.errors import RagError
from index.store.store import Store
from ingesting import indexed
from rag.pipeline import Pipeline

Answers = dict[str, str]
"""By question: the answer without its time and generation, or REFUSED and the error."""

REFUSED = "refused: "


def answers_of(index: Path) -> Answers:
    """Return every answer of an index, in this process. Raises RagError if it cannot be opened."""
    with closing(Pipeline.over(index, HashEmbedder())) as pipeline:
        return answers_from(pipeline)


def answers_from(pipeline: Pipeline) -> Answers:
    answers = {f"search {query}": _answer(_search, pipeline, query) for query in QUERIES}
    answers |= {f"ask {query}": _answer(_ask, pipeline, query) for query in QUERIES[:2]}
    answers["documents"] = _answer(_listed, pipeline, "")
    for doc_id in answers["documents"].split("\n"):
        if not doc_id.startswith(REFUSED):
            answers[f"document {doc_id}"] = _answer(_text, pipeline, doc_id)
    return answers


def _answer(given: Callable[[Pipeline, str], str], pipeline: Pipeline, about: str) -> str:
    try:
        return given(pipeline, about)
    except RagError as error:
        return f"{REFUSED}{type(error).__name__}: {error}"


def _search(pipeline: Pipeline, query: str) -> str:
    return _bare(pipeline.search(query, 20, explain=True))


def _ask(pipeline: Pipeline, query: str) -> str:
    return _bare(pipeline.ask(query))


def _bare(result: Any) -> str:
    for passage in result.passages:
        citation = passage.citation
        assert citation.quote == passage.text
    return str(result.model_copy(update={"took_ms": 0, "generation": 0}).model_dump_json())


def _text(pipeline: Pipeline, doc_id: str) -> str:
    return pipeline.slice(doc_id)[0].text


def _listed(pipeline: Pipeline, _: str) -> str:
    with pipeline.snapshot() as snapshot:
        return "\n".join(row.doc_id for row in snapshot.records())


def whole(index: Path) -> tuple[object, Answers]:
    """All rows that do not depend on the history of an index, and all answers."""
    return indexed(index), answers_of(index)


def committed(index: Path) -> dict[str, str]:
    """The sha256 of each committed document, read like any other process."""
    with closing(Store.open(index)) as store:
        return {row.doc_id: row.sha256 for row in store.records()}
