"""Imports, and the vectors of the words, that every child needs, loaded before the fork.

It starts no thread.
"""

import pytest  # a child of pytest's script runs its imports

import faults.answers
import faults.operations
import rag.pipeline
from fakes import HashEmbedder
from faults.corpus import WORDS

HashEmbedder().encode_query(" ".join([*WORDS, *map(str, range(100))]))

__all__ = ["faults", "pytest", "rag"]
