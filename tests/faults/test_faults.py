"""A part of the faults of `make faults`: nothing is lost, wrong or unreported."""

import pytest

from faults.parts import PARTS


@pytest.mark.slow
@pytest.mark.parametrize("name", PARTS)
def test_no_fault_loses_documents_or_gives_a_wrong_answer(name: str) -> None:
    counts = PARTS[name].make(few=True)
    if isinstance(counts, str):
        pytest.skip(counts)
    assert counts.runs > 0
    assert counts.in_flight > 0
    assert not counts.failures, "\n".join(counts.failures)
