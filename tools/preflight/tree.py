"""The tree that is about to be submitted: whether it is whole, and whose state it is."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from myorg_secrets.doctor import Finding, Status

_CHECKS = (
    ("Schema", "tools.check_schema", "make schema"),
    ("Released schemas", "tools.check_growth", "make schema"),
    ("Generated files", "tools.check_generated", "make generate"),
)
"""What is looked at, the module that looks, and the command that says more or mends it."""

_SHOWN = 3
"""Lines of what a check says."""


def examine(root: Path) -> Iterator[Finding]:
    """Yield whether schema and generated files are right, and whether all of it is committed.

    Args:
        root: of the tree; its own checks are run, each in a process of its own.
    """
    for name, module, remedy in _CHECKS:
        done = subprocess.run(
            [sys.executable, "-m", module],
            cwd=root,
            env={**os.environ, "PYTHONPATH": f"{root / 'src'}{os.pathsep}{root}"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        lines = [line for line in done.stdout.splitlines() if line.strip()]
        if done.returncode:
            message = " / ".join(lines[:_SHOWN]) or "The check failed without a word."
            yield Finding(name, Status.PROBLEM, message, remedy)
        else:
            yield Finding(name, Status.OK, lines[-1] if lines else "Nothing to complain of.")
    yield _working_tree(root)


def _working_tree(root: Path) -> Finding:
    check = "Working tree"
    git = shutil.which("git")
    if git is None:
        return Finding(check, Status.UNKNOWN, "There is no git here to ask.")
    done = subprocess.run(
        [git, "status", "--porcelain"], cwd=root, capture_output=True, text=True, check=False
    )
    if done.returncode:
        return Finding(check, Status.UNKNOWN, "This is no clone: nobody can tell what is in it.")
    changed = done.stdout.splitlines()
    if changed:
        return Finding(
            check,
            Status.WARNING,
            f"{len(changed)} file(s) are not as they are committed, {changed[0][3:]} among them."
            " Nobody will find again what was submitted.",
            "git commit, or git stash",
        )
    head = subprocess.run(
        [git, "rev-parse", "--short", "HEAD"], cwd=root, capture_output=True, text=True, check=False
    )
    return Finding(check, Status.OK, f"It is commit {head.stdout.strip() or '(none yet)'}.")
