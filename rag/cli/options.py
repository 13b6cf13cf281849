"""What several commands take, and how each of them ends on Ctrl-C."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from rag.output.safe_output import complain

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
    typer.Option(
        "--doc",
        help="Search only these documents: ids, patterns as 'docs/*', paths, or files' base names.",
    ),
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


@contextmanager
def interruptible(message: str) -> Iterator[None]:
    """Ctrl-C ends the command with one line and status 130."""
    try:
        yield
    except KeyboardInterrupt:
        complain("")  # behind the ^C
        complain(message)
        raise typer.Exit(130) from None
