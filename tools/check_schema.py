"""Fails when `cfn validate` warns, or when guard-rail finds the schema not compliant.

`cfn validate` exits with 0 after most of its warnings and misses pointers to properties that do not
exist; guard-rail, AWS's linter for resource schemas, catches those.
"""

import contextlib
import json
import re
import sys
from pathlib import Path

from tools.project import ROOT, SCHEMA, copy_of_project, run_cfn


def main(project: Path) -> int:
    """Prints every complaint and returns the exit code.

    Args:
        project: a folder with the schema and .rpdk-config. Both tools write logs there.
    """
    complaints = _complaints_of_cfn_validate(project) + _complaints_of_guard_rail(project)
    for complaint in complaints:
        print(complaint)
    if not complaints:
        print(f"{SCHEMA}: nothing to complain of.")
    return 1 if complaints else 0


def _complaints_of_cfn_validate(project: Path) -> list[str]:
    """Returns each line that `cfn validate` prints besides its word that the schema is valid."""
    outcome = run_cfn("validate", cwd=project)
    lines = [line for line in outcome.stdout.splitlines() if line.strip()]
    if outcome.returncode == 0 and lines == ["Resource schema is valid."]:
        return []
    return [f"cfn validate: {line}" for line in lines] or ["cfn validate failed without a word."]


def _complaints_of_guard_rail(project: Path) -> list[str]:
    """Returns a line for each rule of guard-rail that the schema breaks, warnings included.

    guard-rail reports a broken rule only where the rule engine hands it the rule's message, which
    the engine does not do for conditions on each element of a list. So a rule that guard-rail's
    answer mentions nowhere counts as broken, too.
    """
    if sys.platform != "linux":
        # requirements-dev.in says why.
        print("guard-rail has no rule engine for this system: CI checks its rules on Linux.")
        return []
    with contextlib.chdir(project):
        # Importing it opens guard-rail.log in the current directory.
        from rpdk.guard_rail.core.data_types import Stateless
        from rpdk.guard_rail.core.runner import exec_compliance, prepare_ruleset

    schema = json.loads((project / SCHEMA).read_text(encoding="utf-8"))
    (result,) = exec_compliance(Stateless(schemas=[schema], rules=[]))
    rules = set(re.findall(r"^rule\s+(\w+)", "\n".join(prepare_ruleset()), re.MULTILINE))
    reported = {**result.non_compliant, **result.warning}
    complaints = [
        f"guard-rail: {finding.check_id} {finding.path}: {finding.message}"
        for findings in reported.values()
        for finding in findings
    ]
    unmentioned = rules - reported.keys() - set(result.compliant) - set(result.skipped)
    return complaints + [f"guard-rail: {rule} is broken" for rule in sorted(unmentioned)]


if __name__ == "__main__":
    with copy_of_project(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT) as copy:
        sys.exit(main(copy))
