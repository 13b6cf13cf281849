"""The operations on an index, with the fake model, in the working directory of a child process."""

from pathlib import Path

from fakes import HashEmbedder
from index.ingest.ingest import ingest, rebuild
from index.maintain.backup import restore

DOCS = Path("docs")
BACKUP = Path("after.backup")
OPERATIONS = ("first", "incremental", "prune", "rebuild", "restore")
"""`first` makes an index; the others start with an index of the unchanged documents. `restore`
replaces it with BACKUP, which has the changed documents."""


def perform(operation: str, index: Path) -> None:
    """Run one of OPERATIONS."""
    if operation == "rebuild":
        rebuild(index, HashEmbedder())
    elif operation == "restore":
        restore(index, BACKUP, overwrite=True)
    else:
        ingest(index, [DOCS], HashEmbedder, prune=operation == "prune")
