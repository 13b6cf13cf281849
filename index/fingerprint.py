"""The fingerprint of an index: its model and chunker. All its vectors have one fingerprint."""

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
"""Increase this when a change gives the same document other chunks."""


@dataclass(frozen=True, slots=True)
class ModelFingerprint:
    """The identity of a model. Models with the same fingerprint give the same vectors.

    name:      from the user; also used to load the model again
    weights:   sha256 over its weights, configuration and tokenizer, in hex
    window:    number of tokens that the model reads, special tokens included
    special:   number of these that are special tokens or a prefix
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
    """A digest with a short repr."""

    def __repr__(self) -> str:
        return f"{self[:12]}…"


@dataclass(frozen=True, slots=True)
class ChunkSettings:
    """The settings of the chunker.

    limit:  largest number of tokens in a chunk, without special tokens
    target: adjacent paragraphs are joined up to this number of tokens
    """

    limit: int = 254
    target: int = 160

    def __str__(self) -> str:
        return f"{CHUNKER_VERSION}:limit={self.limit},target={self.target}"

    @classmethod
    def of(cls, model: ModelFingerprint) -> "ChunkSettings":
        """Return the settings for a model: the limit is its window, but at most the default."""
        return cls(limit=min(cls().limit, model.window - model.special))


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """The model and chunker of an index. With the documents, they determine its content."""

    model: ModelFingerprint
    chunker: str

    @classmethod
    def of(cls, model: ModelFingerprint) -> "Fingerprint":
        """Return the fingerprint of an index built with this model."""
        return cls(model, str(ChunkSettings.of(model)))

    def to_json(self) -> str:
        return json.dumps(asdict(self), sort_keys=True)

    @property
    def digest(self) -> str:
        """The sha256 of the fingerprint, 64 hex digits."""
        return sha256(self.to_json().encode()).hexdigest()

    @classmethod
    @lru_cache(maxsize=8)  # each search calls this several times for the same index
    def from_json(cls, text: str) -> "Fingerprint":
        fields = json.loads(text)
        return cls(model=ModelFingerprint(**fields["model"]), chunker=fields["chunker"])

    def difference(self, other: "Fingerprint") -> str:
        """Return the fields that differ, as `field: mine, not theirs`; empty if none does.

        The weights identify a model, so the names count only if the weights differ. The digests of
        the weights come last, and only if the names are equal.
        """
        mine, theirs = self._fields(), other._fields()
        differing = [key for key in mine if mine[key] != theirs[key]]
        if self.model.weights == other.model.weights:
            differing = [key for key in differing if key != "model"]
        elif self.model.name != other.model.name:
            differing.remove("weights")
        return "; ".join(f"{key}: {mine[key]!r}, not {theirs[key]!r}" for key in differing)

    def _fields(self) -> dict[str, object]:
        """Return the fields in the order of messages."""
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
        """Raise IndexMismatch if `mine` differs from this fingerprint, of the index in `folder`."""
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
