"""A cache of the most recently used values, with a limit on their total size."""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class LruCache(Generic[Key, Value]):
    """Values by key. It reads missing ones and drops the least recently used ones first.

    Only for values that never change. Only one thread at a time may use it.
    """

    def __init__(
        self,
        read: Callable[[Sequence[Key]], Mapping[Key, Value]],
        size: Callable[[Value], int],
        most: int,
    ) -> None:
        """read: returns the values of the given keys, without keys that have none.
        size: returns the size of a value, in bytes or any other unit.
        most: the limit on `size_kept`, the total size of the cached values.
        """
        self.size_kept = 0
        self._read = read
        self._size = size
        self._most = most
        self._kept: OrderedDict[Key, Value] = OrderedDict()

    def of(self, keys: Iterable[Key]) -> dict[Key, Value]:
        """Return the values of these keys, in any order; omit keys without a value."""
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
