"""The page on costs says what the cost model says, and its figure shows it."""

import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from bench.cost import Cache, Load, parameter_store, this_cache, this_type
from tools import cost_guide
from tools.chart import Axis, Line, Panel, draw
from tools.project import ROOT

SVG = "{http://www.w3.org/2000/svg}"
X, Y = Axis("across", 0, 2), Axis("up", -1, 1)


def rows(part: str) -> dict[tuple[str, str], list[str]]:
    """The cells of a table by the first two of each row."""
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in part.splitlines()]
    return {(row[0], row[1]): row[2:] for row in cells if len(row) > 2}


def section(title: str) -> str:
    return cost_guide.tables().partition(title)[2].partition("###")[0]


def test_the_tables_hold_the_totals_of_the_model() -> None:
    """In the row of that many secrets and consumers, by cache."""
    cells = rows(section("Cached for at most 300 s"))[("100", "40")]

    assert cells[0] == f"{this_type(Load(100, 40), this_cache(300)).total:,.2f}"
    assert rows(section("No cache"))[("100", "40")][0] == (
        f"{this_type(Load(100, 40), None).total:,.2f}"
    )


def test_only_what_needs_the_higher_throughput_is_marked() -> None:
    """100 secrets in 40 consumers make 12 calls a second at 300 s, in 400 they make 122."""
    cells = rows(section("Cached for at most 300 s"))

    assert "†" not in cells[("100", "40")][2]
    beyond = parameter_store(Load(100, 400), Cache(300)).total
    assert cells[("100", "400")][2] == f"{beyond:,.2f} †"


def test_the_break_even_is_the_first_number_that_costs_less() -> None:
    """One secret fewer costs less elsewhere."""
    cells = rows(section("From how many secrets"))[("1", "7")]

    ours, theirs = (cost_guide.PRICES[name] for name in ("This type", "Secrets Manager"))
    for secrets, less in ((7, True), (6, False)):
        load = Load(secrets, 1)
        assert (ours(load, 300).total < theirs(load, 300).total) is less
    assert cells[2] == "not up to 10,000"


def test_the_parts_make_up_the_total() -> None:
    """To a cent for each of the parts, which are rounded."""
    cells = rows(section("by part"))

    parts = [float(row[1]) for (name, _), row in cells.items() if name not in ("Part", "---")]
    assert sum(parts) == pytest.approx(this_type(Load(100, 40), this_cache(300)).total, abs=0.03)


def test_the_figure_is_the_same_at_every_run_and_its_text_is_text() -> None:
    """A reader's search finds each line's label, and the page shows no stale one."""
    figure = cost_guide.figure()

    assert figure == cost_guide.figure() == (ROOT / cost_guide.FIGURE).read_text(encoding="utf-8")
    texts = [text.text for text in ElementTree.fromstring(figure).iter(f"{SVG}text")]  # noqa: S314
    assert [texts.count(name) for name in cost_guide.PRICES] == [2, 2, 2, 2]


def test_a_line_goes_through_its_points() -> None:
    """From the lower left corner to the middle and the upper right one."""
    line = Line("A & B", [(1, 0.1), (10, 1), (100, 10)])

    drawn = draw("t", "d", [Panel("p", [line])], X, Y)

    assert 'd="M0.0,300.0 140.0,150.0 280.0,0.0"' in drawn
    assert ">A &amp; B</text>" in drawn


def test_labels_at_one_height_stand_apart() -> None:
    """Or neither could be read."""
    lines = [Line(name, [(1, 1), (100, 1)]) for name in "ABC"]

    drawn = draw("t", "d", [Panel("p", lines)], X, Y)

    assert re.findall(r'class="label\d" x="288" y="([\d.]+)"', drawn) == ["150.0", "165.0", "180.0"]


def test_every_colour_of_the_light_page_has_one_for_the_dark_page() -> None:
    """The dark rules are the last, so that they win where they apply."""
    light, _, dark = draw("t", "d", [], X, Y).partition("@media (prefers-color-scheme: dark)")

    assert re.findall(r"\.(?:line|label)\d", light) == re.findall(r"\.(?:line|label)\d", dark)


def test_the_page_keeps_what_is_written_by_hand(tmp_path: Path) -> None:
    """Only what stands between the two comments is replaced."""
    page = tmp_path / cost_guide.PAGE
    page.parent.mkdir()
    text = (ROOT / cost_guide.PAGE).read_text(encoding="utf-8")
    page.write_text(text.replace(cost_guide.tables(), "| stale |\n"), encoding="utf-8")

    cost_guide.write(tmp_path)

    assert page.read_text(encoding="utf-8") == text
