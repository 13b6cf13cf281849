"""Conditions on the properties of documents: their fields and metadata.

Each backend evaluates a condition in its own way; `holds` defines what it means. Upper and lower
case of ASCII letters are the same. A comparison with a property that a document lacks is false.
"""

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from index.types import DocumentRecord

Operator = Literal["=", "<", "<=", ">", ">=", "starts with"]

FIELDS = ("doc_id", "source", "title", "media_type")
"""Fields of each document; every other name is one of its metadata."""

COLLECTION = "collection"
"""The metadata with the name of a document's collection (index.ingest.collection)."""

DATES = ("date", "modified")
"""Compared as far as the value goes: 2024-05-01 is in 2024, and `date <= 2024` includes it."""

LISTS = ("tags",)
"""Values between commas; a comparison holds if it does for one of them."""

NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?")

_COMPARE: Mapping[Operator, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True, slots=True)
class Comparison:
    """A property compared with a value.

    If the value is a number and the property begins like one, they are compared as numbers.
    """

    field: str
    operator: Operator
    value: str


@dataclass(frozen=True, slots=True)
class Exists:
    """The document has this property, and it is not empty."""

    field: str


@dataclass(frozen=True, slots=True)
class AllOf:
    parts: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    parts: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class NotThat:
    part: "Condition"


Condition = Comparison | Exists | AllOf | AnyOf | NotThat


def holds(condition: Condition, document: DocumentRecord) -> bool:
    """Return whether a condition is true of a document.

    >>> metadata = {"date": "2024-05", "tags": "aid, Kabul"}
    >>> record = DocumentRecord("a", None, "a", "A", "text/plain", "", 1, 1, metadata, None)
    >>> holds(Comparison("date", "<=", "2024"), record)
    True
    >>> holds(Comparison("tags", "=", "kabul"), record)
    True
    """
    match condition:
        case AllOf(parts):
            return all(holds(part, document) for part in parts)
        case AnyOf(parts):
            return any(holds(part, document) for part in parts)
        case NotThat(part):
            return not holds(part, document)
        case Exists(field):
            return bool(_property(document, field))
        case Comparison(field, _, _):
            value = _property(document, field)
            each = value.split(",") if field in LISTS else [value]
            return bool(value) and any(_compares(condition, one.strip(" ")) for one in each)


def _property(document: DocumentRecord, field: str) -> str:
    if field in FIELDS:
        return str(getattr(document, field))
    return document.metadata.get(field, "")


def _compares(comparison: Comparison, found: str) -> bool:
    value, found = lower_ascii(comparison.value), lower_ascii(found)
    if comparison.operator == "starts with":
        return found.startswith(value)
    compare = _COMPARE[comparison.operator]
    if comparison.field in DATES:
        return compare(found[: len(value)], value)
    number = NUMBER.match(found)
    if NUMBER.fullmatch(value) and number:
        return compare(float(number.group()), float(value))
    return compare(found, value)


def lower_ascii(text: str) -> str:
    """Lower the ASCII letters, as SQLite's `lower` does."""
    return "".join(c.lower() if c.isascii() else c for c in text)
