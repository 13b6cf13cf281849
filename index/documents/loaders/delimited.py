"""Comma-separated and tab-separated values: one table, whose first row is the header."""

import csv
from io import StringIO

from index.documents.loader import Content, LoadOptions
from index.documents.markup_loader import MarkupLoader
from index.documents.markup_text import MarkupText
from index.documents.text_loader import decoded_text
from index.errors import UnreadableDocument

MAX_FIELD = 2**20
"""In characters. A longer field is most likely a quotation mark that is never closed."""

_DELIMITERS = ",;\t|"
_SAMPLE = 1 << 16


class CsvLoader(MarkupLoader):
    """Loads values separated by commas, semicolons, tabs or bars: by the most regular of these.

    Rows are numbered as records of the file, from 1. Rows without text are left out.
    """

    delimiter: str | None = None
    """The character between the values; None finds it."""

    def read(self, content: bytes, options: LoadOptions) -> Content:
        text, metadata, warning = decoded_text(content, options)
        csv.field_size_limit(MAX_FIELD)
        try:
            rows = list(csv.reader(StringIO(text, newline=""), delimiter=self.delimiter_of(text)))
        except csv.Error as error:
            raise UnreadableDocument(f"not a table of values: {error}", "damaged") from None
        table = MarkupText()
        table.table(rows, row_numbers=range(1, len(rows) + 1))
        return table.content(metadata=metadata, warning=warning)

    def delimiter_of(self, text: str) -> str:
        if self.delimiter is not None:
            return self.delimiter
        try:
            return csv.Sniffer().sniff(text[:_SAMPLE], _DELIMITERS).delimiter
        except csv.Error:
            return ","


class TsvLoader(CsvLoader):
    """Loads values separated by tabs."""

    delimiter = "\t"
