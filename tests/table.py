"""The table as it lies in the emulator, without a call: what is looked at after every step.

A scan through the SDK costs the emulator as much as the handlers' own calls.
"""

from __future__ import annotations

import copy
from typing import Any

from moto.dynamodb.models import dynamodb_backends

from tests.world import ACCOUNT_ID, REGION, World

Key = tuple[str, str]
"""StackName and EnvName."""


class Table:
    """The storage stack's table, and what its versions decrypt to."""

    def __init__(self, world: World) -> None:
        self._kms = world.kms
        self._dynamodb = world.dynamodb
        self._name = world.storage.table_name
        self._items = dynamodb_backends[ACCOUNT_ID][REGION].tables[self._name].items
        self._decrypted: dict[tuple[Any, ...], str] = {}

    def items(self) -> dict[Key, dict[str, Any]]:
        """Return every item in the form of the low-level API."""
        return {
            (hash_key.value, range_key.value): _members(item.attrs)
            for hash_key, ranges in self._items.items()
            for range_key, item in ranges.items()
        }

    def save(self) -> Any:
        """Return all that is in the table, for `load`."""
        return copy.deepcopy(dict(self._items))

    def load(self, saved: Any) -> None:
        """Put back what was saved, and nothing else."""
        self._items.clear()
        self._items.update(copy.deepcopy(saved))

    def clear(self) -> None:
        """Remove every item."""
        self._items.clear()

    def put(self, item: dict[str, Any]) -> None:
        """Write an item behind the handlers' back."""
        self._dynamodb.put_item(TableName=self._name, Item=item)

    def remove(self, key: Key) -> None:
        """Remove an item, as DynamoDB's time to live does: without a call that anybody makes."""
        hash_key = next(held for held in self._items if held.value == key[0])
        ranges = self._items[hash_key]
        del ranges[next(held for held in ranges if held.value == key[1])]

    def versions(self, key: Key) -> list[str]:
        """Return the passwords that an item keeps, decrypted as the README says, in their order."""
        item = self.items().get(key, {"Versions": {"L": []}})
        return [self._password(key, version["M"]) for version in item["Versions"]["L"]]

    def _password(self, key: Key, version: dict[str, Any]) -> str:
        ciphertext, version_id = version["Ciphertext"]["B"], version["VersionId"]["S"]
        known = (key, version_id, ciphertext)
        if known not in self._decrypted:
            env, _, name = key[1].partition("#")
            context = {
                "Type": "MyOrg::Secrets::Password",
                "StackName": key[0],
                "Env": env,
                "Name": name,
                "VersionId": version_id,
            }
            answer = self._kms.decrypt(CiphertextBlob=ciphertext, EncryptionContext=context)
            self._decrypted[known] = answer["Plaintext"].decode()
        return self._decrypted[known]


def _members(attributes: dict[str, Any]) -> dict[str, Any]:
    return {name: _wire(attribute) for name, attribute in attributes.items()}


def _wire(attribute: Any) -> dict[str, Any]:
    match attribute.type:
        case "M":
            return {"M": _members(attribute.value)}
        case "L":
            return {"L": [_wire(member) for member in attribute.value]}
    return {attribute.type: attribute.value}
