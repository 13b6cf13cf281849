"""How far an ingest is, and what it did."""

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True)
class Progress:
    """How far an ingest is. Characters are those of the documents that are put in by this run,
    chunks are theirs, encoded or re-used."""

    n_documents: int = 0
    n_characters: int = 0
    documents_done: int = 0
    characters_done: int = 0
    chunks_done: int = 0


Watch = Callable[[Progress], None]


@dataclass(slots=True)
class Report:
    """What an ingest did. The lists hold doc_ids; skipped holds (path, reason).

    n_chunks:  how many chunks were encoded
    n_reused:  how many took over the encoding of an equal chunk, of the index or of this run
    """

    added: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)
    n_other_types: int = 0
    n_chunks: int = 0
    n_reused: int = 0
    generation: int = 0
