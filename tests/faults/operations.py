"""What is done to an index, each with the fake model, in the working directory of a child."""

from pathlib import Path

from fakes import HashEmbedder
from index.sync import ingest, rebuild

DOCS = Path("docs")
OPERATIONS = ("first", "incremental", "prune", "rebuild")
"""`first` makes an index; the others have one of the documents as they were before they changed."""


def perform(operation: str, index: Path) -> None:
    """Do one of OPERATIONS."""
    if operation == "rebuild":
        rebuild(index, HashEmbedder())
    else:
        ingest(index, [DOCS], HashEmbedder, prune=operation == "prune")
