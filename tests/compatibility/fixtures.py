"""What a release wrote, as files: one for each history, in a folder for each release.

A ciphertext cannot be kept: the key of an emulator is gone with the emulator. So a file says in
its place what was sealed and in which encryption context the release sealed it. Loading encrypts
that by kms:Encrypt itself, past the code of this project: today's code must find the context again
by its own means, or it does not decrypt.

    {"LogicalId": ..., "Properties": what the template said, "Model": what the handlers answered,
     "Value": the current password, "Item": the record in DynamoDB JSON}
"""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from myorg_secrets_password.cipher import encryption_context
from myorg_secrets_password.item import identity_of
from tests.compatibility.histories import HISTORIES
from tests.world import Secret, World

Fixture = dict[str, Any]
Item = dict[str, Any]

FOLDER = Path(__file__).parent
KEY_ARN = "<the ARN of the key>"
IN_30_DAYS = "<in 30 days>"
NESTED_OPTIONAL = ("AdoptedFrom", "RestoredTime", "Summary")
"""Attributes within Versions and Memories that the first records did not have."""


def record(world: World) -> dict[str, Fixture]:
    """Play every history, and return what it left behind, by its name.

    The record of the earliest form is the one of ten versions without what was added later.
    """
    recorded = {}
    for name, play in HISTORIES.items():
        secret = play(world)
        recorded[name] = _recorded(world, secret)
    earliest = copy.deepcopy(recorded["ten-versions"])
    for member in _members(earliest["Item"], "Versions", "Memories"):
        for attribute in NESTED_OPTIONAL:
            member.pop(attribute, None)
    return {**recorded, "earliest-form": earliest}


def write(folder: Path, recorded: Mapping[str, Fixture]) -> None:
    """Write the fixtures of one release."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, fixture in recorded.items():
        text = json.dumps(fixture, indent=1, sort_keys=True, ensure_ascii=False)
        (folder / f"{name}.json").write_text(f"{text}\n", encoding="utf-8")


def read(folder: Path) -> dict[str, Fixture]:
    """Return the fixtures of one release, by their names."""
    return {
        path.stem: json.loads(path.read_text(encoding="utf-8"))
        for path in sorted(folder.glob("*.json"))
        if path.stem != "schema"
    }


def releases() -> list[str]:
    """Return the versions whose fixtures are kept."""
    return sorted(path.parent.name for path in FOLDER.glob("*/schema.json"))


def load(world: World, fixture: Fixture) -> Secret:
    """Put the record into the table, and return the resource as CloudFormation keeps it."""
    item = copy.deepcopy(fixture["Item"])
    for version in _members(item, "Versions"):
        sealed = version["Ciphertext"]["Sealed"]
        answer = world.kms.encrypt(
            KeyId=world.storage.key_id,
            Plaintext=sealed["Plaintext"].encode(),
            EncryptionContext=sealed["EncryptionContext"],
        )
        version["Ciphertext"] = {"B": answer["CiphertextBlob"]}
        version["KeyArn"] = {"S": world.storage.key_arn}
    if "ExpiresAt" in item:
        item["ExpiresAt"] = {"N": str(int(time.time()) + 30 * 86_400)}
    world.dynamodb.put_item(TableName=world.storage.table_name, Item=item)
    secret = world.secret(fixture["LogicalId"])
    secret.model = dict(fixture["Model"])
    secret.properties = dict(fixture["Properties"])
    return secret


def passwords(fixture: Fixture) -> dict[str, str]:
    """Return the password of every version that the record keeps, by its ID, the current last."""
    return {
        version["VersionId"]["S"]: version["Ciphertext"]["Sealed"]["Plaintext"]
        for version in _members(fixture["Item"], "Versions")
    }


def shape(fixture: Fixture) -> dict[str, Any]:
    """Return what kinds of things are where, whatever their values are."""
    return {
        "Item": {name: _kinds(value) for name, value in fixture["Item"].items()},
        "Model": {name: type(value).__name__ for name, value in fixture["Model"].items()},
        "EncryptionContext": sorted(
            {
                name
                for version in _members(fixture["Item"], "Versions")
                for name in version["Ciphertext"]["Sealed"]["EncryptionContext"]
            }
        ),
    }


def _recorded(world: World, secret: Secret) -> Fixture:
    item = copy.deepcopy(world.item(secret))
    assert item is not None
    identity = identity_of(world.storage.table_name, item)
    for version in _members(item, "Versions"):
        context = encryption_context(identity, version["VersionId"]["S"])
        opened = world.kms.decrypt(
            CiphertextBlob=version["Ciphertext"]["B"], EncryptionContext=context
        )
        version["Ciphertext"] = {
            "Sealed": {"Plaintext": opened["Plaintext"].decode(), "EncryptionContext": context}
        }
        version["KeyArn"] = {"S": KEY_ARN}
    if "ExpiresAt" in item:
        item["ExpiresAt"] = {"N": IN_30_DAYS}
    fixture = {
        "LogicalId": secret.logical_id,
        "Properties": secret.properties,
        "Model": secret.model,
        "Item": item,
    }
    return {**fixture, "Value": list(passwords(fixture).values())[-1]}


def _members(item: Item, *names: str) -> Iterator[dict[str, Any]]:
    for name in names:
        for member in item[name]["L"]:
            yield member["M"]


def _kinds(value: Mapping[str, Any]) -> Any:
    """Return the kind of an attribute value; of a list, each kind that occurs in it."""
    [(kind, content)] = value.items()
    deeper: dict[str, Callable[[], Any]] = {
        "M": lambda: {name: _kinds(member) for name, member in content.items()},
        "L": lambda: sorted({json.dumps(_kinds(member), sort_keys=True) for member in content}),
    }
    return {kind: deeper[kind]()} if kind in deeper else kind
