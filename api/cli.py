"""`rag serve`."""

from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rag.output.safe_output import complain, say

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from rag.pipeline import Pipeline
    from rag.settings import Settings


def serve(
    index: Annotated[
        Path | None, typer.Option(help="The index directory. Default: RAG_INDEX, or .rag.")
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="The model. Default: the one that built the index.")
    ] = None,
    host: Annotated[
        str | None, typer.Option(help="The address to listen on. Default: RAG_HOST, or 127.0.0.1.")
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(help="The port; 0 means any free port. Default: RAG_PORT, or 8000."),
    ] = None,
    workers: Annotated[
        int | None, typer.Option(help="Number of processes. Default: RAG_WORKERS, or 1.")
    ] = None,
    writable: Annotated[
        bool,
        typer.Option(
            "--writable",
            help="Let clients put, change and remove documents. Anyone who can reach the address "
            "may do so. Default: RAG_WRITABLE, or no.",
        ),
    ] = False,
    access_log: Annotated[bool, typer.Option("--access-log", help="Log each request.")] = False,
) -> None:
    """Answer questions over HTTP until Ctrl-C.

    Documents that are ingested meanwhile are served without a restart.
    """
    from rag.settings import Settings

    settings = Settings.resolve(
        index=index,
        model=model,
        host=host,
        port=port,
        workers=workers,
        writable=writable or None,
    )
    with suppress(KeyboardInterrupt):  # how it is meant to end
        _serve(settings, access_log=access_log)


def _serve(settings: "Settings", *, access_log: bool) -> None:
    # The quick checks come first, and the model, which may take seconds, last.
    from api.hosts import AllowedHosts
    from api.network.server import bound, is_local, url_of

    AllowedHosts.of(settings)
    _check_index(settings)
    with bound(settings.host, settings.port) as listener:
        complain("Loading the model…")

        def greet(greeting: str) -> None:
            say(greeting)
            if not is_local(listener):
                may = "read and change" if settings.writable else "read"
                complain(f"Anyone who can reach this address can {may} the documents.")

        url = url_of(listener)
        if settings.workers > 1:
            _serve_by_workers(settings, listener, url, greet, access_log=access_log)
        else:
            from api.network.serve import serve_on

            def ready(pipeline: "Pipeline") -> None:
                greet(greeting_of(settings, pipeline, url))

            serve_on(listener, settings, ready, access_log=access_log)


def _check_index(settings: "Settings") -> None:
    """Raise an error if the index cannot be read, or is to be changed and cannot be. If there is
    none, create an empty one if clients may fill it."""
    from index.backends import backend_at
    from index.errors import IndexBusy

    backend = backend_at(settings.index, settings.backend)
    if not settings.writable:
        backend.state()
        return
    if backend.exists():
        with suppress(IndexBusy), backend.lock(existing=True):
            pass
        return
    from index.ingest.ingest import ingest_documents
    from rag.models.load import load_model

    complain(f"Creating an empty index in {settings.index}…")
    ingest_documents(settings.index, [], load_model(settings), backend=settings.backend)


def _serve_by_workers(
    settings: "Settings",
    listener: "socket.socket",
    url: str,
    greet: "Callable[[str], None]",
    *,
    access_log: bool,
) -> None:
    from api.network.serve import open_pipeline
    from api.network.workers import Workers

    # What is wrong with the index or the model is told once, before there are workers. It is
    # closed again: an open snapshot would keep the database's log from shrinking.
    with closing(open_pipeline(settings)) as pipeline:
        greeting = greeting_of(settings, pipeline, url)
    if not Workers(settings, listener, access_log=access_log).run(lambda: greet(greeting)):
        raise typer.Exit(2)


def greeting_of(settings: "Settings", pipeline: "Pipeline", url: str) -> str:
    """What to try, in lines that can be pasted."""
    from api.example import example_question

    with pipeline.snapshot() as snapshot:
        n_documents, n_chunks = snapshot.count()
    question = example_question(pipeline)
    lines = [
        "",
        f"Serving {settings.index} on {url} (documents: {n_documents:,}, passages: {n_chunks:,})",
        "",
    ]
    if not n_documents:
        lines.append("  The index is empty; `rag ingest PATH` adds documents without a restart.")
    elif question is not None:
        # Double quotes suit most shells, and the question has nothing that is special in them.
        body = f'{{\\"query\\": \\"{question}\\"}}'
        lines.append(f'  Ask:   curl {url}/v1/ask -H "Content-Type: application/json" -d "{body}"')
    if settings.writable:
        lines.append(f"  Put:   curl -T FILE {url}/v1/documents/")
    return "\n".join([*lines, f"  Docs:  {url}/openapi.json", "", "Press Ctrl-C to stop."])
