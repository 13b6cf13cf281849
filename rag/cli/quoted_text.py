"""Quoted text for people: Markdown without its markup on a terminal, as it stands in a pipe."""

from collections.abc import Iterator, Sequence

import regex
from rich.console import Console
from rich.text import Text

from index.documents.formats import MARKDOWN, notation_of
from index.types import Span
from rag.answer.highlight import matches
from rag.output.safe_output import printable
from rag.results import Citation, Passage

_LINE_OF_ITS_OWN = regex.compile(r"\n(?:[ \t]*(?:[-*+•|]|\d{1,3}[.)])|[ \t]*\n|\t| {2})")
_PHRASE = "green underline"
"""The style of the words that answer, within the unit."""

_ROW = regex.compile(r"[^\n]*\|[^\n]*")
_BAR = regex.compile(r"(?<!\\)\|")


def quotes(
    out: Console, query: str, citations: Sequence[Citation], phrase: Citation | None = None
) -> Iterator[Text]:
    """Yield the quotes of an answer, with the words of the query yellow and its phrase underlined.

    Wrapped prose is one line. On a terminal, the header and the rows of a Markdown table are one
    table.
    """
    rows = [citation.quote for citation in citations]
    if _is_rendered(out, citations[0]) and len(rows) > 1 and all(map(_ROW.fullmatch, rows)):
        n_columns = len(_BAR.split(rows[0].strip().removeprefix("|").removesuffix("|")))
        rows = ["\n".join([rows[0], "|" + n_columns * "-|", *rows[1:]])]
    for i, row in enumerate(rows):
        text, places = _shown(out, row, citations[0], 0)
        if not _has_lines(row) and notation_of(citations[0].media_type) != "code":
            text.plain = text.plain.replace("\n", " ")
        text.stylize_before("bold")
        for word in matches(query, text.plain):
            text.stylize("yellow", word.start, word.end)
        if phrase is not None and row == citations[i].quote:
            start = phrase.start - citations[i].start
            if citations[i].span.contains(phrase.span):
                shown = _at(places, start, start + len(phrase.quote))
                text.stylize(_PHRASE, shown.start, shown.end)
        yield text


def best_sentence(out: Console, query: str, passage: Passage, indent: int) -> Text:
    """Return the highlight of a passage on one line, with the words of the query yellow."""
    start = passage.highlight.start - passage.citation.start
    text, places = _shown(out, passage.text, passage.citation, indent)
    sentence = _at(places, start, start + len(passage.highlight.quote))
    if sentence.start < sentence.end:
        text = text[sentence.start : sentence.end]
    else:  # it is all markup
        text = Text(printable(passage.highlight.quote))
    text.plain = text.plain.replace("\n", " ")
    for word in matches(query, text.plain):
        text.stylize("bold yellow", word.start, word.end)
    return text


def whole_passage(out: Console, query: str, passage: Passage, indent: int) -> Text:
    """Return a passage, its best sentence bright and the words of the query yellow."""
    start = passage.citation.start
    text, places = _shown(out, passage.text, passage.citation, indent)
    best = _at(places, passage.highlight.start - start, passage.highlight.end - start)
    text.stylize_before("dim")
    text.stylize("not dim", best.start, best.end)
    for word in matches(query, text.plain):
        style = "bold yellow not dim" if best.contains(word) else "yellow"
        text.stylize(style, word.start, word.end)
    return text


def _shown(
    out: Console, source: str, citation: Citation, indent: int
) -> tuple[Text, Sequence[int]]:
    """Return a text as it is shown, and where each of its characters stands in that."""
    if not _is_rendered(out, citation):
        return Text(printable(source)), range(len(source) + 1)
    # Imported here: a search from a cold start does not wait for it.
    from rag.output.markdown.view import view_of

    view = view_of(source, out.width - indent)
    return view.text, view.places


def _is_rendered(out: Console, citation: Citation) -> bool:
    return out.is_terminal and citation.media_type == MARKDOWN


def _at(places: Sequence[int], start: int, end: int) -> Span:
    return Span(places[start], places[end])


def _has_lines(quote: str) -> bool:
    """Whether its lines say something as lines, as a list's do, and are not just wrapped."""
    return _LINE_OF_ITS_OWN.search(quote) is not None
