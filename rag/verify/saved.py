"""Read the citations of saved results: of a search, an answer, a receipt, or alone."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from index.errors import BadInput
from rag.verify.receipt import RECEIPT, ReceiptDocument
from rag.verify.verdict import CitedQuote


@dataclass(frozen=True, slots=True)
class SavedCitation:
    """A citation, and what its receipt says of its file; None if it is from no receipt."""

    cited: CitedQuote
    document: ReceiptDocument | None = None


class _Lenient(BaseModel):
    """Only what a check needs: results of other versions have other fields."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class _Passage(_Lenient):
    citation: CitedQuote


class _Sentence(_Lenient):
    citation: CitedQuote | None = None
    citations: list[CitedQuote] = []


class _Result(_Lenient):
    passages: list[_Passage]
    sentences: list[_Sentence] = []


class _Citations(_Lenient):
    citations: list[CitedQuote]


class _Receipt(_Lenient):
    receipt: int
    documents: list[ReceiptDocument]
    result: _Result


_SUPPORTED = 1
"""The newest version of a receipt that this program can read."""


def read_saved(content: bytes, name: str) -> list[SavedCitation]:
    """Return the citations of a JSON object or of JSON lines, each once, in order.

    name: of the file, for messages

    Raises BadInput if it is neither, or an object is no result of this program.
    """
    citations: dict[SavedCitation, None] = {}
    for line, found in _objects(content, name):
        try:
            citations.update(dict.fromkeys(_read(found)))
        except ValidationError as error:
            raise BadInput(f"{name}:{line}: {_first_fault(error)}") from None
        except BadInput as error:
            raise BadInput(f"{name}:{line}: {error}") from None
    return list(citations)


def _objects(content: bytes, name: str) -> Iterator[tuple[int, Any]]:
    """Yield each object with the number of its first line."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadInput(f"{name} is not UTF-8; give a result saved as JSON") from None
    try:
        yield 1, json.loads(text)
        return
    except RecursionError:
        raise BadInput(f"{name} is nested too deeply; give a result saved as JSON") from None
    except ValueError:
        lines = [(i, line) for i, line in enumerate(text.split("\n"), 1) if line.strip()]
    for number, line in lines:
        try:
            yield number, json.loads(line)
        except (ValueError, RecursionError):
            raise BadInput(f"{name}:{number} is not JSON; give a result saved as JSON") from None
    if not lines:
        raise BadInput(f"{name} is empty; give a result saved as JSON")


def _read(found: Any) -> Iterator[SavedCitation]:
    if isinstance(found, dict) and RECEIPT in found:
        _check_version(found[RECEIPT])
        receipt = _Receipt.model_validate(found)
        documents = {document.doc_id: document for document in receipt.documents}
        for cited in _cited(receipt.result):
            yield SavedCitation(cited, documents.get(cited.doc_id))
    else:
        yield from map(SavedCitation, _without_receipt(found))


def _without_receipt(found: Any) -> Iterator[CitedQuote]:
    if isinstance(found, dict) and "passages" in found:
        yield from _cited(_Result.model_validate(found))
    elif isinstance(found, dict) and "citations" in found:
        yield from _Citations.model_validate(found).citations
    elif isinstance(found, dict) and "quote" in found:
        yield CitedQuote.model_validate(found)
    else:
        raise BadInput("not a result of `rag ask` or `rag search`, nor a receipt, nor a citation")


def _check_version(number: object) -> None:
    if number != _SUPPORTED:
        raise BadInput(
            f"a receipt of version {number}; this program reads version {_SUPPORTED}, "
            "so use a newer one"
        )


def _cited(result: _Result) -> Iterator[CitedQuote]:
    for sentence in result.sentences:
        yield from sentence.citations
        if sentence.citation is not None:
            yield sentence.citation
    for passage in result.passages:
        yield passage.citation


def _first_fault(error: ValidationError) -> str:
    fault = error.errors(include_url=False)[0]
    place = ".".join(map(str, fault["loc"]))
    return f"{place}: {fault['msg']}"
