"""What calamine does not tell of an .xlsx sheet: its extent, percentages and merged cells.

Read from the XML by pattern, because a sheet can have millions of cells.
"""

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import regex

from index.documents.office.xml import Element, local_name, parse_xml

_CELL = regex.compile(rb"<(?:\w+:)?c\s([^<>]*[^/<>])>")
_REFERENCE = regex.compile(rb"\br=[\"']([A-Za-z]{1,3})(\d{1,7})[\"']")
_ERROR = regex.compile(rb"<(?:\w+:)?v>([^<]*)<")
_STYLE = regex.compile(rb"\bs=[\"'](\d{1,6})[\"']")
_MERGED = regex.compile(
    rb"<(?:\w+:)?mergeCell\s[^<>]*\bref=[\"']([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})[\"']"
)
_LITERAL = regex.compile(r"\"[^\"]*\"|\\.|\[[^\]]*\]")
_PERCENT_FORMATS = frozenset({9, 10})
"""The numbers of the built-in formats 0% and 0.00%."""

_LONGEST_ERROR = 10_000
"""In bytes, with the formula before the stored value."""

Position = tuple[int, int]
"""Row and column, from 0."""


@dataclass(frozen=True, slots=True)
class SheetExtent:
    """The first and the last row and column with a value, from 0; last < first if there is none."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def n_cells(self) -> int:
        return max(0, self.bottom - self.top + 1) * max(0, self.right - self.left + 1)

    @property
    def last(self) -> str:
        """The name of the last cell: `B7`."""
        return f"{column_name(self.right)}{self.bottom + 1}"


def column_of(letters: bytes) -> int:
    """Return the number of a column, from 0: 27 for `AB`."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - ord("A") + 1
    return number - 1


def column_name(column: int) -> str:
    """Return the letters of a column: `AB` for 27."""
    name = ""
    while column >= 0:
        name = chr(ord("A") + column % 26) + name
        column = column // 26 - 1
    return name


def sheet_parts(parts: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return the XML of each sheet by its name."""
    workbook = parse_xml(parts["xl/workbook.xml"], "xl/workbook.xml")
    targets = _targets(parts.get("xl/_rels/workbook.xml.rels"))
    found = {}
    for sheet in workbook.iter("{*}sheet"):
        identity = next((v for k, v in sheet.attrib.items() if k.endswith("}id")), "")
        part = parts.get(targets.get(identity, ""))
        if part is not None:
            found[sheet.get("name", "")] = part
    return found


def _targets(relationships: bytes | None) -> dict[str, str]:
    if relationships is None:
        return {}
    return {
        each.get("Id", ""): posixpath.normpath(
            posixpath.join("/xl", each.get("Target", ""))
        ).lstrip("/")
        for each in parse_xml(relationships, "xl/_rels/workbook.xml.rels")
    }


def percent_styles(styles: bytes | None) -> frozenset[int]:
    """Return the numbers of the cell styles that show a percentage."""
    if styles is None:
        return frozenset()
    root = parse_xml(styles, "xl/styles.xml")
    formats = {
        each.get("numFmtId"): "%" in _LITERAL.sub("", each.get("formatCode", ""))
        for each in root.iter("{*}numFmt")
    }
    cell_styles: Element = next(root.iter("{*}cellXfs"), ())
    return frozenset(
        i
        for i, style in enumerate(each for each in cell_styles if local_name(each) == "xf")
        if _is_percent(style.get("numFmtId", "0"), formats)
    )


def _is_percent(number: str, formats: Mapping[str, bool]) -> bool:
    if number in formats:
        return formats[number]
    return number.isascii() and number.isdigit() and int(number) in _PERCENT_FORMATS


@dataclass(frozen=True, slots=True)
class CellScan:
    """percentages: the cells that show one. errors: such as `#DIV/0!`, which calamine omits."""

    extent: SheetExtent
    percentages: set[Position]
    errors: dict[Position, str]


def scan_cells(part: bytes, percent: frozenset[int]) -> CellScan:
    """Scan the cells of a sheet. percent: the numbers of the styles of percentages"""
    top = left = 1 << 30
    bottom = right = -1
    percentages: set[Position] = set()
    errors: dict[Position, str] = {}
    for cell in _CELL.finditer(part):
        reference = _REFERENCE.search(cell[1])
        if reference is None:
            continue
        row, column = int(reference[2]) - 1, column_of(reference[1])
        top, bottom = min(top, row), max(bottom, row)
        left, right = min(left, column), max(right, column)
        style = _STYLE.search(cell[1]) if percent else None
        if style is not None and int(style[1]) in percent:
            percentages.add((row, column))
        if b't="e"' in cell[1]:
            error = _ERROR.search(part, cell.end(), cell.end() + _LONGEST_ERROR)
            if error is not None:
                errors[row, column] = error[1].decode("utf-8", "replace")
    return CellScan(SheetExtent(top, left, bottom, right), percentages, errors)


def merged_ranges(part: bytes) -> Iterator[tuple[Position, Position]]:
    """Yield the first and the last cell of each merged range."""
    for match in _MERGED.finditer(part):
        left, top, right, bottom = match.groups()
        yield (int(top) - 1, column_of(left)), (int(bottom) - 1, column_of(right))
