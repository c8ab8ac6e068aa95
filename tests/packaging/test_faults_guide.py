"""The page on faults has the numbers of the cases."""

from pathlib import Path
from typing import Any

import pytest

from tools import faults_guide
from tools.project import ROOT

NUMBERS: dict[str, Any] = {
    "scenarios": [
        {
            "name": "read",
            "calls": ["dynamodb:GetItem", "kms:Decrypt"],
            "cases": {"AWS refuses": 1000, "killed by a proxy": 2},
            "late": 0,
            "killed": 6,
        },
        {
            "name": "update",
            "calls": ["dynamodb:GetItem", "kms:ReEncrypt", "kms:ReEncrypt", "dynamodb:UpdateItem"],
            "cases": {"AWS refuses": 500, "killed by a proxy": 1},
            "late": 2,
            "killed": 12,
        },
    ],
    "spoiled": 100,
}


def test_the_last_row_is_the_sum_of_the_others_and_the_total_is_the_sum_of_all() -> None:
    made = faults_guide.table(NUMBERS)

    assert "| **all** |  | 1,500 | 3 | 2 | 18 |\n" in made
    assert "these are 1,623 cases." in made


def test_a_call_that_is_made_several_times_in_a_row_is_said_once() -> None:
    made = faults_guide.table(NUMBERS)

    assert "| update | GetItem, 2 times ReEncrypt, UpdateItem | 500 |" in made


def test_the_page_keeps_what_is_written_by_hand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only what stands between the two comments is replaced."""
    monkeypatch.setattr(faults_guide, "count", lambda: NUMBERS)
    page = tmp_path / faults_guide.PAGE
    page.parent.mkdir()
    text = (ROOT / faults_guide.PAGE).read_text(encoding="utf-8")
    page.write_text(text, encoding="utf-8")

    faults_guide.write(tmp_path)

    written = page.read_text(encoding="utf-8")
    begin, end = "<!-- This table", "<!-- The end"
    assert written.partition(begin)[0] == text.partition(begin)[0]
    assert written.partition(end)[2] == text.partition(end)[2]
    assert faults_guide.table(NUMBERS) in written
