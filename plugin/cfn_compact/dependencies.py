"""What pip installed into the package's folder, cut to what runs."""

import re
import shutil
from collections.abc import Collection
from importlib.metadata import Distribution, distributions
from pathlib import Path

_TERMS = re.compile(r"(?i)(?:^|/)(?:licen[cs]es?/|(?:licen[cs]e|notice|copying|authors)[^/]*$)")
"""Files that the licences of the dependencies want in every copy."""

_IDLE = (".pyi", ".pyx", ".pxd", ".c", ".h", ".js", ".typed", ".pth", ".rst", ".md", ".pyc")
"""Endings of files that Lambda never opens."""


def drop(folder: Path, names: Collection[str]) -> None:
    """Removes distributions, by their names on PyPI; one that is not there is no error."""
    unwanted = {_normalized(name) for name in names}
    for found in distributions(path=[str(folder)]):
        if _normalized(found.name) in unwanted:
            _remove(folder, found)


def strip(folder: Path) -> None:
    """Removes tests, type stubs, commands, and all metadata but the licences."""
    shutil.rmtree(folder / "bin", ignore_errors=True)
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        in_metadata = ".dist-info/" in name
        is_idle = path.suffix in _IDLE or re.search(r"(^|/)tests?/", name)
        if path.is_file() and not _TERMS.search(name) and (in_metadata or is_idle):
            path.unlink()
    _remove_empty(folder)


def _remove(folder: Path, distribution: Distribution) -> None:
    for file in distribution.files or ():
        path = folder / file
        # Commands in bin/ are recorded as ../../bin, which is elsewhere.
        if ".." not in file.parts and path.is_file():
            path.unlink()
    _remove_empty(folder)


def _remove_empty(folder: Path) -> None:
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir() and not any(path.iterdir()):
            path.rmdir()


def _normalized(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
