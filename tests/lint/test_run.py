"""Ways to run the rules: by the module's name, by the folder, by `python -m myorg_secrets.lint`."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from cfnlint.rules import Rules

from myorg_secrets.lint import FOLDER, RULES, SCHEMAS
from tests.lint.linting import SHAPES, rules, variant
from tools.project import ROOT, SCHEMA, executable

GUIDE = (ROOT / "guide" / "lint.md").read_text("utf-8")


def run(*arguments: object, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(argument) for argument in arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def ours(arguments: Sequence[object]) -> subprocess.CompletedProcess[str]:
    return run(sys.executable, "-m", "myorg_secrets.lint", *arguments)


@pytest.fixture
def clean(tmp_path: Path) -> list[Path]:
    """Every clean template, as a file."""
    written = []
    for shape in SHAPES.glob("*.yml"):
        path = tmp_path / shape.name
        path.write_text(variant(shape, leaking=False), "utf-8")
        written.append(path)
    return written


@pytest.fixture
def leaking(tmp_path: Path) -> Path:
    path = tmp_path / "leaking.yml"
    path.write_text(variant(SHAPES / "rds-snapshot.yml", leaking=True), "utf-8")
    return path


def test_the_clean_templates_are_right_for_cfn_lints_own_rules_too(clean: list[Path]) -> None:
    """So the shapes are templates, and cfn-lint knows the type by the rules alone."""
    outcome = ours(["--", *clean])

    assert (outcome.returncode, outcome.stdout, outcome.stderr) == (0, "", "")


def test_the_command_passes_every_argument_on(leaking: Path) -> None:
    outcome = ours(["--format", "parseable", leaking])

    assert outcome.returncode == 2
    assert [line.split(":")[5] for line in outcome.stdout.splitlines()] == [
        "E9821",
        "E9801",
        "E9801",
    ]


def test_cfn_lint_finds_the_rules_by_name_and_by_folder(leaking: Path) -> None:
    by_name = run(executable("cfn-lint"), "--append-rules", RULES, "--", leaking)
    by_folder = run(executable("cfn-lint"), "--append-rules", FOLDER, "--", leaking)

    assert by_name.stdout.count("E9801") == 2
    assert by_folder.stdout == by_name.stdout


def test_the_path_is_the_folder_of_the_rules() -> None:
    assert ours(["--path"]).stdout == f"{FOLDER}\n"
    assert Rules.create_from_directory(str(FOLDER)).keys() == rules().keys()


def test_without_cfn_lint_the_command_says_what_to_install() -> None:
    program = (
        "import sys, runpy; sys.modules['cfnlint'] = None; sys.argv = ['lint', 'x.yml'];"
        " runpy.run_module('myorg_secrets.lint', run_name='__main__')"
    )

    outcome = run(sys.executable, "-c", program)

    assert outcome.returncode == 1
    assert outcome.stderr == ("cfn-lint is not installed. Run: pip install 'myorg-secrets[lint]'\n")


def test_the_schema_is_that_of_the_project() -> None:
    """And alone in its folder, as --registry-schemas wants it."""
    [schema] = SCHEMAS.iterdir()

    assert schema.read_bytes() == (ROOT / SCHEMA).read_bytes()


@pytest.mark.parametrize("rule", sorted(rules()))
def test_a_rule_says_what_it_is(rule: str) -> None:
    declared = rules()[rule]

    assert re.fullmatch(r"[EWI]98\d\d", rule)
    assert declared.shortdesc
    assert declared.description
    assert "myorg" in declared.tags
    assert declared.source_url.endswith("/guide/lint.md")


def test_the_guide_has_every_rule_and_no_other() -> None:
    assert set(re.findall(r"^\| `([EWI]\d{4})` \|", GUIDE, re.MULTILINE)) == set(rules())


def test_the_library_does_not_wait_for_cfn_lint() -> None:
    program = "import sys, myorg_secrets, myorg_secrets.lint; print('cfnlint' in sys.modules)"

    assert run(sys.executable, "-c", program).stdout == "False\n"
