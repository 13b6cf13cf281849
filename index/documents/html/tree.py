"""The tree of an HTML page, built by lexbor through selectolax and copied to elements of our own.

Only this module uses selectolax.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from selectolax.lexbor import LexborDocumentOptions, LexborHTMLParser, LexborNode

from index.documents.html.names import NOT_CONTENT, TRANSPARENT
from index.documents.html.source import bounded_source

_NONE: Mapping[str, str] = {}
_MATTERING = frozenset({"aria-label", "class", "hidden", "id", "role", "style"})


@dataclass(slots=True, eq=False)
class Element:
    """An element of a page.

    tag:      in lower case
    children: elements and texts in order; no comments, nothing of NOT_CONTENT, and the content of
              TRANSPARENT elements instead of them
    dropped:  it and all in it is not main content
    n_text:   visible characters in it that are not dropped, without white space
    n_link:   those of them in links
    """

    tag: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    parent: "Element | None" = None
    children: "list[Element | str]" = field(default_factory=list)
    dropped: bool = False
    n_text: int = 0
    n_link: int = 0

    def get(self, name: str) -> str:
        """Return an attribute without outer white space; "" if there is none."""
        return self.attributes.get(name, "").strip()

    @property
    def elements(self) -> "Iterator[Element]":
        """Yield the children that are elements and not dropped."""
        return (each for each in self.children if isinstance(each, Element) and not each.dropped)

    @property
    def above(self) -> "Iterator[Element]":
        """Yield the elements that this one is in, innermost first."""
        element = self.parent
        while element is not None:
            yield element
            element = element.parent

    def descendants(self) -> "Iterator[Element | str]":
        """Yield the texts and elements in this one that are not dropped, in order."""
        stack = [iter(self.children)]
        while stack:
            for child in stack[-1]:
                if isinstance(child, str):
                    yield child
                elif not child.dropped:
                    yield child
                    stack.append(iter(child.children))
                    break
            else:
                stack.pop()

    def text(self) -> str:
        """Return the text in this element, with each run of white space as one space."""
        return " ".join(
            "".join(each for each in self.descendants() if isinstance(each, str)).split()
        )


@dataclass(frozen=True, slots=True)
class Page:
    """A parsed page. elements: all in the body, each after the one that it is in."""

    body: Element
    elements: list[Element]
    language: str
    title: str
    metas: list[Mapping[str, str]]
    links: list[Mapping[str, str]]


def parse(source: str) -> Page:
    """Parse the source of a page. Every text is a page.

    Raises UnreadableDocument (`too-large`) as bounded_source.
    """
    parser = LexborHTMLParser(bounded_source(source), options=LexborDocumentOptions.WO_EVENTS.value)
    root = parser.root
    body = Element("body")
    elements = [body]
    if parser.body is not None:
        body.attributes = _attributes(parser.body)
        _copy(parser.body, body, elements)
    attributes = _attributes(root) if root is not None else _NONE
    title = parser.css_first("head > title")
    return Page(
        body,
        elements,
        language=attributes.get("lang") or attributes.get("xml:lang") or "",
        title=" ".join(title.text().split()) if title is not None else "",
        metas=[_attributes(node) for node in parser.css("meta")],
        links=[_attributes(node) for node in parser.css("link")],
    )


def _copy(source: LexborNode, top: Element, elements: list[Element]) -> None:
    """Copy what is in a parsed node into an element. Without recursion: a page can be deep."""
    above: list[tuple[LexborNode, Element]] = []
    parent, node = top, source.first_child
    while True:
        if node is None:
            if not above:
                return
            left, parent = above.pop()
            node = left.next
            continue
        child = _copied(node, parent, elements)
        first = node.first_child if child is not None else None
        if child is not None and first is not None:
            above.append((node, parent))
            parent, node = child, first
        else:
            node = node.next


def _copied(node: LexborNode, parent: Element, elements: list[Element]) -> Element | None:
    """Copy a node without its children. Return the element that its children belong to.

    None if it is a text, a comment, or an element of NOT_CONTENT.
    """
    if node.is_text_node:
        parent.children.append(node.text_content or "")
        return None
    tag = node.tag or ""
    if not node.is_element_node or tag in NOT_CONTENT:
        return None
    attributes = _attributes(node)
    if tag in TRANSPARENT and _MATTERING.isdisjoint(attributes):
        return parent
    child = Element(tag, attributes, parent)
    parent.children.append(child)
    elements.append(child)
    return child


def _attributes(node: LexborNode) -> Mapping[str, str]:
    attributes = node.attributes
    if not attributes:
        return _NONE
    return {name: value or "" for name, value in attributes.items()}
