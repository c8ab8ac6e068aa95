"""Writes the table of faults into guide/faults.md, from the cases that the tests go through.

The rest of the page is written by hand.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tools import pages
from tools.project import ROOT

PAGE = "guide/faults.md"
_BEGIN = "<!-- This table is made by tools/faults_guide.py: make generate. -->"
_END = "<!-- The end of the table. -->"


def write(project: Path) -> None:
    """Replaces the table in a project's page.

    Raises:
        SystemExit: the page lacks one of the two comments between which the table stands.
    """
    pages.replace_part(project, PAGE, _BEGIN, _END, table(count()))


def count() -> dict[str, Any]:
    """Returns the numbers as `tests.faults.count` has them.

    It counts in a process of its own: a mocked AWS is there once in a process.
    """
    counted = subprocess.run(
        [sys.executable, "-m", "tests.faults.count"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    numbers: dict[str, Any] = json.loads(counted.stdout)
    return numbers


def table(numbers: dict[str, Any]) -> str:
    """Returns the table in Markdown, with the total below it."""
    scenarios = numbers["scenarios"]
    groups = list(scenarios[0]["cases"])
    rows = [
        (
            one["name"],
            _in_short(one["calls"]),
            *(one["cases"][group] for group in groups),
            one["late"],
            one["killed"],
        )
        for one in scenarios
    ]
    sums = [sum(column) for column in list(zip(*rows, strict=True))[2:]]
    total = sum(sums) + numbers["spoiled"]
    made = pages.table(
        ("Operation", "Calls", *groups, "AWS does it late", "killed"),
        *(tuple(str(cell) for cell in row) for row in rows),
        ("**all**", "", *(f"{one:,}" for one in sums)),
    )
    return (
        f"{made}\nWith {numbers['spoiled']} calls over connections that are really broken these are"
        f" {total:,} cases.\n"
    )


def _in_short(calls: list[str]) -> str:
    """Returns the operations of the calls, what is called several times in a row once."""
    names = [call.partition(":")[2] for call in calls]
    runs: list[tuple[str, int]] = []
    for name in names:
        if runs and runs[-1][0] == name:
            runs[-1] = (name, runs[-1][1] + 1)
        else:
            runs.append((name, 1))
    return ", ".join(name if times == 1 else f"{times} times {name}" for name, times in runs)


if __name__ == "__main__":
    write(ROOT)
