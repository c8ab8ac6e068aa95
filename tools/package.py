"""Builds the zip that `cfn submit` uploads.

The extension in plugin/ makes it: small, compiled, and for the Python and the system that Lambda
runs, on any machine.
"""

import json
import sys
from pathlib import Path

from tools.project import run_cfn

ZIP = "myorg-secrets-password.zip"


def left_out(project: Path) -> list[str]:
    """Returns the distributions of requirements.txt that do not go into the package."""
    settings = json.loads((project / ".rpdk-config").read_text(encoding="utf-8"))["settings"]
    names: list[str] = settings["compact"]["without"]
    return names


def package(project: Path) -> Path:
    """Builds the zip in a project's folder and returns its path.

    Args:
        project: the project's root; `build/` and the zip are written there.

    Raises:
        SystemExit: the build failed; what `cfn` and pip said is the message.
    """
    outcome = run_cfn("compact", cwd=project)
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
