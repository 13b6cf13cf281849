"""The command line. Heavy modules are imported where they are used, so that help answers at once.

Exit status: 0 all is well, also if nothing answers a question; 1 done, but something that should
have been read was skipped (not what was merely left out, as files of other types are); 2 an error,
told in one line; 70 a bug, whose traceback RAG_DEBUG=1 shows;
130 stopped with Ctrl-C.
"""

import gc
import logging
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from importlib import import_module
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_group

from index.errors import BadInput, RagError
from rag.compiling import log_compiling

if TYPE_CHECKING:
    from index.protocols import Embedder
    from rag.pipeline import Pipeline
    from rag.results import Filter
    from rag.settings import Settings


class _Commands(TyperGroup):
    """This module's commands, and those of the packages above this one, which are found by name
    and never imported here; they are looked for when they are asked for, for that takes as long as
    a search."""

    def list_commands(self, ctx: Any) -> list[str]:
        self._add_those_above()
        return super().list_commands(ctx)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in self.commands:
            self._add_those_above()
        return super().get_command(ctx, cmd_name)

    def _add_those_above(self) -> None:
        from importlib.metadata import entry_points

        above = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
        above.callback()(lambda: None)  # however few it has, it is a group
        for entry in sorted(entry_points(group="rag.commands"), key=lambda e: e.name, reverse=True):
            command = entry.load()
            if isinstance(command, typer.Typer):
                above.add_typer(command, name=entry.name)
            else:
                above.command(entry.name)(command)
        self.commands.update(get_group(above).commands)


app = typer.Typer(
    name="rag",
    cls=_Commands,
    help="Ask your documents: answers and passages, each cited and proven against its source.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    add_completion=False,
    pretty_exceptions_enable=False,
)

IndexOption = Annotated[
    Path | None,
    typer.Option("--index", help="The index directory: RAG_INDEX, or else .rag."),
]
ModelOption = Annotated[
    str | None,
    typer.Option("--model", help="A sentence-transformers model: hub name or local folder."),
]
QuestionArgument = Annotated[
    list[str], typer.Argument(help="What you want to know, in your own words; quotes are optional.")
]
KOption = Annotated[int, typer.Option("-k", help="How many passages, 1 to 100.")]
DocOption = Annotated[
    list[str] | None,
    typer.Option("--doc", help="Search only these documents: ids or patterns, as 'docs/*'."),
]
MergeOption = Annotated[
    bool, typer.Option("--merge", help="Join neighbouring passages of one document.")
]
ExplainOption = Annotated[
    bool, typer.Option("--explain", help="Tell how each passage came by its score.")
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print exactly what the HTTP service returns.")
]
PrecisionOption = Annotated[
    str | None,
    typer.Option(
        "--precision",
        help="The model's arithmetic: int8, or fp32. Without it, the index's own, or else int8.",
    ),
]
RerankOption = Annotated[
    str | None,
    typer.Option(
        "--rerank",
        help="What looks again at the first candidates: none, late-interaction, or a "
        "cross-encoder, by hub name or local folder.",
    ),
]


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"rag {version('rag')}")
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
            "--config", help="A file of settings that you trust: RAG_CONFIG, or else none."
        ),
    ] = None,
) -> None:
    del show_version  # its callback has shown it
    if config is not None:
        from rag.settings_files import CONFIG_VARIABLE

        os.environ[CONFIG_VARIABLE] = str(config)


@contextmanager
def interruptible(message: str) -> Iterator[None]:
    """Ctrl-C ends the command with one line and status 130."""
    try:
        yield
    except KeyboardInterrupt:
        typer.echo(f"\n{message}", err=True)
        raise typer.Exit(130) from None


@app.command()
def ingest(
    paths: Annotated[
        list[str] | None, typer.Argument(help="Files (.txt, .md) or folders of them.")
    ] = None,
    index: IndexOption = None,
    model: ModelOption = None,
    precision: PrecisionOption = None,
    encoding: Annotated[
        str | None,
        typer.Option(
            "--encoding",
            help="The encoding of all these files, as cp1252. It is remembered for each; auto "
            "forgets it. Without it: UTF-8, or what a file's bytes say.",
        ),
    ] = None,
    prune: Annotated[
        bool, typer.Option("--prune", help="Remove documents under PATHS whose files are gone.")
    ] = False,
    yes: Annotated[
        bool,
        typer.Option("--yes", help="With --prune and one path: also if all of it has vanished."),
    ] = False,
    rebuild: Annotated[
        bool,
        typer.Option("--rebuild", help="First encode anew what the index holds, as with --model."),
    ] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", help="Name all that was not read, not only the first few.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the report as JSON, with all that was not read.")
    ] = False,
) -> None:
    """Read documents into the index; only what changed is encoded.

    The exit status is 1 if something that should have been read was skipped: a file or folder that
    cannot be read, is empty, binary or in no known encoding, a link that leads nowhere or out of
    PATHS. Files of other types and links within PATHS are left out, and count as no failure.
    """
    from rag.bar import watching
    from rag.indexing import ingest_paths, rebuild_index
    from rag.report import print_report, report_json
    from rag.settings import Settings
    from rag.terminal import console

    _check_ingest(paths or [], rebuild=rebuild, prune=prune, yes=yes)
    settings = Settings.resolve(index=index, model=model, precision=precision)
    rebuilt = report = None
    with interruptible(
        "Stopped. What was committed is in the index; run the same command to go on."
    ):
        began = time.perf_counter()
        # The bar goes to stderr and the summary to stdout, so that either can be sent elsewhere.
        with watching(console(stderr=True)) as watch:
            if rebuild:
                rebuilt = rebuild_index(settings, watch)
            if paths:
                report = ingest_paths(
                    settings,
                    [Path(path) for path in paths],
                    prune=prune,
                    confirmed=yes,
                    encoding=encoding,
                    watch=watch,
                )
        seconds = time.perf_counter() - began
    if as_json:
        typer.echo(report_json(rebuilt, report, str(settings.index), seconds))
    else:
        for each in filter(None, (rebuilt, report)):
            print_report(console(), each, str(settings.index), seconds, verbose=verbose)
    if report is not None and report.skipped:
        raise typer.Exit(1)


