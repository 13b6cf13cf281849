"""Prefer newer documents, on request.

Of results that match nearly as well as the best one, those of the newest document come first. The
others keep their order, so that age never outweighs relevance.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import numpy as np

from index.backend import Snapshot
from index.conditions import DATES
from rag.search.candidates import Candidates

NEAR = 0.1
"""Results whose scores are at most this far below the best one match nearly as well."""

_ISO = re.compile(r"\d{4}(?:-\d{2}(?:-\d{2}(?:[T ].*)?)?)?$")

_Result = TypeVar("_Result")


def date_of(metadata: Mapping[str, str]) -> str:
    """Return the date of a document: ISO 8601, perhaps only a year or a month.

    Return "" if it has none, or only one in another notation, which could not be compared.
    """
    return next((metadata[name] for name in DATES if _ISO.match(metadata.get(name, ""))), "")


def newest_first(
    results: Sequence[_Result],
    score: Callable[[_Result], float],
    date: Callable[[_Result], str],
) -> list[_Result]:
    """Return results, best first, with those within NEAR of the best in order of date.

    Of these, the newest comes first; those without a date follow. Equal dates keep their order.

    >>> newest_first(["a1", "b3", "c2"], lambda each: 0.5, lambda each: each[1])
    ['b3', 'c2', 'a1']
    """
    if not results:
        return []
    least = round(score(results[0]) - NEAR, 6)
    near = [each for each in results if score(each) >= least]
    return [*sorted(near, key=date, reverse=True), *results[len(near) :]]


def prefer_newest(snapshot: Snapshot, candidates: Candidates, n: int) -> Candidates:
    """Return candidates, best first, with the newest of the first n before those nearly as good.

    n: only these are compared by date
    """
    head = candidates.head(n).signals
    chunks = {chunk.chunk_id: chunk for chunk in snapshot.chunks(head["chunk_id"].tolist())}
    scores = head["score"].tolist()

    def date(row: int) -> str:
        record = snapshot.record(chunks[int(head["chunk_id"][row])].doc_id)
        return "" if record is None else date_of(record.metadata)

    rows = newest_first(range(len(head)), scores.__getitem__, date)
    return candidates.at_rows(np.array([*rows, *range(len(head), len(candidates))], np.int64))
