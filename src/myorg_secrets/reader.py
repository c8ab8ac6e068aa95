"""A Lambda function that reads a password for whatever can invoke it but has no Python.

The event is {"StackName", "Name"}, optionally with "Env" and "VersionId", all strings. The answer
is {"Value", "VersionId"}, or {"Error", "Message"} where that cannot be: the invocation itself
succeeds then, too. "Error" is the name of an exception of `myorg_secrets`, or InternalFailure.

Settings, as environment variables:
    TABLE_NAME: the DynamoDB table; myorg-secrets-password if it is not set.
    MAX_AGE: `max_age` of `SecretsClient`, in seconds; 300 if it is not set.

Each invocation leaves one line in the log, which `journal` makes: which secret, never its value.
"""

import difflib
import logging
import os
import time
import traceback
from contextlib import suppress
from functools import lru_cache
from typing import Any

from myorg_secrets_password import journal
from myorg_secrets_password.calls import counted
from myorg_secrets_password.properties import (
    DEFAULT_ENV,
    DEFAULT_TABLE_NAME,
    IDENTITY,
    Text,
    salvage,
)

from . import exceptions
from .client import DEFAULT_MAX_AGE, SecretsClient

LOG = logging.getLogger(__name__)
LOG.setLevel(logging.INFO)

REQUIRED = ("StackName", "Name")
OPTIONAL = ("Env", "VersionId")

LONGEST_MAX_AGE = 86_400.0
"""Seconds: a password that was changed should not be served for longer than a day."""

_SDK_LOGGERS = ("boto3", "botocore", "s3transfer", "urllib3")
"""At DEBUG, which the function's settings may ask for, they log what KMS answers."""

# What the parts of a name may hold is the client's business; what is echoed must have an end.
_PART = Text(1, 2048)
_VERSION_ID = Text(1, 64)


def handler(event: Any, context: object) -> dict[str, str]:
    """Serve one invocation.

    Args:
        event: as the module says; of it, names alone are logged, and only valid ones.
        context: Lambda's own.

    Returns:
        {"Value", "VersionId"} or {"Error", "Message"}. No message holds a value.
    """
    for name in _SDK_LOGGERS:
        logging.getLogger(name).setLevel(logging.WARNING)
    began = time.monotonic()
    with counted() as tally:
        answer = _answer(event)
    with suppress(Exception):  # the answer stands: a logger that fails must not change it
        entry = journal.Entry(
            operation="GET",
            identifier=_named_by(event),
            outcome=answer.get("Error", "SUCCESS"),
            ms=(time.monotonic() - began) * 1000,
            calls=tally.calls,
            retries=tally.retries,
            version_id=answer.get("VersionId"),
            request_id=journal.text_of(getattr(context, "aws_request_id", None)),
        )
        # In Lambda's JSON format, what is extra stands beside the message as fields of its own.
        LOG.info("%s", entry, extra=entry.fields())
    return answer


def _named_by(event: Any) -> str:
    table_name = os.environ.get("TABLE_NAME") or DEFAULT_TABLE_NAME
    asked = {"Env": DEFAULT_ENV, **event} if isinstance(event, dict) else {}
    parts = salvage({**asked, "TableName": table_name}, IDENTITY)
    return journal.identifier(*map(parts.get, IDENTITY))


def _answer(event: Any) -> dict[str, str]:
    try:
        return _read(event)
    except exceptions.PasswordError as error:
        return _failure(exceptions.public_name(error), str(error))
    except Exception as error:
        # Its text is unknown, and so might quote a value: what may leave is where it came from.
        LOG.error("%s", _place(error))
        return _failure(
            "InternalFailure",
            "The reader function has a defect. Its log says where. Please report it.",
        )


def _read(event: Any) -> dict[str, str]:
    request = _checked(event)
    client = _client(os.environ.get("TABLE_NAME") or DEFAULT_TABLE_NAME, _max_age())
    found = client.get_with_version_id(
        request["StackName"],
        request["Name"],
        request.get("Env", DEFAULT_ENV),
        version_id=request.get("VersionId"),
    )
    return {"Value": found.value, "VersionId": found.version_id}


@lru_cache(maxsize=1)
def _client(table_name: str, max_age: float) -> SecretsClient:
    """Return the client, which outlives the invocation together with all that it has read."""
    return SecretsClient(table_name, max_age=max_age)


def _max_age() -> float:
    text = os.environ.get("MAX_AGE") or str(DEFAULT_MAX_AGE)
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= LONGEST_MAX_AGE:
        raise exceptions.InvalidRequest(
            "The function's environment variable MAX_AGE must be a number of seconds from 0 to"
            f" {LONGEST_MAX_AGE:.0f}."
        )
    return seconds


def _checked(event: Any) -> dict[str, str]:
    """Return the event, which has the keys that it must have and no others, all of them strings.

    Raises:
        InvalidRequest: names the key.
    """
    if not isinstance(event, dict):
        raise exceptions.InvalidRequest("The event must be an object with StackName and Name.")
    known = (*REQUIRED, *OPTIONAL)
    for key in event:
        if key not in known:
            shown = str(key)[:64]
            nearest = difflib.get_close_matches(shown, known, n=1, cutoff=0.5)
            hint = f" Did you mean {nearest[0]}?" if nearest else f" It takes {', '.join(known)}."
            raise exceptions.InvalidRequest(f"The event has an unknown key {shown!r}.{hint}")
    for key in REQUIRED:
        if key not in event:
            raise exceptions.InvalidRequest(f"The event lacks {key}.")
    for key, value in event.items():
        # The type of a property is mended where CloudFormation turned it into another; here it is
        # the caller's mistake.
        if not isinstance(value, str):
            raise exceptions.InvalidRequest(f"{key} must be a string.")
        (_VERSION_ID if key == "VersionId" else _PART).parse(key, value)
    return event


def _failure(error: str, message: str) -> dict[str, str]:
    return {"Error": error, "Message": message}


def _place(error: Exception) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    where = [f"{frame.name} ({frame.filename}, line {frame.lineno})" for frame in frames]
    return f"{type(error).__name__} in {' > '.join(where)}"
