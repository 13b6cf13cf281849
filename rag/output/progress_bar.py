"""A bar that follows an ingest. What draws it is slow to import, and a search has no use for it."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext

from rich.console import Console, RenderableType
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeElapsedColumn
from rich.text import Text

from index.ingest.progress import Progress as IngestProgress
from index.ingest.progress import Watch
from rag.output.compile_notice import compiling_shown


class _Rate(ProgressColumn):
    """Chunks a second since the first of them."""

    def render(self, task: Task) -> Text:
        chunks, elapsed = task.fields["chunks"], task.elapsed or 0
        rate = f" · {chunks / elapsed:.0f}/s" if chunks and elapsed > 0 else ""
        return Text(f"{chunks:,} passages{rate}" if chunks else "", style="cyan")


class _Left(ProgressColumn):
    """Time left, at the rate so far."""

    def render(self, task: Task) -> Text:
        done, total, elapsed = task.completed, task.total or 0, task.elapsed or 0
        if not done or task.finished:
            return Text("")
        left = int(elapsed * (total - done) / done)
        return Text(f"{left // 60}:{left % 60:02d} left", style="dim")


class _Bar(Progress):
    """A bar below a line of news, while there is some."""

    news = ""

    def get_renderables(self) -> Iterable[RenderableType]:
        if self.news:
            yield Text(self.news)
        yield from super().get_renderables()

    def show(self, news: str) -> None:
        self.news = news
        self.refresh()


@contextmanager
def watching(out: Console) -> Iterator[Watch]:
    """A bar that follows an ingest on a terminal, gone when it is done; in a pipe, only the
    news that a model is compiled, which is logged."""
    bar = _Bar(
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
    with bar, compiling_shown(bar.show) if out.is_terminal else nullcontext():
        task = bar.add_task("Reading", total=None, documents="", chunks=0)

        def watch(progress: IngestProgress) -> None:
            if not progress.chunks_done:
                bar.update(
                    task,
                    total=max(progress.n_files, 1),
                    completed=progress.files_checked,
                    documents=f"{progress.files_checked:,}/{progress.n_files:,} files",
                )
                return
            bar.update(
                task,
                description="Encoding",
                total=max(progress.size, 1),
                completed=min(progress.size_done, progress.size),
                documents=f"{progress.documents_done}/{progress.n_documents} documents",
                chunks=progress.chunks_done,
            )

        yield watch
