"""Fails when a file that `make generate` writes differs from what it writes today.

It generates into a copy: the tree itself is never touched.
"""

import difflib
import sys
from pathlib import Path

from tools import (
    command_line_guide,
    cost_guide,
    engines_guide,
    faults_guide,
    scale_guide,
    security_guide,
    speed_guide,
    stackset,
)
from tools.project import ROOT, copy_of_project, run_cfn

_FILES = (
    command_line_guide.PAGE,
    cost_guide.PAGE,
    cost_guide.FIGURE,
    engines_guide.PAGE,
    faults_guide.PAGE,
    scale_guide.PAGE,
    security_guide.PAGE,
    speed_guide.PAGE,
    speed_guide.FIGURE,
    stackset.TEMPLATE,
    "src/myorg_secrets_password/models.py",
    "myorg-secrets-password-configuration.json",
    "resource-role.yaml",
)
_FOLDER = "docs"


def main(root: Path) -> int:
    """Prints the differences and returns the exit code.

    Args:
        root: the project whose files are compared.
    """
    with copy_of_project(root) as project:
        outcome = run_cfn("generate", cwd=project)
        if outcome.returncode:
            print(outcome.stdout)
            return 1
        engines_guide.write(project)
        cost_guide.write(project)
        scale_guide.write(project)
        command_line_guide.write(project)
        faults_guide.write(project)
        security_guide.write(project)
        speed_guide.write(project)
        stackset.write(project)
        differences = [
            line
            for name in _generated(root, project)
            for line in _diff(name, root / name, project / name)
        ]
    print("".join(differences) or "Every generated file is up to date.\n", end="")
    if differences:
        print("`make generate` brings them up to date.")
    return 1 if differences else 0


def _generated(*trees: Path) -> list[str]:
    """Returns the names of all generated files of each tree, so that a stale one shows too."""
    pages = {
        str(path.relative_to(tree))
        for tree in trees
        for path in (tree / _FOLDER).rglob("*")
        if path.is_file()
    }
    return [*_FILES, *sorted(pages)]


def _diff(name: str, committed: Path, generated: Path) -> list[str]:
    return list(
        difflib.unified_diff(
            _lines(committed), _lines(generated), f"{name} (committed)", f"{name} (generated)"
        )
    )


def _lines(path: Path) -> list[str]:
    """Returns the file's lines; a file that is not there has none."""
    return path.read_text(encoding="utf-8").splitlines(keepends=True) if path.exists() else []


if __name__ == "__main__":
    sys.exit(main(ROOT))
