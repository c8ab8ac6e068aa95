"""What of a password could be read in a record: the value in any spelling, or a fast hash of it."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import urllib.parse
import zlib
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

HASHES = ("md5", "sha1", "sha256", "sha512", "sha3_256", "blake2b", "blake2s")
"""Unsalted and fast: whoever holds one can try passwords against it."""


def found(item: dict[str, Any], values: set[str]) -> list[str]:
    """Return the names of the spellings in which an item holds one of the values."""
    texts, raw = _written(item)
    return [
        name
        for value in values
        for name, spelling in _spellings(value)
        if (spelling in raw if isinstance(spelling, bytes) else spelling in texts)
    ]


@lru_cache(maxsize=4096)
def _spellings(value: str) -> tuple[tuple[str, str | bytes], ...]:
    raw = value.encode()
    spelled: dict[str, str | bytes] = {
        "as it is": value,
        "as bytes": raw,
        "as UTF-16": value.encode("utf-16-le"),
        "backwards": value[::-1],
        "in JSON": json.dumps(value)[1:-1],
        "as repr": repr(value)[1:-1],
        "in HTML": html.escape(value),
        "in a URL": urllib.parse.quote(value, safe=""),
        "compressed": zlib.compress(raw),
    }
    digests = {name: hashlib.new(name, raw).digest() for name in HASHES}
    for name, content in {"": raw, **digests}.items():
        if name:
            spelled[f"{name} in bytes"] = content
        spelled |= {
            f"{name} in hexadecimal": content.hex(),
            f"{name} in HEXADECIMAL": content.hex().upper(),
            f"{name} in base32": base64.b32encode(content).decode().rstrip("="),
            f"{name} in base64": base64.b64encode(content).decode().rstrip("="),
            f"{name} in base64 for URLs": base64.urlsafe_b64encode(content).decode().rstrip("="),
        }
    # Half of a hash is enough to try passwords against.
    spelled |= {f"half of {n} in hexadecimal": d.hex()[: len(d)] for n, d in digests.items()}
    return tuple(spelled.items())


def _written(item: dict[str, Any]) -> tuple[str, bytes]:
    leaves = list(_leaves(item))
    texts = "\n".join(leaf for leaf in leaves if isinstance(leaf, str))
    return texts, texts.encode() + b"\n".join(leaf for leaf in leaves if isinstance(leaf, bytes))


def _leaves(value: Any) -> Iterator[str | bytes]:
    if isinstance(value, dict):
        for name, member in value.items():
            yield name
            yield from _leaves(member)
    elif isinstance(value, list):
        for member in value:
            yield from _leaves(member)
    elif isinstance(value, bytes):
        yield value
    else:
        yield str(value)
