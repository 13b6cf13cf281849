"""Jupyter notebooks: Markdown cells as they are, code cells and their text output as code."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import regex

from index.documents.blocks import Blocks
from index.documents.loader import Content, LoadOptions
from index.documents.loaders.markdown import MarkdownLoader
from index.documents.markdown import markdown_blocks
from index.documents.markup_text import fenced
from index.documents.text_loader import decoded_text
from index.errors import UnreadableDocument
from index.places import Place
from index.types import Document

_GAP = "\n\n"
_LONGEST_OUTPUT = 4000
"""In characters. The rest of a longer output is left out."""

_ESCAPES = regex.compile(r"\x1b\[[0-9;]*[A-Za-z]")


class NotebookLoader:
    """Loads notebooks of format 3 and 4. Pictures, widgets and HTML outputs are left out.

    Cells are numbered from 1. A code cell's output is a block below it.
    """

    def load(self, content: bytes, options: LoadOptions) -> Content:
        if not content.strip():
            raise UnreadableDocument("empty", "empty")
        text, _, warning = decoded_text(content, options)
        try:
            notebook = json.loads(text)
            cells = _cells(notebook)
            language = _language(notebook)
            parts = [
                (n, part) for n, cell in enumerate(cells, 1) for part in _parts(cell, language)
            ]
        except (ValueError, TypeError, AttributeError, KeyError, IndexError, RecursionError):
            raise UnreadableDocument("not a notebook", "damaged") from None
        return self._content(parts, {"programming_language": language} if language else {}, warning)

    def _content(
        self, parts: list[tuple[int, str]], metadata: Mapping[str, str], warning: str | None
    ) -> Content:
        places, length, last = [], 0, 0
        for number, part in parts:
            if number != last:
                places.append(Place(length, "cell", str(number)))
            last, length = number, length + len(part) + len(_GAP)
        content = MarkdownLoader().parse(_GAP.join(part for _, part in parts))
        return replace(
            content,
            places=tuple(places),
            metadata={**content.metadata, **metadata},
            warning=warning,
        )

    def blocks(self, document: Document) -> Blocks:
        return markdown_blocks(document.text)


def _cells(notebook: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    if "cells" in notebook:
        return list(notebook["cells"])
    return [cell for sheet in notebook["worksheets"] for cell in sheet["cells"]]


def _language(notebook: Mapping[str, Any]) -> str:
    metadata = notebook.get("metadata", {})
    kernel = metadata.get("kernelspec", {}).get("language", "")
    return str(metadata.get("language_info", {}).get("name", kernel))


def _parts(cell: Mapping[str, Any], language: str) -> Iterator[str]:
    source = _joined(cell.get("source", cell.get("input", ""))).strip("\n")
    if not source.strip():
        return
    match cell["cell_type"]:
        case "markdown":
            yield source
        case "heading":
            yield f"{'#' * int(cell.get('level', 1))} {source}"
        case "code":
            yield fenced(source, language)
            yield from (fenced(each, "") for each in _outputs(cell))
        case _:
            yield fenced(source, "")


def _outputs(cell: Mapping[str, Any]) -> Iterator[str]:
    for output in cell.get("outputs", []):
        text = output.get("text", output.get("data", {}).get("text/plain", ""))
        shown = _ESCAPES.sub("", _joined(text)).strip("\n")[:_LONGEST_OUTPUT]
        if shown.strip():
            yield shown


def _joined(text: str | list[str]) -> str:
    joined = text if isinstance(text, str) else "".join(text)
    joined = joined.replace("\r\n", "\n").replace("\r", "\n").replace("\ufeff", "")
    return joined.encode("utf-8", "replace").decode()
