"""JSON Lines: one object per line, a table or a section per object."""

import json
from collections.abc import Iterator, Mapping

from index.documents.loader import Content, LoadOptions
from index.documents.markup_loader import MarkupLoader
from index.documents.markup_text import MarkupText, one_line
from index.documents.text_loader import decoded_text
from index.errors import UnreadableDocument

_TITLES = ("title", "name", "subject", "question", "heading", "_id", "id")
_LONGEST_CELL = 120
_LONGEST_FIELD = 80


class JsonLinesLoader(MarkupLoader):
    """Loads JSON Lines. Blank lines count, but are no records.

    Objects with the same keys and short values are the rows of one table. Otherwise each object is
    a section: its title, its short values as `key: value` lines, its long ones as paragraphs.
    """

    def read(self, content: bytes, options: LoadOptions) -> Content:
        text, metadata, warning = decoded_text(content, options)
        records = list(_records(text))
        written = MarkupText()
        if _is_table([fields for _, fields in records]):
            header = list(records[0][1]) if records else []
            rows = [header, *([fields[key] for key in header] for _, fields in records)]
            # The header is in every object; it stands before the first.
            written.table(rows, row_numbers=[0, *(number for number, _ in records)])
        else:
            for number, fields in records:
                _write(written, number, fields)
        return written.content(metadata=metadata, warning=warning)


def _records(text: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the number of each line that has an object, from 1, and its values as text."""
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except (json.JSONDecodeError, RecursionError):
            raise UnreadableDocument(f"line {number} is not JSON", "damaged") from None
        fields = value if isinstance(value, dict) else {"value": value}
        yield number, {one_line(str(key)): _text_of(each) for key, each in fields.items()}


def _text_of(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return ", ".join(value)
    return json.dumps(value, ensure_ascii=False)


def _is_table(records: list[dict[str, str]]) -> bool:
    """Return whether all records have the same keys and short values on one line."""
    return all(
        record.keys() == records[0].keys()
        and all(len(value) <= _LONGEST_CELL and "\n" not in value for value in record.values())
        for record in records
    )


def _write(written: MarkupText, number: int, fields: Mapping[str, str]) -> None:
    title = next((key for key in _TITLES if one_line(fields.get(key, ""))), None)
    written.place("record", str(number))
    written.heading(1, fields[title] if title else f"Record {number}")
    long = {
        key: value
        for key, value in fields.items()
        if key != title and (len(value) > _LONGEST_FIELD or "\n" in value)
    }
    short = [key for key in fields if key != title and key not in long and fields[key].strip()]
    for key in short:
        written.item(f"{key}: {fields[key]}")
    for value in long.values():
        for paragraph in value.split("\n\n"):
            written.paragraph(paragraph, lists=True)
