"""The page about speed shows the numbers that were measured, and needs none of them to be so."""

import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from tools import speed_guide
from tools.chart import Axis
from tools.dots import Dot, Panel, draw
from tools.project import ROOT

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of what the page is made from."""
    for name in (speed_guide.PAGE, speed_guide.RESULTS):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    return tmp_path


def test_a_number_that_was_measured_anew_is_on_the_page_and_in_the_figure(project: Path) -> None:
    path = project / speed_guide.RESULTS
    results = json.loads(path.read_text(encoding="utf-8"))
    [row] = (
        row
        for row in results["warm"]["servers"]["TLS stub"]
        if (row["contender"], row["operation"]) == ("recipe of 2016", "create")
    )
    row["cpu_ms"] = [777.0, 770.0, 780.0]
    path.write_text(json.dumps(results), encoding="utf-8")

    speed_guide.write(project)

    assert "| recipe of 2016 | 777 (" in (project / speed_guide.PAGE).read_text(encoding="utf-8")
    assert ">777</text>" in (project / speed_guide.FIGURE).read_text(encoding="utf-8")


def test_a_page_without_its_marks_is_not_written_over(project: Path) -> None:
    (project / speed_guide.PAGE).write_text("# Speed\n", encoding="utf-8")

    with pytest.raises(SystemExit, match="lacks the comments"):
        speed_guide.write(project)


def test_a_dot_stands_between_its_quartiles_on_the_axis() -> None:
    drawn = draw("t", "d", [Panel("p", [Dot("a & b", 10, 1, 100, own=True)])], Axis("ms", 0, 2))

    svg = ElementTree.fromstring(drawn)  # noqa: S314 - drawn just now
    [dot] = svg.iter(f"{SVG}circle")
    [spread] = (line for line in svg.iter(f"{SVG}line") if line.get("class") == "spread")
    assert (spread.get("x1"), dot.get("cx"), spread.get("x2")) == ("0.0", "150.0", "300.0")
    assert dot.get("class") == "own"
    assert "a & b" in [text.text for text in svg.iter(f"{SVG}text")]
