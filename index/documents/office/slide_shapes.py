"""The shapes of a PowerPoint slide in reading order, with what they inherit from the layout."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from index.documents.office.slide_lists import A, P
from index.documents.office.xml import Element, local_name

_TITLES = frozenset({"title", "ctrTitle"})
_LEFT_OUT = frozenset({"dt", "ftr", "sldNum", "hdr", "sldImg"})
_KINDS = frozenset("sp pic graphicFrame grpSp cxnSp contentPart".split())
_BAND = 400_000
"""In EMU, 914,400 to the inch. Shapes whose tops differ by less are in one row, left to right."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A shape of a slide.

    kind:        `sp` with text, `pic`, `graphicFrame` with a table or chart, `grpSp`
    placeholder: its type, such as `title` or `body`; "" if it is none
    base:        the placeholders of the layout and the master that it inherits from, nearest first
    """

    element: Element
    kind: str
    placeholder: str
    base: tuple[Element, ...]

    @property
    def is_title(self) -> bool:
        return self.placeholder in _TITLES

    @property
    def alternative_text(self) -> str:
        properties = _properties(self.element)
        if properties is None:
            return ""
        return str(properties.get("descr") or "").strip()

    @property
    def paragraphs(self) -> list[Element]:
        body = self.element.find(f"{P}txBody")
        return [] if body is None else list(body.iterchildren(f"{A}p"))

    def list_styles(self, master_styles: Element | None) -> list[Element]:
        """Return the list styles that apply to its paragraphs, the nearest first.

        master_styles: `p:txStyles` of the master
        """
        bodies = [each.find(f"{P}txBody") for each in (self.element, *self.base)]
        styles = [None if body is None else body.find(f"{A}lstStyle") for body in bodies]
        if master_styles is not None and self.placeholder:
            name = "bodyStyle" if self.placeholder in ("body", "obj", "subTitle") else "otherStyle"
            styles.append(master_styles.find(P + name))
        return [style for style in styles if style is not None]


def shapes_of(tree: Element, layouts: Sequence[Element] = ()) -> list[Shape]:
    """Return the visible shapes in a `p:spTree` or group: titles first, then as they are placed.

    layouts: the `p:spTree` of the layout and of the master
    """
    shapes = [_shape(element, layouts) for element in _elements(tree)]
    visible = [each for each in shapes if each.placeholder not in _LEFT_OUT]
    return sorted(visible, key=lambda each: (not each.is_title, *_place(each)))


def _elements(tree: Element) -> Iterator[Element]:
    for child in tree:
        name = local_name(child)
        if name == "AlternateContent":
            for chosen in child[:1]:
                yield from _elements(chosen)
        elif name in _KINDS:
            properties = _properties(child)
            if properties is None or properties.get("hidden") not in ("1", "true"):
                yield child


def _properties(element: Element) -> Element | None:
    """Return `p:cNvPr`, which has the name and the alternative text."""
    return next((each for child in element[:1] for each in child.iterchildren(f"{P}cNvPr")), None)


def _placeholder(element: Element) -> Element | None:
    return next((each for child in element[:1] for each in child.iter(f"{P}ph")), None)


def _shape(element: Element, layouts: Sequence[Element]) -> Shape:
    placeholder = _placeholder(element)
    if placeholder is None:
        return Shape(element, local_name(element), "", ())
    kind, number = placeholder.get("type", "obj"), placeholder.get("idx", "0")
    base = []
    for depth, layout in enumerate(layouts):
        found = _matching(layout, kind, number if depth == 0 else None)
        inherited = None if found is None else _placeholder(found)
        if inherited is not None:
            base.append(found)
            kind = inherited.get("type", kind)
    own = placeholder.get("type") or kind
    return Shape(element, local_name(element), own, tuple(base))


def _matching(tree: Element, kind: str, number: str | None) -> Element | None:
    """Return the placeholder of a number, or else of a kind; the body serves for objects."""
    kinds = {kind, "title"} if kind == "ctrTitle" else {kind, "body"}
    kinds = {kind} if kind in _TITLES | _LEFT_OUT and kind != "ctrTitle" else kinds
    by_kind = None
    for element in tree:
        placeholder = _placeholder(element) if local_name(element) in _KINDS else None
        if placeholder is None:
            continue
        if number is not None and number != "0" and placeholder.get("idx", "0") == number:
            return element
        if by_kind is None and placeholder.get("type", "obj") in kinds:
            by_kind = element
    return by_kind


def _place(shape: Shape) -> tuple[int, int]:
    """Return the row and the left edge of a shape; (0, 0) if no place is given."""
    for element in (shape.element, *shape.base):
        offset = next(_offsets(element), None)
        if offset is not None:
            return _whole(offset.get("y")) // _BAND, _whole(offset.get("x"))
    return 0, 0


def _offsets(element: Element) -> Iterator[Element]:
    for properties in element:
        if local_name(properties) in ("spPr", "grpSpPr", "xfrm"):
            yield from properties.iter(f"{A}off")


def _whole(text: str | None) -> int:
    try:
        return int(text or "0")
    except ValueError:
        return 0
