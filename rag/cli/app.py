"""The command line. Heavy modules are imported where they are used, so that help answers at once.

Exit status: 0 all is well, also if nothing answers a question; 1 done, but something that should
have been read was skipped (not what was merely left out, as files of other types are); 2 an error,
told in one line; 3 done, and the answer to a watched question changed; 70 a bug, whose traceback
RAG_DEBUG=1 shows; 130 stopped with Ctrl-C.
"""

import gc
import logging
import os
import sys
from inspect import cleandoc
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException
from typer.main import get_group

from index.errors import RagError
from rag.cli.backup import backup, restore
from rag.cli.check import check
from rag.cli.documents import list_documents, remove
from rag.cli.ingest import ingest
from rag.cli.locate import locate
from rag.cli.models import models
from rag.cli.open_pipeline import open_pipeline
from rag.cli.options import (
    BudgetOption,
    CollectionsOption,
    DocOption,
    ExplainOption,
    IndexOption,
    JsonOption,
    KOption,
    MergeOption,
    ModelOption,
    PreferOption,
    QuestionArgument,
    ReaderOption,
    RerankOption,
    SaveOption,
    WhereOption,
)
from rag.cli.question_command import QuestionCommand
from rag.cli.save import check_save, save
from rag.cli.verify import verify
from rag.cli.watch import watch
from rag.cli.watch_question import watch_question
from rag.cli.why import why
from rag.output.compile_notice import log_compiling
from rag.output.safe_output import PrintableFormatter, complain, say, say_json
from rag.output.streams import flushed_output, prepare_streams, silence


class _Commands(TyperGroup):
    """This module's commands, and those of the packages above this one, which are found by name
    and never imported here; they are looked for when they are asked for, for that takes as long as
    a search."""

    def list_commands(self, ctx: Any) -> list[str]:
        self._add_entry_points()
        return super().list_commands(ctx)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in self.commands:
            self._add_entry_points()
        command = super().get_command(ctx, cmd_name)
        if command is not None and command.help:
            # Typer ends a line of the help where one ends in the source.
            paragraphs = cleandoc(command.help).split("\n\n")
            command.help = "\n\n".join(paragraph.replace("\n", " ") for paragraph in paragraphs)
        return command

    def _add_entry_points(self) -> None:
        from importlib.metadata import entry_points

        group = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
        group.callback()(lambda: None)  # however few it has, it is a group
        for entry in sorted(entry_points(group="rag.commands"), key=lambda e: e.name, reverse=True):
            command = entry.load()
            if isinstance(command, typer.Typer):
                group.add_typer(command, name=entry.name)
            else:
                group.command(entry.name)(command)
        self.commands.update(get_group(group).commands)


app = typer.Typer(
    name="rag",
    cls=_Commands,
    help="Answer questions from your documents, with verified citations.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _version(requested: bool) -> None:
    if requested:
        from importlib.metadata import version

        say(f"rag {version('rag')}")
        raise typer.Exit


@app.callback()
def _root(
    show_version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Show the version."),
    ] = False,
    config: Annotated[
        Path | None,
        typer.Option(
            "--config", help="A settings file that you trust. Default: RAG_CONFIG, or none."
        ),
    ] = None,
) -> None:
    del show_version  # its callback has shown it
    if config is not None:
        from rag.settings_files import CONFIG_VARIABLE

        os.environ[CONFIG_VARIABLE] = str(config)


app.command()(ingest)
app.command()(watch)
app.add_typer(watch_question, name="watch-question")


@app.command(cls=QuestionCommand)
def ask(
    question: QuestionArgument,
    k: KOption = 5,
    doc: DocOption = None,
    where: WhereOption = None,
    collection: CollectionsOption = None,
    merge: MergeOption = False,
    budget: BudgetOption = None,
    prefer: PreferOption = None,
    explain: ExplainOption = False,
    as_json: JsonOption = False,
    save_to: SaveOption = None,
    index: IndexOption = None,
    model: ModelOption = None,
    rerank: RerankOption = None,
    reader: ReaderOption = None,
) -> None:
    """Answer a question with sentences from the documents, each with its source.

    Their passages follow. If the documents do not answer the question, the output says so, and the
    exit status is still 0.
    """
    from rag.cli.print_results import print_answer
    from rag.output.terminal import console
    from rag.results import to_json

    query = " ".join(question)
    check_save(save_to)
    flags = {"index": index, "model": model, "rerank": rerank, "reader": reader}
    opened = open_pipeline(query, k, doc, where, collection, lexical=False, **flags)
    with opened as (pipeline, filter):
        answer = pipeline.ask(
            query, k, filter, explain=explain, merge=merge, token_budget=budget, prefer=prefer
        )
        save(answer, pipeline, save_to)
    if as_json:
        say_json(to_json(answer))
    else:
        print_answer(console(), answer, full=explain)


