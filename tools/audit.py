"""Asks PyPI, by way of pip-audit, for known vulnerabilities in what the locks pin.

pip-audit takes a package that its service does not know for a package without vulnerabilities. An
index without that service, as mirrors are, would pass everything. Here that counts as not run.
"""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from tools.project import ROOT

LOCKS = (
    "requirements.txt",
    "requirements-dev.txt",
    "requirements-engines.txt",
    "requirements-checkers.txt",
    "requirements-long.txt",
)
# Its own words, and those of requests beneath it.
_NO_ANSWER = re.compile(r"Could not connect|ConnectionError|ProxyError|Timeout")
NOT_RUN = "NOT RUN: make audit, because no vulnerability service answers here."


def main(root: Path, pip_audit: Path) -> int:
    """Prints what is vulnerable or was left out, and returns the exit code.

    Args:
        root: the project.
        pip_audit: the command.
    """
    # One at a time: pip-audit refuses a package that two of them pin to different versions.
    answers = [_answer(pip_audit, root / lock) for lock in LOCKS]
    packages = [package for answer in answers if answer is not None for package in answer]
    left_out = {package["name"] for package in packages if "skip_reason" in package}
    if None in answers or all("skip_reason" in package for package in packages):
        print(NOT_RUN)
        return 0
    wrong = {f"{name}: was not audited" for name in left_out}
    wrong |= {
        f"{package['name']} {package['version']}: {one['id']}, mended in "
        f"{', '.join(one['fix_versions']) or 'no release'}"
        for package in packages
        for one in package.get("vulns", ())
    }
    for line in sorted(wrong):
        print(line)
    if not wrong:
        print(f"No known vulnerability in {len(packages)} pins.")
    return 1 if wrong else 0


def _answer(pip_audit: Path, lock: Path) -> list[dict[str, Any]] | None:
    """Returns what is said of the packages of a lock, None where the service does not answer.

    Raises:
        SystemExit: pip-audit failed otherwise; what it says is the message.
    """
    outcome = subprocess.run(
        [
            str(pip_audit.absolute()),
            "--no-deps",
            "--disable-pip",
            "--format=json",
            "--progress-spinner=off",
            f"--requirement={lock}",
        ],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        said: list[dict[str, Any]] = json.loads(outcome.stdout)["dependencies"]
    except (json.JSONDecodeError, KeyError):
        if _NO_ANSWER.search(outcome.stderr):
            return None
        raise SystemExit(f"pip-audit gave no report:\n{outcome.stderr}") from None
    return said


if __name__ == "__main__":
    sys.exit(main(ROOT, Path(sys.argv[1])))
