"""Find the main content of a page: mark what is not part of it, and choose where it begins.

Some elements are never main content: hidden ones, `nav`, the navigation of known generators. Others
have a name that navigation often has (`toc`, `sidebar`, `footer`); these are dropped only if their
text shows it, by its share of links. So a page that uses such a name for its content keeps it.
"""

import re
from collections.abc import Iterable

from index.documents.html.names import BLOCKS, HEADINGS
from index.documents.html.tree import Element, Page

MOST_LINKS = 0.5
"""Least share of its characters in links for an element with a name of navigation to be dropped."""

LIST_OF_LINKS = 0.9
"""The same for a list without such a name, whose links all lead to places in the page."""

SHORT = 300
"""In characters. Longer text with few links is never dropped for its name or its place."""

LEAST_MAIN = 0.5
"""Least share of the page's text in `<main>` for it to be all of the content."""

LEAST_ARTICLE = 0.6
"""The same for `<article>`, which can be one of several."""

_NEVER = frozenset(
    """breadcrumb breadcrumbs gutter headerlink hash-link jump-link line-numbers linenos linenodiv
    linenumbers lineno md-header md-sidebar md-skip mobile-nav-chapters mw-editsection mw-jump-link
    nav-chapters nav-panel nav-wide-wrapper nav-wrapper navfooter navheader navigation-header
    noprint pagination-nav rst-footer-buttons rustdoc-breadcrumbs screen-reader-text skip-link
    skip-nav skip-to-content skip-to-main skip-to-main-content skiplink skipnav sphinxsidebar
    sr-only theme-doc-breadcrumbs theme-doc-footer theme-doc-toc-desktop
    theme-doc-toc-mobile visually-hidden wy-breadcrumbs wy-nav-side wy-nav-top""".split()
)
"""Classes and ids that known generators give to navigation and to what only programs read."""

_SUSPECT = frozenset(
    """banner bottom-nav bottomnav contents edit-this-page footer header index-list list-of-figures
    list-of-tables local-toc localtoc menu menubar nav navbar navbox navigation navlinks navpath
    on-this-page page-footer page-header page-nav page-navigation page-toc pagenav pager pagetoc
    pagination prev-next prev-next-area related related-links share sharing side-bar side-nav
    sidebar sidenav sidetoc site-footer site-header site-nav social social-share subnav
    table-of-contents tableofcontents tabs toc toc-wrapper toctree-wrapper tocwrapper toolbar
    top-nav topnav vector-toc""".split()
)
_SUSPECT_ROLES = frozenset(
    "banner complementary contentinfo directory menu menubar tablist".split()
)
_NEVER_ROLES = frozenset("navigation search toolbar".split())
_NOTE_ROLES = frozenset("note doc-footnote doc-endnotes doc-tip doc-notice doc-example".split())
_CONTENT_ASIDE = re.compile(
    r"footnote|citation|topic|sidebar|admonition|note|warning|tip|caution|important|danger|aside"
)
_COOKIES = re.compile(
    r"\b(?:cookies?[-_]?(?:bar|banner|consent|law|message|modal|notice|notification|popup|policy)"
    r"|(?:consent|gdpr|privacy)[-_]?(?:bar|banner|modal|notice|popup)|onetrust|cybotcookiebot"
    r"|cc-window|eu-cookie)",
    re.IGNORECASE,
)
_INVISIBLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_DUPLICATE_MATH = frozenset({"katex-html", "mathjax_preview"})
_MATH_FOR_READERS = re.compile(r"mwe-math-mathml|katex-mathml|mjx-assistive")
_HEADING_MARK = re.compile(r"[\s\u200b]*[#¶§🔗∞⚓]?[\s\ufe0f\u200b]*")
_NAVIGATION_RELS = frozenset("next prev previous up start first last index contents home".split())
_NAVIGATION_WORDS = re.compile(
    r"[\W\d_]*(?:next|prev|previous|up|home|top|index|contents|table of contents|back|forward"
    r"|(?:next|previous) (?:chapter|page|section|topic)|back to top)?[\W\d_]*",
    re.IGNORECASE,
)
_FRAMES = frozenset({"body", "main"})
_REGIONS = frozenset({"article", "main", "section", "blockquote", "td", "figure", "dialog"})
_LISTS = frozenset({"ul", "ol", "dl", "menu", "dir"})


def find_main_content(page: Page) -> Element:
    """Mark the dropped elements, count the text of all, and return the root of the main content.

    If nothing would be left, only what is hidden is dropped.
    """
    suspects = _mark(page.elements)
    _count(page.elements)
    total = page.body.n_text
    for each in suspects:
        each.dropped = each.dropped or _is_navigation(each, total)
    _drop_tables_of_contents(page.elements)
    _count(page.elements)
    if page.body.n_text:
        return _root(page)
    for each in page.elements:
        above = each.parent is not None and each.parent.dropped
        each.dropped = above or (each.tag != "body" and _is_hidden(each))
    _count(page.elements)
    return page.body


def names_of(element: Element) -> set[str]:
    """Return the classes and the id of an element, in lower case."""
    names = set(element.get("class").lower().split())
    return names | {element.get("id").lower()} - {""}


# What is never content, by itself


def _mark(elements: Iterable[Element]) -> list[Element]:
    """Mark what is never content. Return the elements that may be navigation."""
    suspects: dict[Element, None] = {}
    for element in elements:
        if element.parent is not None and element.parent.dropped:
            element.dropped = True
        elif element.tag in _FRAMES:
            continue
        elif _is_never_content(element):
            element.dropped = True
        elif element.tag == "a":
            suspects.update(dict.fromkeys(_line_of_navigation_link(element)))
        elif _is_suspect(element):
            suspects[element] = None
    return list(suspects)


