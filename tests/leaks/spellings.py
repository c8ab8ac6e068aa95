"""In which ways a value can stand somewhere. Pure."""

import base64
import hashlib
import html
import json
import shlex
import urllib.parse
from collections.abc import Iterator
from functools import lru_cache

SHORTEST = 8
"""Bytes: what is shorter is found by chance in any text."""

FEWEST = 4
"""Different bytes: what has fewer, such as a row of zeros, is found by chance as well."""

HASHES = ("md5", "sha1", "sha256", "sha512")
"""Of the value alone. With a salt or a key that nobody knows, nothing can be looked for."""


def is_telling(value: bytes) -> bool:
    """Tell whether a place that holds these bytes can only have them from this value."""
    return len(value) >= SHORTEST and len(set(value)) >= FEWEST


@lru_cache(maxsize=1024)
def spellings(value: bytes) -> frozenset[bytes]:
    """Return the bytes by which a value is found wherever it stands, `SHORTEST` at the least.

    Those are the value as it is and as text formats, shells, URLs and UTF-16 write it, its base64
    and hexadecimal digits, and its common hashes. Base64 is looked for in each of the three places
    that a value can have within a longer text, by the characters that depend on the value alone.
    """
    every = {value, *_base64(value), *_hexadecimal(value), repr(value)[2:-1].encode()}
    for name in HASHES:
        digest = hashlib.new(name, value, usedforsecurity=False).digest()
        every |= {digest, *_base64(digest), *_hexadecimal(digest)}
    every |= {urllib.parse.quote_from_bytes(value, safe).encode() for safe in ("", "/")}
    every.add(urllib.parse.quote_plus(value).encode())
    try:
        text = value.decode()
    except UnicodeDecodeError:
        pass
    else:
        every |= {written.encode(errors="surrogatepass") for written in _texts(text)}
        every |= {text.encode(encoding) for encoding in ("utf-16-le", "utf-16-be")}
    return frozenset(written for written in every if len(written) >= SHORTEST)


def _texts(text: str) -> Iterator[str]:
    yield repr(text)[1:-1]
    yield ascii(text)[1:-1]
    for as_ascii in (True, False):
        once = json.dumps(text, ensure_ascii=as_ascii)[1:-1]
        yield once
        # An answer in JSON within a line in JSON.
        yield json.dumps(once, ensure_ascii=as_ascii)[1:-1]
    for quote in (True, False):
        yield html.escape(text, quote)
    yield html.escape(text, quote=False).replace('"', "&quot;")
    yield shlex.quote(text)
    yield text.replace("'", "''")


def _base64(raw: bytes) -> Iterator[bytes]:
    for before in range(3):
        # A character stands for six bits: those that share some with a neighbour are left out.
        start, end = -(-before * 8 // 6), (before + len(raw)) * 8 // 6
        for encode in (base64.standard_b64encode, base64.urlsafe_b64encode):
            yield encode(bytes(before) + raw)[start:end]


def _hexadecimal(raw: bytes) -> Iterator[bytes]:
    yield raw.hex().encode()
    yield raw.hex().upper().encode()
