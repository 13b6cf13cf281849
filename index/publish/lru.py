"""What was read last, kept in memory within a bound."""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Recent(Generic[Value]):
    """Values by id, read where they are not kept; what was used longest ago goes first.

    For what never changes. Not for two threads at once.
    """

    def __init__(
        self,
        read: Callable[[Sequence[int]], Mapping[int, Value]],
        size: Callable[[Value], int],
        most: int,
    ) -> None:
        """read: from the ids that are there to their values; size: of a value, in bytes or any
        other unit; most: of the sizes of all that is kept, whose present sum is `size_kept`"""
        self.size_kept = 0
        self._read = read
        self._size = size
        self._most = most
        self._kept: OrderedDict[int, Value] = OrderedDict()

    def of(self, ids: Iterable[int]) -> dict[int, Value]:
        """The values of these ids, in any order; an id that has none is left out."""
        found: dict[int, Value] = {}
        missing = []
        for i in ids:
            if i in self._kept:
                self._kept.move_to_end(i)
                found[i] = self._kept[i]
            else:
                missing.append(i)
        if missing:
            read = self._read(missing)
            found |= read
            self._keep(read)
        return found

    def _keep(self, values: Mapping[int, Value]) -> None:
        self._kept.update(values)
        self.size_kept += sum(map(self._size, values.values()))
        while self.size_kept > self._most:
            self.size_kept -= self._size(self._kept.popitem(last=False)[1])
