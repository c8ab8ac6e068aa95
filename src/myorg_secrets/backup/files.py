"""Where exports are kept: files, and objects in S3 that are streamed in parts."""

import gzip
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NoReturn, cast
from zlib import error as ZlibError  # noqa: N812  # an exception by a function's name

import smart_open
from botocore.exceptions import BotoCoreError, ClientError

from myorg_secrets.connection import BULK_CONFIG, Connection
from myorg_secrets.exceptions import InvalidRequest, PasswordError
from myorg_secrets_password.aws_errors import code_of, translated

S3 = "s3://"
COMPRESSED = ".gz"

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
    if location.startswith(S3):
        with _object(location, "wb", connection) as stream:
            yield stream
        return
    # What a link leads to is replaced, not the link.
    path = Path(os.path.realpath(location))
    if path.exists() and not path.is_file():
        raise InvalidRequest(f"{location} is there already, and is no file.")
    if path.exists() and not overwrite:
        raise _is_there(location)
    with _named_when_written(path, location, overwrite) as file:
        if location.endswith(COMPRESSED):
            with gzip.GzipFile(filename="", fileobj=file, mode="wb", mtime=0) as stream:
                yield cast(IO[bytes], stream)
        else:
            yield file


@contextmanager
def reading(location: str, connection: Connection) -> Iterator[IO[bytes]]:
    """Open a file or an object to read.

    Raises:
        InvalidRequest: the file cannot be read, or not uncompressed.
        AwsFailure: S3 does not give it.
    """
    try:
        if location.startswith(S3):
            with _object(location, "rb", connection) as stream:
                yield stream
            return
        # An import reads twice, which no pipe allows.
        if Path(location).exists() and not stat.S_ISREG(Path(location).stat().st_mode):
            raise InvalidRequest(f"{location} cannot be read: it is no file. Save it as one first.")
        with Path(location).open("rb") as file:
            if location.endswith(COMPRESSED):
                with gzip.open(file) as stream:
                    yield cast(IO[bytes], stream)
            else:
                yield file
    except (EOFError, ZlibError, gzip.BadGzipFile):
        raise InvalidRequest(
            f"{location} was cut off or damaged: it cannot be uncompressed."
        ) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "that is no name of a file"
        raise InvalidRequest(f"{location} cannot be read: {reason}.") from None


@contextmanager
def _named_when_written(path: Path, location: str, overwrite: bool) -> Iterator[IO[bytes]]:
    try:
        # Beside its place, so that it can be moved there; readable by its owner alone.
        handle, name = tempfile.mkstemp(prefix=f".{path.name[:100]}.", dir=path.parent)
    except (OSError, ValueError) as error:
        raise _cannot_write(location, error) from None
    partial = Path(name)
    try:
        with open(handle, "wb") as file:  # noqa: PTH123  # a descriptor, not a path
            yield file
            file.flush()
            os.fsync(file.fileno())
        if overwrite:
            partial.replace(path)
        else:
            # Unlike a rename, this fails where somebody else was faster.
            path.hardlink_to(partial)
    except FileExistsError:
        raise _is_there(location) from None
    except OSError as error:
        raise _cannot_write(location, error) from None
    finally:
        partial.unlink(missing_ok=True)


def _is_there(location: str) -> InvalidRequest:
    return InvalidRequest(f"The file {location} is there already. --overwrite replaces it.")


def _cannot_write(location: str, error: Exception) -> InvalidRequest:
    reason = getattr(error, "strerror", None) or "that is no name of a file"
    return InvalidRequest(f"{location} cannot be written: {reason}.")


@contextmanager
def _object(location: str, mode: str, connection: Connection) -> Iterator[IO[bytes]]:
    bucket, _, key = location.removeprefix(S3).partition("/")
    if not (bucket and key):
        raise InvalidRequest(f"{location} is no s3://BUCKET/KEY.")
    action = "s3:GetObject" if mode == "rb" else "s3:PutObject"
    client = connection.session.client("s3", region_name=connection.region_name, config=BULK_CONFIG)
    compression = COMPRESSED if key.endswith(COMPRESSED) else "disable"
    failed: BaseException | None = None
    try:
        with (
            translated(action, location),
            smart_open.open(
                location, mode, compression=compression, transport_params={"client": client}
            ) as stream,
        ):
            try:
                yield stream
            except BaseException as error:
                failed = error
                raise
    except (OSError, ValueError, KeyError, PasswordError) as error:
        # What ended the work is told, not that the upload could then not be given up.
        if failed is not None and not isinstance(failed, OSError):
            raise failed from None
        if isinstance(error, PasswordError):
            raise
        _raise_for(error, action, location)


def _raise_for(error: Exception, action: str, location: str) -> NoReturn:
    """Raise what AWS said, which smart_open wraps into errors of its own."""
    cause: Any = error
    while cause is not None and not isinstance(cause, ClientError | BotoCoreError):
        cause = getattr(cause, "backend_error", None) or cause.__cause__ or cause.__context__
    if isinstance(cause, ClientError) and code_of(cause) in _ABSENT:
        raise InvalidRequest(f"{_ABSENT[code_of(cause)]}: {location}") from None
    with translated(action, location):
        raise cause or error
    raise error
