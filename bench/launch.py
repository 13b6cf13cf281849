"""Run a command and print, as a line of JSON, what it took: all of the process, from fork to exit.

usage: python -I -S bench/launch.py COMMAND…      (exits as the command does)

A script of its own that imports next to nothing: the kernel counts, as a process's peak memory,
also what its parent held at the fork.
"""

import json
import os
import subprocess
import sys
import time

_MB = 2**20 if sys.platform == "darwin" else 2**10
"""ru_maxrss is in bytes on macOS and in kilobytes elsewhere."""


def main() -> None:
    began = time.perf_counter()
    process = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE)
    output = process.stdout.read() if process.stdout is not None else b""
    _, status, usage = os.wait4(process.pid, 0)
    wall_s = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    print(
        json.dumps(
            {
                "wall_s": wall_s,
                "cpu_s": usage.ru_utime + usage.ru_stime,
                "peak_mb": usage.ru_maxrss / _MB,
                "output": output.decode(errors="replace"),
            }
        )
    )
    sys.exit(process.returncode)


if __name__ == "__main__":
    main()
