"""What stands in the table, judged without the code under test."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.dynamodb.models import dynamodb_backends
from moto.kms.models import kms_backends

from tests.world import ACCOUNT_ID, REGION, World

Key = tuple[str, str]
"""StackName and EnvName."""
Item = Mapping[str, Any]
Form = Mapping[str, Any]
"""An item in which whatever each run makes anew has been replaced by what it is."""

_TIMES = ("CreatedTime", "LastRotatedTime", "DeletedTime")


class Table:
    """The emulator's table, without a call: it is set back for each of thousands of cases."""

    def __init__(self, world: World) -> None:
        self._table = dynamodb_backends[ACCOUNT_ID][REGION].tables[world.storage.table_name]

    def save(self) -> Any:
        """Return what `restore` takes."""
        return copy.deepcopy(self._table.items)

    def restore(self, saved: Any) -> None:
        """Let the table hold exactly what it held then."""
        self._table.items = copy.deepcopy(saved)

    def clear(self) -> None:
        """Remove every item."""
        for stack_name in list(self._table.items):
            self._table.items.pop(stack_name)

    @property
    def standing(self) -> Standing:
        """What it holds now."""
        return Standing(
            {
                (hash_key.value, range_key.value): item.to_json()["Attributes"]
                for hash_key, items in self._table.items.items()
                for range_key, item in items.items()
            }
        )


@dataclass(frozen=True, eq=False)
class Standing:
    """The items of the table at one moment."""

    items: Mapping[Key, Item]
    _passwords: dict[Key, Mapping[str, str | None]] = field(default_factory=dict, repr=False)

    @cached_property
    def live(self) -> set[Key]:
        """The keys of the secrets that exist for CloudFormation."""
        return {key for key, item in self.items.items() if "DeletedTime" not in item}

    def passwords(self, key: Key) -> Mapping[str, str | None]:
        """Return the clear text of each version by its ID, or None where KMS refuses it."""
        if key not in self._passwords:
            self._passwords[key] = self._decrypted(key)
        return self._passwords[key]

    def _decrypted(self, key: Key) -> Mapping[str, str | None]:
        stack_name, env_name = key
        env, _, name = env_name.partition("#")
        found = {}
        for version in _versions(self.items.get(key, {})):
            context = {
                "Type": "MyOrg::Secrets::Password",
                "StackName": stack_name,
                "Env": env,
                "Name": name,
                "VersionId": version["VersionId"]["S"],
            }
            found[context["VersionId"]] = _decrypt(version, context)
        return found

    def current(self, key: Key) -> tuple[str, str | None]:
        """Return ID and clear text of the version that is current."""
        return list(self.passwords(key).items())[-1]

    def revision(self, key: Key) -> int:
        """Return the revision, 0 where there is no item."""
        return int(self.items.get(key, {}).get("Revision", {"N": "0"})["N"])

    def form(self, key: Key, before: Standing) -> Form | None:
        """Return the item's form: IDs, passwords and times that were not there before are `new`.

        Two runs of one operation on the same state before leave the same form. None where there
        is no item.
        """
        item = self.items.get(key)
        if item is None:
            return None
        known = before.passwords(key)
        times = set(_texts(before.items.get(key, {}), _TIMES))
        form = {
            name: _form_of_time(value, times) if name in _TIMES else value
            for name, value in item.items()
        }
        if "ExpiresAt" in item:
            form["ExpiresAt"] = _seconds_after_deletion(item)
        passwords = self.passwords(key)
        form["Versions"] = [
            {
                **version,
                "VersionId": version_id if version_id in known else "new",
                "CreatedTime": _form_of_time(version["CreatedTime"], times),
                "Ciphertext": (
                    "of the same password"
                    if version_id in known and known[version_id] == password
                    else f"of {len(password)} characters"
                    if password
                    else "unreadable"
                ),
            }
            for version, (version_id, password) in zip(
                _versions(item), passwords.items(), strict=True
            )
        ]
        form["Memories"] = [
            {
                **memory["M"],
                "VersionId": (
                    memory["M"]["VersionId"]["S"]
                    if memory["M"]["VersionId"]["S"] in known
                    else "new"
                    if memory["M"]["VersionId"]["S"] in passwords
                    else "gone"
                ),
            }
            for memory in item["Memories"]["L"]
        ]
        return form


def problems(
    before: Standing, now: Standing, key: Key, allowed: Mapping[str, Form | None]
) -> Iterator[str]:
    """Yield what must not be, in words that hold no password.

    Args:
        before: what stood before the operation.
        now: what stands after it failed, or succeeded, or was killed.
        key: of the operation's secret.
        allowed: the forms that its record may have, by what each would mean.
    """
    others = {other: item for other, item in now.items.items() if other != key}
    if others != {other: item for other, item in before.items.items() if other != key}:
        yield "an item beside the secret's own appeared, changed or went"
    form = now.form(key, before)
    if form not in allowed.values():
        yield f"the record is none of: {', '.join(allowed)}"
    if form is None:
        return
    known = before.passwords(key)
    passwords = now.passwords(key)
    if None in passwords.values():
        yield "a version cannot be decrypted under its own context"
    if any(known[name] != password for name, password in passwords.items() if name in known):
        yield "a version holds another password than before"
    if known.keys() - passwords.keys():
        yield "a version was lost"
    if now.revision(key) < before.revision(key):
        yield "the revision went back"


def _versions(item: Item) -> list[dict[str, Any]]:
    return [member["M"] for member in item.get("Versions", {"L": []})["L"]]


def _decrypt(version: Item, context: dict[str, str]) -> str | None:
    try:
        clear, _ = kms_backends[ACCOUNT_ID][REGION].decrypt(
            version["Ciphertext"]["B"], context, version["KeyArn"]["S"]
        )
    except JsonRESTError:  # as KMS refuses what does not belong there
        return None
    return clear.decode()


def _texts(item: Item, names: tuple[str, ...]) -> Iterator[str]:
    for part in (item, *_versions(item)):
        yield from (part[name]["S"] for name in names if name in part)


def _form_of_time(value: Item, known: set[str]) -> str:
    return str(value["S"]) if value["S"] in known else "new"


def _seconds_after_deletion(item: Item) -> int:
    deleted = datetime.fromisoformat(item["DeletedTime"]["S"])
    return int(item["ExpiresAt"]["N"]) - int(deleted.timestamp())
