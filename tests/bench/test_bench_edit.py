"""`python -m bench.edit`: the time of an ingest after a small change."""

from pathlib import Path

import pytest

from bench.edit import CHANGES, PARTS, measure
from command import ROOT


@pytest.mark.slow
def test_each_change_has_the_parts_that_it_needs(tmp_path: Path) -> None:
    medians = measure(ROOT / "eval" / "seeds", tmp_path, n_files=12, n_rounds=1)
    assert list(medians) == ["first ingest", *CHANGES]
    for change, times in medians.items():
        assert all(times[part] >= 0 for part in PARTS)
        assert times["process"] > sum(times[part] for part in PARTS)
        assert (times["encode"] > 0) == (change not in ("nothing", "one removed"))
    assert len(list((tmp_path / "docs").rglob("*.md"))) == 12
