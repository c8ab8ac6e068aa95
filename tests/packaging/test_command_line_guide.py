"""The page on the command line has the help that the program prints."""

import os
import subprocess
from pathlib import Path

import pytest

from myorg_secrets.cli.app import VERBS
from tests.cli.runner import START
from tools import command_line_guide
from tools.project import ROOT

WIDE = "100"


def printed(*words: str) -> str:
    """What the program prints on a terminal of 100 columns."""
    return subprocess.run(
        [*START, *words, "--help"],
        env={**os.environ, "COLUMNS": WIDE, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def sections() -> dict[str, str]:
    """The text of each section by its title."""
    found = {}
    for section in command_line_guide.helps().split("### ")[1:]:
        title, _, block = section.partition("\n\n```text\n")
        found[title] = block.partition("```\n")[0]
    return found


def test_the_page_has_every_verb_in_the_order_of_the_program() -> None:
    assert list(sections()) == ["All verbs", *VERBS]


@pytest.mark.parametrize("verb", [None, *VERBS])
def test_a_section_is_what_the_program_prints(verb: str | None) -> None:
    words = [] if verb is None else [verb]

    assert sections()[verb or "All verbs"] == printed(*words)


def test_the_terminal_on_which_it_is_made_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    made = command_line_guide.helps()
    monkeypatch.setenv("COLUMNS", "50")

    assert command_line_guide.helps() == made


def test_the_page_keeps_what_is_written_by_hand(tmp_path: Path) -> None:
    """Only what stands between the two comments is replaced."""
    page = tmp_path / command_line_guide.PAGE
    page.parent.mkdir()
    text = (ROOT / command_line_guide.PAGE).read_text(encoding="utf-8")
    page.write_text(text.replace(command_line_guide.helps(), "stale\n"), encoding="utf-8")

    command_line_guide.write(tmp_path)

    assert page.read_text(encoding="utf-8") == text
