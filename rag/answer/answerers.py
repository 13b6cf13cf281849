"""The answerers by name. Nothing heavy is imported until one is used."""

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING

from index.errors import BadInput

if TYPE_CHECKING:
    from rag.answer.answerer import Answerer

EXTRACTIVE = "extractive"
"""The best sentences of the passages, quoted: the default."""

ANSWERERS: Mapping[str, str] = {EXTRACTIVE: "rag.answer.extract:ExtractiveAnswerer"}
"""The class of each answerer as `module:name`, by the setting's value."""


def load_answerer(name: str = EXTRACTIVE) -> "Answerer":
    """The answerer of this name. Raises BadInput if there is no such."""
    if name not in ANSWERERS:
        raise BadInput(f"no answerer {name!r}; choose one of: {', '.join(ANSWERERS)}")
    module, _, class_name = ANSWERERS[name].partition(":")
    answerer: Answerer = getattr(import_module(module), class_name)()
    return answerer
