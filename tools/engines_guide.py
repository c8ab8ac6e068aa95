"""Writes the table of engines into guide/engines.md, from the rules that generation keeps to.

The rest of the page is written by hand.
"""

import math
import re
from pathlib import Path

from myorg_secrets_password.engines import ENGINES, Rule
from myorg_secrets_password.generator import entropy_bits
from myorg_secrets_password.policy import Policy
from tools import pages
from tools.project import ROOT

PAGE = "guide/engines.md"
_BEGIN = "<!-- This table is made by tools/engines_guide.py: make generate. -->"
_END = "<!-- The end of the table. -->"

_HEADER = ("Engine", "Length", "Characters", "Must hold", "Default length", "Bits", "Source")

# All that means something to Markdown within a line or a cell, the dollar of GitHub's formulas
# among it.
_SPECIAL = re.compile(r"([\\`*_\[\]<>&|#$~])")


def write(project: Path) -> None:
    """Replaces the table in a project's page.

    Raises:
        SystemExit: the page lacks one of the two comments between which the table stands.
    """
    pages.replace_part(project, PAGE, _BEGIN, _END, table())


def table() -> str:
    """Returns the table in Markdown, a row for all engines that share a rule."""
    sharing: dict[Rule, list[str]] = {}
    for engine, rule in ENGINES.items():
        sharing.setdefault(rule, []).append(engine)
    return pages.table(_HEADER, *(_row(rule, engines) for rule, engines in sharing.items()))


def _row(rule: Rule, engines: list[str]) -> tuple[str, ...]:
    policy = Policy.of({"Engine": engines[0]})
    characters = rule.characters
    if rule.never_generated:
        characters += f"; never {rule.never_generated} in a generated one"
    return (
        ", ".join(f"`{engine}`" for engine in engines),
        f"{rule.minimum} to {rule.maximum}",
        _escaped(characters),
        _escaped(rule.wants) or "nothing",
        str(policy.length),
        str(math.floor(entropy_bits(policy))),
        _escaped(rule.source),
    )


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", text)


if __name__ == "__main__":
    write(ROOT)
