"""Builds the zip of the reader function: the same bytes from the same sources, on any machine.

It holds our modules that `myorg_secrets.reader` imports, and cachetools at the locked version. The
SDK stays out: Lambda's runtime python3.12 brings boto3. Of it the function needs GetItem, Decrypt,
the retry mode "adaptive" and the event before-parse. boto3 1.38.36, which that runtime had in
August 2025, has them all. 1.34 lacks the event: a proxy's page would pass for an empty answer.
"""

import re
import subprocess
import sys
import zipfile
from importlib.metadata import distribution
from pathlib import Path

from tools.project import ROOT

ZIP = "build/reader.zip"
MODULE = "myorg_secrets.reader"
OWN = ("myorg_secrets", "myorg_secrets_password")
DEPENDENCY = "cachetools"
LOCK = "requirements-dev.txt"

_WHEN = (1980, 1, 1, 0, 0, 0)
"""The earliest moment that a zip can say."""

_PROBE = f"""
import sys
import {MODULE}
for name, module in sys.modules.items():
    if name.partition(".")[0] in {OWN!r}:
        print(module.__file__)
"""


def build(archive: Path, root: Path = ROOT) -> Path:
    """Builds the zip and returns its path.

    Args:
        archive: where it is written; its folder is made.
        root: the project whose sources go into it.

    Raises:
        SystemExit: what is installed is not what the lock says.
    """
    held = {"LICENSE": root / "LICENSE", **_sources(root / "src"), **_dependency(root)}
    archive.parent.mkdir(parents=True, exist_ok=True)
    # Not compressed: what zlib makes of the same text differs between its releases.
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as built:
        for name in sorted(held):
            entry = zipfile.ZipInfo(name, _WHEN)
            entry.create_system = 3  # Unix, whatever this is
            entry.external_attr = 0o100644 << 16  # Lambda's user is another one
            built.writestr(entry, held[name].read_bytes())
    return archive


def _sources(folder: Path) -> dict[str, Path]:
    """Returns the modules that are loaded once the function is imported, by their names."""
    # Without -I the variable PYTHONPATH would decide whose sources are taken.
    done = subprocess.run(
        [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {str(folder)!r}){_PROBE}"],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    paths = [Path(line) for line in done.stdout.splitlines()]
    return {path.relative_to(folder).as_posix(): path for path in paths}


def _dependency(root: Path) -> dict[str, Path]:
    """Returns the dependency's modules and its licence, which wants to be in every copy."""
    found = distribution(DEPENDENCY)
    lock = (root / LOCK).read_text(encoding="utf-8")
    if not re.search(rf"^{DEPENDENCY}=={re.escape(found.version)}\s", lock, re.MULTILINE):
        raise SystemExit(
            f"{DEPENDENCY} {found.version} is installed, and {LOCK} names another version."
        )
    return {
        file.as_posix(): Path(str(found.locate_file(file)))
        for file in found.files or ()
        if file.suffix == ".py" or file.name == "LICENSE"
    }


if __name__ == "__main__":
    print(build(ROOT / ZIP))
