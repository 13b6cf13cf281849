"""Subtitles with their times, and notebooks with their cells."""

import json

import pytest

from index.documents.loader import Content, LoadOptions, loader_of_media_type
from index.errors import UnreadableDocument
from index.places import PlaceRange
from index.types import Document, Span

SRT = """1
00:00:01,000 --> 00:00:02,500
<i>Aid was 43%</i>

2
00:00:02,500 --> 00:00:04,000
{\\an8}of the country's GDP.

3
00:01:05,000 --> 00:01:09,000
- Who paid?
"""

VTT = """WEBVTT - A talk

NOTE Not spoken

intro
00:01.000 --> 00:03.000 align:start
<v Dr. Ann Lee>Aid &amp; trade <c.loud>fell</c>.

01:00:00.000 --> 01:00:02.000
The end.
"""


def load(text: str, media_type: str) -> Content:
    return loader_of_media_type(media_type).load(text.encode(), LoadOptions())


def places(content: Content, quote: str) -> tuple[PlaceRange, ...]:
    document = Document("a", "a", "A", content.text, places=content.places)
    start = content.text.index(quote)
    return document.places_of(Span(start, start + len(quote)))


def test_captions_without_a_pause_are_one_paragraph() -> None:
    content = load(SRT, "application/x-subrip")
    assert content.text == "Aid was 43%\nof the country's GDP.\n\n\\- Who paid?"
    assert [block.kind for block in content.blocks] == ["paragraph", "paragraph"]


def test_a_quote_has_the_times_of_its_first_and_last_caption() -> None:
    content = load(SRT, "application/x-subrip")
    assert places(content, "43%\nof") == (PlaceRange("time", "00:00:01", "00:00:02"),)
    assert places(content, "Who") == (PlaceRange("time", "00:01:05", "00:01:05"),)


def test_voices_stay_and_notes_and_styles_go() -> None:
    content = load(VTT, "text/vtt")
    assert content.text == "Dr. Ann Lee: Aid & trade fell.\n\nThe end."
    assert places(content, "end") == (PlaceRange("time", "01:00:00", "01:00:00"),)


def test_a_file_without_captions_is_refused() -> None:
    with pytest.raises(UnreadableDocument, match="no captions with times"):
        load("Just text.", "application/x-subrip")


NOTEBOOK = {
    "nbformat": 4,
    "metadata": {"kernelspec": {"language": "python"}},
    "cells": [
        {"cell_type": "markdown", "source": ["# Aid by *year*\n", "\n", "It fell."]},
        {"cell_type": "code", "source": "", "outputs": []},
        {
            "cell_type": "code",
            "source": "print(43)",
            "outputs": [
                {"output_type": "stream", "text": ["43\n"]},
                {"output_type": "display_data", "data": {"image/png": "iVBOR"}},
                {
                    "output_type": "execute_result",
                    "data": {"text/plain": "\u001b[31mNone\u001b[0m"},
                },
            ],
        },
    ],
}


def test_cells_keep_their_numbers_and_their_output() -> None:
    content = load(json.dumps(NOTEBOOK), "application/x-ipynb+json")
    assert content.text == (
        "# Aid by *year*\n\nIt fell.\n\n```python\nprint(43)\n```\n\n```\n43\n```\n\n```\nNone\n```"
    )
    assert content.title == "Aid by year"
    assert places(content, "It fell") == (PlaceRange("cell", "1", "1"),)
    assert places(content, "None") == (PlaceRange("cell", "3", "3"),)


@pytest.mark.parametrize("text", ["{}", "[]", '{"cells": [1]}', '{"cells": 3}', "{", '"a"'])
def test_other_json_is_no_notebook(text: str) -> None:
    with pytest.raises(UnreadableDocument) as raised:
        load(text, "application/x-ipynb+json")
    assert raised.value.kind == "damaged"
