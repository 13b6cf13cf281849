"""Collections: named groups of documents in one index.

A document's collection is in its metadata. It has at most one; a run changes only the documents of
its own collection, so several trees can be kept in step in one index.
"""

import re
from collections.abc import Mapping
from dataclasses import replace

from index.conditions import COLLECTION
from index.documents.load import LoadedFile
from index.errors import BadInput
from index.types import DocumentRecord

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,63}")


def check_collection(name: str) -> str:
    """Return the name of a collection unchanged. Raises BadInput if it is not valid.

    It begins with a letter, so that no comparison takes it for a number.
    """
    if not _NAME.fullmatch(name):
        raise BadInput(
            f"{name!r} is not a name of a collection; use a letter a-z, then up to 63 of a-z, 0-9, "
            "- and _"
        )
    return name


def check_collection_in(metadata: Mapping[str, str | None]) -> None:
    """Raise BadInput if these metadata name a collection, and the name is not valid."""
    name = metadata.get(COLLECTION)
    if name is not None:
        check_collection(name)


def collection_of(record: DocumentRecord) -> str:
    """Return the collection of a document; "" for a document that is in none."""
    return record.metadata.get(COLLECTION, "")


def in_collection(loaded: LoadedFile, collection: str) -> LoadedFile:
    """Return a file as a document of this collection, whatever the file itself names."""
    metadata = {name: text for name, text in loaded.document.metadata.items() if name != COLLECTION}
    if collection:
        metadata[COLLECTION] = collection
    return replace(loaded, document=replace(loaded.document, metadata=metadata))


def belongs_elsewhere(record: DocumentRecord) -> str:
    """Return why a run of another collection leaves a document's file out."""
    collection = collection_of(record)
    if not collection:
        return "its document is in no collection; omit --collection to update it"
    return f"its document is in the collection {collection}; add --collection {collection}"
