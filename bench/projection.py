"""What many records and many creates take, by units and limits. Pure."""

import math
from dataclasses import dataclass

from bench import capacity, limits, prices
from myorg_secrets_password.store import PAGE_SIZE

KMS_CALLS_OF_A_CREATE = 2
"""Encrypt, and Decrypt to see that it reads back."""


@dataclass(frozen=True)
class WholeList:
    """One complete list of a table by CloudFormation.

    Attributes:
        pages: answers, each of one Scan.
        units: read units of all.
        seconds: at the least: a page reads one partition, which gives so many units a second.
        reading, operations: USD, for DynamoDB and for CloudFormation.
    """

    pages: int
    units: int
    seconds: float
    reading: float
    operations: float


def whole_list(records: int, size: int) -> WholeList:
    """Return what a list takes.

    Args:
        records: in the table, tombstones included.
        size: bytes of each.
    """
    of_a_page = capacity.page_items(size, PAGE_SIZE)
    pages = math.ceil(records / of_a_page)
    units = pages * capacity.page_units([size] * of_a_page)
    return WholeList(
        pages,
        units,
        units / limits.PARTITION_READ_UNITS,
        units * prices.DYNAMODB_READ_UNIT,
        pages * prices.HANDLER_OPERATION,
    )


@dataclass(frozen=True)
class Creates:
    """Creates at a rate.

    Attributes:
        write_units: a second.
        kms_calls: a second.
        partitions: that the writes must be spread over, at the least.
        concurrency: handlers that run at a time.
        money: USD an hour, CloudFormation's operations included.
    """

    write_units: int
    kms_calls: int
    partitions: int
    concurrency: int
    money: float


def creates(rate: int, size: int, seconds: float) -> Creates:
    """Return what creates take.

    Args:
        rate: a second.
        size: bytes of each new item.
        seconds: that a handler runs.
    """
    units = capacity.write_units(size)
    one = (
        prices.HANDLER_OPERATION
        + units * prices.DYNAMODB_WRITE_UNIT
        + KMS_CALLS_OF_A_CREATE * prices.KMS_REQUEST
    )
    return Creates(
        rate * units,
        rate * KMS_CALLS_OF_A_CREATE,
        math.ceil(rate * units / limits.PARTITION_WRITE_UNITS),
        math.ceil(rate * seconds),
        rate * 3_600 * one,
    )


def most_creates(size: int, seconds: float) -> dict[str, tuple[int, str]]:
    """Return the creates a second that each limit allows, with its source.

    Args:
        size: bytes of each new item.
        seconds: that a handler runs.
    """
    units = capacity.write_units(size)
    calls = KMS_CALLS_OF_A_CREATE
    return {
        "one stack name, which is one partition": (
            limits.PARTITION_WRITE_UNITS // units,
            limits.PARTITION_SOURCE,
        ),
        "a new on-demand table": (
            limits.NEW_TABLE_WRITE_UNITS // units,
            limits.NEW_TABLE_SOURCE,
        ),
        "a table's quota": (limits.TABLE_UNITS // units, limits.TABLE_SOURCE),
        "KMS, most Regions": (limits.KMS_REQUESTS // calls, limits.KMS_SOURCE),
        "KMS, six Regions": (limits.KMS_REQUESTS_MORE // calls, limits.KMS_SOURCE),
        "KMS, three Regions": (limits.KMS_REQUESTS_MOST // calls, limits.KMS_SOURCE),
        f"Lambda's concurrency, {seconds:g} s each": (
            int(limits.LAMBDA_CONCURRENCY / seconds),
            limits.LAMBDA_SOURCE,
        ),
    }
