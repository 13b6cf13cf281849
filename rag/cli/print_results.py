"""Results as people read them: answers, passages, explanations; on a terminal or in a pipe."""

from itertools import groupby
from typing import TYPE_CHECKING

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from rag.answer.question_parts import questions_in
from rag.cli.quoted_text import best_sentence, quotes, whole_passage
from rag.output.safe_output import on_one_line, printable
from rag.results import (
    Answer,
    AnswerSentence,
    Citation,
    Explanation,
    Passage,
    ScorePart,
    SearchResult,
    SourcePlace,
)

if TYPE_CHECKING:
    from rag.cli.overview import Overview

_UNANSWERED = "The documents most likely do not answer this."
_WORDS_LACKING = "By the words of the question alone, no answer was found."


def print_result(out: Console, result: SearchResult) -> None:
    """The passages, best first."""
    _print_corrections(out, result)
    if not result.passages:
        out.print(result.reason)
        _print_note(out, result)
        return
    for passage in result.passages:
        _print_passage(out, _searched(result), passage)
    _print_summary(out, result)
    _print_note(out, result)
    if not result.answered:
        out.print(_UNANSWERED if result.confidence is not None else _WORDS_LACKING, style="dim")


def print_answer(out: Console, answer: Answer, *, full: bool) -> None:
    """The sentences that answer, then the passages behind them: their best sentences alone, or
    `full`."""
    _print_corrections(out, answer)
    if answer.passages or answer.text != answer.reason:
        _print_sentences(out, answer)
    if not answer.passages:
        out.print(answer.reason)
        _print_note(out, answer)
        return
    out.print("Supporting passages:" if answer.answered else "The nearest passages:", style="dim")
    out.print()
    for passage in answer.passages:
        (_print_passage if full else _print_short)(out, _searched(answer), passage)
    if not full:
        out.print()
    _print_summary(out, answer)
    _print_note(out, answer)


def _print_note(out: Console, result: SearchResult | Answer) -> None:
    if result.note is not None:
        out.print(result.note, style="dim")


def _print_corrections(out: Console, result: SearchResult | Answer) -> None:
    lines = [f'Searched for "{c.searched}"; you wrote "{c.written}".' for c in result.corrections]
    if lines:
        _print(out, Text(" ".join(lines), style="dim"), indent=0)
        out.print()


def _searched(result: SearchResult | Answer) -> str:
    """The question with the words that were searched for in place of mistyped ones behind it."""
    return " ".join([result.query, *(each.searched for each in result.corrections)])


def _print_summary(out: Console, result: SearchResult | Answer) -> None:
    n = len(result.passages)
    facts = [f"{n} passage{'s' * (n > 1)} in {result.took_ms:.0f} ms"]
    if result.confidence is not None:
        facts.append(f"confidence {result.confidence:.2f}")
    facts.append(f"generation {result.generation}")
    out.print(" · ".join(facts), style="dim")


def _print_sentences(out: Console, answer: Answer) -> None:
    """Each sentence once, under the parts of the question that it answers, if there are several."""
    if not answer.sentences:
        out.print(answer.text)
        out.print()
    parts = [part.text for part in questions_in(answer.query)]
    for _, group in groupby(answer.sentences, key=lambda sentence: sentence.citation):
        sentences = list(group)
        if parts:
            questions = " / ".join(sentence.question for sentence in sentences)
            _print(out, Text(printable(questions), style="dim"), indent=0)
        _print_sentence(out, _searched(answer), sentences[0])
    answered = {sentence.question for sentence in answer.sentences}
    unanswered = [part for part in parts if part not in answered]
    if answer.sentences and unanswered:
        _print(
            out, Text(f"Not answered: {printable(' / '.join(unanswered))}", style="dim"), indent=0
        )
        out.print()


def _print_sentence(out: Console, query: str, sentence: AnswerSentence) -> None:
    for quote in quotes(out, query, sentence.citations, sentence.phrase):
        _print(out, quote, indent=0)
    _print(out, _location(sentence.citation), indent=4)
    out.print()


def _print_short(out: Console, query: str, passage: Passage) -> None:
    """Two lines, or as many as they wrap to: rank, score and source; the best sentence."""
    head = Text.assemble((f"{passage.rank:>2}", "bold"), "  ", (f"{passage.score:.3f}", "cyan"))
    _print(out, head.append("  ").append_text(_source(passage.citation)), indent=0)
    _print(out, best_sentence(out, query, passage, indent=4), indent=4)


def _source(citation: Citation) -> Text:
    """`source:line`, as editors open it."""
    lines = f"{citation.line_start}"
    if citation.line_end != citation.line_start:
        lines += f"-{citation.line_end}"
    return Text(f"{on_one_line(citation.source)}:{lines}", style="green")


def _location(citation: Citation) -> Text:
    """The source, with the page and the headings."""
    location = _source(citation)
    if citation.page_start is not None:
        location.append(f" · page {citation.page_start}", style="dim")
    for place in citation.places:
        location.append(f" · {_place(place)}", style="dim")
    for heading in citation.headings:
        location.append(f" › {on_one_line(heading)}", style="dim")
    return location


