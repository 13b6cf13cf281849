"""Rectangles of a quote on the pages of its file."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rectangle:
    """Where a line of a quote, or a part of it, is on its page.

    page:  from 1
    label: the page's printed number; the same as `page` if the file names none
    left, top, right, bottom: of the ink, in points (1/72 inch) from the top left corner of the page
           as it is shown: turned and cropped; y grows downwards
    page_width, page_height: of the page as it is shown, in points
    """

    page: int
    label: str
    left: float
    top: float
    right: float
    bottom: float
    page_width: float
    page_height: float


@dataclass(frozen=True, slots=True)
class LocatedQuote:
    """The rectangles of a quote in reading order, and the sha256 of the file's canonical text."""

    text_sha256: str
    rectangles: tuple[Rectangle, ...]
