"""A folder with documents that changed after an index was made, for every operation."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random

from faults.answers import whole
from faults.corpus import change_corpus, write_corpus
from faults.operations import BACKUP, OPERATIONS, perform
from faults.processes import Outcome, outcome_of
from index.maintain.backup import backup


@dataclass(frozen=True)
class Prepared:
    """here:     the working directory; docs/ in it has the changed documents
    expected: the result of each operation without a fault"""

    here: Path
    expected: Mapping[str, object]

    @classmethod
    def make(
        cls, here: Path, seed: int, n_documents: int = 12, n_paragraphs: int = 30
    ) -> "Prepared":
        rng = Random(seed)
        write_corpus(here / "docs", rng, n_documents, n_paragraphs)
        value_of(outcome_of(here, perform, "first", Path("before")))
        change_corpus(here / "docs", rng, n_paragraphs)
        value_of(outcome_of(here, perform, "first", Path("after")))
        value_of(outcome_of(here, backup, Path("after"), BACKUP))
        unfinished = cls(here, {})
        return cls(here, {op: unfinished.undisturbed(op) for op in OPERATIONS})

    def undisturbed(self, operation: str) -> object:
        index = self.fresh(operation)
        value_of(outcome_of(self.here, perform, operation, index))
        return value_of(outcome_of(self.here, whole, index))

    def fresh(self, operation: str) -> Path:
        """Make an index for the operation, relative to `here`; delete the earlier one."""
        index = Path("index")
        shutil.rmtree(self.here / index, ignore_errors=True)
        if operation != "first":
            shutil.copytree(self.here / "before", self.here / index)
        return index

    def complete(self, operation: str, index: Path) -> str | None:
        """Run the operation again without a fault; return what is wrong with the index, or None."""
        again = outcome_of(self.here, perform, operation, index)
        if again.refused or again.crashed:
            return f"the next run fails: {again.refused or again.crashed}"
        after = outcome_of(self.here, whole, index)
        if after.value == self.expected[operation]:
            return None
        return f"it differs from an undisturbed index {after.refused or after.crashed or ''}"


def value_of(outcome: Outcome) -> object:
    assert outcome.refused is None, outcome.refused
    assert outcome.crashed is None, outcome.crashed
    return outcome.value
