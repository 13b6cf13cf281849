"""Plots of a benchmark's curves."""

from xml.etree import ElementTree

from bench.plots import part_svg
from measurements import RESULTS

SVG = "{http://www.w3.org/2000/svg}"


def test_a_picture_has_a_panel_a_curve_with_units_and_values() -> None:
    growth = RESULTS.parts[1]
    drawn = ElementTree.fromstring(part_svg(growth))
    texts = [text.text for text in drawn.iter(f"{SVG}text")]
    assert {"on disk", "MB", "chunks", "10,000"} <= set(texts)
    values = [title.text for title in drawn.iter(f"{SVG}title")]
    assert values == ["1,000: 3", "2,000: 6.5", "10,000: 30.25"]
