"""The table: whether it is there and of the right shape, and what protects it."""

import difflib
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from myorg_secrets.connection import Connection

from .asking import Asker, Unanswered
from .finding import Finding, Status

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_GLANCE = Config(
    connect_timeout=1,
    read_timeout=2,
    retries={"mode": "standard", "total_max_attempts": 1},
)
"""For questions whose answer is a mere hint."""

_AT_ONCE = 16
_NAMES_LOOKED_AT = 1000

_KEYS = [("StackName", "HASH", "S"), ("EnvName", "RANGE", "S")]
_MEMBERS = {"TableName", "TableArn", "TableStatus", "KeySchema", "AttributeDefinitions"}
"""What a description says of every table."""

_OLDER_TABLES = {"stackname": "2016", "dbid": "2017", "rds_id": "2017"}
"""By the name of their partition key: the layouts that `adopt` takes over."""

_DEPLOY = "Deploy infrastructure/storage.yml in this Region, or name the table: --table-name TABLE"


@dataclass(frozen=True, slots=True)
class Missing(Finding):
    """The table is not there.

    Attributes:
        elsewhere: the other Regions that have it.
    """

    elsewhere: tuple[str, ...] = ()


def describe(connection: Connection, asker: Asker, arn: str) -> Mapping[str, Any] | Finding:
    """Return DynamoDB's description of the table, or the finding that there is none."""
    name = connection.table_name
    try:
        answer = asker.ask(
            "dynamodb:DescribeTable",
            arn,
            lambda: connection.dynamodb.describe_table(TableName=name),
        )
    except Unanswered as failure:
        if failure.code == "ResourceNotFoundException":
            return _missing(connection)
        return asker.explain("Table", failure)
    described: Mapping[str, Any] = answer["Table"]
    if not described.keys() >= _MEMBERS:
        return asker.explain_answer("Table", "dynamodb:DescribeTable", arn)
    return described


def judge_shape(table: Mapping[str, Any]) -> Finding:
    """Judge by what DescribeTable says whether the table can be used; a problem if it cannot."""
    status, arn = table["TableStatus"], table["TableArn"]
    kinds = {one["AttributeName"]: one["AttributeType"] for one in table["AttributeDefinitions"]}
    keys = [
        (key["AttributeName"], key["KeyType"], kinds.get(key["AttributeName"], "?"))
        for key in table["KeySchema"]
    ]
    if keys != _KEYS:
        layout = _OLDER_TABLES.get(keys[0][0] if keys else "")
        return Finding(
            "Table",
            Status.PROBLEM,
            f"{arn} has other keys: {_said(keys)}. This type's are {_said(_KEYS)}.",
            f"Take over its passwords: myorg-secrets adopt {table['TableName']} --layout {layout}"
            if layout
            else "Name this type's table: --table-name TABLE",
        )
    if status == "ACTIVE":
        return Finding("Table", Status.OK, f"{arn} is active.")
    if status == "UPDATING":
        return Finding("Table", Status.OK, f"{arn} is being updated, and can be used meanwhile.")
    remedy = {
        "CREATING": "Wait until it is active.",
        "INACCESSIBLE_ENCRYPTION_CREDENTIALS": "Enable the table's key, or cancel its deletion.",
    }.get(status, "Restore the table from a backup.")
    return Finding("Table", Status.PROBLEM, f"{arn} is not active, but {status}.", remedy)


def judge_table(table: Mapping[str, Any], region: str) -> Iterator[Finding]:
    """Judge what protects a table, by what DescribeTable says."""
    if table.get("DeletionProtectionEnabled"):
        yield Finding("Deletion protection", Status.OK, "It is on.")
    else:
        yield Finding(
            "Deletion protection",
            Status.WARNING,
            "It is off: one call can delete the table with every password.",
            f"aws dynamodb update-table --table-name {table['TableName']}"
            f" --deletion-protection-enabled --region {region}",
        )
    encryption = table.get("SSEDescription", {})
    if "InaccessibleEncryptionDateTime" in encryption:
        yield Finding(
            "Table encryption",
            Status.PROBLEM,
            f"DynamoDB cannot use the table's key {encryption.get('KMSMasterKeyArn')}."
            " It archives the table if that lasts for 7 days.",
            "Enable the key, or cancel its deletion (kms:EnableKey, kms:CancelKeyDeletion).",
        )
    else:
        key = encryption.get("KMSMasterKeyArn", "a key that DynamoDB owns")
        yield Finding("Table encryption", Status.OK, f"Under {key}.")


