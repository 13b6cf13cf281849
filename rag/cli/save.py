"""The option --save of `rag ask` and `rag search`."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rag.pipeline import Pipeline
    from rag.results import Answer, SearchResult


def check_save(path: Path | None) -> None:
    """Raise BadInput if the receipt must not be written there: before the question is answered."""
    if path is not None:
        from rag.verify.receipt import check_replaceable

        check_replaceable(path)


def save(
    result: "Answer | SearchResult",
    pipeline: "Pipeline",
    path: Path | None,
    *,
    lexical: bool = False,
) -> None:
    """Write the receipt of a result, if a path is given. lexical: no model was used."""
    if path is not None:
        from rag.verify.receipt import receipt_of, save_receipt

        with pipeline.snapshot() as snapshot:
            receipt = receipt_of(result, snapshot, lexical=lexical)
        save_receipt(receipt, path)
