"""Bytecode for the interpreter that Lambda runs, whichever builds the package."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

LAMBDA_TASK_ROOT = "/var/task"
"""Where Lambda puts the package, and where tracebacks then say it is."""

_VERSION = "import sys; print('python%d.%d' % sys.version_info[:2])"


def interpreter(runtime: str) -> str | None:
    """Returns a Python of a Lambda runtime (python3.12) on this machine, if there is one."""
    for candidate in _candidates(runtime):
        try:
            said = subprocess.run(
                [candidate, "-I", "-c", _VERSION], capture_output=True, text=True, check=False
            ).stdout.strip()
        except OSError:
            continue
        if said == runtime:
            return candidate
    return None


def compile_all(folder: Path, python: str) -> None:
    """Writes the bytecode of every module below a folder.

    It is marked as right whatever the source's time is, which Lambda's unpacking sets anew. Paths
    in it, and the order of what is in a set, do not depend on this machine.

    Raises:
        subprocess.CalledProcessError: a module does not compile.
    """
    subprocess.run(
        [
            *(python, "-I", "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash"),
            *("-s", str(folder), "-p", LAMBDA_TASK_ROOT, "-r", "1000", str(folder)),
        ],
        check=True,
        capture_output=True,
    )


def _candidates(runtime: str) -> Iterator[str]:
    yield sys.executable
    found = shutil.which(runtime)
    if found:
        yield found
    minor = runtime.removeprefix("python")
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    yield from map(str, sorted(root.glob(f"versions/{minor}.*/bin/python")))
