"""What holds after every step, whatever it was."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import Any

from tests.model.account import PLACES, Account
from tests.model.readable import found
from tests.model.records import differences
from tests.model.reference import Reference
from tests.model.resource import Resource
from tests.table import Key


class Invariants:
    """Looks at the whole table, and remembers what it looked like before."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._seen: dict[Key, dict[str, Any]] = {}
        self._listed: set[int] = set()
        self._values: set[str] = set()

    def check(self, resources: Sequence[Resource], touched: Collection[int]) -> None:
        """Compare every record with its reference, and look for what can be read in it.

        Args:
            resources: all of them.
            touched: the numbers of those whose records may have changed.
        """
        items = self._account.table.items()
        assert items.keys() <= {resource.key for resource in resources}
        for resource in resources:
            item, seen = items.get(resource.key), self._seen.get(resource.key)
            if resource.number in touched:
                self._check_record(resource, item, seen)
            else:
                assert item == seen, "a record changed that nothing was done to"
        self._seen = items
        alive = {resource.number for resource in resources if resource.secret.alive}
        # A list depends on nothing else, and costs as much as all the rest.
        if alive != self._listed:
            self._check_lists(alive, {PLACES[number][0] for number in alive ^ self._listed})
            self._listed = alive

    def differences(self, resource: Resource, secret: Reference) -> list[str]:
        """Return in what the resource's record differs from a reference."""
        table = self._account.table
        item, passwords = table.items().get(resource.key), table.versions(resource.key)
        return differences(item, passwords, secret, self._account.arns)

    def _check_record(self, resource: Resource, item: Any, seen: Any) -> None:
        assert self.differences(resource, resource.secret) == []
        if item and seen and item != seen:
            assert int(item["Revision"]["N"]) > int(seen["Revision"]["N"])
        self._values |= {kept.value for kept in resource.secret.versions}
        assert found(item or {}, self._values) == []

    def _check_lists(self, alive: set[int], stacks: set[str]) -> None:
        for stack in (None, *stacks):
            there = [self._account.identity(number) for number in sorted(alive)]
            expected = [one for one in there if stack in (None, one["StackName"])]
            listed = self._account.world.list({} if stack is None else {"StackName": stack})
            assert sorted(map(json.dumps, listed)) == sorted(map(json.dumps, expected))
