"""Draws medians with their quartiles as dots on a logarithmic axis, as SVG.

As with `tools.chart` text stays text, colours suit a light and a dark page, and it is the same byte
for byte at every run.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from tools.chart import Axis

_STYLE = """
  text { font: 12px sans-serif; fill: #24292f }
  .title { font-weight: bold }
  .grid { stroke: #d0d7de; stroke-width: 1 }
  .spread { stroke: #57606a; stroke-width: 2 }
  .other { fill: #57606a }
  .own { fill: #0b62c4 }
"""
_DARK = """  text { fill: #e6edf3 }
  .grid { stroke: #3d444d }
  .spread { stroke: #9198a1 }
  .other { fill: #9198a1 }
  .own { fill: #6cb0ff }
"""
_LABELS, _WIDTH, _VALUES, _ROW, _TOP, _BOTTOM = 250, 300, 70, 22, 34, 46


@dataclass(frozen=True)
class Dot:
    """One row: a median between its quartiles.

    Attributes:
        label: on the left.
        median: where the dot is; its value is said on the right.
        low: the lower quartile.
        high: the upper one.
        own: whether it stands out.
    """

    label: str
    median: float
    low: float
    high: float
    own: bool = False


@dataclass(frozen=True)
class Panel:
    """Rows that share an axis."""

    title: str
    dots: Sequence[Dot]


def draw(title: str, description: str, panels: Sequence[Panel], axis: Axis) -> str:
    """Returns the SVG, the panels one above the other.

    Args:
        title: what it shows, for those who do not see it.
        description: what there is to see, for the same.
        panels: each with rows of its own.
        axis: the axis from left to right, of all panels.
    """
    heights = [_TOP + len(panel.dots) * _ROW + _BOTTOM for panel in panels]
    width = _LABELS + _WIDTH + _VALUES
    drawn = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {sum(heights)}" role="img">',
        f"<title>{escape(title)}</title>",
        f"<desc>{escape(description)}</desc>",
        f"<style>{_STYLE}@media (prefers-color-scheme: dark) {{\n{_DARK}}}\n</style>",
    ]
    top = 0
    for panel, height in zip(panels, heights, strict=True):
        drawn += [
            f'<g transform="translate({_LABELS} {top + _TOP})">',
            *_grid(panel, axis),
            *(line for row, dot in enumerate(panel.dots) for line in _row(dot, row, axis)),
            "</g>",
        ]
        top += height
    return "\n".join([*drawn, "</svg>"]) + "\n"


def _grid(panel: Panel, axis: Axis) -> list[str]:
    bottom = len(panel.dots) * _ROW
    drawn = [f'<text class="title" x="{-_LABELS + 8}" y="-14">{escape(panel.title)}</text>']
    for value, text in axis.ticks():
        at = f"{axis.place(value) * _WIDTH:.1f}"
        drawn += [
            f'<line class="grid" x1="{at}" x2="{at}" y2="{bottom}"/>',
            f'<text x="{at}" y="{bottom + 16}" text-anchor="middle">{text}</text>',
        ]
    label = f'x="{_WIDTH / 2}" y="{bottom + 34}" text-anchor="middle"'
    return [*drawn, f"<text {label}>{escape(axis.label)}</text>"]


def _row(dot: Dot, row: int, axis: Axis) -> list[str]:
    y = row * _ROW + _ROW / 2
    low, median, high = (
        f"{axis.place(value) * _WIDTH:.1f}" for value in (dot.low, dot.median, dot.high)
    )
    kind = "own" if dot.own else "other"
    return [
        f'<text x="-8" y="{y}" dy="4" text-anchor="end">{escape(dot.label)}</text>',
        f'<line class="spread" x1="{low}" x2="{high}" y1="{y}" y2="{y}"/>',
        f'<circle class="{kind}" cx="{median}" cy="{y}" r="5"/>',
        f'<text x="{_WIDTH + 8}" y="{y}" dy="4">{dot.median:.3g}</text>',
    ]
