"""Where exports are kept: files, and objects in S3 that are streamed in parts."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NoReturn
from zlib import error as ZlibError  # noqa: N812  # an exception by a function's name

import smart_open
from botocore.exceptions import BotoCoreError, ClientError

from myorg_secrets.connection import BULK_CONFIG, Connection
from myorg_secrets.exceptions import InvalidRequest, PasswordError
from myorg_secrets_password.aws_errors import code_of, translated

S3 = "s3://"

_ABSENT = {
    "NoSuchKey": "There is no such object",
    "NoSuchBucket": "There is no such bucket",
    "404": "There is no such object or bucket",
}
"""By S3's error codes."""


@contextmanager
def writing(location: str, connection: Connection, *, overwrite: bool) -> Iterator[IO[bytes]]:
    """Open a file or an object to write; it is there when all of it was written, or not at all.

    Args:
        location: a path, or s3://bucket/key. A name that ends in .gz is compressed.
        connection: whose credentials reach S3.
        overwrite: whether a file may be there already. An object is replaced in any case; in a
            bucket with versioning the one before it stays.

    Raises:
        InvalidRequest: the file cannot be written.
        AwsFailure: S3 does not take it.
    """
    _check(location)
    if location.startswith(S3):
        with _opened(location, "wb", connection) as stream:
            yield stream
        return
    path = Path(location)
    if path.exists() and not overwrite:
        raise InvalidRequest(f"The file {location} is there already. --overwrite replaces it.")
    try:
        # Beside its place, so that it can be moved there; readable by its owner alone.
        handle, name = tempfile.mkstemp(
            prefix=f".{path.name}.", suffix=path.suffix, dir=path.parent
        )
    except OSError as error:
        raise InvalidRequest(f"{location} cannot be written: {error.strerror}.") from None
    os.close(handle)
    partial = Path(name)
    try:
        with _opened(name, "wb", connection) as stream:
            yield stream
        partial.replace(path)
    except OSError as error:
        raise InvalidRequest(f"{location} cannot be written: {error.strerror}.") from None
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def reading(location: str, connection: Connection) -> Iterator[IO[bytes]]:
    """Open a file or an object to read.

    Raises:
        InvalidRequest: the file cannot be read, or not uncompressed.
        AwsFailure: S3 does not give it.
    """
    _check(location)
    try:
        with _opened(location, "rb", connection) as stream:
            yield stream
    except (EOFError, ZlibError):
        raise InvalidRequest(
            f"{location} was cut off or damaged: it cannot be uncompressed."
        ) from None
    except OSError as error:
        reason = error.strerror or "it cannot be uncompressed"
        raise InvalidRequest(f"{location} cannot be read: {reason}.") from None


def _check(location: str) -> None:
    bucket, _, key = location.removeprefix(S3).partition("/")
    if location.startswith(S3) and not (bucket and key):
        raise InvalidRequest(f"{location} is no s3://BUCKET/KEY.")


@contextmanager
def _opened(location: str, mode: str, connection: Connection) -> Iterator[IO[bytes]]:
    if not location.startswith(S3):
        with smart_open.open(location, mode) as stream:
            yield stream
        return
    action = "s3:GetObject" if mode == "rb" else "s3:PutObject"
    client = connection.session.client("s3", region_name=connection.region_name, config=BULK_CONFIG)
    try:
        with (
            translated(action, location),
            smart_open.open(location, mode, transport_params={"client": client}) as stream,
        ):
            yield stream
    except PasswordError:
        raise
    except (OSError, ValueError) as error:
        _raise_for(error, action, location)


def _raise_for(error: Exception, action: str, location: str) -> NoReturn:
    """Raise what AWS said, which smart_open wraps into errors of its own."""
    cause: Any = error
    while cause is not None and not isinstance(cause, ClientError | BotoCoreError):
        cause = getattr(cause, "backend_error", None) or cause.__cause__ or cause.__context__
    if cause is None:
        raise error
    if isinstance(cause, ClientError) and code_of(cause) in _ABSENT:
        raise InvalidRequest(f"{_ABSENT[code_of(cause)]}: {location}") from None
    with translated(action, location):
        raise cause
    raise error
