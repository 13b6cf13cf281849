"""Texts within a line that are not simply their characters: pictures, formulas, superscripts."""

import re

from index.documents.html.tree import Element

LONGEST_SUPERSCRIPT = 12
"""In characters. A longer one is text like any other."""

_FILE_NAME = re.compile(r"\S*\.(?:png|gif|jpe?g|svg|webp|bmp|ico)", re.IGNORECASE)
_EXPONENT = re.compile(r"[-+−–]?(?:\d+|[a-zA-Z])(?:[./]\d+)?")
_BASE = re.compile(r"[\w)\]]$")


def picture_text(picture: Element) -> str:
    """Return the alternative text of a picture; "" if it is only the name of its file."""
    text = picture.get("alt")
    return "" if _FILE_NAME.fullmatch(text) else text


def math_text(formula: Element) -> str:
    """Return a formula: the text that the page gives for it, else its symbols."""
    text = formula.get("alttext")
    if text:
        return text
    for each in formula.descendants():
        if isinstance(each, Element) and each.tag == "annotation":
            source = each.text()
            if source:
                return source
    return formula.text()


def superscript_text(element: Element, before: str) -> str | None:
    """Return the text of a superscript: a power with `^`, a reference to a note in brackets.

    None if it is to be written like other text.
    """
    if element.n_text > LONGEST_SUPERSCRIPT:
        return None
    text = element.text()
    if any(each.tag == "a" for each in element.elements) or _is_in_link(element):
        return text if not text or not text[0].isalnum() else f"[{text}]"
    if _EXPONENT.fullmatch(text) and _BASE.search(before):
        return f"^{text}"
    return None


def _is_in_link(element: Element) -> bool:
    return element.parent is not None and element.parent.tag == "a"
