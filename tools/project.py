"""The project's tree, and a copy of it in which the CloudFormation CLI may write as it likes.

`cfn` works in the current directory and leaves rpdk.log there, which after contract tests holds
every model in clear text; `cfn generate` deletes and rewrites docs/. None of it may touch the tree.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parents[1]
SCHEMA = "myorg-secrets-password.json"

_LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv*", ".*_cache", ".hypothesis", "__pycache__", "build", "*.zip", "*.log*"
)


@contextmanager
def copy_of_project(root: Path = ROOT) -> Iterator[Path]:
    """Yields the root of a copy of the tree, without what tools made, and deletes it afterwards."""
    with TemporaryDirectory(prefix="myorg-secrets-password-") as folder:
        copy = Path(folder) / "project"
        shutil.copytree(root, copy, ignore=_LEFT_OUT)
        yield copy


def run_cfn(
    *arguments: str, cwd: Path, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Runs `cfn` of this environment and returns its outcome, both outputs in `stdout`.

    Args:
        *arguments: the subcommand and its options.
        cwd: the project that it works on.
        environment: variables on top of this process's own.
    """
    return subprocess.run(
        [str(executable("cfn")), *arguments],
        cwd=cwd,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def executable(name: str) -> Path:
    """Returns the path of a command that is installed beside this Python."""
    return Path(sys.executable).with_name(name)
