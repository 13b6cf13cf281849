"""`rag verify`: check the citations of saved results against the files."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from index.errors import BadInput
from rag.cli.options import IndexOption, interruptible
from rag.output.safe_output import say_json

if TYPE_CHECKING:
    from index.types import DocumentRecord
    from rag.verify.files import CitedFile
    from rag.verify.saved import SavedCitation

_STDIN = "-"


def verify(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE...",
            help="Results of `rag ask` or `rag search`, saved with --save or --json; JSON lines "
            "too. - reads standard input.",
        ),
    ],
    root: Annotated[
        Path | None,
        typer.Option(
            "--root",
            help="The folder that the documents' paths are relative to. Default: the paths in the "
            "index if there is one, then the current folder, then the paths in the receipt.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
    index: IndexOption = None,
) -> None:
    """Check whether the quotes of saved results are still in their files.

    Each citation is valid, moved (the quote is elsewhere in the document), changed (a similar text
    is there instead) or gone. The files are read anew; no model is loaded, and no index is needed.

    The exit status is 0 if all citations are valid, 1 if one is not, and 2 if a FILE cannot be
    used.
    """
    from rag.cli.print_verdicts import print_verdicts
    from rag.output.terminal import console
    from rag.results import to_json
    from rag.verify.files import check_files
    from rag.verify.verdict import Verdicts

    if root is not None and not root.is_dir():
        raise BadInput(f"there is no folder {root}; --root names the folder of the documents")
    saved = _read(files)
    records = {} if root is not None else _records(index)
    citations = [
        (each.cited, _file_of(each, root, records.get(each.cited.doc_id))) for each in saved
    ]
    with interruptible("Stopped."):
        verdicts = Verdicts.of(check_files(citations))
    if as_json:
        say_json(to_json(verdicts))
    else:
        print_verdicts(console(), verdicts.verdicts)
    raise typer.Exit(0 if verdicts.valid else 1)


def _read(files: Sequence[str]) -> "list[SavedCitation]":
    """Return the citations of all files, each once. Raises BadInput."""
    from rag.verify.saved import read_saved

    citations: dict[SavedCitation, None] = {}
    for name in files:
        saved = read_saved(_content(name), "standard input" if name == _STDIN else name)
        citations.update(dict.fromkeys(saved))
    return list(citations)


def _content(name: str) -> bytes:
    if name == _STDIN:
        return sys.stdin.buffer.read()
    try:
        return Path(name).read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise BadInput(f"{name} cannot be read: {reason}") from None


def _records(index: Path | None) -> "dict[str, DocumentRecord]":
    """Return the documents of the index by id; none if no index is named and there is no usable
    one."""
    from index.errors import IndexProblem
    from rag.cli.document_names import documents_in
    from rag.settings import Settings

    try:
        records = documents_in(Settings.resolve(index=index).index)
    except IndexProblem:
        if index is not None:
            raise
        return {}
    return {record.doc_id: record for record in records}


def _file_of(
    saved: "SavedCitation", root: Path | None, record: "DocumentRecord | None"
) -> "CitedFile":
    from rag.verify.files import CitedFile
    from rag.verify.receipt import encoding_of

    cited, receipt = saved.cited, saved.document
    paths = [(root or Path()) / (cited.source or cited.doc_id)]
    if root is None and record is not None and record.path is not None:
        paths.insert(0, Path(record.path))
    if root is None and receipt is not None and receipt.path is not None:
        paths.append(Path(receipt.path))
    encoding = None if receipt is None else receipt.encoding
    if encoding is None and record is not None:
        encoding = encoding_of(record)
    file_sha256 = None if receipt is None else receipt.file_sha256
    return CitedFile(tuple(dict.fromkeys(paths)), encoding, file_sha256)
