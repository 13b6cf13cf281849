"""`python -m faults [PART ...]`: make all faults, and print the number of each.

Exit status 1 if anything was lost, wrong, unreported or crashed. --few makes as many as tests do.
"""

import argparse
import sys
import time

from faults.counts import Counts, table
from faults.parts import PARTS


def main() -> int:
    parser = argparse.ArgumentParser(prog="faults", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}")
    parser.add_argument("--few", action="store_true", help="as many as the tests make")
    arguments = parser.parse_args()
    unknown = set(arguments.parts) - set(PARTS)
    if unknown:
        parser.error(f"no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    all_counts = []
    for name in arguments.parts or PARTS:
        counts = _make(name, few=arguments.few)
        if counts is not None:
            all_counts.append(counts)
    print(table(all_counts))
    return int(any(counts.failures for counts in all_counts))


def _make(name: str, *, few: bool) -> Counts | None:
    """Return the counts of one part; None if this machine lacks something for it (printed)."""
    began = time.perf_counter()
    counts = PARTS[name].make(few=few)
    if isinstance(counts, str):
        print(f"{name}: left out: {counts}", flush=True)
        return None
    print(f"{name}: {counts.runs} runs in {time.perf_counter() - began:.0f} s", flush=True)
    return counts


if __name__ == "__main__":
    sys.exit(main())
