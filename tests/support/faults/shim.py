"""The library that fails system calls (shim.c): compiled once, armed in a child."""

import atexit
import ctypes
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

HALF_WRITTEN = -1
"""Instead of an errno: a write that writes half of its bytes and returns their number."""

_SOURCE = Path(__file__).with_name("shim.c")


@cache
def library() -> Path | None:
    """The compiled library; None without a C compiler, or without LD_PRELOAD on this system."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None or sys.platform != "linux":
        return None
    folder = Path(tempfile.mkdtemp(prefix="rag-faults-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    path = folder / "shim.so"
    command = [compiler, "-shared", "-fPIC", "-O1", "-Wall", "-o", str(path), str(_SOURCE), "-ldl"]
    subprocess.run(command, check=True, capture_output=True)
    return path


WITHOUT = "a C compiler (Debian's package gcc) and Linux are needed to fail system calls"


def arm(below: str, at: int, error: int) -> None:
    """In a process with the library: fail the `at`-th call on paths below a folder; 0: none."""
    ctypes.CDLL(None).fault_arm(below.encode(), ctypes.c_long(at), error)


def n_calls() -> int:
    """The number of calls since it was armed."""
    count = ctypes.CDLL(None).fault_count
    count.restype = ctypes.c_long
    return int(count())


def failed_call() -> str:
    """The name of the failed call; empty if none failed."""
    call = ctypes.CDLL(None).fault_call
    call.restype = ctypes.c_char_p
    return bytes(call()).decode()
