"""Write list items with their labels as they are shown."""

import regex

from index.documents.markup_text import MarkupText

_PLAIN = regex.compile(r"(\d{1,9})[.)]?")


def write_item(text: MarkupText, label: str, body: str, depth: int) -> None:
    """Add an item. Other labels than whole numbers are part of its text: `- (a) a passport`.

    label: as shown: `3.`, `1.2.`, `(a)`; "" for a bullet
    """
    number = _PLAIN.fullmatch(label)
    if number:
        text.item(body, depth=depth, number=int(number[1]))
    else:
        text.item(labelled(label, body), depth=depth)


def labelled(label: str, body: str) -> str:
    """Return a text with its label before it; "" if the text is blank."""
    return f"{label} {body}" if label and body.strip() else body
