"""A Lambda function that keeps the copies in S3 up to date, on a schedule.

Settings, as environment variables:
    TABLE_NAME: the DynamoDB table; myorg-secrets-password if it is not set.
    MIRROR: s3://BUCKET/PREFIX.
    KMS_KEY_ID: the key that the copies are under.
"""

import logging
import os
from collections import Counter
from typing import Any

from myorg_secrets_password.properties import DEFAULT_TABLE_NAME

from .backup.mirror import Mirror
from .backup.mirroring import Status, mirror_all
from .connection import BULK_CONFIG, connect
from .exceptions import InvalidRequest

LOG = logging.getLogger(__name__)

SHOWN = 20
"""Problems that one log has room for; the metric of failed invocations says that there are any."""


class Incomplete(Exception):
    """Some records have no copy as it should be; the log says which."""


def handler(event: Any, context: object) -> dict[str, int]:
    """Write a copy of every record that changed.

    Args:
        event: {"Rewrite": true} writes unchanged records, too, which a replication rule that came
            later takes along; the schedule's says nothing.
        context: Lambda's own, not used.

    Returns:
        how many copies were written, and how many were of the present state already.

    Raises:
        Incomplete: there are problems. The invocation fails, so that an alarm sees it.
        PasswordError: the table, the key or the bucket cannot be used.
    """
    location = os.environ.get("MIRROR")
    if not location:
        raise InvalidRequest("The function's environment variable MIRROR is missing.")
    connection = connect(os.environ.get("TABLE_NAME") or DEFAULT_TABLE_NAME, config=BULK_CONFIG)
    mirror = Mirror.at(location, connection)
    rewrite = isinstance(event, dict) and event.get("Rewrite") is True
    counts: Counter[Status] = Counter()
    problems = 0
    key_id = os.environ.get("KMS_KEY_ID") or None
    for mirrored in mirror_all(connection, mirror, key_id, rewrite=rewrite):
        counts[mirrored.status] += 1
        if mirrored.problem:
            problems += 1
            if problems <= SHOWN:
                LOG.error("%s: %s", mirrored.ref, mirrored.problem)
    if problems:
        raise Incomplete(f"{problems} records have no copy as it should be.")
    return {str(status): counts[status] for status in Status}
