"""A Lambda function that keeps the copies in S3 up to date, on a schedule.

Settings, as environment variables:
    TABLE_NAME: the DynamoDB table; myorg-secrets-password if it is not set.
    MIRROR: s3://BUCKET/PREFIX.
    KMS_KEY_ID: the key that the copies are under.

Each run leaves one line in the log, which `journal` makes, besides one for each problem.
"""

import logging
import os
import time
from collections import Counter
from contextlib import suppress
from typing import Any

from myorg_secrets_password import journal
from myorg_secrets_password.calls import counted
from myorg_secrets_password.properties import DEFAULT_TABLE_NAME

from .backup.mirror import Mirror
from .backup.mirroring import Status, mirror_all
from .connection import BULK_CONFIG, connect
from .exceptions import InvalidRequest, PasswordError, public_name

LOG = logging.getLogger(__name__)
LOG.setLevel(logging.INFO)

SHOWN = 20
"""Problems that one log has room for; the metric of failed invocations says that there are any."""


class Incomplete(Exception):
    """Some records have no copy as it should be; the log says which."""


def handler(event: Any, context: object) -> dict[str, int]:
    """Write a copy of every record that changed.

    Args:
        event: {"Rewrite": true} writes unchanged records, too, which a replication rule that came
            later takes along; the schedule's says nothing.
        context: Lambda's own.

    Returns:
        how many copies were written, and how many were of the present state already.

    Raises:
        Incomplete: there are problems. The invocation fails, so that an alarm sees it.
        PasswordError: the table, the key or the bucket cannot be used.
    """
    began = time.monotonic()
    rewrite = isinstance(event, dict) and event.get("Rewrite") is True
    outcome = "InternalFailure"
    counts: Counter[Status] = Counter()
    with counted() as tally:
        try:
            problems = _mirrored(counts, rewrite)
            outcome = Incomplete.__name__ if problems else "SUCCESS"
        except PasswordError as error:
            outcome = public_name(error)
            raise
        finally:
            with suppress(Exception):  # a logger that fails must not change the outcome
                entry = journal.Entry(
                    operation="MIRROR",
                    identifier=os.environ.get("TABLE_NAME") or DEFAULT_TABLE_NAME,
                    outcome=outcome,
                    ms=(time.monotonic() - began) * 1000,
                    calls=tally.calls,
                    retries=tally.retries,
                    request_id=journal.text_of(getattr(context, "aws_request_id", None)),
                    records=_by_name(counts),
                )
                # In Lambda's JSON format, what is extra stands beside the message.
                LOG.info("%s", entry, extra=entry.fields())
    if problems:
        raise Incomplete(f"{problems} records have no copy as it should be.")
    return _by_name(counts)


def _mirrored(counts: Counter[Status], rewrite: bool) -> int:
    """Mirror the table, count what became of its records, and return how many have problems."""
    location = os.environ.get("MIRROR")
    if not location:
        raise InvalidRequest("The function's environment variable MIRROR is missing.")
    connection = connect(os.environ.get("TABLE_NAME") or DEFAULT_TABLE_NAME, config=BULK_CONFIG)
    mirror = Mirror.at(location, connection)
    problems = 0
    key_id = os.environ.get("KMS_KEY_ID") or None
    for mirrored in mirror_all(connection, mirror, key_id, rewrite=rewrite):
        counts[mirrored.status] += 1
        if mirrored.problem:
            problems += 1
            if problems <= SHOWN:
                LOG.error("%s: %s", mirrored.ref, mirrored.problem)
    return problems


def _by_name(counts: Counter[Status]) -> dict[str, int]:
    return {str(status): counts[status] for status in Status}
