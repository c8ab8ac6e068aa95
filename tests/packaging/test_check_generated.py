"""`make generated` sees what is out of date."""

from pathlib import Path

import pytest

from tools import check_generated
from tools.project import ROOT, copy_of_project


def test_the_tree_itself_is_up_to_date(capsys: pytest.CaptureFixture[str]) -> None:
    """Generating it all again changes nothing."""
    assert check_generated.main(ROOT) == 0
    assert capsys.readouterr().out == "Every generated file is up to date.\n"


def test_every_file_that_is_out_of_date_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """Changed tables, help, figure, page and template, a page too many and a missing file."""
    with copy_of_project() as project:
        replace(project / "guide" / "command-line.md", "  --version-id ID ", "  --version-ID ID ")
        replace(project / "guide" / "engines.md", "8 to 41", "8 to 40")
        replace(project / "guide" / "faults.md", "| read without Value |", "| read |")
        replace(project / "guide" / "cost.md", "| 100 | 40 | 13.", "| 100 | 40 | 14.")
        replace(project / "guide" / "security.md", "Enhanced monitoring needs", "It needs")
        replace(project / "guide" / "cost.svg", "10,000", "20,000")
        replace(project / "docs" / "README.md", "ExcludeCharacters", "ExcludedCharacters")
        (project / "docs" / "gone.md").write_text("A page of a property that is gone.\n")
        replace(project / "infrastructure" / "storage.yml", "PendingWindowInDays: 30", "")
        (project / "resource-role.yaml").unlink()

        assert check_generated.main(project) == 1

    printed = capsys.readouterr().out
    for name in (
        "guide/command-line.md",
        "guide/engines.md",
        "guide/faults.md",
        "guide/cost.md",
        "guide/cost.svg",
        "guide/security.md",
        "docs/README.md",
        "docs/gone.md",
        "infrastructure/stackset.yml",
        "resource-role.yaml",
    ):
        assert f"--- {name} (committed)" in printed
    assert "`make generate` brings them up to date." in printed


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
