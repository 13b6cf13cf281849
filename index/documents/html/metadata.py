"""The title and the properties that a page states in its head."""

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from email.utils import parsedate_to_datetime

from index.documents.html.tree import Page

LONGEST_VALUE = 1000
"""In characters. A longer property is left out."""

_AUTHORS = ("author", "dc.creator", "dcterms.creator", "citation_author")
_DATES = (
    "article:modified_time", "article:published_time", "datemodified", "datepublished", "date",
    "dcterms.modified", "dcterms.date", "dcterms.created", "dc.date", "last-modified", "revised",
)  # fmt: skip
_SEPARATOR = re.compile(r"\s*(?:[|—–·•»«:~]|\s-{1,2}\s|\s::?\s)\s*")
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*")


def title_of(page: Page, first_heading: str | None) -> str | None:
    """Return the title of a page, without the site's name if the first heading is the rest of it.

    None without a title. first_heading: of level 1, or None
    """
    title = page.title
    if not first_heading or not title:
        return title or None
    heading = " ".join(first_heading.split())
    before, found, after = title.partition(heading)
    if not found or title == heading:
        return title
    is_whole = not before.strip() or _SEPARATOR.search(before[-4:] + " ") is not None
    ends = not after.strip() or _SEPARATOR.match(f" {after.lstrip()} ") is not None
    return heading if is_whole and ends else title


def metadata_of(page: Page) -> dict[str, str]:
    """Return what the page states: `author`, `date`, `language`, `tags`, `url`."""
    stated = _stated(page.metas)
    language = _LANGUAGE.match(page.language.strip() or stated.get("content-language", ""))
    found = {
        "author": next((stated[name] for name in _AUTHORS if name in stated), ""),
        "date": next((day for name in _DATES if (day := iso_date(stated.get(name, "")))), ""),
        "language": language.group() if language else "",
        "tags": ", ".join(filter(None, map(str.strip, stated.get("keywords", "").split(",")))),
        "url": _canonical(page.links) or _web_address(stated.get("og:url", "")),
    }
    return {key: value for key, value in found.items() if value and len(value) <= LONGEST_VALUE}


def iso_date(text: str) -> str:
    """Return a date or a time in ISO 8601, from this notation or that of mails; "" if it is none.

    >>> iso_date("Tue, 03 Feb 2026 10:00:00 GMT"), iso_date("2026-02-03"), iso_date("spring")
    ('2026-02-03T10:00:00+00:00', '2026-02-03', '')
    """
    text = text.strip()
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        pass
    try:
        return datetime.fromisoformat(text).isoformat()
    except ValueError:
        pass
    try:
        return parsedate_to_datetime(text).isoformat()
    except (ValueError, TypeError, IndexError, OverflowError):
        return ""


def _stated(metas: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Return the first content of each name, in lower case."""
    stated: dict[str, str] = {}
    for meta in metas:
        content = " ".join(meta.get("content", "").split())
        for attribute in ("name", "property", "itemprop", "http-equiv"):
            name = meta.get(attribute, "").strip().lower()
            if name and content:
                stated.setdefault(name, content)
    return stated


def _canonical(links: Iterable[Mapping[str, str]]) -> str:
    for link in links:
        if "canonical" in link.get("rel", "").lower().split():
            return _web_address(link.get("href", ""))
    return ""


def _web_address(address: str) -> str:
    address = address.strip()
    return address if address.lower().startswith(("http://", "https://")) else ""
