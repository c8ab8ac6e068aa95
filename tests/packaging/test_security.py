"""bandit passes what its suppressions say, and each of them says why."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tools.project import ROOT

FOLDERS = ("src", "local", "tools", "bench")
NOSEC = re.compile(r"# nosec(.*)$", re.MULTILINE)
RULE_AND_REASON = re.compile(r" B\d{3} # \S+ \S+.*")


def bandit(*places: Path) -> int:
    return subprocess.run(
        [sys.executable, "-m", "bandit", "--quiet", "--configfile", "pyproject.toml", *places],
        cwd=ROOT,
        capture_output=True,
        check=False,
    ).returncode


def test_every_nosec_names_its_rule_and_its_reason() -> None:
    comments = [
        comment
        for folder in FOLDERS
        for path in (ROOT / folder).rglob("*.py")
        for comment in NOSEC.findall(path.read_text("utf-8"))
    ]

    assert comments
    assert [one for one in comments if not RULE_AND_REASON.fullmatch(one)] == []


@pytest.mark.parametrize(
    "line",
    ["import pickle", "import xml.etree.ElementTree", 'name = "\\u202e"', "print(eval('1'))"],
    ids=["pickle", "XML", "reversed text", "eval"],
)
def test_what_is_unsafe_is_found_with_these_settings(tmp_path: Path, line: str) -> None:
    module = tmp_path / "module.py"
    module.write_text(line.replace("\\u202e", "\u202e") + "\n", encoding="utf-8")

    assert bandit(module) == 1


def test_what_is_left_to_ruff_is_left_to_ruff(tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    module.write_text("import subprocess\n\ntoken = ''\n", encoding="utf-8")

    assert bandit(module) == 0
