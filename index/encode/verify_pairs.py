"""Compare the logits of a compiled model of question and text with the original's, on real text."""

import inspect
from collections.abc import Callable, Iterator
from importlib import import_module

import numpy as np
from numpy.typing import NDArray

Logits = Callable[[str, str], list[NDArray[np.float32]]]
"""From a question and a text to the logits of each window."""

_MODULES = ("argparse", "csv", "decimal", "sched", "pathlib")
"""Modules of the standard library; their documentation, one after the other, is the text."""

_QUESTIONS = (
    "Which class holds the parsed attributes?",
    "How is a quote within a quoted field written?",
    "How many digits has the default precision?",
    "Who published it, and when?",
    "Wo steht, welcher Pfad verwendet wird?",
    "首都はどこですか。",
    "x",
)
_CHARACTERS = (40, 200, 700, 2400)
"""Lengths of the texts. The last exceeds the window of most readers."""


def agreement(original: Logits, made: Logits) -> float:
    """Return how far two models' logits agree over all pairs: at most 1, which means equal.

    It is the coefficient of determination, the least over the columns of the logits: one minus the
    sum of squared differences, as a share of the original's variance. 0 if the windows differ, or
    the original always gives the same.
    """
    pairs = [(original(*pair), made(*pair)) for pair in _pairs()]
    shapes = [[[window.shape for window in each] for each in pair] for pair in pairs]
    if any(theirs != mine for theirs, mine in shapes):
        return 0.0
    theirs, mine = (
        np.concatenate([np.atleast_2d(window) for each in side for window in each])
        for side in zip(*pairs, strict=True)
    )
    variance = ((theirs - theirs.mean(axis=0)) ** 2).sum(axis=0)
    if not (variance > 0).all():
        return 0.0
    return float((1 - ((theirs - mine) ** 2).sum(axis=0) / variance).min())


def _pairs() -> Iterator[tuple[str, str]]:
    prose = "\n\n".join(inspect.getdoc(import_module(name)) or "" for name in _MODULES)
    first = 0
    for n in _CHARACTERS:
        for question in _QUESTIONS:
            yield question, prose[first : first + n]
            first = (first + n) % max(len(prose) - max(_CHARACTERS), 1)
