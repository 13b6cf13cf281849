"""Threads that parse uploads, each in a restricted process of its own."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from index.documents.isolation import ParserProcess

N_PARSERS = 2
"""A file whose parser is slow delays no more than half of the other files."""


class Parsers:
    """The parser processes. One starts with the first file of its thread."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(N_PARSERS, thread_name_prefix="parse")
        self._of_thread = threading.local()
        self._processes: list[ParserProcess] = []

    def start(self, call: Callable[[ParserProcess], None]) -> None:
        """Call a function with a parser, in turn, in another thread. It must not raise."""
        self._threads.submit(lambda: call(self._process()))

    def _process(self) -> ParserProcess:
        process: ParserProcess | None = getattr(self._of_thread, "process", None)
        if process is None:
            process = self._of_thread.process = ParserProcess()
            self._processes.append(process)
        return process

    def rest(self) -> None:
        """End the processes. No file may be waiting."""
        for process in self._processes:
            process.close()

    def close(self) -> None:
        """Drop what waits, and end the processes. A file that is being parsed fails."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        for process in self._processes:
            process.kill()
