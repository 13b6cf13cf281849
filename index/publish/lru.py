"""What was read last, kept in memory within a bound."""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class LruCache(Generic[Key, Value]):
    """Values by key, read where they are not kept; what was used longest ago goes first.

    For what never changes. Not for two threads at once.
    """

    def __init__(
        self,
        read: Callable[[Sequence[Key]], Mapping[Key, Value]],
        size: Callable[[Value], int],
        most: int,
    ) -> None:
        """read: from the keys that are there to their values; size: of a value, in bytes or any
        other unit; most: of the sizes of all that is kept, whose present sum is `size_kept`"""
        self.size_kept = 0
        self._read = read
        self._size = size
        self._most = most
        self._kept: OrderedDict[Key, Value] = OrderedDict()

    def of(self, keys: Iterable[Key]) -> dict[Key, Value]:
        """The values of these keys, in any order; a key that has none is left out."""
        found: dict[Key, Value] = {}
        missing = []
        for key in keys:
            if key in self._kept:
                self._kept.move_to_end(key)
                found[key] = self._kept[key]
            else:
                missing.append(key)
        if missing:
            read = self._read(missing)
            found |= read
            self._keep(read)
        return found

    def _keep(self, values: Mapping[Key, Value]) -> None:
        self._kept.update(values)
        self.size_kept += sum(map(self._size, values.values()))
        while self.size_kept > self._most:
            self.size_kept -= self._size(self._kept.popitem(last=False)[1])
