"""Python as Lambda starts it: with a zip and the SDK, and nothing else that is installed here."""

import subprocess
import sys
import tempfile
from collections.abc import Mapping
from importlib.metadata import distribution
from pathlib import Path

SDK = ("boto3", "botocore", "s3transfer", "jmespath", "python-dateutil", "urllib3", "six")
"""The distributions; Lambda's runtime brings them."""


def run(
    program: str, archive: Path, *arguments: str, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a program that finds the zip's modules and the SDK's.

    `environment` stands instead of this process's own, where it is given.
    """
    with tempfile.TemporaryDirectory() as folder:
        for name in SDK:
            for top in {file.parts[0] for file in distribution(name).files or ()} - {".."}:
                link = Path(folder) / top
                if not link.exists():
                    link.symlink_to(Path(str(distribution(name).locate_file(top))))
        start = f"import sys; sys.path[:0] = [{str(archive)!r}, {folder!r}]\n"
        return subprocess.run(
            [sys.executable, "-I", "-S", "-c", start + program, *arguments],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
