"""Compare the vectors of a compiled model with those of the original, on real text."""

import inspect
from collections.abc import Iterator
from importlib import import_module

import numpy as np

from index.protocols import Embedder
from index.types import Span

# Modules of the standard library with long docstrings, and queries in several languages.
_WRITTEN = ("argparse", "contextlib", "csv", "decimal", "difflib", "pathlib", "sched", "weakref")
_QUERIES = (
    "a",
    "Who pays for it, and since when?",
    "How is the rounding of a decimal number chosen?",
    "Какая река протекает через столицу?",
    "首都はどこですか。",
    "¿Cuántos habitantes tenía la ciudad en 1900?",
)
_N_TEXTS = 32


def least_cosine(original: Embedder, made: Embedder) -> float:
    """Return the least cosine between both models' vectors of a text, over texts and queries."""
    texts = list(_texts(original))
    whole = [[Span(0, len(text))] for text in texts]
    theirs = [each.vector for each in original.encode(texts, whole)]
    mine = [each.vector for each in made.encode(texts, whole)]
    theirs += [each.vector for each in original.encode_queries(_QUERIES)]
    mine += [each.vector for each in made.encode_queries(_QUERIES)]
    return float(np.einsum("nd,nd->n", np.stack(theirs), np.stack(mine)).min())


def _texts(embedder: Embedder) -> Iterator[str]:
    """Yield texts of all lengths up to the model's window; the last one fills the window."""
    prose = "\n\n".join(inspect.getdoc(import_module(name)) or "" for name in _WRITTEN)
    offsets = embedder.tokenizer.offsets(prose)
    # A part can have one token more alone than within the whole text.
    longest = embedder.fingerprint.window - embedder.fingerprint.special - 2
    first = 0
    for number in range(1, _N_TEXTS + 1):
        last = min(first + max(number * longest // _N_TEXTS, 1), len(offsets) - 1)
        if first >= last:
            return
        yield prose[offsets[first][0] : offsets[last][0]]
        first = last
