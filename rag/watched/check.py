"""Ask the watched questions again, and find the answers whose quotes changed."""

from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from index.backends import backend_at
from index.errors import BadInput
from index.protocols import Embedder
from rag.check_query import checked_query
from rag.pipeline import Pipeline
from rag.settings import Settings
from rag.watched.questions import (
    CitedText,
    WatchedQuestion,
    WatchedQuestions,
    changing,
    read_watched,
    write_watched,
)


class AnswerChange(BaseModel):
    """A watched question whose answer has other quotes than before."""

    model_config = ConfigDict(frozen=True)

    question: str = Field(description="The question.")
    before: tuple[CitedText, ...] = Field(description="The former quotes; empty without an answer.")
    after: tuple[CitedText, ...] = Field(description="The present quotes; empty without an answer.")


def add_question(settings: Settings, question: str) -> WatchedQuestion:
    """Watch a question from now on; return it with the quotes of its present answer.

    Raises BadInput if it is watched already or cannot be asked, and the errors of Pipeline.open.
    """
    question = " ".join(checked_query(question).split())
    with changing(settings.index):
        watched = read_watched(settings.index)
        if any(each.question == question for each in watched.questions):
            raise BadInput(f"{question!r} is watched already")
        with closing(Pipeline.open(settings)) as pipeline:
            added = WatchedQuestion(question=question, cited=_cited(pipeline, question))
            generation = watched.generation if watched.questions else pipeline.generation
        questions = (*watched.questions, added)
        write_watched(settings.index, WatchedQuestions(generation=generation, questions=questions))
    return added


def remove_question(index: Path, question: str) -> None:
    """No longer watch a question. Raises BadInput if it is not watched."""
    with changing(index):
        watched = read_watched(index)
        kept = tuple(each for each in watched.questions if each.question != question)
        if len(kept) == len(watched.questions):
            raise BadInput(f"{question!r} is not watched; see `rag watch-question list`")
        write_watched(index, watched.model_copy(update={"questions": kept}))


def changed_answers(settings: Settings, embedder: Embedder | None = None) -> list[AnswerChange]:
    """Ask the watched questions again if the index changed since; return the changed answers.

    They are stored, so that each change is returned once. A quote that only moved is no change.

    embedder: the model of the index, if it is loaded. Raises the errors of Pipeline.open.
    """
    if not read_watched(settings.index).questions:
        return []
    with changing(settings.index):
        watched = read_watched(settings.index)
        generation, _ = backend_at(settings.index, settings.backend).state()
        if generation == watched.generation:
            return []
        with closing(Pipeline.open(settings, embedder)) as pipeline:
            generation = pipeline.generation
            asked = tuple(
                each.model_copy(update={"cited": _cited(pipeline, each.question)})
                for each in watched.questions
            )
        write_watched(settings.index, WatchedQuestions(generation=generation, questions=asked))
    return [
        AnswerChange(question=former.question, before=former.cited, after=now.cited)
        for former, now in zip(watched.questions, asked, strict=True)
        if _quotes(former.cited) != _quotes(now.cited)
    ]


def _cited(pipeline: Pipeline, question: str) -> tuple[CitedText, ...]:
    """Return what the present answer quotes, in order."""
    citations = [
        citation for sentence in pipeline.ask(question).sentences for citation in sentence.citations
    ]
    return tuple(
        CitedText(doc_id=each.doc_id, line_start=each.line_start, quote=each.quote)
        for each in citations
    )


def _quotes(cited: Iterable[CitedText]) -> set[str]:
    return {each.quote for each in cited}
