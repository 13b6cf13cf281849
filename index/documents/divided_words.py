"""Join the lines of a PDF's paragraph, and the words that are divided at their ends."""

from collections import Counter
from collections.abc import Sequence

import regex

from index.documents.pdf_pages import HYPHEN
from index.documents.traced import Traced, joined

_DIVIDED = regex.compile(rf"([\p{{L}}\p{{M}}]+){HYPHEN}(\p{{Ll}}[\p{{L}}\p{{M}}]*)")


def lines_joined(lines: Sequence[Traced], words: Counter[str]) -> Traced:
    """Join lines with spaces. A hyphen at a line's end goes if the word is known without it.

    >>> lines = ["the index-", "ing of a well-", "known text"]
    >>> lines_joined([Traced.of(line, 0) for line in lines], Counter({"well-known": 1})).text
    'the indexing of a well-known text'
    """
    parts: list[Traced] = []
    for line in (_ends_joined(line, words) for line in lines):
        if parts and _is_divided(parts[-1].text, line.text):
            parts[-1] = _divided_joined(parts[-1], line, words)
        else:
            parts.append(line)
    return joined(" ", parts)


def _is_divided(text: str, line: str) -> bool:
    return text.endswith("-") and line[:1].islower() and len(text) > 1 and text[-2].isalpha()


def _divided_joined(text: Traced, line: Traced, words: Counter[str]) -> Traced:
    first, second = _last_word(text.text[:-1]), _first_word(line.text)
    return text + line if _is_compound(first, second, words) else text[:-1] + line


def _ends_joined(line: Traced, words: Counter[str]) -> Traced:
    """Resolve pdfium's marks of divided words in a line."""
    if HYPHEN not in line.text:
        return line
    dropped = {
        word.end(1)
        for word in _DIVIDED.finditer(line.text)
        if not _is_compound(word.group(1), word.group(2), words)
    }
    return Traced(line.text.replace(HYPHEN, "-"), line.origins).without(dropped)


def _is_compound(first: str, second: str, words: Counter[str]) -> bool:
    """Return whether the file has the word more often with a hyphen than without."""
    return words[f"{first}-{second}".lower()] > words[f"{first}{second}".lower()]


def _last_word(text: str) -> str:
    found = regex.search(r"[\p{L}\p{M}]+$", text)
    return found.group() if found else ""


def _first_word(text: str) -> str:
    found = regex.match(r"[\p{L}\p{M}]+", text)
    return found.group() if found else ""
