"""What an index was built with: vectors of one fingerprint are never mixed with another's."""

import json
from dataclasses import asdict, dataclass


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
    precision: str
    query_prefix: str
    document_prefix: str
    sentences: str


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """The model's fingerprint and the chunker's: all that decides what an index holds."""

    model: ModelFingerprint
    chunker: str

    def to_json(self) -> str:
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> "Fingerprint":
        fields = json.loads(text)
        return cls(model=ModelFingerprint(**fields["model"]), chunker=fields["chunker"])

    def difference(self, other: "Fingerprint") -> str:
        """The fields that differ, as `field: mine, not theirs`; empty if none does.

        By whatever name it was loaded, a model is known by its weights: only where those differ
        does the name, which says more to people, count.
        """
        mine = {**asdict(self.model), "chunker": self.chunker}
        theirs = {**asdict(other.model), "chunker": other.chunker}
        same_model = self.model.weights == other.model.weights
        return "; ".join(
            f"{key}: {mine[key]!r}, not {theirs[key]!r}"
            for key in mine
            if mine[key] != theirs[key] and not (key == "name" and same_model)
        )
