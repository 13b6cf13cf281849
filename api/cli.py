"""`rag serve`."""

import gc
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rag.pipeline import Pipeline
    from rag.settings import Settings


def serve(
    index: Annotated[
        Path | None, typer.Option(help="The index directory: RAG_INDEX, or else .rag.")
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="The model; without it, the one the index was built with.")
    ] = None,
    host: Annotated[
        str | None, typer.Option(help="The address to listen on: RAG_HOST, or else 127.0.0.1.")
    ] = None,
    port: Annotated[
        int | None, typer.Option(help="The port: RAG_PORT, or else 8000; 0 picks a free one.")
    ] = None,
    access_log: Annotated[bool, typer.Option("--access-log", help="Log each request.")] = False,
) -> None:
    """Answer questions over HTTP until Ctrl-C.

    What is ingested meanwhile is served without a restart.
    """
    from rag.settings import Settings

    settings = Settings.resolve(index=index, model=model, host=host, port=port)
    with suppress(KeyboardInterrupt):  # how it is meant to end
        _serve(settings, access_log=access_log)


def _serve(settings: "Settings", *, access_log: bool) -> None:
    # The quick checks come first, and torch, which takes seconds, last.
    from api.server import Server, bound, is_local, url_of
    from index.snapshot import state_of

    state_of(settings.index)
    with bound(settings.host, settings.port) as listener:
        print("Loading the model…", file=sys.stderr, flush=True)
        from api.app import create_app
        from rag.pipeline import Pipeline

        pipeline = Pipeline.open(settings)
        # The model stays to the end: not to walk its objects once more then ends the process in
        # 0.5 s rather than 1.9 s.
        gc.freeze()
        greeting = _greeting(settings, pipeline, url_of(listener))
        server = Server(
            create_app(pipeline), lambda: print(greeting, flush=True), access_log=access_log
        )
        if not is_local(listener):
            print("Whoever can reach this address can read the documents.", file=sys.stderr)
        server.run(sockets=[listener])


def _greeting(settings: "Settings", pipeline: "Pipeline", url: str) -> str:
    """What to try, in lines that can be pasted. Double quotes suit most shells."""
    from api.wire import EXAMPLE_QUESTION

    with pipeline.snapshot() as snapshot:
        n_documents, n_chunks = snapshot.count()
    body = f'{{\\"query\\": \\"{EXAMPLE_QUESTION}\\"}}'
    return f"""
Serving {settings.index} on {url} (documents: {n_documents:,}, passages: {n_chunks:,})

  Ask:   curl {url}/v1/ask -H "Content-Type: application/json" -d "{body}"
  Docs:  {url}/openapi.json

Ctrl-C stops it."""
