"""`rag watch-question`: questions whose answers are compared after each change of the index."""

from typing import TYPE_CHECKING, Annotated

import typer

from rag.cli.options import IndexOption, JsonOption, interruptible
from rag.output.safe_output import complain, on_one_line, say, say_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rag.settings import Settings
    from rag.watched.check import AnswerChange
    from rag.watched.questions import CitedText

CHANGED = 3
"""The exit status of a command after which the answer to a watched question is another one."""

watch_question = typer.Typer(
    help="Watch questions: report when the quotes of their answers change.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
QuestionText = Annotated[str, typer.Argument(help="The question, in quotation marks.")]


@watch_question.command()
def add(question: QuestionText, index: IndexOption = None) -> None:
    """Watch a question. Its present answer is printed, and stored to be compared."""
    from rag.settings import Settings
    from rag.watched.check import add_question

    with interruptible("Stopped. The question is not watched."):
        added = add_question(Settings.resolve(index=index), question)
    say(on_one_line(f"Watching: {added.question}"))
    for line in _quoted("now", added.cited):
        say(line)


@watch_question.command()
def remove(question: QuestionText, index: IndexOption = None) -> None:
    """No longer watch a question."""
    from rag.settings import Settings
    from rag.watched.check import remove_question

    remove_question(Settings.resolve(index=index).index, question)
    say(on_one_line(f"No longer watching: {question}"))


@watch_question.command("list")
def list_questions(index: IndexOption = None, as_json: JsonOption = False) -> None:
    """List the watched questions with the quotes of their answers."""
    from rag.settings import Settings
    from rag.watched.questions import read_watched

    watched = read_watched(Settings.resolve(index=index).index)
    if as_json:
        say_json(watched.model_dump_json(indent=1))
        return
    for each in watched.questions:
        say(on_one_line(each.question))
        for line in _quoted("now", each.cited):
            say(line)
    if not watched.questions:
        say("No question is watched.")


@watch_question.command()
def check(index: IndexOption = None, as_json: JsonOption = False) -> None:
    """Ask the watched questions again if the index changed, and print the changed answers.

    `rag ingest` and `rag watch` do this too. Each change is reported once. The exit status is 3 if
    an answer changed, and 0 if none did.
    """
    from rag.settings import Settings
    from rag.watched.check import changed_answers
    from rag.watched.questions import read_watched

    settings = Settings.resolve(index=index)
    with interruptible("Stopped."):
        changes = changed_answers(settings)
    if as_json:
        rows = ",\n".join(change.model_dump_json(indent=1) for change in changes)
        say_json(f'{{"changes": [{rows}]}}')
    else:
        for line in lines_of(changes):
            say(line)
        if not changes:
            watched = read_watched(settings.index).questions
            say("No answer changed." if watched else "No question is watched.")
    if changes:
        raise typer.Exit(CHANGED)


def report_changes(settings: "Settings") -> bool:
    """Print to stderr which answers to watched questions changed; return whether one did."""
    from rag.watched.questions import read_watched

    if not read_watched(settings.index).questions:
        return False
    from rag.watched.check import changed_answers  # slow to import

    changes = changed_answers(settings)
    for line in lines_of(changes):
        complain(line)
    return bool(changes)


def lines_of(changes: "Sequence[AnswerChange]") -> "Iterator[str]":
    """Yield the lines that show changed answers: before and after."""
    for change in changes:
        yield on_one_line(f"The answer to a watched question changed: {change.question}")
        yield from _quoted("before", change.before)
        yield from _quoted("now", change.after)


def _quoted(when: str, cited: "Sequence[CitedText]") -> "Iterator[str]":
    label = f"  {when + ':':<8}"
    if not cited:
        yield f"{label}no answer"
    for each in cited:
        yield on_one_line(f"{label}{each.doc_id}:{each.line_start}  {each.quote}")
