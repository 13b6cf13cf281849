"""Pipelines over one document each."""

from pathlib import Path

from index.documents.load import document_of
from index.ingest.ingest import ingest_documents
from index.protocols import Embedder
from rag.pipeline import Pipeline
from rag.results import Answer


class SmallLibrary:
    """A pipeline for each document, made once."""

    def __init__(self, folder: Path, embedder: Embedder) -> None:
        self._folder = folder
        self._embedder = embedder
        self._pipelines: dict[str, Pipeline] = {}

    def ask(self, document: str, question: str, k: int = 5) -> Answer:
        """Ask a document; one that begins with `# ` is Markdown."""
        if document not in self._pipelines:
            folder = self._folder / str(len(self._pipelines))
            media_type = "text/markdown" if document.startswith("# ") else "text/plain"
            name = "notes.md" if media_type == "text/markdown" else "notes.txt"
            document_ = document_of(document, name, media_type=media_type, name=name)
            ingest_documents(folder, [document_], self._embedder)
            self._pipelines[document] = Pipeline.over(folder, self._embedder)
        return self._pipelines[document].ask(question, k)


def flat(text: str) -> str:
    """The text in lower case with single spaces."""
    return " ".join(text.split()).casefold()