@app.command(cls=QuestionCommand)
def search(
    question: QuestionArgument,
    k: KOption = 5,
    doc: DocOption = None,
    where: WhereOption = None,
    collection: CollectionsOption = None,
    merge: MergeOption = False,
    budget: BudgetOption = None,
    prefer: PreferOption = None,
    explain: ExplainOption = False,
    as_json: JsonOption = False,
    save_to: SaveOption = None,
    lexical: Annotated[
        bool,
        typer.Option(
            "--lexical", help="Search with BM25 only, without a model and without vectors."
        ),
    ] = False,
    index: IndexOption = None,
    model: ModelOption = None,
    rerank: RerankOption = None,
) -> None:
    """Show the passages that best answer a question, with their sources."""
    from rag.cli.print_results import print_result
    from rag.output.terminal import console
    from rag.results import to_json

    query = " ".join(question)
    check_save(save_to)
    flags = {"index": index, "model": model, "rerank": rerank}
    with open_pipeline(query, k, doc, where, collection, lexical=lexical, **flags) as (
        pipeline,
        filter,
    ):
        result = pipeline.search(
            query, k, filter, explain=explain, merge=merge, token_budget=budget, prefer=prefer
        )
        save(result, pipeline, save_to, lexical=lexical)
    if as_json:
        say_json(to_json(result))
    else:
        print_result(console(), result)


app.command()(why)
app.command()(verify)
app.command()(locate)
app.command("list")(list_documents)
app.command()(remove)
app.command()(check)
app.command()(models)
app.command()(backup)
app.command()(restore)


@app.command()
def info(
    index: IndexOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Show the contents of the index, its model, how the model runs, and the size on disk."""
    from rag.cli.overview import overview
    from rag.cli.print_results import print_overview
    from rag.output.terminal import console
    from rag.settings import Settings

    report = overview(Settings.resolve(index=index))
    if as_json:
        say_json(report.model_dump_json(indent=1))
    else:
        print_overview(console(), report)


def main() -> None:
    """The `rag` command."""
    prepare_streams()
    handler = logging.StreamHandler()
    handler.setFormatter(PrintableFormatter("rag: %(message)s"))
    logging.basicConfig(handlers=[handler], level=logging.WARNING)
    log_compiling()
    # Most of a short command is imports, which leave nothing to collect.
    gc.set_threshold(100_000, 20, 20)
    # None of its plugins is used, and to look for some takes longer than a search.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    try:
        with flushed_output():
            status = app(standalone_mode=False)
    except TyperException as error:
        _print_usage_error(error)
        sys.exit(2)
    except RagError as error:
        complain(f"rag: {error}")
        sys.exit(2)
    except BrokenPipeError:
        silence(sys.stdout)  # its reader has gone, as `head` does
        sys.exit(1)
    except Exception as error:
        if os.environ.get("RAG_DEBUG"):
            raise
        reason = f"{type(error).__name__}: {error}"
        complain(f"rag: internal error: {reason}; set RAG_DEBUG=1 to see the traceback")
        sys.exit(70)
    sys.exit(status)


def _print_usage_error(error: TyperException) -> None:
    """An option or argument that is not known, missing or of another type. A group without a
    command has shown its help, and has nothing to say."""
    message = error.format_message().rstrip(".").replace(": Value error, ", ": ")
    context = getattr(error, "ctx", None)
    if message and context is not None:
        message += f"; see `{context.command_path} --help`"
    if message:
        complain(f"rag: {message[0].lower()}{message[1:]}")