def examine_upkeep(connection: Connection, asker: Asker, arn: str) -> Iterator[Finding]:
    """Yield whether deleted secrets are removed in time, and whether there are backups."""
    name, region, dynamodb = connection.table_name, connection.region_name, connection.dynamodb
    try:
        expiry = asker.ask(
            "dynamodb:DescribeTimeToLive",
            arn,
            lambda: dynamodb.describe_time_to_live(TableName=name),
        )
        yield judge_time_to_live(expiry.get("TimeToLiveDescription", {}), name, region)
    except Unanswered as failure:
        yield asker.explain("Time to live", failure)
    try:
        backups = asker.ask(
            "dynamodb:DescribeContinuousBackups",
            arn,
            lambda: dynamodb.describe_continuous_backups(TableName=name),
        )
        yield judge_backups(backups.get("ContinuousBackupsDescription", {}), name, region)
    except Unanswered as failure:
        yield asker.explain("Point-in-time recovery", failure)


def judge_time_to_live(described: Mapping[str, Any], name: str, region: str) -> Finding:
    """Judge what DescribeTimeToLive says."""
    is_on = described.get("TimeToLiveStatus") in ("ENABLED", "ENABLING")
    attribute = described.get("AttributeName")
    if is_on and attribute == "ExpiresAt":
        return Finding("Time to live", Status.OK, "It is on, by ExpiresAt.")
    enable = (
        f"aws dynamodb update-time-to-live --table-name {name} --region {region}"
        " --time-to-live-specification Enabled=true,AttributeName=ExpiresAt"
    )
    if not is_on:
        message = "It is off: deleted secrets stay after their recovery window."
        return Finding("Time to live", Status.WARNING, message, enable)
    return Finding(
        "Time to live",
        Status.WARNING,
        f"It goes by {attribute}, not by ExpiresAt: deleted secrets stay after their recovery"
        " window.",
        f"Switch it off first (Enabled=false,AttributeName={attribute}), then: {enable}",
    )


def judge_backups(described: Mapping[str, Any], name: str, region: str) -> Finding:
    """Judge what DescribeContinuousBackups says."""
    recovery = described.get("PointInTimeRecoveryDescription", {})
    if recovery.get("PointInTimeRecoveryStatus") == "ENABLED":
        return Finding("Point-in-time recovery", Status.OK, "It is on.")
    return Finding(
        "Point-in-time recovery",
        Status.WARNING,
        "It is off: what is damaged or overwritten cannot be brought back.",
        f"aws dynamodb update-continuous-backups --table-name {name} --region {region}"
        " --point-in-time-recovery-specification PointInTimeRecoveryEnabled=true",
    )


def _missing(connection: Connection) -> Missing:
    """Say that the table is not there, and where it may be."""
    name, region = connection.table_name, connection.region_name
    message = f"There is no table {name} in {region}."
    elsewhere = _regions_with(connection)
    if elsewhere:
        message += f" It is in {', '.join(elsewhere)}."
        remedy = f"--region {elsewhere[0]}"
        return Missing("Table", Status.PROBLEM, message, remedy, elsewhere=tuple(elsewhere))
    near = difflib.get_close_matches(name, _table_names(connection), n=3)
    if near:
        message += f" There is {' and '.join(near)}."
        return Missing("Table", Status.PROBLEM, message, f"--table-name {near[0]}")
    return Missing("Table", Status.PROBLEM, message, _DEPLOY)


def _said(keys: list[tuple[str, str, str]]) -> str:
    return " and ".join(f"{name} ({role}, {kind})" for name, role, kind in keys)


def _regions_with(connection: Connection) -> list[str]:
    """Return the other Regions of the partition that have a table of this name."""
    session = connection.session
    partition = connection.dynamodb.meta.partition
    names = session.get_available_regions("dynamodb", partition_name=partition)
    # Clients are made one after the other: a session is not made for threads.
    clients = [
        session.client("dynamodb", region_name=name, config=_GLANCE)
        for name in names
        if name != connection.region_name
    ]

    def has_table(dynamodb: "DynamoDBClient") -> bool:
        try:
            dynamodb.describe_table(TableName=connection.table_name)
        except (BotoCoreError, ClientError, OSError):
            return False  # not there, denied, or a Region that the account has not enabled
        return True

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = list(pool.map(has_table, clients))
    return [client.meta.region_name for client, has in zip(clients, found, strict=True) if has]


def _table_names(connection: Connection) -> list[str]:
    pages = connection.dynamodb.get_paginator("list_tables").paginate(
        PaginationConfig={"MaxItems": _NAMES_LOOKED_AT}
    )
    try:
        return [name for page in pages for name in page.get("TableNames", [])]
    except (BotoCoreError, ClientError, OSError):
        return []
