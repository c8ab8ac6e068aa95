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


VERSION = (
    "VersionId",
    "Ciphertext",
    "KeyArn",
    "CreatedTime",
    "Source",
    "AdoptedFrom",
    "RestoredTime",
)
MEMORY = ("State", "Token", "VersionId", "Summary")
"""What this release knows of a version and of a memory; the rest it hands on."""


class _Wired(dict[str, Any]):
    """An attribute value that is in its form already."""


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
            | _given(AdoptedFrom=version.adopted_from, RestoredTime=version.restored_time)
            | _as_it_is(version.unknown)
            for version in record.versions
        ],
        "Memories": [
            {"State": memory.state, "Token": memory.token, "VersionId": memory.version_id}
            | _given(Summary=memory.summary or None)
            | _as_it_is(memory.unknown)
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
    """Return the record that an item holds; attributes that `to_item` does not write are ignored.

    Raises:
        Damaged: the item is not as `to_item` writes it.
    """
    try:
        return _record(identity_of(table_name, item), item)
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError):
        where = [item.get(name, {}).get("S", "?") for name in ("StackName", "EnvName")]
        raise Damaged(
            f"The item {where} in the table {table_name} is not as this type writes it."
            " Restore it from a backup."
        ) from None


def standing_in(table_name: str, item: Mapping[str, Any]) -> Record:
    """Return the record that stands in an item; of a tombstone nothing needs to be readable.

    Raises:
        Damaged: a live record is not as `to_item` writes it.
    """
    try:
        return from_item(table_name, item)
    except Damaged:
        if "DeletedTime" not in item:
            raise
    revision = item.get("Revision", {}).get("N", "")
    return Record(
        identity=identity_of(table_name, item),
        revision=int(revision) if revision.isdecimal() else 0,
        versions=(),
        memories=(),
        declared=DeclaredState(),
        settings=Settings(),
        created_time=item.get("CreatedTime", {}).get("S", ""),
        last_rotated_time="",
        create_token="",
        deleted_time=item["DeletedTime"].get("S", ""),
    )


def _record(identity: Identity, item: Mapping[str, Any]) -> Record:
    # Each attribute is taken by its kind: where another one stands there, that is a KeyError.
    expires_at = _optional(item, "ExpiresAt", "N")
    record = Record(
        identity=identity,
        revision=int(item["Revision"]["N"]),
        versions=tuple(
            Version(
                version["VersionId"]["S"],
                version["Ciphertext"]["B"],
                version["KeyArn"]["S"],
                version["CreatedTime"]["S"],
                Source(version["Source"]["S"]),
                _optional(version, "AdoptedFrom", "S"),
                _optional(version, "RestoredTime", "S"),
                _unknown(version, VERSION),
            )
            for version in _members(item["Versions"])
        ),
        memories=tuple(
            Memory(
                memory["State"]["S"],
                memory["Token"]["S"],
                memory["VersionId"]["S"],
                _optional(memory, "Summary", "S") or "",
                _unknown(memory, MEMORY),
            )
            for memory in _members(item["Memories"])
        ),
        declared=DeclaredState(
            _policy(item["Declared"]["S"]),
            _optional(item, "RotationToken", "S"),
            item["Provided"]["BOOL"],
        ),
        settings=Settings(
            key_id=_optional(item, "KeyId", "S"),
            recovery_window_in_days=int(item["RecoveryWindowInSeconds"]["N"]) // SECONDS_PER_DAY,
            description=_optional(item, "Description", "S"),
            tags=tuple((tag["Key"]["S"], tag["Value"]["S"]) for tag in _members(item["Tags"])),
            return_value=item["ReturnValue"]["BOOL"],
            stack_tags=_tags(_optional(item, "StackTags", "M")),
            system_tags=_tags(_optional(item, "SystemTags", "M")),
        ),
        created_time=item["CreatedTime"]["S"],
        last_rotated_time=item["LastRotatedTime"]["S"],
        create_token=item["CreateToken"]["S"],
        deleted_time=_optional(item, "DeletedTime", "S"),
        expires_at=None if expires_at is None else int(expires_at),
    )
    if not record.versions:
        raise ValueError
    return record


def _given(**attributes: str | None) -> dict[str, str]:
    return {name: value for name, value in attributes.items() if value is not None}


def _as_it_is(unknown: Mapping[str, Any]) -> dict[str, _Wired]:
    return {name: _Wired(value) for name, value in unknown.items()}


def _unknown(member: Mapping[str, Any], known: tuple[str, ...]) -> dict[str, Any]:
    return {name: value for name, value in member.items() if name not in known}


def _optional(item: Mapping[str, Any], name: str, kind: str) -> Any:
    return item[name][kind] if name in item else None


def _members(value: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [member["M"] for member in value["L"]]


def _policy(text: str) -> dict[str, Any]:
    policy = json.loads(text)
    if not isinstance(policy, dict):
        raise TypeError
    return policy


def _tags(tags: Mapping[str, Any] | None) -> dict[str, str] | None:
    return None if tags is None else {key: value["S"] for key, value in tags.items()}


def _wire(value: object) -> dict[str, Any]:
    match value:
        case _Wired():
            return dict(value)
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
