"""The file: a header, an item in each line, and a manifest with the checksum last. Pure.

    {"Export": {"Format": "myorg-secrets", "FormatVersion": 1, "TableName": ..., ...}}
    {"Item": {"StackName": {"S": "orders"}, ...}}
    {"Manifest": {"Records": 1, "SHA256": "..."}}

An item is in DynamoDB JSON, as DynamoDB's own exports have it: a binary is base64. The checksum is
that of every byte before the manifest's line, so that a file that was cut off, changed or put
together wrongly is known before anything is done with it.
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import IO, Any

from myorg_secrets.exceptions import InvalidRequest
from myorg_secrets_password.item import Item

FORMAT = "myorg-secrets"
FORMAT_VERSION = 1

DEEPEST = 32
"""Levels of an item, by DynamoDB's limit."""

MAXIMUM_LINE = 4 * 1024 * 1024
"""Bytes. DynamoDB's 400 KB of an item are less, whatever base64 and JSON add to them."""


class DamagedExport(InvalidRequest):
    """The file is not a whole export."""


class MalformedLine(Exception):
    """A line holds no item."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a whole file says of itself.

    Attributes:
        records: how many items it holds.
        sha256: in hexadecimal, of everything before the manifest.
    """

    records: int
    sha256: str


class Writer:
    """Writes an export.

    Args:
        stream: where the bytes go.
        about: what the header says besides format and version.
    """

    def __init__(self, stream: IO[bytes], about: Mapping[str, str]) -> None:
        self._stream = stream
        self._hash = hashlib.sha256()
        self._records = 0
        header = {"Format": FORMAT, "FormatVersion": FORMAT_VERSION, **about}
        self._write({"Export": header})

    def add(self, item: Item) -> None:
        """Write an item."""
        self._put(item_line(item))
        self._records += 1

    def finish(self) -> Manifest:
        """Write the manifest."""
        manifest = Manifest(self._records, self._hash.hexdigest())
        self._write({"Manifest": {"Records": manifest.records, "SHA256": manifest.sha256}})
        return manifest

    def _write(self, value: Mapping[str, Any]) -> None:
        self._put(_line(value))

    def _put(self, line: bytes) -> None:
        self._hash.update(line)
        self._stream.write(line)


def item_line(item: Item) -> bytes:
    """Return an item as an export has it in a line."""
    return _line({"Item": _encoded_map(item)})


def item_of_line(line: bytes) -> Item:
    """Return the item that a line holds.

    Raises:
        MalformedLine: it holds none.
    """
    try:
        value = _parsed(line)
    except ValueError:
        raise MalformedLine("The line is not JSON.") from None
    try:
        return _decoded_map(value["Item"])
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError):
        raise MalformedLine("The line holds no item in DynamoDB JSON.") from None


def verify(stream: IO[bytes]) -> Manifest:
    """Read a whole export, see that it is whole, and return its manifest.

    Raises:
        DamagedExport: it is not; the message says where.
    """
    digest = hashlib.sha256()
    last = b""
    count = 0
    for number, line in _lines(stream):
        if number == 1:
            _require_header(line)
        if last:
            digest.update(last)
        last = line
        count = number
    manifest = _manifest(last, count)
    if manifest.sha256 != digest.hexdigest() or manifest.records != count - 2:
        raise DamagedExport(
            "The file was changed or damaged: its checksum is not that of its lines. Take another"
            " copy, or import the lines that are whole by --allow-damaged."
        )
    return manifest


def numbered_items(
    stream: IO[bytes], manifest: Manifest | None = None
) -> Iterator[tuple[int, Item | MalformedLine]]:
    """Yield every line between header and manifest, with its number, as an item if it is one.

    Args:
        stream: an export.
        manifest: what the export said of itself when it was verified.

    Raises:
        DamagedExport: it is another one now than was verified; what came before is told already.
    """
    digest = hashlib.sha256()
    for number, line in _lines(stream, whole=False):
        if line.startswith(b'{"Manifest":'):
            continue
        digest.update(line)
        if line.startswith(b'{"Export":'):
            continue
        try:
            yield number, item_of_line(line)
        except MalformedLine as malformed:
            yield number, malformed
    if manifest is not None and digest.hexdigest() != manifest.sha256:
        raise DamagedExport(
            "The file was replaced or changed while it was imported. Import it once more."
        )


def _lines(stream: IO[bytes], whole: bool = True) -> Iterator[tuple[int, bytes]]:
    number = 0
    while line := stream.readline(MAXIMUM_LINE):
        number += 1
        if not line.endswith(b"\n") and whole:
            raise DamagedExport(
                f"The file ends in the middle of line {number}, or the line is too long: it is no"
                " whole export. Take another copy, or import the lines that are whole by"
                " --allow-damaged."
            )
        yield number, line


def _require_header(line: bytes) -> None:
    try:
        header = _parsed(line)["Export"]
        known = (header["Format"], header["FormatVersion"]) == (FORMAT, FORMAT_VERSION)
        newer = header["Format"] == FORMAT and not known
    except (ValueError, KeyError, TypeError):
        known = newer = False
    if newer:
        raise DamagedExport("The file is of a newer release of myorg-secrets. Install that one.")
    if not known:
        raise DamagedExport("The file is no export of myorg-secrets.")


def _manifest(line: bytes, count: int) -> Manifest:
    try:
        manifest = _parsed(line)["Manifest"]
        return Manifest(int(manifest["Records"]), str(manifest["SHA256"]))
    except (ValueError, KeyError, TypeError, OverflowError):
        reason = "is empty" if not count else f"ends with line {count}, without its manifest"
        raise DamagedExport(
            f"The file {reason}: it is no whole export. Take another copy, or import the lines that"
            " are whole by --allow-damaged."
        ) from None


def _line(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode() + b"\n"


def _parsed(line: bytes) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(value, dict):
        raise ValueError("no object")
    return value


def _encoded_map(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _encoded(value) for name, value in values.items()}


def _encoded(value: Mapping[str, Any]) -> dict[str, Any]:
    [(kind, content)] = value.items()
    match kind:
        case "B":
            return {kind: base64.b64encode(content).decode()}
        case "BS":
            return {kind: [base64.b64encode(each).decode() for each in content]}
        case "M":
            return {kind: _encoded_map(content)}
        case "L":
            return {kind: [_encoded(each) for each in content]}
    return {kind: content}


def _decoded_map(values: Mapping[str, Any], depth: int = 0) -> dict[str, Any]:
    return {str(name): _decoded(value, depth) for name, value in values.items()}


def _decoded(value: Mapping[str, Any], depth: int) -> dict[str, Any]:
    if depth > DEEPEST:
        raise ValueError("nested too deeply")
    [(kind, content)] = value.items()
    match kind:
        case "B":
            return {kind: _bytes(content)}
        case "BS":
            return {kind: [_bytes(each) for each in content]}
        case "M":
            return {kind: _decoded_map(content, depth + 1)}
        case "L":
            return {kind: [_decoded(each, depth + 1) for each in _list(content)]}
        case "S" | "N" if isinstance(content, str):
            return {kind: content}
        case "BOOL" | "NULL" if isinstance(content, bool):
            return {kind: content}
        case "SS" | "NS" if all(isinstance(each, str) for each in _list(content)):
            return {kind: content}
    raise ValueError("no attribute value of DynamoDB")


def _list(content: Any) -> Iterable[Any]:
    if not isinstance(content, list):
        raise ValueError("no list")
    return content


def _bytes(content: Any) -> bytes:
    try:
        return base64.b64decode(content, validate=True)
    except (binascii.Error, TypeError):
        raise ValueError("no base64") from None
