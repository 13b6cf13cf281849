"""Write a page's main content to a canonical text."""

from dataclasses import dataclass

from index.documents.html.main_content import find_main_content
from index.documents.html.tree import Element, Page, parse
from index.documents.html.writer import write_page
from index.documents.markup_text import MarkupText


@dataclass(frozen=True, slots=True)
class WrittenPage:
    """A page whose main content is written. first_heading: its first of level 1, or None."""

    page: Page
    first_heading: str | None


def write_source(source: str, text: MarkupText) -> WrittenPage:
    """Parse the source of a page, and write its main content.

    Raises UnreadableDocument (`too-large`) if it has too many elements.
    """
    page = parse(source)
    root = find_main_content(page)
    heading = _first_heading(page, root)
    outside = heading is not None and heading is not root and root not in heading.above
    write_page(root, text, before=heading if outside else None)
    return WrittenPage(page, heading.text() if heading is not None else None)


def _first_heading(page: Page, root: Element) -> Element | None:
    """Return the first `<h1>` in the root; without one, the first before it that is no link."""
    before = None
    inside = root is page.body
    for element in page.elements:
        inside = inside or element is root
        if element.tag != "h1" or element.dropped or not element.n_text:
            continue
        if inside and (root is page.body or root in element.above):
            return element
        if not inside and before is None and element.n_link < element.n_text:
            before = element
    return before
