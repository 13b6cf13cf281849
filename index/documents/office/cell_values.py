"""The values of spreadsheet cells as people read them."""

import math
from datetime import date, datetime, time, timedelta

import regex

_DURATION = regex.compile(r"(-?)P(?:(\d+)D)?T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:[.,]\d+)?S)?")
_MIDNIGHT = regex.compile(r"T00:00(?::00(?:\.0+)?)?$")
_LONGEST_WHOLE = 1e15
"""From here on, a spreadsheet's numbers are not exact, and it shows them as powers of ten."""


def number_text(value: float) -> str:
    """Return a number with 15 digits, as spreadsheets have; whole ones without a point.

    >>> number_text(5.0), number_text(0.1 + 0.2), number_text(-1234567.5)
    ('5', '0.3', '-1234567.5')
    """
    if not math.isfinite(value):
        return str(value)
    if value == int(value) and abs(value) < _LONGEST_WHOLE:
        return str(int(value))
    return f"{value:.15g}"


def percent_text(value: float) -> str:
    """Return a share as a percentage.

    >>> percent_text(0.157)
    '15.7%'
    """
    return f"{number_text(float(f'{value * 100:.15g}'))}%"


def date_text(iso: str) -> str:
    """Return an ISO 8601 date and time; only the date at midnight; a space between the two."""
    return _MIDNIGHT.sub("", iso).replace("T", " ")


def duration_text(iso: str) -> str:
    """Return an ISO 8601 duration as hours, minutes and seconds; other text as it is.

    >>> duration_text("PT9H05M00S")
    '09:05:00'
    """
    match = _DURATION.fullmatch(iso)
    if match is None:
        return iso
    days, hours, minutes, seconds = (int(each or 0) for each in match.groups()[1:])
    return f"{match[1]}{24 * days + hours:02d}:{minutes:02d}:{seconds:02d}"


def value_text(value: object, *, is_percent: bool = False) -> str:
    """Return a value of a cell: true and false in capitals, as spreadsheets show them."""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, int | float):
        return percent_text(value) if is_percent else number_text(value)
    if isinstance(value, datetime | date):
        return date_text(value.replace(microsecond=0).isoformat()
                         if isinstance(value, datetime) else value.isoformat())  # fmt: skip
    if isinstance(value, time):
        return value.isoformat("seconds")
    if isinstance(value, timedelta):
        minutes, seconds = divmod(round(value.total_seconds()), 60)
        return f"{minutes // 60}:{minutes % 60:02d}:{seconds:02d}"
    return str(value)
