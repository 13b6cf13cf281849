"""What several commands take, and how each of them ends on Ctrl-C."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from rag.output.safe_output import complain
from rag.search.ranking import Preference

IndexOption = Annotated[
    Path | None,
    typer.Option("--index", help="The index directory. Default: RAG_INDEX, or .rag."),
]
ModelOption = Annotated[
    str | None,
    typer.Option("--model", help="A sentence-transformers model: a hub name or a local folder."),
]
QuestionArgument = Annotated[
    list[str], typer.Argument(help="The question, in your own words. Quotation marks are optional.")
]
KOption = Annotated[int, typer.Option("-k", help="Number of passages, 1 to 100.")]
DocOption = Annotated[
    list[str] | None,
    typer.Option(
        "--doc",
        help="Search only these documents: ids, patterns such as 'docs/*', paths, or file names.",
    ),
]
WhereOption = Annotated[
    str | None,
    typer.Option(
        "--where",
        help="Search only documents of which this is true, such as "
        "'date >= 2025 and tags in (aid, Kabul)'.",
    ),
]
MergeOption = Annotated[
    bool, typer.Option("--merge", help="Join neighbouring passages of one document.")
]
BudgetOption = Annotated[
    int | None,
    typer.Option(
        "--budget",
        min=1,
        help="Show only the first passages that together have at most this many tokens.",
    ),
]
ExplainOption = Annotated[
    bool, typer.Option("--explain", help="Show how each passage's score is computed.")
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print the JSON that the HTTP service returns.")
]
SaveOption = Annotated[
    Path | None,
    typer.Option(
        "--save",
        help="Also write the result and the sha256 of the cited files to this file, a receipt that "
        "`rag verify` checks later.",
    ),
]
CollectionsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--collection",
        metavar="NAME",
        help="Search only documents of this collection. Can be repeated. Default: all documents.",
    ),
]
PreferOption = Annotated[
    Preference | None,
    typer.Option(
        "--prefer",
        help="Of passages that match nearly equally well, the newest document's first; its date is "
        "that of its front matter, header or properties.",
    ),
]
PrecisionOption = Annotated[
    str | None,
    typer.Option(
        "--precision",
        help="The model's precision: int8 or fp32. Default: the index's, or int8.",
    ),
]
RerankOption = Annotated[
    str | None,
    typer.Option(
        "--rerank",
        help="The reranker of the first candidates: none, late-interaction, or a cross-encoder "
        "(a hub name or a local folder).",
    ),
]
ReaderOption = Annotated[
    str | None,
    typer.Option(
        "--reader",
        help="A question-answering model that finds the exact phrase: a hub name or a local "
        "folder.",
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
