"""Where a text that is too long can be cut: between words, else between grapheme clusters."""

import regex

_GRAPHEME = regex.compile(r"\X")
# What str.strip takes for white space is more than \s here.
VISIBLE = regex.compile(r"[^\s\x1c-\x1f]")


def last_break(text: str, n: int, *, more: bool) -> int:
    """Where to cut at or before n: after a word in the second half, else between graphemes."""
    if not more:
        return n
    spaces = [m.start() for m in regex.finditer(r"\s+", text[: n + 1]) if m.start() > n // 2]
    if spaces:
        return int(spaces[-1])
    end = 0
    for match in _GRAPHEME.finditer(text):
        if match.end() > n:
            break
        end = match.end()
    return end or n
