"""How many cores there are to use."""

import os


def cores() -> int:
    """Those that this process may use; fewer if OMP_NUM_THREADS says so."""
    try:
        n = len(os.sched_getaffinity(0))
    except AttributeError:  # not on every system
        n = os.cpu_count() or 1
    wanted = os.environ.get("OMP_NUM_THREADS", "")
    return min(n, int(wanted)) if wanted.isdecimal() and int(wanted) else n