def _place(place: SourcePlace) -> str:
    """A place as people name it: `slide 3`, `rows 2-5`, `#install`, `00:01:05`."""
    first, last = on_one_line(place.first), on_one_line(place.last)
    labels = first if first == last else f"{first}-{last}"
    match place.kind:
        case "anchor":
            return first
        case "time" | "part":
            return labels
        case "page-label":
            return f"labelled {labels}"
        case kind:
            return f"{kind} {labels}" if first == last else f"{kind}s {labels}"


def _print_passage(out: Console, query: str, passage: Passage) -> None:
    head = Text.assemble(
        (f"{passage.rank:>2}", "bold"),
        "  ",
        (f"{passage.score:.3f}", "cyan"),
        "  ",
        (on_one_line(passage.citation.title), "bold"),
    )
    location = _location(passage.citation)
    if passage.duplicates:
        location.append(f" · {len(passage.duplicates)} near-identical left out", style="dim")
    if out.is_terminal:
        head.no_wrap, head.overflow = True, "ellipsis"
    _print(out, head, indent=0)
    _print(out, location, indent=4)
    _print(out, whole_passage(out, query, passage, indent=4), indent=4)
    if passage.explanation is not None:
        _print(out, _explanation_text(passage.explanation), indent=4)
    out.print()


def _explanation_text(why: Explanation) -> Text:
    """A line for each part of the score and one of terms; a term the passage lacks is in
    brackets."""

    def line(name: str, part: ScorePart, note: str) -> str:
        share = f"{part.scaled:.3f} x {part.weight:.3f} = {part.scaled * part.weight:.3f}"
        return f"{name:<9} {share:<22} {note}\n"

    def ranked(name: str, rank: int | None) -> str:
        return f"{name} #{rank}" if rank is not None else f"not among {name}'s candidates"

    parts = line("dense", why.dense, ranked("FAISS", why.dense_rank))
    parts += line("sentence", why.sentence, "its best sentence")
    lexical = f"{ranked('BM25', why.lexical_rank)}, {why.lexical.value:.2f}"
    parts += line("words", why.lexical, lexical)
    if why.rerank is not None:
        parts += line("rerank", why.rerank, f"#{why.first_rank} before reranking")
    if why.merged:
        parts += f"joined    {len(why.merged)} neighbouring passages\n"
    terms = (
        f"{t.term} {t.idf:.1f}" if t.in_passage else f"({t.term} {t.idf:.1f})" for t in why.terms
    )
    return Text(f"{parts}terms     {printable(', '.join(terms)) or 'none'}", style="magenta")


def _print(out: Console, text: Text, indent: int) -> None:
    """Wrapped to a terminal; in a pipe each line stays whole, to be searched and cut."""
    if out.is_terminal:
        out.print(Padding(text, (0, 0, 0, indent)))
    else:
        for line in text.plain.split("\n"):
            out.print(" " * indent + line, soft_wrap=True, markup=False)


def print_overview(out: Console, index: "Overview") -> None:
    """What an index is, a line each."""
    model, vectors = index.model, index.vectors
    runtime = model.runtime + (f" ({model.why})" if model.why else "")
    if model.least_cosine is not None:
        runtime += f", compiled; cosine to the original at least {model.least_cosine:.4f}"
    how = "exactly" if vectors.kind == "exact" else f"by {vectors.kind}"
    nearest = f"{vectors.n_vectors:,}, searched {how}, {size(vectors.n_bytes)}"
    if vectors.n_lists:
        nearest += f", {vectors.n_probed} of {vectors.n_lists} lists probed"
    if vectors.recall is not None:
        nearest += f", recall@10 {vectors.recall:.3f}"
    disk = ", ".join(f"{part} {size(n)}" for part, n in index.n_bytes.items() if n)
    if index.n_chunks:
        disk += f"; {size(index.bytes_a_passage)} per passage"
    contents = f"documents: {index.n_documents:,}, passages: {index.n_chunks:,}"
    if index.collections:
        named = ", ".join(f"{name} ({n:,})" for name, n in index.collections.items())
        contents += f"; documents in collections: {named}"
    rows = {
        "index": f"{index.index}, generation {index.generation}",
        "contents": contents,
        "model": f"{model.name}, {model.precision}, {model.dimension} dimensions, "
        f"{model.window} tokens",
        "runs on": runtime,
        "vectors": nearest,
        "on disk": disk,
    }
    for name, value in rows.items():
        text = Text(on_one_line(value))
        lines = text.wrap(out, max(20, out.width - 9)) if out.is_terminal else [text]
        for number, part in enumerate(lines):
            head = Text(f"{'' if number else name:<9}", style="bold")
            out.print(head.append(part.plain.rstrip(), style="not bold"), soft_wrap=True)


def size(n_bytes: float) -> str:
    """In the unit that leaves a number people read.

    >>> size(23_500)
    '23.5 kB'
    """
    units = ["B", "kB", "MB", "GB"]
    while n_bytes >= 1000 and len(units) > 1:
        n_bytes /= 1000
        units.pop(0)
    return f"{n_bytes:.3g} {units[0]}"
