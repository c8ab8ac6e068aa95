"""Finds records, and says what may have been meant where there is none."""

import difflib
from collections.abc import Iterable, Iterator
from shlex import quote
from typing import Any

from myorg_secrets_password.aws_errors import another_table, malformed, translated
from myorg_secrets_password.item import Item, identity_of
from myorg_secrets_password.record import Identity, Record, Version

from .backup.mirror import Mirror
from .connection import READ_CONFIG, Connection
from .exceptions import AwsFailure, InvalidRequest, NotFound, VersionNotFound

_LOOKED_AT = 1000
"""Items at most, in search of a name that may have been meant: a hint must not cost much."""


def find(connection: Connection, identity: Identity) -> Record:
    """Return the record, a tombstone included.

    Raises:
        NotFound: there is none; the message holds the nearest names.
        AwsFailure, Damaged, StorageUnusable: it could not be read.
    """
    record = connection.store.get(identity)
    if record is None:
        raise NotFound(
            f"There is no secret {identity}.{hint(connection, identity.stack_name, identity.name)}"
        )
    return record


def find_live(connection: Connection, identity: Identity, mirror: str | None = None) -> Record:
    """Return the live record.

    Args:
        connection: the table.
        identity: the secret.
        mirror: s3://BUCKET/PREFIX, to read its copy there instead.

    Raises:
        NotFound: there is none; the message says if it was deleted, else the nearest names.
        InvalidRequest: `mirror` is no location in S3.
        AwsFailure, Damaged, StorageUnusable: it could not be read.
    """
    if mirror is None:
        record = find(connection, identity)
    else:
        record = Mirror.at(mirror, connection, READ_CONFIG).read(identity)
    if record.is_deleted:
        raise NotFound(
            f"The secret {identity} was deleted at {record.deleted_time}."
            f" As long as DynamoDB keeps it: myorg-secrets restore {quote(str(identity))}"
        )
    return record


def version_of(record: Record, version_id: str | None) -> Version:
    """Return a version that the record keeps, by default the current one.

    Raises:
        VersionNotFound: it keeps none with this ID.
    """
    if version_id is None:
        return record.current
    for version in record.versions:
        if version.id == version_id:
            return version
    raise VersionNotFound(
        f"The secret {record.identity} keeps no version {version_id}."
        f" `myorg-secrets history {quote(str(record.identity))}` shows those that it keeps."
    )


def items(
    connection: Connection,
    stack: str | None = None,
    env: str | None = None,
    *,
    keys_only: bool = False,
    limit: int | None = None,
) -> Iterator[Item]:
    """Yield the table's items page by page, tombstones and what others wrote included.

    Args:
        connection: the table.
        stack: only this stack's, which is a query instead of a scan.
        env: only those of this environment.
        keys_only: whether no other attributes are wanted.
        limit: how many items are looked at, at most.

    Raises:
        AwsFailure, StorageUnusable: the table could not be read.
    """
    request: dict[str, Any] = {"TableName": connection.table_name, "ConsistentRead": True}
    values = {}
    if keys_only:
        request["ProjectionExpression"] = "StackName, EnvName"
    if stack is not None:
        request["KeyConditionExpression"] = "StackName = :stack"
        values[":stack"] = {"S": stack}
    if env is not None:
        begins = "begins_with(EnvName, :env)"
        values[":env"] = {"S": f"{env}#"}
        if stack is not None:
            request["KeyConditionExpression"] += f" AND {begins}"
        else:
            request["FilterExpression"] = begins
    if values:
        request["ExpressionAttributeValues"] = values
    operation = "scan" if stack is None else "query"
    action = f"dynamodb:{operation.capitalize()}"
    pages: Any = connection.dynamodb.get_paginator(operation)  # type: ignore[call-overload]
    config = {"MaxItems": limit, "PageSize": min(limit, _LOOKED_AT)} if limit else {}
    with translated(action, connection.store.arn):
        for page in pages.paginate(**request, PaginationConfig=config):
            if "Items" not in page:
                raise malformed(f"{action} on {connection.store.arn}")
            yield from page["Items"]


def items_of(
    connection: Connection, stacks: Iterable[str] = (), env: str | None = None
) -> Iterator[Item]:
    """Yield the items of some stacks, or of all where none is named; see `items`."""
    for stack in tuple(dict.fromkeys(stacks)) or (None,):
        yield from items(connection, stack, env)


def identities(
    connection: Connection, stack: str | None = None, *, limit: int | None = None
) -> Iterator[Identity]:
    """Yield the identities of the table's records, tombstones included.

    Raises:
        AwsFailure, StorageUnusable: the table could not be read, or is not of this type's shape.
    """
    for item in items(connection, stack, keys_only=True, limit=limit):
        try:
            yield identity_of(connection.table_name, item)
        except KeyError:
            raise another_table(f"Reading {connection.store.arn}") from None


def hint(connection: Connection, stack: str, name: str | None = None) -> str:
    """Say what is there by a similar name, where the caller may look and there is anything.

    Args:
        connection: the table.
        stack: the stack's name that was given.
        name: the secret's name that was given.
    """
    try:
        of_stack = list(identities(connection, stack, limit=_LOOKED_AT))
        if of_stack:
            return _in_stack(of_stack, name)
        stacks = {found.stack_name for found in identities(connection, limit=_LOOKED_AT)}
    except (AwsFailure, InvalidRequest):
        return ""
    near = difflib.get_close_matches(stack, stacks, n=3)
    return f" Did you mean the stack {_list(near)}?" if near else ""


def _in_stack(found: list[Identity], name: str | None) -> str:
    names = sorted({identity.name for identity in found})
    if name in names:
        envs = sorted({identity.env for identity in found if identity.name == name})
        return f" It exists in the environment {_list(envs)} (--env)."
    near = difflib.get_close_matches(name or "", names, n=3) or names[:5]
    return f" The stack has {_list(near)}."


def _list(names: list[str]) -> str:
    return " or ".join(names) if len(names) < 3 else f"{', '.join(names[:-1])} or {names[-1]}"
