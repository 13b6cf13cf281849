"""A real server under each attack: other clients are answered, and memory stays bounded."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from faults.abuse import under_attack
from faults.attackers import ATTACKS
from faults.service_process import Service, make_index, serving_process

SECONDS = 1.0
MORE_MB = 500
"""MB that an attack may add. Without limits, several attacks add more than a thousand."""

ENDINGS = {
    "half_open_connections": "closed",
    "endless_headers": "431",
    "one_endless_header": "431",
    "long_request_lines": "414",
    "bytes_of_tls": "400",
    "nested_json": "400",
    "large_texts_read_fast": "200",
}
"""What attackers receive. The others are too slow for a result during a test."""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_index(tmp_path_factory.mktemp("abuse"), n_large=4, characters=8_000_000)


@pytest.fixture(scope="module")
def service(index: Path, request: pytest.FixtureRequest) -> Iterator[Service]:
    """A service with the parametrized number of workers."""
    with serving_process(index, request.param) as service:
        for n in range(20):  # then each worker has read the large documents
            httpx.post(f"{service.url}/v1/search", json={"query": f"the bridge {n}", "k": 20})
        yield service


CASES = [(1, name) for name in ATTACKS] + [(2, name) for name in list(ENDINGS)[:3]]


@pytest.mark.parametrize(("service", "name"), CASES, indirect=["service"])
def test_healthy_clients_are_answered_under_attack(service: Service, name: str) -> None:
    before_mb = service.resident_mb()
    outcome = under_attack(service, name, SECONDS, ENDINGS.get(name))
    assert outcome.healthy.n > 0
    assert not outcome.healthy.failures, outcome.row()
    assert outcome.most_mb < before_mb + MORE_MB, outcome.row()
    if name in ENDINGS:
        assert outcome.met[ENDINGS[name]] > 0, outcome.row()
    assert httpx.get(f"{service.url}/readyz", timeout=60).status_code == 200
    assert service.process.poll() is None
    assert "Traceback" not in service.err
