"""The notice while a model is compiled: on a terminal, in a pipe, and at the end."""

import logging
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from command import rag
from index.encode.compile import CompiledModels
from index.encode.model_files import find_model
from index.ingest.progress import Progress
from rag.output.compile_notice import show_compilation
from rag.output.progress_bar import show_progress

NEWS = "Compiling all-MiniLM-L6-v2 for this machine; this happens once and takes about 10 seconds…"


def test_a_pipe_gets_one_line_the_first_time_and_none_later(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Aid was cut.")
    for expected in ([f"rag: {NEWS}"], []):
        done = rag("ingest", "a.txt", cwd=tmp_path, RAG_CACHE_DIR=str(tmp_path / "cache"))
        assert (done.returncode, done.stderr.splitlines()) == (0, expected)
        (tmp_path / "a.txt").write_text("Aid came back.")


def test_the_notice_is_shown_and_removed_when_the_model_is_compiled(tmp_path: Path) -> None:
    shown: list[str] = []
    with show_compilation(shown.append):
        CompiledModels(tmp_path).compile(find_model(), "fp32")
    assert shown == [NEWS, ""]
    with show_compilation(shown.append):
        CompiledModels(tmp_path).compile(find_model(), "fp32")
    assert shown == [NEWS, ""]


def test_warnings_are_still_logged(caplog: pytest.LogCaptureFixture) -> None:
    shown: list[str] = []
    with show_compilation(shown.append):
        logging.getLogger("index.encode.compile").warning("damaged")
    assert (shown, caplog.messages) == ([], ["damaged"])


def test_the_bar_has_the_notice_above_it_and_no_count_of_chunks_before_the_first() -> None:
    written = StringIO()
    log = logging.getLogger("index.encode.compile")
    with show_progress(Console(file=written, force_terminal=True, width=100)) as watch:
        log.info("Compiling it; this happens once")
        during = written.getvalue()
        log.debug("done")
        written.truncate(0)
        watch(Progress())
    assert "Compiling it; this happens once" in during
    assert "0 chunks" not in during
    assert "Compiling" not in written.getvalue()
