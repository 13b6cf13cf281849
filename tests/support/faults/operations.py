"""What is done to an index, each with the fake model, in the working directory of a child."""

from pathlib import Path

from fakes import HashEmbedder
from index.ingest.ingest import ingest, rebuild
from index.maintain.backup import restore

DOCS = Path("docs")
BACKUP = Path("after.backup")
OPERATIONS = ("first", "incremental", "prune", "rebuild", "restore")
"""`first` makes an index; the others have one of the documents as they were before they changed.
`restore` puts BACKUP in its place, which is of the changed documents."""


def perform(operation: str, index: Path) -> None:
    """Do one of OPERATIONS."""
    if operation == "rebuild":
        rebuild(index, HashEmbedder())
    elif operation == "restore":
        restore(index, BACKUP, overwrite=True)
    else:
        ingest(index, [DOCS], HashEmbedder, prune=operation == "prune")
