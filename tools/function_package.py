"""Builds the zip of a Lambda function: the same bytes from the same sources, on any machine.

Each function has a zip of its own, so that none holds what it does not need: our modules that its
module imports, and cachetools at the locked version. The SDK stays out: Lambda's runtime python3.12
brings boto3. Of it the functions need the retry mode "adaptive" and the event before-parse. boto3
1.38.36, which that runtime had in August 2025, has both. 1.34 lacks the event: a proxy's page would
pass for an empty answer.
"""

import re
import subprocess
import sys
import zipfile
from importlib.metadata import distribution
from pathlib import Path

from tools.project import ROOT

MODULES = {"reader": "myorg_secrets.reader", "mirror": "myorg_secrets.mirror"}
"""By the name of the function."""

OWN = ("myorg_secrets", "myorg_secrets_password")
DEPENDENCY = "cachetools"
LOCK = "requirements-dev.txt"

_WHEN = (1980, 1, 1, 0, 0, 0)
"""The earliest moment that a zip can say."""

_PROBE = f"""
for name, module in sys.modules.items():
    if name.partition(".")[0] in {OWN!r}:
        print(module.__file__)
"""


def build(archive: Path, root: Path = ROOT, *, function: str = "reader") -> Path:
    """Builds the zip and returns its path.

    Args:
        archive: where it is written; its folder is made.
        function: a name in MODULES.
        root: the project whose sources go into it.

    Raises:
        SystemExit: what is installed is not what the lock says.
    """
    sources = _sources(root / "src", MODULES[function])
    held = {"LICENSE": root / "LICENSE", **sources, **_dependency(root)}
    archive.parent.mkdir(parents=True, exist_ok=True)
    # Not compressed: what zlib makes of the same text differs between its releases.
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as built:
        for name in sorted(held):
            entry = zipfile.ZipInfo(name, _WHEN)
            entry.create_system = 3  # Unix, whatever this is
            entry.external_attr = 0o100644 << 16  # Lambda's user is another one
            built.writestr(entry, held[name].read_bytes())
    return archive


def _sources(folder: Path, module: str) -> dict[str, Path]:
    """Returns our modules that are loaded once the function is imported, by their names."""
    start = f"import sys; sys.path.insert(0, {str(folder)!r}); import {module}"
    # Without -I the variable PYTHONPATH would decide whose sources are taken.
    done = subprocess.run(
        [sys.executable, "-I", "-c", f"{start}{_PROBE}"],
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
    [name] = sys.argv[1:]
    print(build(ROOT / "build" / f"{name}.zip", function=name))
