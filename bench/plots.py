"""Draw the curves of a benchmark."""

from bench.results import BenchmarkResult
from eval.plots.lines import Line, Panel, svg


def part_svg(part: BenchmarkResult) -> str:
    """Draw a benchmark's curves, one panel each."""
    return svg(
        part.title,
        [
            Panel(curve.name, part.x_name, curve.unit, [Line("", curve.x, curve.y)])
            for curve in part.curves
        ],
    )
