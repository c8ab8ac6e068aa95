"""Where and when something was measured."""

import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

_COMPARED = (
    "boto3",
    "botocore",
    "cloudformation-cli-python-lib",
    "cloudformation-cli-python-plugin",
    "credstash",
    "moto",
)


def described(python: str) -> dict[str, Any]:
    """Return the date, the machine and how busy it is, and the versions of what is compared.

    Args:
        python: the interpreter that runs packages.
    """
    said = subprocess.run([python, "-V"], capture_output=True, text=True, check=True)
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "machine": {
            "processor": _processor(),
            "cores": os.cpu_count(),
            "load": round(os.getloadavg()[0], 1),
        },
        "versions": {
            "Python": platform.python_version(),
            "Python of packages": said.stdout.split()[-1],
            **{name: version(name) for name in _COMPARED},
        },
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
