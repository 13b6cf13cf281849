"""Draw line plots as SVG, in panels side by side, readable on white and on black."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

PER_ROW = 2
WIDTH, HEIGHT = 320, 180
LEFT, RIGHT, TOP, BOTTOM = 64, 36, 66, 56
_COLOURS = ("#3d85c6", "#cc7a29", "#4f9d58", "#a65ba8")

_STYLE = """
text { font: 12px system-ui, sans-serif; fill: #6e7781 }
.title { font-weight: 600; font-size: 15px }
.grid { stroke: #6e7781; stroke-opacity: .25 }
.line { fill: none; stroke-width: 2 }
"""


@dataclass(frozen=True, slots=True)
class Line:
    """Points from left to right. The name is for the legend; it may be empty if the panel has only
    one line. With `dots`, each point is a dot that shows its values."""

    name: str
    x: Sequence[float]
    y: Sequence[float]
    dots: bool = True


@dataclass(frozen=True, slots=True)
class Mark:
    """A ring at a point that matters. Its name is in the legend."""

    name: str
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Panel:
    """Lines and marks on the same two axes. An axis's name includes its unit. A linear axis
    starts at 0; a logarithmic axis takes only values above 0."""

    title: str
    x_name: str
    y_name: str
    lines: Sequence[Line]
    log_x: bool = False
    log_y: bool = False
    marks: Sequence[Mark] = ()


@dataclass(frozen=True, slots=True)
class Axis:
    """A scale from the first tick to the last. Ticks are at round values, ascending."""

    ticks: tuple[float, ...]
    log: bool

    def share(self, value: float) -> float:
        """Return a value's position between the first tick, 0, and the last tick, 1.

        >>> Axis((0, 5, 10), False).share(2.5), Axis((1, 10, 100), True).share(10)
        (0.25, 0.5)
        """
        at: Callable[[float], float] = math.log10 if self.log else float
        low, high = at(self.ticks[0]), at(self.ticks[-1])
        return (at(value) - low) / (high - low)


def axis(values: Sequence[float], log: bool = False) -> Axis:
    """Return an axis that covers the values: from 0 in equal steps, or in powers of ten. On the
    latter, a value up to 0.1 % above a tick needs no further tick."""
    if log:
        low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values) / 1.001))
        return Axis(tuple(10.0**power for power in range(low, max(high, low + 1) + 1)), True)
    step = _round_step(max(*values, 1e-9) / 4)
    n_steps = math.ceil(max(*values, step) / step - 1e-9)
    return Axis(tuple(float(f"{i * step:.6g}") for i in range(n_steps + 1)), False)


def _round_step(least: float) -> float:
    """Return the smallest of 1, 2, 5 times a power of ten that is not below `least`."""
    power = 10.0 ** math.floor(math.log10(least))
    return float(next(power * step for step in (1, 2, 5, 10) if power * step >= least * (1 - 1e-9)))


def svg(name: str, panels: Sequence[Panel]) -> str:
    """Draw panels, PER_ROW side by side. `name` is the text for screen readers."""
    columns, rows = min(len(panels), PER_ROW), math.ceil(len(panels) / PER_ROW)
    width, height = LEFT + WIDTH + RIGHT, TOP + HEIGHT + BOTTOM
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {columns * width} {rows * height}"'
        f' role="img" aria-label="{escape(name, {chr(34): "&quot;"})}">',
        f"<style>{_STYLE}</style>",
    ]
    for at, panel in enumerate(panels):
        x, y = at % PER_ROW * width + LEFT, at // PER_ROW * height + TOP
        parts += [f'<g transform="translate({x} {y})">', *_panel(panel), "</g>"]
    return "\n".join([*parts, "</svg>"]) + "\n"


def _panel(panel: Panel) -> Iterator[str]:
    """Draw a panel in a rectangle of WIDTH x HEIGHT whose upper left corner is the origin."""
    marks = panel.marks
    xs = axis([*(x for line in panel.lines for x in line.x), *(m.x for m in marks)], panel.log_x)
    ys = axis([*(y for line in panel.lines for y in line.y), *(m.y for m in marks)], panel.log_y)
    yield f'<text class="title" y="-42">{escape(panel.title)}</text>'
    yield f'<text y="-24">{escape(panel.y_name)}</text>'
    yield f'<text x="{WIDTH}" y="{HEIGHT + 36}" text-anchor="end">{escape(panel.x_name)}</text>'
    for tick in ys.ticks:
        y = _y(ys, tick)
        yield f'<line class="grid" x1="0" x2="{WIDTH}" y1="{y}" y2="{y}"/>'
        yield f'<text x="-8" y="{y + 4}" text-anchor="end">{tick:,.10g}</text>'
    for tick in xs.ticks:
        x = _x(xs, tick)
        yield f'<text x="{x}" y="{HEIGHT + 18}" text-anchor="middle">{tick:,.10g}</text>'
    for number, line in enumerate(panel.lines):
        yield from _line(line, xs, ys, number)
    n_named = sum(bool(line.name) for line in panel.lines)
    for number, mark in enumerate(marks):
        colour = _COLOURS[(len(panel.lines) + number) % len(_COLOURS)]
        yield from _mark(mark, xs, ys, colour)
        yield from _legend(mark.name, n_named + number, f'fill="none" stroke="{colour}"')


def _line(line: Line, xs: Axis, ys: Axis, number: int) -> Iterator[str]:
    colour = _COLOURS[number % len(_COLOURS)]
    points = [(_x(xs, x), _y(ys, y)) for x, y in zip(line.x, line.y, strict=True)]
    path = " ".join(f"{x},{y}" for x, y in points)
    yield f'<polyline class="line" stroke="{colour}" points="{path}"/>'
    for (x, y), at, value in zip(points, line.x, line.y, strict=True) if line.dots else ():
        label = escape(f"{line.name} {at:,.6g}: {value:,.4g}".strip())
        yield f'<circle cx="{x}" cy="{y}" r="3.5" fill="{colour}"><title>{label}</title></circle>'
    if line.name:
        yield from _legend(line.name, number, f'fill="{colour}"')


def _mark(mark: Mark, xs: Axis, ys: Axis, colour: str) -> Iterator[str]:
    label = escape(f"{mark.name} {mark.x:,.6g}: {mark.y:,.4g}")
    place = f'cx="{_x(xs, mark.x)}" cy="{_y(ys, mark.y)}" r="6"'
    yield f'<circle {place} fill="none" stroke="{colour}" stroke-width="2.5">'
    yield f"<title>{label}</title></circle>"


def _legend(name: str, number: int, paint: str) -> Iterator[str]:
    """Draw an entry of the legend. number: of the entry, from 0."""
    x = 6 + number * WIDTH // 3
    yield f'<circle cx="{x}" cy="-12" r="3.5" {paint}/>'
    yield f'<text x="{x + 8}" y="-8">{escape(name)}</text>'


def _x(axis: Axis, value: float) -> float:
    return round(WIDTH * axis.share(value), 1)


def _y(axis: Axis, value: float) -> float:
    return round(HEIGHT * (1 - axis.share(value)), 1)
