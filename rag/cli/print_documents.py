"""Documents as `rag list` shows them: a table on a terminal, lines of fields in a pipe, JSON."""

import json
from collections.abc import Sequence
from pathlib import Path

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from index.types import DocumentRecord
from rag.output.counts import n_of
from rag.output.safe_output import on_one_line, say

_MIN_TITLE_WIDTH = 12
"""Columns: less of a title says nothing."""


def listing_json(rows: Sequence[DocumentRecord], index: Path) -> str:
    """One object. The fields of a document are those of `GET /v1/documents`, and `path`, the file
    that it was read from, null for a document that was no file."""
    documents = [
        {
            "doc_id": row.doc_id,
            "path": row.path,
            "source": row.source,
            "title": row.title,
            "media_type": row.media_type,
            "sha256": row.sha256,
            "n_characters": row.n_chars,
            "n_chunks": row.n_chunks,
            "metadata": dict(row.metadata),
        }
        for row in rows
    ]
    return json.dumps({"documents": documents, "index": str(index)}, ensure_ascii=False, indent=1)


def print_documents(out: Console, rows: Sequence[DocumentRecord]) -> None:
    """On a terminal a table; in a pipe a line a document, of its id, title, characters, passages
    and type, with tabs between them."""
    if not out.is_terminal:
        say("\n".join(map(_fields, rows)))
        return
    out.print(Text(_line("characters", "passages", "type", "document"), style="dim"))
    for row in rows:
        out.print(_row(row, out.width), soft_wrap=True)
    n_documents = n_of(len(rows), "document")
    n_characters = n_of(sum(row.n_chars for row in rows), "character")
    n_passages = n_of(sum(row.n_chunks for row in rows), "passage")
    out.print(f"{n_documents}, {n_characters}, {n_passages}", style="dim")


def _fields(row: DocumentRecord) -> str:
    fields = (row.doc_id, row.title, row.n_chars, row.n_chunks, row.media_type)
    return "\t".join(on_one_line(str(field)) for field in fields)


def _line(characters: str, passages: str, media_type: str, document: str) -> str:
    return f"{characters:>12}  {passages:>8}  {media_type:<13}  {document}"


def _row(row: DocumentRecord, width: int) -> Text:
    """The id whole, and what of the title has room behind it."""
    doc_id, title = on_one_line(row.doc_id), Text(on_one_line(row.title), style="dim")
    line = _line(f"{row.n_chars:,}", f"{row.n_chunks:,}", row.media_type, doc_id)
    text = Text(line)
    text.stylize("bold", len(line) - len(doc_id))
    room = width - cell_len(line) - 2
    if room < min(_MIN_TITLE_WIDTH, title.cell_len):
        return text
    title.truncate(room, overflow="ellipsis")
    return text.append("  ").append_text(title)
