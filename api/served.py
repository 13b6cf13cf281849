"""Which generation each process of the service serves.

A change is acknowledged when all processes serve it. They share one array of numbers, which the
process that starts them allocates. Each number has one writer, and is read and written at once, so
no lock is needed: a killed process could not release it.
"""

from collections.abc import MutableSequence
from multiprocessing import get_context
from typing import cast

NOT_SERVING = -1
_WANTED = 0
_FIRST = 1


def shared_generations(n_processes: int) -> MutableSequence[int]:
    """Return the array for this number of processes. It can be passed to spawned processes."""
    array = get_context("spawn").RawArray("q", [0] + [NOT_SERVING] * n_processes)
    return cast(MutableSequence[int], array)


class ServedGenerations:
    """The generations that the processes serve. `own` is the number of this process, from 0."""

    def __init__(self, generations: MutableSequence[int] | None = None, own: int = 0) -> None:
        self._generations = [0, NOT_SERVING] if generations is None else generations
        self._own = _FIRST + own

    @property
    def alone(self) -> bool:
        """Whether this is the only process."""
        return len(self._generations) == _FIRST + 1

    def serve(self, generation: int) -> None:
        """Record what this process serves from now on. A process that starts calls this, opens the
        newest generation, and calls this again before it accepts requests: then no change that is
        acknowledged meanwhile is missing."""
        self._generations[self._own] = generation

    def want(self, generation: int) -> None:
        """Ask all processes to open this generation soon."""
        self._generations[_WANTED] = max(generation, self.wanted)

    @property
    def wanted(self) -> int:
        """The newest generation that a process asked for."""
        return self._generations[_WANTED]

    def all_serve(self, generation: int) -> bool:
        """Whether each process that serves has this generation or a later one."""
        served = [self._generations[i] for i in range(_FIRST, len(self._generations))]
        return all(each >= generation for each in served if each != NOT_SERVING)


def forget_process(generations: MutableSequence[int], number: int) -> None:
    """Record that a process serves nothing, because it ended."""
    generations[_FIRST + number] = NOT_SERVING
