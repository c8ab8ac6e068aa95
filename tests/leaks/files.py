"""What stands in files, those in archives and compressed ones included."""

import gzip
import io
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

LARGEST = 64 * 1024 * 1024
"""Bytes of a file. None that the tests write is larger."""


def files_in(folder: Path) -> Iterator[Path]:
    """Yield the regular files of a folder and what is below it; no link is followed."""
    for path in [folder] if folder.is_file() else sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            yield path


def contents(path: Path) -> Iterator[bytes]:
    """Yield a file's name and bytes, and what it holds when it is unpacked."""
    yield path.name.encode(errors="surrogateescape")
    if path.stat().st_size <= LARGEST:
        yield from unpacked(path.read_bytes())


def unpacked(raw: bytes) -> Iterator[bytes]:
    """Yield these bytes, and what they hold when they are gzip's or an archive."""
    yield raw
    if raw.startswith(b"\x1f\x8b"):
        try:
            yield from unpacked(gzip.decompress(raw))
        except (OSError, EOFError, zlib.error):
            return
    elif raw.startswith(b"PK\x03\x04"):
        try:
            with zipfile.ZipFile(io.BytesIO(raw)) as archive:
                for member in archive.infolist():
                    yield member.filename.encode()
                    yield from unpacked(archive.read(member))
        except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError):
            return
