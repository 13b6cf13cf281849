"""Draw docs/ablation.svg: how well each signal ranks, alone and added in turn. Prints the tables as
Markdown.

usage: python -m bench.draw.ablation FILE.json [TARGET.svg]

FILE.json: what `rag eval ablation … --json` prints.
"""

import json
import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

_TARGET = Path(__file__).parents[2] / "docs" / "ablation.svg"

PER_LINE = 3
LABELS, PANEL, GAP = 150, 250, 30
TOP, ROW, BOTTOM = 52, 26, 34

STYLE = """
text { font: 14px system-ui, sans-serif; fill: #6e7781 }
.title { font-weight: 600; font-size: 15px }
.tick, .value { font-size: 12px }
.grid { stroke: #6e7781; stroke-opacity: .25 }
.interval { stroke: #3d85c6; stroke-width: 2.5; stroke-linecap: round }
.mean { fill: #3d85c6 }
.oracle .interval { stroke: #6e7781; stroke-dasharray: 1 5 }
.oracle .mean { fill: #6e7781 }
"""
"""Grey and blue, readable on white and on black."""


@dataclass(frozen=True, slots=True)
class Scale:
    """An axis from low to high, both multiples of step, over a panel that begins at x = left."""

    low: float
    high: float
    step: float
    left: float

    @classmethod
    def of(cls, rows: Sequence[dict[str, Any]], primary: str, left: float) -> "Scale":
        lows = [row["measures"][primary]["low"] for row in rows]
        highs = [row["measures"][primary]["high"] for row in rows]
        step = 0.1 if max(highs) - min(lows) <= 0.5 else 0.2
        low = math.floor(min(lows) / step + 1e-9) * step
        high = max(math.ceil(max(highs) / step - 1e-9) * step, low + step)
        return cls(low, high, step, left)

    def x(self, value: float) -> float:
        return round(self.left + PANEL * (value - self.low) / (self.high - self.low), 1)

    @property
    def ticks(self) -> list[float]:
        n = round((self.high - self.low) / self.step)
        return [self.low + i * self.step for i in range(n + 1)]


def svg(datasets: Sequence[dict[str, Any]]) -> str:
    """Draw a panel for each dataset, PER_LINE side by side, with the rows' names on the left."""
    lines = [datasets[i : i + PER_LINE] for i in range(0, len(datasets), PER_LINE)]
    width = LABELS + min(len(datasets), PER_LINE) * (PANEL + GAP)
    line_height = TOP + ROW * len(datasets[0]["rows"]) + BOTTOM
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {line_height * len(lines)}"'
        ' role="img" aria-label="How well each signal ranks, with 95 % intervals">',
        f"<style>{STYLE}</style>",
    ]
    for number, line in enumerate(lines):
        parts.append(f'<g transform="translate(0 {number * line_height})">')
        for i, row in enumerate(line[0]["rows"]):
            parts.append(f'<text x="0" y="{_y(i) + 5}">{escape(row["name"])}</text>')
        for place, dataset in enumerate(line):
            parts += _panel(dataset, LABELS + place * (PANEL + GAP))
        parts.append("</g>")
    return "\n".join([*parts, "</svg>"]) + "\n"


def _y(row: int) -> int:
    return TOP + ROW * row + ROW // 2


def _panel(dataset: dict[str, Any], left: int) -> Iterator[str]:
    rows, primary = dataset["rows"], dataset["primary"]
    scale, foot = Scale.of(rows, primary, left), TOP + ROW * len(rows)
    title = f"{dataset['dataset']} · {primary}"
    yield f'<text class="title" x="{left}" y="20">{escape(title)}</text>'
    yield f'<text class="value" x="{left}" y="38">{dataset["n_questions"]:,} questions</text>'
    for tick in scale.ticks:
        x = scale.x(tick)
        yield f'<line class="grid" x1="{x}" x2="{x}" y1="{TOP}" y2="{foot}"/>'
        yield f'<text class="tick" text-anchor="middle" x="{x}" y="{foot + 16}">{tick:.1f}</text>'
    for i, row in enumerate(rows):
        yield from _dot(row, row["measures"][primary], scale, _y(i))


def _dot(row: dict[str, Any], mean: dict[str, float], scale: Scale, y: int) -> Iterator[str]:
    low, at, high = (scale.x(mean[key]) for key in ("low", "mean", "high"))
    kind = "oracle" if row["ranking"] is None else "row"
    yield f'<g class="{kind}"><title>{escape(row["name"])}: {_cell(mean)}</title>'
    yield f'<line class="interval" x1="{low}" x2="{high}" y1="{y}" y2="{y}"/>'
    yield f'<circle class="mean" cx="{at}" cy="{y}" r="4.5"/></g>'


def markdown(dataset: dict[str, Any]) -> str:
    """Return a dataset's table: means with intervals, and the median time in ms."""
    columns = list(dataset["rows"][0]["measures"])
    lines = [
        f"{dataset['dataset']}, {dataset['n_questions']:,} questions:",
        "",
        f"| signal | {' | '.join(columns)} | ms |",
        "|---|" + "---|" * (len(columns) + 1),
    ]
    for row in dataset["rows"]:
        cells = [_cell(row["measures"][column]) for column in columns]
        ms = "" if row["median_ms"] is None else f"{row['median_ms']:.1f}"
        lines.append(f"| {row['name']} | {' | '.join(cells)} | {ms} |")
    return "\n".join(lines)


def _cell(mean: dict[str, float]) -> str:
    return f"{mean['mean']:.3f} ({mean['low']:.3f}–{mean['high']:.3f})"


def main() -> None:
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    datasets = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))["datasets"]
    target = Path(sys.argv[2]) if len(sys.argv) == 3 else _TARGET
    target.write_text(svg(datasets), encoding="utf-8")
    print("\n\n".join(markdown(dataset) for dataset in datasets))


if __name__ == "__main__":
    main()
