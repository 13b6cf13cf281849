"""What a check of an index found."""

from dataclasses import dataclass, field
from typing import Literal

Part = Literal["schema", "database", "settings", "documents", "lost", "derived"]
"""What a flaw is of: the database's tables, the database as SQLite has it, what it says of itself,
a document with its chunks, documents that are there no more, or the files of FAISS and BM25."""


@dataclass(frozen=True, slots=True)
class Flaw:
    """Something that is not what was stored. row: of the document, if it is one's."""

    part: Part
    message: str
    row: int | None = None


@dataclass(slots=True)
class Checked:
    """How many of each were checked, and what is wrong with them."""

    n_documents: int = 0
    n_chunks: int = 0
    n_vectors: int = 0
    n_token_vectors: int = 0
    n_dense: int = 0
    n_lexical: int = 0
    flaws: list[Flaw] = field(default_factory=list)
    unverified: str = ""
    """Why FAISS and BM25 could not be verified; empty if they were."""

    def add(self, part: Part, message: str, row: int | None = None) -> None:
        # It may name a document whose name is damaged.
        self.flaws.append(Flaw(part, message.encode(errors="replace").decode(), row))

    def set_aside_derived(self) -> None:
        """Leave out what was found of FAISS and BM25: they were changed meanwhile."""
        self.flaws.clear()
        self.n_dense = self.n_lexical = 0
        self.unverified = "another process is writing to the index"

    @property
    def sound(self) -> bool:
        return not self.flaws and not self.unverified
