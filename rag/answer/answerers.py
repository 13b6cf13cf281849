"""The answerers by name. An answerer's module is imported only when it is used."""

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING

from index.errors import BadInput

if TYPE_CHECKING:
    from rag.answer.answerer import Answerer

EXTRACTIVE = "extractive"
"""Quotes the best sentences of the passages; the default."""

ANSWERERS: Mapping[str, str] = {EXTRACTIVE: "rag.answer.extract:ExtractiveAnswerer"}
"""The class of each answerer as `module:name`, by the setting's value."""


def load_answerer(name: str = EXTRACTIVE) -> "Answerer":
    """Return the answerer with this name. Raises BadInput if there is none."""
    if name not in ANSWERERS:
        raise BadInput(f"unknown answerer {name!r}; choose one of: {', '.join(ANSWERERS)}")
    module, _, class_name = ANSWERERS[name].partition(":")
    answerer: Answerer = getattr(import_module(module), class_name)()
    return answerer
