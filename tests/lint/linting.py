"""cfn-lint in this process, with the rules built once."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from cfnlint.config import ConfigMixIn
from cfnlint.decode import decode_str
from cfnlint.match import Match
from cfnlint.rules import Rules
from cfnlint.runner.template.runner import run_template_by_data, run_template_by_file_path

from myorg_secrets.lint import RULES

SHAPES = Path(__file__).with_name("shapes")

_EXPECTED = re.compile(r"#.*leaking: ([A-Z]\d{4}(?: [A-Z]\d{4})*)")


@cache
def rules() -> Rules:
    return Rules.create_from_module(RULES)


@cache
def config() -> ConfigMixIn:
    return ConfigMixIn(["--include-checks", "I"])


def lint(text: str) -> list[Match]:
    """Return what our rules say of a template, and E0002 where one of them crashes."""
    template, problems = decode_str(text)
    assert not problems, problems
    return list(run_template_by_data(template, config(), rules()))


def lint_file(path: Path) -> list[Match]:
    return list(run_template_by_file_path(str(path), config(), rules(), False))


def found(text: str) -> set[tuple[int, str]]:
    """Return the line and the rule of everything that is found."""
    return {(match.linenumber, match.rule.id) for match in lint(text)}


def messages(text: str, rule: str) -> list[str]:
    return [match.message for match in lint(text) if match.rule.id == rule]


def expected(text: str) -> set[tuple[int, str]]:
    """Return what the comments of a template announce."""
    return {
        (number, rule)
        for number, line in enumerate(text.splitlines(), 1)
        if (announced := _EXPECTED.search(line))
        for rule in announced[1].split()
    }


def variant(shape: Path, *, leaking: bool) -> str:
    """Return one of the two templates that a file of `shapes` holds."""
    other = "only-clean" if leaking else "only-leaking"
    lines = shape.read_text("utf-8").splitlines(keepends=True)
    return "".join(line for line in lines if other not in line)
