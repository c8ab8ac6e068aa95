"""Zips whose bytes depend on what is in them, and on nothing else."""

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

_WHEN = (1980, 1, 1, 0, 0, 0)
"""The earliest moment that a zip can say."""


def entry(name: str) -> zipfile.ZipInfo:
    """Returns the entry for a file: readable by everyone, compressed, of no particular time."""
    info = zipfile.ZipInfo(name, _WHEN)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.create_system = 3  # Unix, whatever this is
    info.external_attr = 0o100644 << 16  # Lambda's user is another one
    return info


def files_in(folder: Path) -> dict[str, Path]:
    """Returns the files below a folder by their names in a zip, in the order of the names."""
    found = {
        path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()
    }
    return dict(sorted(found.items()))


def write(archive: zipfile.ZipFile, files: Mapping[str, Path | bytes]) -> None:
    """Adds files to an open zip."""
    for name, content in files.items():
        data = content.read_bytes() if isinstance(content, Path) else content
        archive.writestr(entry(name), data, compresslevel=9)


def zipped(files: Mapping[str, Path | bytes]) -> bytes:
    """Returns a zip of files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        write(archive, files)
    return buffer.getvalue()


def normalize(path: Path) -> None:
    """Writes a zip anew, so that its bytes depend on what is in it alone."""
    with zipfile.ZipFile(path) as built:
        files = {name: built.read(name) for name in sorted(built.namelist())}
    path.write_bytes(zipped(files))
