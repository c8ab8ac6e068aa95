"""A record as a DynamoDB item, in the attribute values of the low-level API. Pure."""

import json
from collections.abc import Mapping
from typing import Any

from .exceptions import Damaged
from .record import (
    SECONDS_PER_DAY,
    DeclaredState,
    Identity,
    Memory,
    Record,
    Settings,
    Source,
    Version,
)

Item = dict[str, Any]

OPTIONAL = (
    "RotationToken",
    "KeyId",
    "Description",
    "StackTags",
    "SystemTags",
    "DeletedTime",
    "ExpiresAt",
)
"""Attributes that an item may lack."""


def key_of(identity: Identity) -> Item:
    """Return the item's primary key."""
    return {"StackName": {"S": identity.stack_name}, "EnvName": {"S": identity.env_name}}


def identity_of(table_name: str, item: Mapping[str, Any]) -> Identity:
    """Return the identity that an item's primary key says.

    Raises:
        KeyError: it has no such key.
    """
    env, _, name = item["EnvName"]["S"].partition("#")
    return Identity(table_name, item["StackName"]["S"], env, name)


def to_item(record: Record) -> Item:
    """Return the record as an item; what is None is left out."""
    settings = record.settings
    attributes: dict[str, Any] = {
        "Revision": record.revision,
        "CreatedTime": record.created_time,
        "LastRotatedTime": record.last_rotated_time,
        "CreateToken": record.create_token,
        "Versions": [
            {
                "VersionId": version.id,
                "Ciphertext": version.ciphertext,
                "KeyArn": version.key_arn,
                "CreatedTime": version.created_time,
                "Source": str(version.source),
            }
            for version in record.versions
        ],
        "Memories": [
            {"State": memory.state, "Token": memory.token, "VersionId": memory.version_id}
            for memory in record.memories
        ],
        "Declared": json.dumps(dict(record.declared.policy), sort_keys=True),
        "RotationToken": record.declared.rotation_token,
        "Provided": record.declared.provided,
        "KeyId": settings.key_id,
        # In seconds, so that a delete can add it to the time without reading the record first.
        "RecoveryWindowInSeconds": settings.recovery_window_in_days * SECONDS_PER_DAY,
        "Description": settings.description,
        "Tags": [{"Key": key, "Value": value} for key, value in settings.tags],
        "StackTags": settings.stack_tags,
        "SystemTags": settings.system_tags,
        "ReturnValue": settings.return_value,
        "DeletedTime": record.deleted_time,
        "ExpiresAt": record.expires_at,
    }
    return key_of(record.identity) | {
        name: _wire(value) for name, value in attributes.items() if value is not None
    }


def from_item(table_name: str, item: Mapping[str, Any]) -> Record:
    """Return the record that an item holds.

    Raises:
        Damaged: the item is not as `to_item` writes it.
    """
    try:
        attributes = {name: _plain(value) for name, value in item.items()}
        return _record(identity_of(table_name, item), attributes)
    except (KeyError, IndexError, TypeError, ValueError, AttributeError):
        where = [item.get(name, {}).get("S", "?") for name in ("StackName", "EnvName")]
        raise Damaged(
            f"The item {where} in the table {table_name} is not as this type writes it."
            " Restore it from a backup."
        ) from None


def _record(identity: Identity, item: Mapping[str, Any]) -> Record:
    record = Record(
        identity=identity,
        revision=int(item["Revision"]),
        versions=tuple(
            Version(
                version["VersionId"],
                version["Ciphertext"],
                version["KeyArn"],
                version["CreatedTime"],
                Source(version["Source"]),
            )
            for version in item["Versions"]
        ),
        memories=tuple(
            Memory(memory["State"], memory["Token"], memory["VersionId"])
            for memory in item["Memories"]
        ),
        declared=DeclaredState(
            json.loads(item["Declared"]), item.get("RotationToken"), item["Provided"]
        ),
        settings=Settings(
            key_id=item.get("KeyId"),
            recovery_window_in_days=item["RecoveryWindowInSeconds"] // SECONDS_PER_DAY,
            description=item.get("Description"),
            tags=tuple((tag["Key"], tag["Value"]) for tag in item["Tags"]),
            return_value=item["ReturnValue"],
            stack_tags=item.get("StackTags"),
            system_tags=item.get("SystemTags"),
        ),
        created_time=item["CreatedTime"],
        last_rotated_time=item["LastRotatedTime"],
        create_token=item["CreateToken"],
        deleted_time=item.get("DeletedTime"),
        expires_at=item.get("ExpiresAt"),
    )
    if not record.versions:
        raise ValueError("a record has at least one version")
    return record


def _wire(value: object) -> dict[str, Any]:
    match value:
        case bool():
            return {"BOOL": value}
        case int():
            return {"N": str(value)}
        case str():
            return {"S": value}
        case bytes():
            return {"B": value}
        case list():
            return {"L": [_wire(member) for member in value]}
        case dict():
            return {"M": {name: _wire(member) for name, member in value.items()}}
    raise TypeError(f"no attribute value for {type(value).__name__}")


def _plain(value: Mapping[str, Any]) -> Any:
    [(kind, content)] = value.items()
    match kind:
        case "N":
            return int(content)
        case "L":
            return [_plain(member) for member in content]
        case "M":
            return {name: _plain(member) for name, member in content.items()}
    return content