def _check_ingest(paths: list[str], *, rebuild: bool, prune: bool, yes: bool) -> None:
    if not paths and not rebuild:
        raise BadInput("name a file or folder to ingest, as in `rag ingest docs/`")
    if "" in paths:
        raise BadInput("a path is empty; for the working directory write `rag ingest .`")
    if yes and not prune:
        raise BadInput("--yes confirms a --prune; give both, or neither")


@app.command()
def ask(
    question: QuestionArgument,
    k: KOption = 5,
    doc: DocOption = None,
    merge: MergeOption = False,
    explain: ExplainOption = False,
    as_json: JsonOption = False,
    index: IndexOption = None,
    model: ModelOption = None,
    rerank: RerankOption = None,
) -> None:
    """Answer a question with the documents' own sentences, each with its source.

    The passages behind them follow. If the documents do not answer it, that is said instead, and
    the exit status is 0 all the same.
    """
    from rag.results import to_json
    from rag.shown import print_answer
    from rag.terminal import console

    query = " ".join(question)
    with _opened(query, k, index=index, model=model, rerank=rerank) as pipeline:
        answer = pipeline.ask(query, k, _filter(doc), explain=explain, merge=merge)
    if as_json:
        typer.echo(to_json(answer))
    else:
        print_answer(console(), answer, full=explain)


@app.command()
def search(
    question: QuestionArgument,
    k: KOption = 5,
    doc: DocOption = None,
    merge: MergeOption = False,
    explain: ExplainOption = False,
    as_json: JsonOption = False,
    lexical: Annotated[
        bool,
        typer.Option("--lexical", help="Search by BM25 alone: no model is loaded, no vector used."),
    ] = False,
    index: IndexOption = None,
    model: ModelOption = None,
    rerank: RerankOption = None,
) -> None:
    """Show the passages that answer a question best, with their sources."""
    from rag.results import to_json
    from rag.shown import print_result
    from rag.terminal import console

    query = " ".join(question)
    with _opened(query, k, lexical=lexical, index=index, model=model, rerank=rerank) as pipeline:
        result = pipeline.search(query, k, _filter(doc), explain=explain, merge=merge)
    if as_json:
        typer.echo(to_json(result))
    else:
        print_result(console(), result)


@app.command()
def info(
    index: IndexOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
) -> None:
    """Show what the index holds, what model made it and what runs that, and its size on disk."""
    from rag.overview import overview
    from rag.settings import Settings
    from rag.shown import print_overview
    from rag.terminal import console

    found = overview(Settings.resolve(index=index))
    if as_json:
        typer.echo(found.model_dump_json(indent=1))
    else:
        print_overview(console(), found)


@contextmanager
def _opened(
    question: str, k: int, *, lexical: bool = False, **flags: str | Path | None
) -> "Iterator[Pipeline]":
    """The pipeline that the settings and flags name, for one question; closed after it."""
    from rag.asked import checked_query
    from rag.settings import Settings

    checked_query(question, k)
    settings = Settings.resolve(**flags)
    with interruptible("Stopped."):
        # Loading a model leaves Python to others: what a search imports is imported meanwhile.
        Thread(target=import_module, args=["rag.shown"]).start()
        embedder = None if lexical else _embedder(settings)
        from rag.pipeline import Pipeline

        pipeline = Pipeline.open(settings, embedder, lexical=lexical)
        try:
            yield pipeline
        finally:
            pipeline.close()


def _embedder(settings: "Settings") -> "Embedder":
    """The index's model."""
    from rag.models import fingerprint_in, load_model_of

    with _loading_shown() if sys.stderr.isatty() else nullcontext():
        return load_model_of(fingerprint_in(settings.index), settings)


@contextmanager
def _loading_shown() -> Iterator[None]:
    from rich.markup import escape

    from rag.compiling import compiling_shown
    from rag.terminal import console

    loading = "Loading the model…"
    with (
        console(stderr=True).status(loading) as status,
        compiling_shown(lambda news: status.update(escape(news) or loading)),
    ):
        yield


def _filter(doc_ids: list[str] | None) -> "Filter | None":
    from rag.results import Filter

    return Filter(doc_id=doc_ids) if doc_ids else None


def main() -> None:
    """The `rag` command."""
    logging.basicConfig(format="rag: %(message)s", level=logging.WARNING)
    log_compiling()
    # Most of a short command is imports, which leave nothing to collect.
    gc.set_threshold(100_000, 20, 20)
    # None of its plugins is used, and to look for some takes longer than a search.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    try:
        app()
    except RagError as error:
        from rag.terminal import on_one_line

        typer.echo(f"rag: {on_one_line(str(error))}", err=True)
        sys.exit(2)
    except BrokenPipeError:
        # The reader of our output has gone, as `head` does; leave nothing for Python to flush.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:
        if os.environ.get("RAG_DEBUG"):
            raise
        from rag.terminal import on_one_line

        why = on_one_line(f"{type(error).__name__}: {error}")
        typer.echo(f"rag: a bug: {why}; RAG_DEBUG=1 shows its traceback", err=True)
        sys.exit(70)


if __name__ == "__main__":
    main()
