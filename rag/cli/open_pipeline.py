"""The pipeline that a command asks one question of. Heavy modules are imported where they are
used."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from importlib import import_module
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

from rag.cli.options import interruptible

if TYPE_CHECKING:
    from index.protocols import Embedder
    from rag.pipeline import Pipeline
    from rag.results import Filter
    from rag.settings import Settings


@contextmanager
def open_pipeline(
    question: str,
    k: int,
    doc: list[str] | None,
    where: str | None = None,
    collections: list[str] | None = None,
    *,
    lexical: bool = False,
    **flags: str | Path | None,
) -> "Iterator[tuple[Pipeline, Filter | None]]":
    """The pipeline that the settings and flags name, for one question, and the filter that lets the
    named documents through of which `where` is true, in these collections; closed after it."""
    from rag.check_query import checked_query
    from rag.settings import Settings

    checked_query(question, k)
    settings = Settings.resolve(**flags)
    filter = _filter(settings, doc or [], where, collections)
    with interruptible("Stopped."):
        # Loading a model leaves Python to others: what a search imports is imported meanwhile.
        Thread(target=_import_printing, kwargs={"markdown": not lexical}).start()
        embedder = None if lexical else _embedder(settings)
        from rag.pipeline import Pipeline

        pipeline = Pipeline.open(settings, embedder, lexical=lexical)
        try:
            yield pipeline, filter
        finally:
            pipeline.close()


def _import_printing(*, markdown: bool) -> None:
    """markdown: also what shows Markdown, if the output is a terminal."""
    import_module("rag.cli.print_results")
    if markdown and sys.stdout.isatty():
        import_module("rag.output.markdown.view")


def _embedder(settings: "Settings") -> "Embedder":
    """The index's model."""
    from rag.models.load import fingerprint_in, load_model_of

    with _show_loading() if sys.stderr.isatty() else nullcontext():
        return load_model_of(fingerprint_in(settings), settings)


@contextmanager
def _show_loading() -> Iterator[None]:
    from rich.markup import escape

    from rag.output.compile_notice import show_compilation
    from rag.output.terminal import console

    loading = "Loading the model…"
    with (
        console(stderr=True).status(loading) as status,
        show_compilation(lambda notice: status.update(escape(notice) or loading)),
    ):
        yield


def _filter(
    settings: "Settings", names: list[str], where: str | None, collections: list[str] | None
) -> "Filter | None":
    if not names and where is None and collections is None:
        return None
    if where is not None:
        from rag.search.where import parse_where

        parse_where(where)  # an error in it is reported before the model is loaded
    if not names:  # without what it takes to look names up
        from rag.results import Filter

        return Filter(where=where, collection=collections)
    from rag.cli.document_names import filter_of

    further = {"where": where, "collection": collections}
    return filter_of(settings.index, names).model_copy(update=further)
