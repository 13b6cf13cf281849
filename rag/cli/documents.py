"""`rag list` and `rag remove`."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from index.errors import BadInput
from rag.cli.options import IndexOption, interruptible
from rag.output.safe_output import ask_yes_no, complain, on_one_line, say, say_json

if TYPE_CHECKING:
    from rag.cli.document_names import NamedDocuments

_MAX_NAMED = 10
"""Documents that a question names before they are removed."""


def list_documents(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="DOC",
            help="List only these: ids, patterns such as 'docs/*', paths, or file names.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the documents as JSON.")] = False,
    index: IndexOption = None,
) -> None:
    """List the documents of the index: id, title, characters, passages and type.

    If the output is a pipe, each document is one line with these five fields, separated by tabs.
    """
    from rag.cli.document_names import documents_in, find_all_named
    from rag.cli.print_documents import listing_json, print_documents
    from rag.output.terminal import console
    from rag.settings import Settings

    settings = Settings.resolve(index=index)
    rows = documents_in(settings.index)
    if names:
        rows = find_all_named(rows, names)
    if as_json:
        say_json(listing_json(rows, settings.index))
    elif rows:
        print_documents(console(), rows)
    else:
        complain("The index contains no documents; add some with `rag ingest PATH`.")


def remove(
    names: Annotated[
        list[str],
        typer.Argument(metavar="DOC", help="Ids, patterns such as 'docs/*', paths, or file names."),
    ],
    yes: Annotated[
        bool,
        typer.Option("--yes", help="Remove all documents that a pattern matches, without asking."),
    ] = False,
    index: IndexOption = None,
) -> None:
    """Remove documents from the index; their files do not change.

    If a pattern matches several documents, you must confirm: on a terminal by answering, otherwise
    with --yes. If the file of a removed document still exists, the next `rag ingest` of the file or
    its folder adds the document again. To prevent this, delete or move the file.
    """
    from index.ingest.remove import remove as remove_documents
    from rag.cli.document_names import documents_in, find_named
    from rag.settings import Settings

    settings = Settings.resolve(index=index)
    rows = documents_in(settings.index)
    selections = [find_named(rows, name) for name in names]
    with interruptible("Stopped. Nothing was removed."):
        for selection in selections:
            if selection.is_pattern and len(selection.rows) > 1 and not yes:
                _confirm(selection)
    with interruptible("Stopped. `rag list` lists the remaining documents."):
        report = remove_documents(
            settings.index, [row.doc_id for selection in selections for row in selection.rows]
        )
    for doc_id in report.removed:
        say(on_one_line(f"removed {doc_id}"))
    where = f"{settings.index} is at generation {report.generation}"
    say(on_one_line(f"{len(report.removed):,} removed · {where}"))


def _confirm(selection: "NamedDocuments") -> None:
    """Ask whether to remove all that a pattern matches; end the command, with status 1, unless the
    answer is yes. Raises BadInput without a terminal to ask on."""

    n = f"{len(selection.rows):,} documents"
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise BadInput(f"{selection.name!r} matches {n}; to remove them all, add --yes")
    for row in selection.rows[:_MAX_NAMED]:
        complain(row.doc_id)
    if len(selection.rows) > _MAX_NAMED:
        complain(f"… and {len(selection.rows) - _MAX_NAMED:,} more")
    if not ask_yes_no(f"Remove these {n} from the index?"):
        complain("Nothing was removed.")
        raise typer.Exit(1)
