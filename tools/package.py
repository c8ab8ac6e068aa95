"""Builds the zip that `cfn submit` uploads, for the Python and system that Lambda runs.

`cfn submit` installs the dependencies with the `pip` on the PATH, for whatever Python that is.
pip's own settings turn that into wheels for the type's runtime, on any machine.
"""

import os
import sys
from pathlib import Path

from tools.project import executable, run_cfn

ZIP = "myorg-secrets-password.zip"

# Lambda's python3.12 runtime on x86-64. https://docs.aws.amazon.com/lambda/latest/dg/python-package.html
FOR_LAMBDA = {
    "PIP_PYTHON_VERSION": "3.12",
    "PIP_IMPLEMENTATION": "cp",
    "PIP_PLATFORM": "manylinux2014_x86_64",
    "PIP_ONLY_BINARY": ":all:",
}


def package(project: Path) -> Path:
    """Builds the zip in a project's folder and returns its path.

    Args:
        project: the project's root; `build/` and the zip are written there.

    Raises:
        SystemExit: the build failed; what `cfn` and pip said is the message.
    """
    path = f"{executable('pip').parent}{os.pathsep}{os.environ.get('PATH', '')}"
    outcome = run_cfn("submit", "--dry-run", cwd=project, environment={**FOR_LAMBDA, "PATH": path})
    archive = project / ZIP
    for log in project.glob("rpdk.log*"):
        log.unlink()
    if outcome.returncode:
        # The zip is opened before anything goes into it: what is there is no archive.
        archive.unlink(missing_ok=True)
        raise SystemExit(outcome.stdout)
    return archive


if __name__ == "__main__":
    print(package(Path(sys.argv[1]).resolve()))
