"""Run a command and print its time and peak memory, from fork to exit, as a line of JSON.

usage: python -I -S bench/launch.py COMMAND…      (exits as the command does)

This is a separate script with few imports, because the kernel's peak memory of a process includes
the memory of its parent at the fork.
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
