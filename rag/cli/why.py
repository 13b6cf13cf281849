"""`rag why`: where a question lost the passage that its reader expected."""

import re
from typing import TYPE_CHECKING, Annotated

import typer

from index.errors import BadInput, NotFound
from rag.cli.open_pipeline import open_pipeline
from rag.cli.options import IndexOption, JsonOption, KOption, ModelOption, RerankOption
from rag.output.safe_output import say_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from index.types import DocumentRecord
    from rag.answer.why.expected import Expected

_LINES = re.compile(r"(?P<name>.+):(?P<first>\d+)(?:-(?P<last>\d+))?", re.DOTALL)


def why(
    question: Annotated[str, typer.Argument(help="The question, in quotes.")],
    expected: Annotated[
        str,
        typer.Argument(
            metavar="DOC[:LINE]",
            help="The document that you expected: its id, path, or file's base name; with the line "
            "or the lines, as 'guide.md:12' or 'guide.md:12-14'.",
        ),
    ],
    k: KOption = 5,
    as_json: JsonOption = False,
    index: IndexOption = None,
    model: ModelOption = None,
    rerank: RerankOption = None,
) -> None:
    """Tell why a question did not get the passage that you expected.

    Each step from the document to the answer is a line: whether the document is indexed and a
    passage holds the line, whether FAISS or BM25 found it, how it ranked, and what the answer
    quotes. The first step that it did not pass says what was better.
    """
    from rag.cli.document_names import documents_in
    from rag.cli.print_why import print_why
    from rag.output.terminal import console
    from rag.results import to_json
    from rag.settings import Settings

    settings = Settings.resolve(index=index)
    named = expected_in(documents_in(settings.index), expected)
    with open_pipeline(question, k, None, index=index, model=model, rerank=rerank) as (pipeline, _):
        found = pipeline.why(question, named, k)
    if as_json:
        say_json(to_json(found))
    else:
        print_why(console(), found)


def expected_in(rows: "Sequence[DocumentRecord]", name: str) -> "Expected":
    """What `DOC[:LINE]` names among an index's documents. A document that is not there keeps the
    name it was given.

    Raises BadInput if it could be several documents.
    """
    from rag.answer.why.expected import Expected

    lines = _LINES.fullmatch(name)
    try:
        return Expected(_id_of(rows, name))
    except NotFound:
        if lines is None:
            return Expected(name)
    numbers = int(lines["first"]), int(lines["last"] or lines["first"])
    try:
        return Expected(_id_of(rows, lines["name"]), numbers)
    except NotFound:
        return Expected(lines["name"], numbers)


def _id_of(rows: "Sequence[DocumentRecord]", name: str) -> str:
    from rag.cli.document_names import find_named

    found = find_named(rows, name).rows
    if len(found) > 1:
        raise BadInput(f"{name!r} matches {len(found):,} documents; choose one")
    return found[0].doc_id
