"""The page on scale says what the model says."""

from pathlib import Path

import pytest

from bench import capacity, limits
from bench.projection import most_creates, whole_list
from bench.records import typical
from tools import scale_guide
from tools.project import ROOT


def rows(title: str) -> dict[str, list[str]]:
    """The cells of a table by the first of each row."""
    part = scale_guide.tables().partition(title)[2].partition("###")[0]
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in part.splitlines()]
    return {row[0]: row[1:] for row in cells if len(row) > 1}


@pytest.mark.parametrize("name", scale_guide.records())
def test_a_record_s_row_holds_its_bytes_and_units(name: str) -> None:
    size = capacity.item_size(scale_guide.records()[name])

    cells = rows("What a record takes")[name]

    assert cells[0] == f"{size:,}"
    assert cells[2] == f"{capacity.write_units(size)}"
    assert cells[5] == f"{capacity.read_units(size)}"


def test_the_list_of_all_records_is_the_model_s() -> None:
    took = whole_list(scale_guide.RECORDS, capacity.item_size(typical(1)))

    cells = rows("One complete list")["typical, 1 version"]

    assert cells[:2] == [f"{took.pages:,}", f"{took.units:,}"]


def test_the_lowest_limit_stands_first() -> None:
    allowed = most_creates(capacity.item_size(typical(1)), scale_guide.HANDLER_SECONDS)

    _, _, *names = rows("Creates a second that each limit allows")

    assert names == sorted(allowed, key=lambda name: allowed[name][0])


def test_the_page_names_every_source_of_a_limit() -> None:
    text = (ROOT / scale_guide.PAGE).read_text(encoding="utf-8")

    sources = [value for name, value in vars(limits).items() if name.endswith("_SOURCE")]
    assert [source for source in sources if source not in text] == []


def test_the_page_keeps_what_is_written_by_hand(tmp_path: Path) -> None:
    """Only what stands between the two comments is replaced."""
    page = tmp_path / scale_guide.PAGE
    page.parent.mkdir()
    text = (ROOT / scale_guide.PAGE).read_text(encoding="utf-8")
    page.write_text(text.replace(scale_guide.tables(), "| stale |\n"), encoding="utf-8")

    scale_guide.write(tmp_path)

    assert page.read_text(encoding="utf-8") == text
