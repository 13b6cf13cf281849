"""`rag locate`: the rectangles of a quote on the pages of a PDF."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from index.errors import BadInput
from rag.cli.options import IndexOption, interruptible
from rag.output.safe_output import on_one_line, say, say_json

if TYPE_CHECKING:
    from index.types import DocumentRecord
    from rag.locate import RectangleOnPage


def locate(
    document: Annotated[
        str, typer.Argument(metavar="DOC", help="The document's id, path or file name.")
    ],
    start: Annotated[int, typer.Argument(min=0, help="The citation's `start`.")],
    end: Annotated[int, typer.Argument(min=1, help="The citation's `end`.")],
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the JSON that the HTTP service returns.")
    ] = False,
    index: IndexOption = None,
) -> None:
    """Show where a quote of a PDF is on its pages: one rectangle for each of its lines.

    `rag ask --json` and `rag search --json` print the `start` and `end` of each citation.
    Coordinates are in points (1/72 inch) from the top left corner of the page as it is shown. The
    file is read again; it must be the one that was indexed.
    """
    from index.documents.isolation import parsing
    from rag.locate import locate as locate_quote

    record = _record(document, index)
    with interruptible("Stopped."), parsing():
        quote = locate_quote(record, start, end)
    if as_json:
        say_json(quote.model_dump_json())
        return
    for rectangle in quote.rectangles:
        say(on_one_line(_line(rectangle)))
    if not quote.rectangles:
        say("No character of this span is on a page: it has only marks or white space.")


def _record(name: str, index: Path | None) -> "DocumentRecord":
    from rag.cli.document_names import documents_in, find_named
    from rag.settings import Settings

    found = find_named(documents_in(Settings.resolve(index=index).index), name)
    if len(found.rows) > 1:
        raise BadInput(f"{name!r} matches {len(found.rows):,} documents; name one")
    return found.rows[0]


def _line(rectangle: "RectangleOnPage") -> str:
    page = f"page {rectangle.page}"
    if rectangle.label != str(rectangle.page):
        page += f" ({rectangle.label})"
    sides = "  ".join(
        f"{side} {value:7.2f}"
        for side, value in (
            ("left", rectangle.left),
            ("top", rectangle.top),
            ("right", rectangle.right),
            ("bottom", rectangle.bottom),
        )
    )
    return f"{page}  {sides}  of {rectangle.page_width:g} x {rectangle.page_height:g}"
