"""The options that select files, as annotated types, so that commands declare them alike."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from index.ingest.selection import Selection

IncludeOption = Annotated[
    list[str] | None,
    typer.Option(
        "--include",
        metavar="GLOB",
        help="Read only files that match, or that are in a folder that matches. A pattern as in "
        ".gitignore, relative to each path. Can be repeated.",
    ),
]
ExcludeOption = Annotated[
    list[str] | None,
    typer.Option(
        "--exclude",
        metavar="GLOB",
        help="Do not read files and folders that match. A pattern as for --include. Can be "
        "repeated.",
    ),
]
NoIgnoreOption = Annotated[
    bool, typer.Option("--no-ignore", help="Read also what .gitignore and .ragignore list.")
]
HiddenOption = Annotated[bool, typer.Option("--hidden", help="Read also hidden files and folders.")]

CollectionOption = Annotated[
    str,
    typer.Option(
        "--collection",
        metavar="NAME",
        help="Put the documents into this collection. Only its documents are updated and removed. "
        "Default: none.",
    ),
]


def selection_of(
    include: list[str] | None,
    exclude: list[str] | None,
    *,
    no_ignore: bool,
    hidden: bool,
    collection: str,
) -> "Selection":
    """Return the selection that the options describe.

    Raises BadInput for an invalid pattern or name.
    """
    from index.ingest.selection import Selection

    patterns = tuple(include or ()), tuple(exclude or ())
    return Selection(*patterns, not no_ignore, hidden, collection)
