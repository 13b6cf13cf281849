"""What an index was built with: vectors of one fingerprint are never mixed with another's."""

import json
import shlex
from dataclasses import asdict, dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Literal

from index.errors import IndexMismatch

Precision = Literal["int8", "fp32"]

CHUNKER_VERSION = 3
"""Raised whenever the same document would be chunked otherwise."""


@dataclass(frozen=True, slots=True)
class ModelFingerprint:
    """A model's identity. Two models of one fingerprint give the same vectors.

    name:      as the user gave it, and as it is loaded again
    weights:   sha256 over its weights, configuration and tokenizer, in hex
    window:    tokens the model reads, special tokens included
    special:   how many of them are special tokens or a prefix
    sentences: `late` if sentence vectors are pooled from the chunk's own pass, else `separate`
    """

    name: str
    weights: str
    dimension: int
    window: int
    special: int
    precision: Precision
    query_prefix: str
    document_prefix: str
    sentences: str


class _Digest(str):
    """A digest that is shown shortened."""

    def __repr__(self) -> str:
        return f"{self[:12]}…"


@dataclass(frozen=True, slots=True)
class ChunkSettings:
    """limit: most tokens in a chunk, special tokens not counted. target: paragraphs that follow one
    another are joined while together they stay within this many tokens."""

    limit: int = 254
    target: int = 160

    def __str__(self) -> str:
        return f"{CHUNKER_VERSION}:limit={self.limit},target={self.target}"

    @classmethod
    def of(cls, model: ModelFingerprint) -> "ChunkSettings":
        """Those for a model: its window, but never more than the default."""
        return cls(limit=min(cls().limit, model.window - model.special))


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """The model's fingerprint and the chunker's: all that decides what an index holds."""

    model: ModelFingerprint
    chunker: str

    @classmethod
    def of(cls, model: ModelFingerprint) -> "Fingerprint":
        """What an index made with this model is marked with."""
        return cls(model, str(ChunkSettings.of(model)))

    def to_json(self) -> str:
        return json.dumps(asdict(self), sort_keys=True)

    @property
    def digest(self) -> str:
        """The same for equal fingerprints only; 64 hex digits."""
        return sha256(self.to_json().encode()).hexdigest()

    @classmethod
    @lru_cache(maxsize=8)  # of one index it is asked for several times a search
    def from_json(cls, text: str) -> "Fingerprint":
        fields = json.loads(text)
        return cls(model=ModelFingerprint(**fields["model"]), chunker=fields["chunker"])

    def difference(self, other: "Fingerprint") -> str:
        """The fields that differ, as `field: mine, not theirs`; empty if none does.

        By whatever name it was loaded, a model is known by its weights: only where those differ do
        names count. The weights' digests, which say nothing to people, come last, and only if the
        names agree.
        """
        mine, theirs = self._fields(), other._fields()
        differing = [key for key in mine if mine[key] != theirs[key]]
        if self.model.weights == other.model.weights:
            differing = [key for key in differing if key != "model"]
        elif self.model.name != other.model.name:
            differing.remove("weights")
        return "; ".join(f"{key}: {mine[key]!r}, not {theirs[key]!r}" for key in differing)

    def _fields(self) -> dict[str, object]:
        """In the order in which people are told of them."""
        fields = asdict(self.model)
        name, precision, weights = (fields.pop(key) for key in ("name", "precision", "weights"))
        return {
            "model": name,
            "precision": precision,
            **fields,
            "chunker": self.chunker,
            "weights": _Digest(weights),
        }

    def check(self, mine: "Fingerprint", folder: Path) -> None:
        """Raise IndexMismatch if the index in a folder, which has this fingerprint, was built with
        something else than would be used now."""
        difference = self.difference(mine)
        if not difference:
            return
        flags = ""
        if mine.model.name != self.model.name:
            flags += f" --model {shlex.quote(mine.model.name)}"
        if mine.model.precision != self.model.precision:
            flags += f" --precision {mine.model.precision}"
        raise IndexMismatch(
            f"the index in {folder} was built with another model or settings ({difference}); "
            f"rebuild it with `rag ingest --rebuild{flags}`"
        )
