"""The visible text of an OpenDocument paragraph, and what is anchored in it."""

from dataclasses import dataclass, field

from index.documents.office.opendocument import OpenStyles, attribute, name_of, qualified
from index.documents.office.xml import Element

_SOFT_HYPHEN = "\u00ad"
_CHARACTERS = {"text:s": " ", "text:tab": "\t", "text:line-break": "\n"}
_LEFT_OUT = frozenset(
    "office:annotation office:annotation-end text:ruby-text text:hidden-text text:script "
    "text:tracked-changes office:forms text:note-citation".split()
)
SHAPES = frozenset(
    "draw:frame draw:custom-shape draw:rect draw:ellipse draw:circle draw:polygon draw:path "
    "draw:line draw:connector draw:caption draw:regular-polygon draw:g draw:a".split()
)


@dataclass(slots=True)
class ParagraphText:
    """text: without comments, hidden text and marks of notes. notes: contents of its notes.
    shapes: pictures, text boxes and drawings in it."""

    text: str = ""
    notes: list[Element] = field(default_factory=list)
    shapes: list[Element] = field(default_factory=list)


def paragraph_text(paragraph: Element, styles: OpenStyles) -> ParagraphText:
    """Return the visible text of a `text:p` or `text:h`, and what is anchored in it."""
    found = ParagraphText()
    pieces: list[str] = []
    if not styles.is_hidden("paragraph", attribute(paragraph, "text:style-name")):
        _read(paragraph, styles, pieces, found)
    found.text = "".join(pieces).replace(_SOFT_HYPHEN, "")
    return found


def _read(element: Element, styles: OpenStyles, pieces: list[str], found: ParagraphText) -> None:
    pieces.append(_collapsed(element.text))
    for child in element:
        name = name_of(child)
        if name in _CHARACTERS:
            pieces.append(_CHARACTERS[name])
        elif name == "text:note":
            found.notes += child.iterchildren(qualified("text:note-body"))
        elif name in SHAPES:
            found.shapes.append(child)
        elif name not in _LEFT_OUT and not _is_hidden(child, name, styles):
            _read(child, styles, pieces, found)
        pieces.append(_collapsed(child.tail))


def _is_hidden(element: Element, name: str, styles: OpenStyles) -> bool:
    return name == "text:span" and styles.is_hidden("text", attribute(element, "text:style-name"))


def _collapsed(text: str | None) -> str:
    """Return a text with line ends as spaces: in OpenDocument they are nothing else."""
    return (text or "").replace("\n", " ").replace("\r", " ")


def alternative_text(shape: Element) -> str:
    """Return the description of a shape, else its title, else ""."""
    for name in ("svg:desc", "svg:title"):
        element = shape.find(qualified(name))
        text = "" if element is None else "".join(element.itertext()).strip()
        if text:
            return text
    return ""
