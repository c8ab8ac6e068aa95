"""Draws lines over two logarithmic axes, as SVG that is the same byte for byte at every run.

Text stays text, so that it can be searched and read aloud. Colours suit a light and a dark page.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

_COLOURS = (
    ("#0b62c4", "#6cb0ff"),
    ("#b3261e", "#ff8a80"),
    ("#2e7d32", "#7fd487"),
    ("#8a5a00", "#f2b84b"),
)
"""Of a line, on a light and on a dark page."""

_STYLE = """
  text { font: 12px sans-serif; fill: #24292f }
  .title { font-weight: bold }
  .grid { stroke: #d0d7de; stroke-width: 1 }
  path { fill: none; stroke-width: 2 }
"""
_DARK = """  text { fill: #e6edf3 }
  .grid { stroke: #3d444d }
"""
_WIDTH, _HEIGHT = 280, 300
_LEFT, _TOP, _BOTTOM, _LABELS = 62, 34, 46, 122
_APART = 15
"""Pixels at least between the labels of two lines."""


@dataclass(frozen=True)
class Line:
    """One line; its label stands at its end."""

    label: str
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Panel:
    """Lines that share their axes."""

    title: str
    lines: Sequence[Line]


@dataclass(frozen=True)
class Axis:
    """From one power of ten to another, both named by their exponents."""

    label: str
    lowest: int
    highest: int

    def place(self, value: float) -> float:
        """Returns where a value stands, from 0 to 1."""
        return (math.log10(value) - self.lowest) / (self.highest - self.lowest)

    def ticks(self) -> list[tuple[float, str]]:
        """Returns the powers of ten, each with its text."""
        exponents = range(self.lowest, self.highest + 1)
        return [(10.0**power, f"{10.0**power:,.{max(0, -power)}f}") for power in exponents]


def draw(title: str, description: str, panels: Sequence[Panel], x: Axis, y: Axis) -> str:
    """Returns the SVG, the panels side by side.

    Args:
        title: what it shows, for those who do not see it.
        description: what there is to see, for the same.
        panels: each with the same kind of lines, at most four.
        x: the axis from left to right.
        y: the axis from bottom to top.
    """
    each = _LEFT + _WIDTH + _LABELS
    width, height = each * len(panels), _TOP + _HEIGHT + _BOTTOM
    light, dark = (
        "".join(
            f"  .line{number} {{ stroke: {pair[shade]} }}\n"
            f"  .label{number} {{ fill: {pair[shade]} }}\n"
            for number, pair in enumerate(_COLOURS)
        )
        for shade in (0, 1)
    )
    drawn = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">',
        f"<title>{escape(title)}</title>",
        f"<desc>{escape(description)}</desc>",
        f"<style>{_STYLE}{light}@media (prefers-color-scheme: dark) {{\n{_DARK}{dark}}}\n</style>",
    ]
    for number, panel in enumerate(panels):
        drawn += [
            f'<g transform="translate({number * each + _LEFT} {_TOP})">',
            *_grid(panel.title, x, y),
            *_lines(panel.lines, x, y),
            "</g>",
        ]
    return "\n".join([*drawn, "</svg>"]) + "\n"


def _grid(title: str, x: Axis, y: Axis) -> list[str]:
    drawn = [f'<text class="title" y="-14">{escape(title)}</text>']
    for value, text in x.ticks():
        at = f"{_across(value, x):.1f}"
        drawn += [
            f'<line class="grid" x1="{at}" x2="{at}" y2="{_HEIGHT}"/>',
            f'<text x="{at}" y="{_HEIGHT + 18}" text-anchor="middle">{text}</text>',
        ]
    for value, text in y.ticks():
        at = f"{_down(value, y):.1f}"
        drawn += [
            f'<line class="grid" x2="{_WIDTH}" y1="{at}" y2="{at}"/>',
            f'<text x="-6" y="{at}" dy="4" text-anchor="end">{text}</text>',
        ]
    return [
        *drawn,
        f'<text x="{_WIDTH / 2}" y="{_HEIGHT + 38}" text-anchor="middle">{escape(x.label)}</text>',
        f'<text transform="translate({12 - _LEFT} {_HEIGHT / 2}) rotate(-90)"'
        f' text-anchor="middle">{escape(y.label)}</text>',
    ]


def _lines(lines: Sequence[Line], x: Axis, y: Axis) -> list[str]:
    drawn = []
    free = -math.inf
    ends = sorted((_down(line.points[-1][1], y), number) for number, line in enumerate(lines))
    for end, number in ends:
        line = lines[number]
        # Two labels at one height could not be read: the lower one goes further down.
        free = max(end, free + _APART)
        path = " ".join(f"{_across(at, x):.1f},{_down(value, y):.1f}" for at, value in line.points)
        drawn += [
            f'<path class="line{number}" d="M{path}"/>',
            f'<text class="label{number}" x="{_WIDTH + 8}" y="{free:.1f}" dy="4">'
            f"{escape(line.label)}</text>",
        ]
    return drawn


def _across(value: float, x: Axis) -> float:
    return x.place(value) * _WIDTH


def _down(value: float, y: Axis) -> float:
    return (1 - y.place(value)) * _HEIGHT
