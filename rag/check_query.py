"""Check questions and document names without loading what a search needs."""

from collections.abc import Sequence

from pydantic import ValidationError

from index.errors import BadInput, BadQuery
from rag.results import DEFAULT_K, MAX_K, MAX_QUERY_CHARACTERS, Filter


def checked_query(query: str, k: int = DEFAULT_K) -> str:
    """Return the query unchanged.

    Raises BadQuery if it is blank, too long or not valid Unicode, or if k is out of range.
    """
    if not query.strip():
        raise BadQuery("the question is empty; enter a question")
    if len(query) > MAX_QUERY_CHARACTERS:
        raise BadQuery(
            f"the question has {len(query):,} characters; shorten it to {MAX_QUERY_CHARACTERS:,}"
        )
    if "\0" in query:
        raise BadQuery("the question contains a NUL character; remove it")
    if any("\ud800" <= character <= "\udfff" for character in query):
        raise BadQuery("the question is not valid Unicode; check the terminal's or file's encoding")
    if not 1 <= k <= MAX_K:
        raise BadQuery(f"k is {k}; choose from 1 to {MAX_K}")
    return query


def check_names(names: Sequence[str]) -> None:
    """Raise BadInput if the ids and patterns for a filter are too many or too long."""
    try:
        Filter(doc_id=list(names))
    except ValidationError as error:
        first = error.errors()[0]
        number = "".join(f" (number {i + 1})" for i in first["loc"] if isinstance(i, int))
        why = first["msg"][0].lower() + first["msg"][1:]
        raise BadInput(f"--doc{number}: {why}; use fewer or shorter ones") from error
