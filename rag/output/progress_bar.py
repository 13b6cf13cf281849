"""The progress bar of an ingest. A module of its own, because rich.progress is slow to import."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext

from rich.console import Console, RenderableType
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeElapsedColumn
from rich.text import Text

from index.ingest.progress import Progress as IngestProgress
from index.ingest.progress import Watch
from rag.output.compile_notice import show_compilation


class _Rate(ProgressColumn):
    """The number of encoded chunks, and chunks per second."""

    def render(self, task: Task) -> Text:
        chunks, elapsed = task.fields["chunks"], task.elapsed or 0
        rate = f" · {chunks / elapsed:.0f}/s" if chunks and elapsed > 0 else ""
        return Text(f"{chunks:,} passages{rate}" if chunks else "", style="cyan")


class _RemainingTime(ProgressColumn):
    """The remaining time, estimated from the rate so far."""

    def render(self, task: Task) -> Text:
        completed, total, elapsed = task.completed, task.total or 0, task.elapsed or 0
        if not completed or task.finished:
            return Text("")
        remaining_s = int(elapsed * (total - completed) / completed)
        return Text(f"{remaining_s // 60}:{remaining_s % 60:02d} left", style="dim")


class _Bar(Progress):
    """A progress bar, with a message above it if there is one."""

    notice = ""

    def get_renderables(self) -> Iterable[RenderableType]:
        if self.notice:
            yield Text(self.notice)
        yield from super().get_renderables()

    def show(self, notice: str) -> None:
        self.notice = notice
        self.refresh()


@contextmanager
def show_progress(out: Console) -> Iterator[Watch]:
    """Yield a function that shows an ingest's progress as a bar, which is removed at the end.

    Without a terminal no bar is shown, and the start of a compilation is logged.
    """
    bar = _Bar(
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        TextColumn("{task.fields[documents]}"),
        _Rate(),
        TimeElapsedColumn(),
        _RemainingTime(),
        console=out,
        transient=True,
        disable=not out.is_terminal,
    )
    with bar, show_compilation(bar.show) if out.is_terminal else nullcontext():
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
