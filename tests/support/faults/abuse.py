"""Attacks on a real `rag serve`, and the response times of its healthy clients meanwhile.

`PYTHONPATH=tests python -m faults.abuse --folder FOLDER` runs every attack for some seconds and
prints a table: what the attackers received, and the times of questions and health checks.
`--against COMMAND` sets another server command, for a comparison.
"""

import argparse
import asyncio
import resource
import shlex
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.queues import Queue
from pathlib import Path
from queue import Empty

from faults.attackers import ATTACKS, Met
from faults.healthy_clients import ROUTES, Healthy, HealthyClient
from faults.service_process import RAG, Service, make_index, serving_process

ENDING_S = 60.0
"""Maximum seconds of an attack until its clients receive what is expected."""


def run_attack(
    name: str, port: int, seconds: float, ending: str | None, results: "Queue[Met]"
) -> None:
    """Run an attack in its own process, so that it shares no lock with the healthy clients."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(max(soft, 4096), hard), hard))
    met: Met = Counter()

    async def for_a_while() -> None:
        attackers = asyncio.ensure_future(ATTACKS[name](port, met))
        await asyncio.sleep(seconds)
        deadline = time.monotonic() + ENDING_S
        while ending is not None and not met[ending] and time.monotonic() < deadline:
            await asyncio.sleep(0.1)
        attackers.cancel()

    asyncio.run(for_a_while())
    results.put(met)


@dataclass
class Outcome:
    """The results of an attack, for its clients and for others."""

    name: str
    met: Met
    healthy: Healthy
    most_mb: int

    def row(self) -> str:
        healthy, failures = self.healthy, sum(self.healthy.failures.values())
        cells = [
            f"{healthy.n - failures}/{healthy.n}",
            *(f"{healthy.median(each):.3f} {healthy.slowest(each):.3f}" for each in ROUTES),
            f"{self.most_mb:,}",
            ", ".join(f"{n:,} {what}" for what, n in self.met.most_common(4)),
        ]
        return f"| {self.name} | " + " | ".join(cells) + " |"


HEADER = (
    "| attack | answered with 200 | question, s (median, most) | /healthz | /readyz "
    "| most memory, MB | attackers met |\n|---|---|---|---|---|---|---|"
)


def under_attack(
    service: Service, name: str, seconds: float, ending: str | None = None, n_healthy: int = 2
) -> Outcome:
    """Run an attack for a while, with healthy clients at the same time.

    ending: what the attackers should receive; the attack lasts until one of them has received it
    """
    spawn = get_context("spawn")
    results: Queue[Met] = spawn.Queue()
    attackers = spawn.Process(
        target=run_attack, args=(name, service.port, seconds, ending, results), daemon=True
    )
    healthy, most_mb = Healthy(), 0
    attackers.start()
    time.sleep(0.5)  # until the connections of the attack are open
    clients = [HealthyClient(service.url, healthy) for _ in range(n_healthy)]
    for client in clients:
        client.start()
    met: Met | None = None
    while met is None:
        assert attackers.exitcode in (None, 0), "the attackers failed"
        most_mb = max(most_mb, service.resident_mb())
        with suppress(Empty):
            met = results.get(timeout=0.2)
    for client in clients:
        client.stop()
    attackers.join(30)
    return Outcome(name, met, healthy, most_mb)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("attacks", nargs="*", help=f"some of: {', '.join(ATTACKS)}")
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--folder", type=Path, required=True, help="an empty one, for the index")
    parser.add_argument("--against", type=shlex.split, default=RAG, metavar="COMMAND")
    parser.add_argument("--cwd", type=Path, help="where that command runs")
    options = parser.parse_args()
    folder = options.folder.resolve()
    index = folder / "index"
    if not index.exists():
        make_index(folder, n_large=4, characters=31_000_000)
    print(HEADER, flush=True)
    for name in options.attacks or ATTACKS:
        with serving_process(index, options.workers, options.against, options.cwd) as service:
            print(under_attack(service, name, options.seconds).row(), flush=True)


if __name__ == "__main__":
    main()
