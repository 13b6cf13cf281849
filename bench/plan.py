"""What a run of the benchmarks works with: corpus, rounds, sizes, folders."""

import sys
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any

from bench.corpus import Corpus, write_articles, write_paragraphs
from bench.peers import Installed, Peer, installed
from bench.processes import ours
from index.encode.model_files import find_model

FIRST_QUESTIONS = (
    "What is asked first takes longer than what follows?",
    "Who reads the pages of an index that no one has read before?",
    "When are the files of an index in memory?",
)
"""Asked before those that are timed, and of none of the datasets."""

K = 10
"""How many passages every search asks for, ours and theirs."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much of everything. seconds: of each measurement over HTTP. chunks: the sizes of the
    growing index, ascending."""

    n_paragraphs: int
    n_questions: int
    rounds: int
    seconds: int
    chunks: tuple[int, ...]


FULL = Size(400, 300, 5, 6, (1000, 2000, 4000, 6000, 8000, 10_000))
QUICK = Size(24, 20, 1, 4, (50, 100, 200))


@dataclass(slots=True)
class Plan:
    """One run. `scratch` is an empty folder that lasts as long as the run."""

    corpus: Corpus
    size: Size
    environments: Path
    scratch: Path
    _index: Path | None = None
    _peers: dict[str, Installed] = field(default_factory=dict)

    def told(self, what: str) -> None:
        """A line on stderr, so that who waits knows what for."""
        print(f"{perf_counter() - _BEGAN:6.0f} s  {what}", file=sys.stderr, flush=True)

    def peer(self, peer: Peer) -> Installed:
        """A peer in its environment, made if need be."""
        if peer.name not in self._peers:
            self._peers[peer.name] = installed(peer, self.environments)
        return self._peers[peer.name]

    @property
    def peer_versions(self) -> dict[str, str]:
        """Of the peers that this run has asked for."""
        found: dict[str, str] = {}
        for peer in self._peers.values():
            found |= peer.versions()
        return found

    @property
    def model(self) -> str:
        """The folder of the default model: the peers read the same files."""
        return str(find_model().path)

    @property
    def articles(self) -> Path:
        """A folder with a file an article."""
        folder = self.scratch / "articles"
        return folder if folder.exists() else write_articles(self.corpus, folder)

    @property
    def paragraphs(self) -> Path:
        """A folder with a file a paragraph."""
        folder = self.scratch / "paragraphs"
        return folder if folder.exists() else write_paragraphs(self.corpus, folder)

    @property
    def index(self) -> Path:
        """Our index of the articles, for the benchmarks that ask questions."""
        if self._index is None:
            self.told("ingesting the articles")
            self._index = self.scratch / "index"
            ours("ingest", index=str(self._index), documents=str(self.articles))
        return self._index

    def asked_first(self) -> dict[str, Any]:
        """What goes into every job that times questions."""
        return {
            "first": FIRST_QUESTIONS,
            "questions": self.corpus.questions,
            "k": K,
        }


_BEGAN = perf_counter()
