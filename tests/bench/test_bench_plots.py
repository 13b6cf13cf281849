"""Plots: axes, positions of points, well-formed SVG."""

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.plots import HEIGHT, WIDTH, Line, Panel, axis, part_svg, svg
from measurements import RESULTS

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize(
    ("values", "log", "ticks"),
    [
        ([3, 10], False, (0, 5, 10)),
        ([7.3], False, (0, 2, 4, 6, 8)),
        ([0.012, 0.004], False, (0, 0.005, 0.01, 0.015)),
        ([0.0], False, (0, 1e-9)),
        ([1000, 10_000], True, (1000, 10_000)),
        ([20, 300], True, (10, 100, 1000)),
        ([1], True, (1, 10)),
    ],
)
def test_ticks_are_round_and_cover_the_values(
    values: list[float], log: bool, ticks: tuple[float, ...]
) -> None:
    axis_ticks = axis(values, log).ticks
    if values == [0.0]:
        assert axis_ticks[0] == 0
        assert axis_ticks[-1] > 0
    else:
        assert axis_ticks == pytest.approx(ticks)


@given(st.lists(st.floats(1e-3, 1e9), min_size=1), st.booleans())
def test_every_value_is_within_its_axis(values: list[float], log: bool) -> None:
    drawn = axis(values, log)
    assert len(drawn.ticks) <= (14 if log else 6)
    assert list(drawn.ticks) == sorted(set(drawn.ticks))
    assert all(-1e-9 <= drawn.share(value) <= 1 + 1e-9 for value in values)


def points(picture: str) -> list[tuple[float, float]]:
    line = next(ElementTree.fromstring(picture).iter(f"{SVG}polyline"))
    pairs = (pair.split(",") for pair in line.attrib["points"].split())
    return [(float(x), float(y)) for x, y in pairs]


def test_points_are_at_the_positions_of_their_values() -> None:
    panel = Panel("p", "x", "y", [Line("", (0, 5, 10), (0, 4, 2))])
    assert points(svg("a plot", [panel])) == [(0, HEIGHT), (WIDTH / 2, 0), (WIDTH, HEIGHT / 2)]


def test_a_logarithmic_axis_puts_powers_of_ten_at_equal_distances() -> None:
    panel = Panel("p", "x", "y", [Line("", (1, 10, 100), (1, 1, 1))], log_x=True)
    assert [x for x, _ in points(svg("a plot", [panel]))] == [0, WIDTH / 2, WIDTH]


def test_a_plot_has_a_panel_a_curve_units_and_values() -> None:
    growth = RESULTS.parts[1]
    drawn = ElementTree.fromstring(part_svg(growth))
    texts = [text.text for text in drawn.iter(f"{SVG}text")]
    assert {"on disk", "MB", "chunks", "10,000"} <= set(texts)
    values = [title.text for title in drawn.iter(f"{SVG}title")]
    assert values == ["1,000: 3", "2,000: 6.5", "10,000: 30.25"]


def test_names_are_escaped() -> None:
    name = 'a <b> & "c"'
    picture = svg(name, [Panel(name, name, name, [Line(name, (1,), (1,)), Line("d", (1,), (2,))])])
    drawn = ElementTree.fromstring(picture)
    assert drawn.attrib["aria-label"] == name
    texts = [text.text for text in drawn.iter(f"{SVG}text")]
    assert texts.count(name) == 4
    assert "d" in texts
