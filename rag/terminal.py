"""What people see: passages, progress and summaries, on a terminal or plain in a pipe."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import regex
from rich.console import Console
from rich.padding import Padding
from rich.progress import BarColumn, Progress, ProgressColumn, TextColumn, TimeElapsedColumn
from rich.progress import Task as ProgressTask
from rich.text import Text

from index.sync import Progress as IngestProgress
from index.sync import Report, Watch
from index.types import Span
from rag.highlight import matches
from rag.results import Explanation, Part, Passage, Scores, SearchResult

_WIDEST = 100
"""Longer lines are hard to read, however wide the window."""

_CONTROLS = regex.compile(r"[\p{Cc}--[\n\t]]", regex.VERSION1)


def console(*, stderr: bool = False) -> Console:
    """A console as wide as the terminal, but not too wide to read."""
    made = Console(stderr=stderr, highlight=False, emoji=False)
    if made.is_terminal:
        made.width = min(made.width, _WIDEST)
    return made


def _shown(text: str) -> str:
    """Text as it can be printed: a document must not be able to steer the terminal."""
    return _CONTROLS.sub("\ufffd", text)


def print_result(out: Console, result: SearchResult) -> None:
    """The passages, best first."""
    if not result.passages:
        out.print("No passages: the index is empty, or --doc lets no document through.")
        return
    for passage in result.passages:
        _print_passage(out, result.query, passage)
    n = len(result.passages)
    out.print(
        f"{n} passage{'s' * (n > 1)} in {result.took_ms:.0f} ms · "
        f"confidence {result.confidence:.2f} · generation {result.generation}",
        style="dim",
    )


def _print_passage(out: Console, query: str, passage: Passage) -> None:
    citation = passage.citation
    head = Text.assemble(
        (f"{passage.rank:>2}", "bold"),
        "  ",
        (f"{passage.score:.3f}", "cyan"),
        "  ",
        (_shown(citation.title), "bold"),
    )
    lines = f"{citation.line_start}"
    if citation.line_end != citation.line_start:
        lines += f"-{citation.line_end}"
    where = Text(f"{_shown(citation.source)}:{lines}", style="green")
    if citation.page_start is not None:
        where.append(f" · page {citation.page_start}", style="dim")
    for heading in citation.headings:
        where.append(f" › {_shown(heading)}", style="dim")
    if out.is_terminal:
        head.no_wrap, head.overflow = True, "ellipsis"
    _print(out, head, indent=0)
    _print(out, where, indent=4)
    _print(out, _marked(query, passage), indent=4)
    if passage.explanation is not None:
        _print(out, _explained(passage.scores, passage.explanation), indent=4)
    out.print()


def _explained(scores: Scores, why: Explanation) -> Text:
    """Two lines of sums and a line of terms; a term the passage lacks is in brackets."""

    def ranked(name: str, rank: int | None) -> str:
        return f"{name} #{rank}" if rank is not None else f"{name} not among its candidates"

    def share(part: Part) -> str:
        return f"{part.value:.3f}, scaled {part.scaled:.3f} x {part.weight:.2f}"

    terms = (
        f"{t.term} {t.idf:.1f}" if t.in_passage else f"({t.term} {t.idf:.1f})" for t in why.terms
    )
    return Text(
        f"vectors {ranked('FAISS', why.dense_rank)}: dense {scores.dense:.3f} + sentence "
        f"{scores.sentence:.3f} = {share(why.semantic)}\n"
        f"words   {ranked('BM25', why.lexical_rank)}: {share(why.lexical)}\n"
        f"terms   {_shown(', '.join(terms)) or 'none'}",
        style="magenta",
    )


def _print(out: Console, text: Text, indent: int) -> None:
    """Wrapped to a terminal; in a pipe each line stays whole, to be searched and cut."""
    if out.is_terminal:
        out.print(Padding(text, (0, 0, 0, indent)))
    else:
        for line in text.plain.split("\n"):
            out.print(" " * indent + line, soft_wrap=True, markup=False)


def _marked(query: str, passage: Passage) -> Text:
    """The passage, its best sentence bright and the words it shares with the query yellow.

    Control characters become one character each, so that the offsets hold."""
    text = Text(_shown(passage.text), style="dim")
    start = passage.citation.start
    best = Span(passage.highlight.start - start, passage.highlight.end - start)
    text.stylize("not dim", best.start, best.end)
    for word in matches(query, passage.text):
        style = "bold yellow not dim" if best.contains(word) else "yellow"
        text.stylize(style, word.start, word.end)
    return text


class _Rate(ProgressColumn):
    """Chunks a second since the first of them."""

    def render(self, task: ProgressTask) -> Text:
        chunks, elapsed = task.fields["chunks"], task.elapsed or 0
        rate = f" · {chunks / elapsed:.0f}/s" if chunks and elapsed > 0 else ""
        return Text(f"{chunks:,} chunks{rate}", style="cyan")


class _Left(ProgressColumn):
    """Time left, at the rate of the characters so far."""

    def render(self, task: ProgressTask) -> Text:
        done, total, elapsed = task.completed, task.total or 0, task.elapsed or 0
        if not done or task.finished:
            return Text("")
        left = int(elapsed * (total - done) / done)
        return Text(f"{left // 60}:{left % 60:02d} left", style="dim")


@contextmanager
def watching(out: Console) -> Iterator[Watch]:
    """A bar that follows an ingest on a terminal, gone when it is done; nothing in a pipe."""
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        TextColumn("{task.fields[documents]}"),
        _Rate(),
        TimeElapsedColumn(),
        _Left(),
        console=out,
        transient=True,
        disable=not out.is_terminal,
    )
    with bar:
        task = bar.add_task("Reading", total=None, documents="", chunks=0)

        def watch(progress: IngestProgress) -> None:
            bar.update(
                task,
                description="Encoding",
                total=max(progress.n_characters, 1),
                completed=min(progress.characters_done, progress.n_characters),
                documents=f"{progress.documents_done}/{progress.n_documents} documents",
                chunks=progress.chunks_done,
            )

        yield watch


@contextmanager
def asking(out: Console) -> Iterator[Callable[[int, int], None]]:
    """A line that counts the questions asked so far, gone when all are; nothing in a pipe."""
    with out.status("") as status:

        def asked(done: int, total: int) -> None:
            status.update(f"Asked {done:,} of {total:,} questions")

        yield asked


def print_report(out: Console, report: Report, index: str, seconds: float) -> None:
    """One line of what an ingest did, after a line for every file it skipped."""
    for path, reason in report.skipped:
        out.print(f"skipped {_shown(path)}: {reason}", style="yellow", soft_wrap=True, markup=False)
    counts = [
        f"{len(names)} {what}"
        for what, names in (
            ("added", report.added),
            ("updated", report.updated),
            ("unchanged", report.unchanged),
            ("removed", report.removed),
            ("skipped", report.skipped),
        )
    ]
    if report.n_other_types:
        counts.append(f"{report.n_other_types} of other types left out")
    out.print(
        f"{', '.join(counts)} · {report.n_chunks} chunks encoded in {seconds:.1f} s · "
        f"{index} is at generation {report.generation}",
        soft_wrap=True,
        markup=False,
    )