def _is_never_content(element: Element) -> bool:
    names = names_of(element)
    return (
        element.tag == "nav"
        or element.get("role").lower() in _NEVER_ROLES
        or not names.isdisjoint(_NEVER)
        or not names.isdisjoint(_DUPLICATE_MATH)
        or _is_hidden(element)
        or (element.tag == "button" and not _is_in_heading(element))
        or (element.tag == "a" and _is_heading_mark(element))
        or (element.tag == "dialog" and "open" not in element.attributes)
    )


def _is_hidden(element: Element) -> bool:
    attributes = element.attributes
    hidden = attributes.get("hidden")
    if hidden is None and "style" not in attributes:
        return False
    if _MATH_FOR_READERS.search(element.get("class")) or element.get("role") == "tabpanel":
        return False
    if hidden is not None and hidden.lower() != "until-found":
        return True
    return _INVISIBLE.search(element.get("style")) is not None


def _is_in_heading(element: Element) -> bool:
    return any(each.tag in HEADINGS or each.tag in ("dt", "summary") for each in element.above)


def _is_heading_mark(link: Element) -> bool:
    if not link.get("href").startswith("#") or len(link.children) > 3:
        return False
    text = link.text() if any(isinstance(each, Element) for each in link.children) else None
    if text is None:
        text = "".join(each for each in link.children if isinstance(each, str))
    has_picture = any(isinstance(each, Element) and each.tag == "img" for each in link.children)
    return not has_picture and bool(text.strip()) and _HEADING_MARK.fullmatch(text) is not None


# What may be navigation


def _is_suspect(element: Element) -> bool:
    role = element.get("role").lower()
    if element.tag in ("header", "footer"):
        return not any(each.tag in _REGIONS for each in element.above)
    if element.tag == "aside":
        return role not in _NOTE_ROLES and not _CONTENT_ASIDE.search(element.get("class").lower())
    names = names_of(element)
    named = " ".join((*names, element.get("aria-label")))
    return (
        role in _SUSPECT_ROLES
        or (element.tag in BLOCKS and not names.isdisjoint(_SUSPECT))
        or _COOKIES.search(named) is not None
    )


def _line_of_navigation_link(link: Element) -> Iterable[Element]:
    """Yield the block of a link to the next, previous or upper page."""
    rels = set(link.get("rel").lower().split())
    text = link.text() if len(link.children) < 4 else "-" * SHORT
    is_navigation = not rels.isdisjoint(_NAVIGATION_RELS) or (
        len(text) < 40
        and bool(text)
        and _NAVIGATION_WORDS.fullmatch(text) is not None
        and any(character.isalpha() for character in text)
    )
    if is_navigation:
        block = next((each for each in link.above if each.tag in BLOCKS), None)
        if block is not None and block.tag in ("p", "div", "center", "td", "th", "pre"):
            yield block


def _is_navigation(element: Element, total: int) -> bool:
    """Return whether an element that may be navigation is it, by its text."""
    share = element.n_link / max(1, element.n_text)
    if element.tag in ("footer", "header", "aside") or element.get("role"):
        return _is_frame(element, share, total)
    if _COOKIES.search(" ".join((*names_of(element), element.get("aria-label")))):
        return element.n_text < total / 2
    if element.tag in ("p", "center", "td", "th", "pre"):
        return share >= MOST_LINKS and element.n_text <= SHORT
    return share >= MOST_LINKS


def _is_frame(element: Element, share: float, total: int) -> bool:
    """Return whether a header, footer or aside is not content."""
    if element.tag == "header":
        return share >= MOST_LINKS or not _has_heading(element)
    if element.tag == "footer" or element.get("role") == "contentinfo":
        return element.n_text < total / 2
    if any(each.tag in ("article", "main") for each in element.above):
        return share >= MOST_LINKS
    return share >= MOST_LINKS or element.n_text <= min(SHORT, total / 4)


def _has_heading(element: Element) -> bool:
    return any(isinstance(each, Element) and each.tag in HEADINGS for each in element.descendants())


def _drop_tables_of_contents(elements: Iterable[Element]) -> None:
    for element in elements:
        if element.parent is not None and element.parent.dropped:
            element.dropped = True
        elif element.tag in _LISTS and not element.dropped:
            element.dropped = _is_table_of_contents(element)


def _is_table_of_contents(element: Element) -> bool:
    """Return whether a list has three or more links, all to places in the page, and little else."""
    if not element.n_text or element.n_link < LIST_OF_LINKS * element.n_text:
        return False
    n_links = 0
    for each in element.descendants():
        if isinstance(each, Element) and each.tag == "a":
            if not each.get("href").startswith("#"):
                return False
            n_links += 1
    return n_links >= 3


# Counts, and the root


def _count(elements: list[Element]) -> None:
    for element in elements:
        element.n_text = element.n_link = 0
    for element in reversed(elements):  # each before the one that it is in
        own = sum(len("".join(each.split())) for each in element.children if isinstance(each, str))
        element.n_text += own
        if element.tag == "a" and "href" in element.attributes:
            element.n_link = element.n_text
        if element.parent is not None and not element.dropped:
            element.parent.n_text += element.n_text
            element.parent.n_link += element.n_link


def _root(page: Page) -> Element:
    for tag, least in (("main", LEAST_MAIN), ("article", LEAST_ARTICLE)):
        found = [each for each in page.elements if not each.dropped and _is(each, tag)]
        best = max(found, key=lambda each: each.n_text, default=None)
        if best is not None and best.n_text >= least * page.body.n_text:
            return best
    return page.body


def _is(element: Element, tag: str) -> bool:
    return element.tag == tag or element.get("role").lower() == tag
