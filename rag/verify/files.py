"""Check citations against files: without an index, and without a model."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from index.documents.isolation import parsing
from index.documents.load import load, read_file
from index.documents.loader import LoadOptions
from index.errors import UnreadableDocument
from index.types import Document
from rag.verify.check_quote import check_quote, gone
from rag.verify.verdict import CitedQuote, Verdict


@dataclass(frozen=True, slots=True)
class CitedFile:
    """The file of a cited document.

    paths:       where it may be, in order of preference
    encoding:    in which it was read; None if it is not known
    file_sha256: of its bytes when it was cited; None if it is not known
    """

    paths: tuple[Path, ...]
    encoding: str | None = None
    file_sha256: str | None = None


@dataclass(frozen=True, slots=True)
class _Loaded:
    document: Document | None
    reason: str = ""
    same_file: bool = False


def check_files(citations: Sequence[tuple[CitedQuote, CitedFile]]) -> list[Verdict]:
    """Return the verdict on each citation in its file, in order. Each document is loaded once.

    A document whose file is missing or cannot be read is gone; the verdict has the reason.
    """
    verdicts: dict[int, Verdict] = {}
    numbers = sorted(range(len(citations)), key=lambda i: (citations[i][1].paths, i))
    with parsing():
        file, loaded = None, _Loaded(None)
        for i in numbers:
            cited, file_of_this = citations[i]
            if file_of_this != file:  # at most one document is in memory
                file, loaded = file_of_this, _load(file_of_this, cited.doc_id)
            verdicts[i] = _check(cited, loaded)
    return [verdicts[i] for i in range(len(citations))]


def _check(cited: CitedQuote, loaded: _Loaded) -> Verdict:
    if loaded.document is None:
        return gone(cited, loaded.reason)
    verdict = check_quote(cited, loaded.document)
    if loaded.same_file and verdict.document_changed:
        note = "the file is the same, but this version of the program reads it differently"
        return verdict.model_copy(update={"detail": f"{verdict.detail}; {note}"})
    return verdict


def _load(file: CitedFile, doc_id: str) -> _Loaded:
    path = next((path for path in file.paths if _exists(path)), None)
    if path is None:
        return _Loaded(None, f"there is no file {' or '.join(map(str, file.paths))}")
    try:
        content = read_file(path)
        options = LoadOptions(fallback=file.encoding)
        document = load(content, doc_id, options).document
    except UnreadableDocument as error:
        return _Loaded(None, f"{path}: {error}")
    return _Loaded(document, same_file=content.sha256 == file.file_sha256)


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False
