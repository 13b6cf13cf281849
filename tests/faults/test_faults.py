"""A part of the faults that `make faults` makes: nothing is lost, wrong or silent."""

import pytest

from faults.parts import PARTS

CHECKED = ("kills", "full_disk", "wal", "together", "backups", "commands")
"""`make faults` makes the others too: what `damage` and `calls` still find stands in
docs/reliability.md, and `walk` takes long."""


@pytest.mark.slow
@pytest.mark.parametrize("name", CHECKED)
def test_no_fault_loses_anything_or_makes_a_wrong_answer(name: str) -> None:
    counts = PARTS[name].make(few=True)
    if isinstance(counts, str):
        pytest.skip(counts)
    assert counts.runs > 0
    assert counts.in_flight > 0
    assert not counts.failures, "\n".join(counts.failures)
