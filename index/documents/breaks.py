"""Find a cut in a text that is too long: between words, else between grapheme clusters."""

import regex

_GRAPHEME = regex.compile(r"\X")
# str.strip also removes \x1c-\x1f, which \s does not match here.
VISIBLE = regex.compile(r"[^\s\x1c-\x1f]")


def last_break(text: str, n: int, *, more: bool) -> int:
    """Return the offset of the last possible cut at or before n.

    Cut at the last white space in the second half of text[:n], else between two grapheme clusters.
    Return n if no text follows it (`more` is False).
    """
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
