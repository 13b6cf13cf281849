"""The plain-text body of a mail: paragraphs, with the depth of quotation of each.

Quoted are lines with `>`, and everything after a line that introduces a reply's original: `On …
wrote:`, `-----Original Message-----`, or Outlook's copy of the headers. Signatures, which begin
with the line `-- `, are left out.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

import regex

from index.documents.markup_text import MarkupText
from index.documents.structure import plain_blocks, title_line

_MARKS = regex.compile(r">(?:[ \t]?>)*[ \t]?")
_WROTE = r"(?:wrote|writes|schrieb|a écrit|escribió|ha scritto|escreveu|schreef)"
_ATTRIBUTION = regex.compile(
    rf"(?:On|Am|Le|El|Il|Em|Op)\s.{{0,300}}?\d.{{0,300}}?\b{_WROTE}\b[^:]{{0,100}}:\s*"
)
_NAME_WROTE = regex.compile(rf".{{0,300}}?\b{_WROTE}\b[^:]{{0,100}}:\s*")
_ORIGINAL = regex.compile(
    r"-{2,}\s*(?:Original[ -]Message|Original Appointment|Ursprüngliche Nachricht"
    r"|Original-Nachricht|Message d'origine|Mensaje original|Messaggio originale"
    r"|Mensagem original|Oorspronkelijk bericht)\s*-{2,}\s*",
    regex.IGNORECASE,
)
_FROM = regex.compile(r"\*?(?:From|Von|De|Da|Van)\s?:\*?\s.*\S\s*")
_SENT = regex.compile(r"\*?(?:Sent|Date|Gesendet|Envoyé|Enviado|Inviato|Verzonden)\s?:\*?\s.*\s*")
_SIGNATURE = "-- "
_LONGEST_ATTRIBUTION = 3
"""In lines."""


class _Line(NamedTuple):
    depth: int
    text: str


def write_body(body: str, text: MarkupText, *, level: int, is_forward: bool) -> None:
    """Write a body with `\\n` as line end.

    level:      of its underlined headings
    is_forward: the mail forwards another, which is then no quotation
    """
    lines = _without_signatures(_quoted(_lines(body), is_forward))
    for depth, group in groupby(_with_blanks(lines), key=lambda line: line.depth):
        _write_blocks("\n".join(line.text for line in group), text, depth, level)


def _write_blocks(run: str, text: MarkupText, depth: int, level: int) -> None:
    for block in plain_blocks(run):
        raw = block.span.of(run)
        if block.kind == "heading" and "\n" in raw and not depth:
            text.heading(level + block.level - 1, title_line(raw))
        else:
            text.paragraph(raw, quoted=depth, lists=True)


def _lines(body: str) -> Sequence[_Line]:
    found = []
    for line in body.split("\n"):
        marks = _MARKS.match(line)
        depth = marks.group().count(">") if marks else 0
        found.append(_Line(depth, line[marks.end() :] if marks else line))
    return found


def _quoted(lines: Sequence[_Line], is_forward: bool) -> Iterator[_Line]:
    """Yield the lines; those that introduce an original, and an original without marks, deeper."""
    deeper, i = 0, 0
    while i < len(lines):
        n = _n_of_attribution(lines, i)
        if n:
            joined = " ".join(line.text.strip() for line in lines[i : i + n])
            depth = lines[i].depth + 1 + deeper
            yield from (_Line(depth, ""), _Line(depth, joined), _Line(depth, ""))
            deeper += not _is_marked(lines, i + n, lines[i].depth)
            i += n
            continue
        if not is_forward and not deeper and _begins_original(lines, i):
            deeper = 1
        yield _Line(lines[i].depth + deeper, lines[i].text)
        i += 1


def _n_of_attribution(lines: Sequence[_Line], i: int) -> int:
    """Return how many lines from line i are an attribution such as `On … wrote:`; 0 if none."""
    if not lines[i].text.strip() or len(lines[i].text) > 500:
        return 0
    for n in range(1, min(_LONGEST_ATTRIBUTION, len(lines) - i) + 1):
        part = lines[i : i + n]
        if part[-1].depth != part[0].depth or not part[-1].text.strip():
            return 0
        joined = " ".join(line.text.strip() for line in part)
        if not joined.endswith(":"):
            continue
        if _ATTRIBUTION.fullmatch(joined):
            return n
        is_marked = _is_marked(lines, i + n, lines[i].depth)
        return n if n == 1 and is_marked and _NAME_WROTE.fullmatch(joined) else 0
    return 0


def _is_marked(lines: Sequence[_Line], i: int, depth: int) -> bool:
    """Return whether the next visible line is quoted more deeply."""
    following = next((line for line in lines[i : i + 4] if line.text.strip()), None)
    return following is not None and following.depth > depth


def _begins_original(lines: Sequence[_Line], i: int) -> bool:
    text = lines[i].text
    if _ORIGINAL.fullmatch(text):
        return True
    following = lines[i + 1].text if i + 1 < len(lines) else ""
    return _FROM.fullmatch(text) is not None and _SENT.fullmatch(following) is not None


def _without_signatures(lines: Iterator[_Line]) -> Iterator[_Line]:
    """Yield the lines without each signature: to the next line of another depth."""
    signed = -1
    for line in lines:
        if line.text == _SIGNATURE:
            signed = line.depth
        elif line.depth != signed and (line.text.strip() or line.depth):
            signed = -1
        if signed < 0:
            yield line


def _with_blanks(lines: Iterator[_Line]) -> Iterator[_Line]:
    """Yield the lines; a blank one has the depth of the line before it."""
    depth = 0
    for line in lines:
        depth = line.depth if line.text.strip() else depth
        yield _Line(depth, line.text)
