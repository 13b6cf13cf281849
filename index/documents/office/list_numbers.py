"""Write numbers of list items as Office programs show them."""

from collections.abc import Callable

_ROMAN = (
    (1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"),
    (50, "l"), (40, "xl"), (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"),
)  # fmt: skip
_LARGEST_ROMAN = 3999
_LARGEST_LETTER = 26 * 30


def roman(n: int) -> str:
    """Return a number in lower-case Roman numerals; in digits outside 1 to 3999.

    >>> roman(49)
    'xlix'
    """
    if not 0 < n <= _LARGEST_ROMAN:
        return str(n)
    text = ""
    for value, numeral in _ROMAN:
        text += numeral * (n // value)
        n %= value
    return text


def letters(n: int) -> str:
    """Return a number as Word counts in letters: a to z, then aa, bb; in digits above 780.

    >>> letters(3), letters(28)
    ('c', 'bb')
    """
    if not 0 < n <= _LARGEST_LETTER:
        return str(n)
    times, place = divmod(n - 1, 26)
    return chr(ord("a") + place) * (times + 1)


def _ordinal(n: int) -> str:
    ending = "th" if n % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")
    return f"{n}{ending}"


_FORMATS: dict[str, Callable[[int], str]] = {
    "decimalZero": lambda n: f"{n:02d}",
    "lowerRoman": roman,
    "upperRoman": lambda n: roman(n).upper(),
    "lowerLetter": letters,
    "upperLetter": lambda n: letters(n).upper(),
    "ordinal": _ordinal,
    "none": lambda _: "",
    # OpenDocument's names:
    "i": roman,
    "I": lambda n: roman(n).upper(),
    "a": letters,
    "A": lambda n: letters(n).upper(),
    "": lambda _: "",
}


def formatted_number(n: int, format: str) -> str:
    """Return a number in a format of Word (`lowerRoman`) or OpenDocument (`i`); else in digits."""
    return _FORMATS.get(format, str)(n)
