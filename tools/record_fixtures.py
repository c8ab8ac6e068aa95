"""Records what this release writes, so that every later one is tested against it.

    python -m tools.record_fixtures [--overwrite]

It writes tests/compatibility/VERSION, VERSION being that of pyproject.toml: a copy of the schema,
and a file for each history of a secret, played on a mocked AWS. The passwords in them are made for
that and protect nothing. A folder that is there stays as it is, unless --overwrite says that the
version has not been released yet.
"""

import argparse
import shutil
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

from tools.check_growth import KEPT_SCHEMA, RELEASES
from tools.project import ROOT, SCHEMA


def version_of(project: Path) -> str:
    """Returns the version of the release that the tree is, or becomes."""
    settings = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))
    return str(settings["project"]["version"])


def main(arguments: Sequence[str]) -> int:
    """Writes the fixtures and returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--overwrite", action="store_true", help="the version is not released yet")
    parser.add_argument("project", nargs="?", type=Path, default=ROOT, help="the tree's root")
    options = parser.parse_args(arguments)
    project: Path = options.project
    folder = project / RELEASES / version_of(project)
    if folder.exists() and not options.overwrite:
        print(
            f"{folder} is there already. What a release wrote never changes: raise the version in"
            " pyproject.toml, or say --overwrite if this one has not been released."
        )
        return 1
    # Only here, since it needs what the tests need.
    from tests.compatibility import fixtures
    from tests.world import mocked

    with mocked() as world:
        recorded = fixtures.record(world)
    shutil.rmtree(folder, ignore_errors=True)
    fixtures.write(folder, recorded)
    shutil.copyfile(project / SCHEMA, folder / KEPT_SCHEMA)
    print(f"{folder}: {len(recorded)} fixtures and the schema.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
