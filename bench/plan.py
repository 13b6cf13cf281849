"""The inputs of a run of the benchmarks: corpus, rounds, sizes, folders, peers."""

import sys
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any

from bench.corpus import Corpus, write_articles, write_paragraphs
from bench.peers import PeerEnvironment, PeerSystem, install_peer
from bench.processes import run_task
from index.encode.model_files import find_model

WARM_UP_QUESTIONS = (
    "What is asked first takes longer than what follows?",
    "Who reads the pages of an index that no one has read before?",
    "When are the files of an index in memory?",
)
"""Run before the timed questions. They are in none of the datasets."""

K = 10
"""How many passages every search returns, for this project and for its peers."""


@dataclass(frozen=True, slots=True)
class Size:
    """The size of a run.

    seconds: duration of each measurement over HTTP
    chunks: sizes of the growing index, ascending
    """

    n_paragraphs: int
    n_questions: int
    rounds: int
    seconds: int
    chunks: tuple[int, ...]


FULL = Size(400, 300, 5, 6, (1000, 2000, 4000, 6000, 8000, 10_000))
QUICK = Size(24, 20, 1, 4, (50, 100, 200))


@dataclass(slots=True)
class Plan:
    """The inputs of one run.

    environments: folder of the peers' virtual environments
    scratch: an empty folder that is deleted after the run
    """

    corpus: Corpus
    size: Size
    environments: Path
    scratch: Path
    _index: Path | None = None
    _peers: dict[str, PeerEnvironment] = field(default_factory=dict)

    def log(self, what: str) -> None:
        """Print a line of progress on stderr, with the seconds since the start."""
        print(f"{perf_counter() - _BEGAN:6.0f} s  {what}", file=sys.stderr, flush=True)

    def peer(self, peer: PeerSystem) -> PeerEnvironment:
        """Return a peer in its environment; create the environment if there is none."""
        if peer.name not in self._peers:
            self._peers[peer.name] = install_peer(peer, self.environments)
        return self._peers[peer.name]

    @property
    def peer_versions(self) -> dict[str, str]:
        """Return the package versions of the peers that this run has used."""
        versions: dict[str, str] = {}
        for peer in self._peers.values():
            versions |= peer.versions()
        return versions

    @property
    def model(self) -> str:
        """Return the folder of the default model. The peers load the same files."""
        return str(find_model().path)

    @property
    def articles(self) -> Path:
        """Return a folder with one file for each article."""
        folder = self.scratch / "articles"
        return folder if folder.exists() else write_articles(self.corpus, folder)

    @property
    def paragraphs(self) -> Path:
        """Return a folder with one file for each paragraph."""
        folder = self.scratch / "paragraphs"
        return folder if folder.exists() else write_paragraphs(self.corpus, folder)

    @property
    def index(self) -> Path:
        """Return this project's index of the articles; build it on first use."""
        if self._index is None:
            self.log("ingesting the articles")
            self._index = self.scratch / "index"
            run_task("ingest", index=str(self._index), documents=str(self.articles))
        return self._index

    def question_job(self) -> dict[str, Any]:
        """Return the fields that every job that times questions has."""
        return {
            "first": WARM_UP_QUESTIONS,
            "questions": self.corpus.questions,
            "k": K,
        }


_BEGAN = perf_counter()
