"""A limit on the bytes of uploads that are held in memory."""

from collections.abc import Callable

from index.errors import TooManyChanges


class UploadBudget:
    """So many bytes may be held at a time. It belongs to one event loop."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._n_free = max_bytes

    def take(self, n_bytes: int) -> Callable[[], None]:
        """Hold bytes; return the function that releases them, which may be called repeatedly.

        An upload that is larger than the whole budget is accepted when no other is held. Raises
        TooManyChanges if they are not free.
        """
        n = min(n_bytes, self._max_bytes)
        if n > self._n_free:
            raise TooManyChanges(
                "other uploads take all memory that the service grants uploads; try again in a "
                "moment"
            )
        self._n_free -= n
        held = [n]

        def release() -> None:
            self._n_free += held.pop() if held else 0

        return release
