"""The result of a check of an index."""

from dataclasses import dataclass, field
from typing import Literal

Part = Literal["schema", "database", "settings", "documents", "lost", "derived"]
"""The damaged part: schema (tables and indexes), database (SQLite's own structures), settings (meta
rows, row counts, generations), documents (a document and its chunks), lost (documents or commits
are missing), derived (files of FAISS and BM25)."""


@dataclass(frozen=True, slots=True)
class Flaw:
    """A difference from what was stored. row: of the document, if the flaw concerns one."""

    part: Part
    message: str
    row: int | None = None


@dataclass(slots=True)
class Checked:
    """The number of checked objects of each kind, and their flaws."""

    n_documents: int = 0
    n_chunks: int = 0
    n_vectors: int = 0
    n_token_vectors: int = 0
    n_dense: int = 0
    n_lexical: int = 0
    flaws: list[Flaw] = field(default_factory=list)
    unverified: str = ""
    """The reason why FAISS and BM25 could not be verified; empty if they were."""

    def add(self, part: Part, message: str, row: int | None = None) -> None:
        # The message may contain a damaged document name.
        self.flaws.append(Flaw(part, message.encode(errors="replace").decode(), row))

    def set_aside_derived(self) -> None:
        """Discard the results for FAISS and BM25, because another process changed them."""
        self.flaws.clear()
        self.n_dense = self.n_lexical = 0
        self.unverified = "another process is writing to the index"

    @property
    def sound(self) -> bool:
        return not self.flaws and not self.unverified
