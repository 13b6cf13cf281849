"""Well-behaved clients, and the times that they wait."""

import threading
import time
from collections import Counter
from dataclasses import dataclass, field

import httpx

ROUTES = ("/v1/search", "/healthz", "/readyz")
HEALTHY_S = 30.0
"""Seconds until a healthy client gives up."""


@dataclass
class Healthy:
    """What healthy clients received: seconds by route, and errors."""

    seconds: dict[str, list[float]] = field(default_factory=dict)
    failures: Counter[str] = field(default_factory=Counter)

    @property
    def n(self) -> int:
        return sum(map(len, self.seconds.values()))

    def slowest(self, route: str) -> float:
        return max(self.seconds.get(route, [0.0]))

    def median(self, route: str) -> float:
        took = sorted(self.seconds.get(route, [0.0]))
        return took[len(took) // 2]


class HealthyClient(threading.Thread):
    """Sends one request after the other, each on a new connection, until it is stopped."""

    def __init__(self, url: str, seen: Healthy) -> None:
        super().__init__(daemon=True)
        self._url = url
        self._seen = seen
        self._stop_wanted = threading.Event()
        self._n = 0

    def run(self) -> None:
        while not self._stop_wanted.is_set():
            for path in ROUTES:
                self._ask(path)
            self._stop_wanted.wait(0.05)

    def _ask(self, path: str) -> None:
        self._n += 1
        began = time.monotonic()
        try:
            with httpx.Client(base_url=self._url, timeout=HEALTHY_S) as client:
                if path == "/v1/search":
                    question = {"query": f"Who paid for the bridge at Karsten {self._n}?"}
                    response = client.post(path, json=question)
                else:
                    response = client.get(path)
            if response.status_code != 200:
                self._seen.failures[f"{path}: {response.status_code}"] += 1
        except httpx.HTTPError as error:
            self._seen.failures[f"{path}: {type(error).__name__}"] += 1
        self._seen.seconds.setdefault(path, []).append(time.monotonic() - began)

    def stop(self) -> None:
        self._stop_wanted.set()
        self.join(HEALTHY_S + 5)
