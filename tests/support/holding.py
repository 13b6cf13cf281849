"""Another process that holds a lock, and an ingest that waits for it after its commit."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SUPPORT = Path(__file__).parent

_HOLD = """
import sys
from pathlib import Path
from index.disk.locks import held
with held(Path(sys.argv[1]), "unused", 0):
    print("held", flush=True)
    sys.stdin.read()
"""
_INGEST = """
import logging, sys
from pathlib import Path
from fakes import HashEmbedder
from index.ingest.ingest import ingest
logging.basicConfig(format="%(message)s")
ingest(Path(sys.argv[1]), [Path(sys.argv[2])], HashEmbedder, prune=True)
"""
_REBUILD = """
import logging, sys
from pathlib import Path
from fakes import HashEmbedder
from index.ingest.ingest import rebuild
logging.basicConfig(format="%(message)s")
rebuild(Path(sys.argv[1]), HashEmbedder(sys.argv[2]))
"""


@contextmanager
def stopped_holder_of(lock: Path) -> Iterator[subprocess.Popen[str]]:
    """A suspended process that holds a lock; it ends with the block."""
    with _python(_HOLD, lock) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        process.send_signal(signal.SIGSTOP)
        yield process


def commit(index: Path, docs: Path) -> str:
    """Ingest, with --prune, while another process holds the lock on publishing. Kill the ingest
    when it has committed and waits for that process; return its message about the wait."""
    return _said_by(_INGEST, index, docs)


def commit_rebuild(index: Path, model: str = "hash") -> str:
    """The same with a rebuild, with the fake model of a name."""
    return _said_by(_REBUILD, index, model)


def _said_by(code: str, *arguments: Path | str) -> str:
    with _python(code, *arguments) as process:
        assert process.stderr is not None
        return process.stderr.readline()


@contextmanager
def _python(code: str, *arguments: Path | str) -> Iterator[subprocess.Popen[str]]:
    paths = os.pathsep.join([str(SUPPORT), str(SUPPORT.parents[1])])
    with subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": paths},
    ) as process:
        try:
            yield process
        finally:
            process.kill()
