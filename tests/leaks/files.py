"""What stands in files, those in archives and compressed ones included."""

import io
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

LARGEST = 64 * 1024 * 1024
"""Bytes of a file. None that the tests write is larger."""

SHOWING = {
    "tests/compatibility/*/*.json": "what a release wrote, with the made-up passwords to compare",
}
"""Files that hold values, by the end of their path, and why."""

_GZIP, _ZIP = b"\x1f\x8b\x08", b"PK\x03\x04"

_GZIP_WINDOW = 16 + zlib.MAX_WBITS

_CHUNK_HEADER = 64
"""Bytes that may stand before: the SDK sends objects in chunks, each behind its length."""


def files_in(folder: Path) -> Iterator[Path]:
    """Yield the regular files of a folder and what is below it, but for those in `SHOWING`.

    No link is followed.
    """
    for path in [folder] if folder.is_file() else sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink() and not any(map(path.match, SHOWING)):
            yield path


def contents(path: Path) -> Iterator[bytes]:
    """Yield a file's name and bytes, and what it holds when it is unpacked."""
    yield path.name.encode(errors="surrogateescape")
    if path.stat().st_size <= LARGEST:
        yield from unpacked(path.read_bytes())


def unpacked(raw: bytes) -> Iterator[bytes]:
    """Yield these bytes, and what they hold when they are gzip's or an archive."""
    yield raw
    try:
        if raw.startswith(_ZIP):
            with zipfile.ZipFile(io.BytesIO(raw)) as archive:
                for member in archive.infolist():
                    yield member.filename.encode()
                    yield from unpacked(archive.read(member))
        elif (start := raw.find(_GZIP, 0, _CHUNK_HEADER)) >= 0:
            yield from unpacked(_decompressed(raw[start:]))
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError):
        return  # it only looked like one


def _decompressed(raw: bytes) -> bytes:
    whole = b""
    while raw.startswith(_GZIP):
        member = zlib.decompressobj(_GZIP_WINDOW)
        whole += member.decompress(raw)
        raw = member.unused_data
    return whole
