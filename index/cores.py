"""The number of usable CPU cores."""

import os


def cores() -> int:
    """Return the number of cores this process can use, limited by OMP_NUM_THREADS."""
    try:
        n = len(os.sched_getaffinity(0))
    except AttributeError:  # not available on every system
        n = os.cpu_count() or 1
    wanted = os.environ.get("OMP_NUM_THREADS", "")
    return min(n, int(wanted)) if wanted.isdecimal() and int(wanted) else n
