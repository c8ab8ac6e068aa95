"""Writes the tables of guide/speed.md, and its figure, from what `make bench` has measured.

Nothing is measured here: the numbers are in bench/results.json. The rest of the page is written by
hand.
"""

import json
from pathlib import Path
from typing import Any

from bench.server import STUB
from bench.tables import tables
from tools import pages
from tools.chart import Axis
from tools.dots import Dot, Panel, draw
from tools.project import ROOT

PAGE = "guide/speed.md"
FIGURE = "guide/speed.svg"
RESULTS = "bench/results.json"
_BEGIN = "<!-- What follows is made by tools/speed_guide.py: make generate. -->"
_END = "<!-- The end of what is made. -->"

Results = dict[str, Any]


def write(project: Path) -> None:
    """Replaces the tables in a project's page, and its figure.

    Raises:
        SystemExit: the page lacks one of the two comments between which the tables stand.
    """
    results = json.loads((project / RESULTS).read_text(encoding="utf-8"))
    pages.replace_part(project, PAGE, _BEGIN, _END, made(results))
    (project / FIGURE).write_text(figure(results), encoding="utf-8")


def made(results: Results) -> str:
    """Returns where it was measured, and all tables, in Markdown."""
    parts = [f"### {table.title}\n\n{pages.table(*table.rows)}" for table in tables(results)]
    return "\n".join([_where(results), *parts])


def figure(results: Results) -> str:
    """Returns the figure as SVG."""
    return draw(
        "Milliseconds of the processor for a create",
        "Warm, this type takes little more than bare boto3, and the obvious handler many times as"
        " much. Cold, this type takes a fraction of the obvious handler in the package that the"
        " stock plugin makes.",
        [
            Panel("Warm create", _dots(results["warm"]["servers"][STUB])),
            Panel("Cold create, from the start of the process", _dots(_cold(results))),
        ],
        Axis("ms of the processor", -1, 3),
    )


def _cold(results: Results) -> list[Results]:
    rows: list[Results] = results["cold"]["servers"][STUB]
    return rows


def _dots(rows: list[Results]) -> list[Dot]:
    return [
        Dot(row["contender"], *_spread(row), own=row["contender"].startswith("this type"))
        for row in rows
        if row["operation"] == "create"
    ]


def _spread(row: Results) -> tuple[float, float, float]:
    median, low, high = row["cpu_ms"]
    return median, low, high


def _where(results: Results) -> str:
    rows = [("Part", "Rounds", "Date", "Machine", "Load at the start", "Python, of packages")]
    for part, measured in results.items():
        machine, versions = measured["machine"], measured["versions"]
        rows.append(
            (
                part,
                str(measured.get("rounds", "")),
                measured["date"],
                f"{machine['processor']}, {machine['cores']} cores",
                str(machine["load"]),
                f"{versions['Python']}, {versions['Python of packages']}",
            )
        )
    newest = results["warm"]["versions"]
    named = ", ".join(f"{name} {text}" for name, text in newest.items() if "Python" not in name)
    return f"### Where and when\n\n{pages.table(*rows)}\nVersions: {named}.\n"


if __name__ == "__main__":
    write(ROOT)
