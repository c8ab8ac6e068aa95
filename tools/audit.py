"""Asks PyPI, by way of pip-audit, for known vulnerabilities in what the locks pin.

pip-audit takes a package that its service does not know for a package without vulnerabilities. An
index without that service, as mirrors are, would pass everything. Here that counts as not run.
"""

import json
import subprocess
import sys
from pathlib import Path

from tools.project import ROOT

LOCKS = (
    "requirements.txt",
    "requirements-dev.txt",
    "requirements-engines.txt",
    "requirements-checkers.txt",
)
NOT_RUN = "NOT RUN: make audit, because no vulnerability service answers here."


def main(root: Path, pip_audit: Path) -> int:
    """Prints what is vulnerable or was left out, and returns the exit code.

    Args:
        root: the project.
        pip_audit: the command.
    """
    outcome = subprocess.run(
        [
            str(pip_audit.absolute()),
            "--no-deps",
            "--disable-pip",
            "--format=json",
            "--progress-spinner=off",
            *(f"--requirement={root / lock}" for lock in LOCKS),
        ],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        packages = json.loads(outcome.stdout)["dependencies"]
    except (json.JSONDecodeError, KeyError):
        print(outcome.stderr.strip().rpartition("\n")[2])
        print(NOT_RUN)
        return 0
    left_out = [package["name"] for package in packages if "skip_reason" in package]
    if packages and len(left_out) == len(packages):
        print(NOT_RUN)
        return 0
    wrong = [f"{name}: was not audited" for name in left_out]
    wrong += [
        f"{package['name']} {package['version']}: {one['id']}, mended in "
        f"{', '.join(one['fix_versions']) or 'no release'}"
        for package in packages
        for one in package.get("vulns", ())
    ]
    for line in wrong:
        print(line)
    if not wrong:
        print(f"No known vulnerability in {len(packages)} packages.")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(ROOT, Path(sys.argv[1])))
