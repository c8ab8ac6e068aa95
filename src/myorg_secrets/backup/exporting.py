"""Exports records: each as its item is, or encrypted anew under another key."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from myorg_secrets.connection import Connection
from myorg_secrets.exceptions import (
    Damaged,
    InvalidCredentials,
    PasswordError,
    Throttled,
    Unreachable,
)
from myorg_secrets.lookup import items_of
from myorg_secrets.parallel import in_parallel
from myorg_secrets_password.item import Item, from_item, identity_of, to_item
from myorg_secrets_password.record import Identity, Record, Version

STOPS = (InvalidCredentials, Throttled, Unreachable)
"""What the next record would meet as well."""


@dataclass(frozen=True, slots=True)
class Exported:
    """A record on its way into an export.

    Attributes:
        item: as it is exported; None where the item is none of this type's.
        identity: the secret's, where the item is of this type.
        problem: what is not as it should be, or empty.
        moved: how many of its versions were encrypted anew.
    """

    item: Item | None
    identity: Identity | None
    problem: str = ""
    moved: int = 0

    @property
    def ref(self) -> str:
        """The secret as `Ref` gives it."""
        return "?" if self.identity is None else str(self.identity)


def export(
    connection: Connection,
    stacks: tuple[str, ...] = (),
    env: str | None = None,
    key_id: str | None = None,
) -> Iterator[Exported]:
    """Yield the table's records for an export, deleted ones included.

    A version that cannot be encrypted anew stays under its own key, and is reported: a backup with
    it is better than one without. A damaged item is exported as it is.

    Args:
        connection: the table.
        stacks: only these stacks' records.
        env: only those of this environment.
        key_id: the key to encrypt under; by default every version stays as it is.

    Raises:
        AwsFailure, StorageUnusable: the table cannot be read, or KMS not be reached.
    """

    def prepare(item: Item) -> Exported:
        return prepared(connection, item, key_id)

    yield from in_parallel(prepare, items_of(connection, stacks, env))


def prepared(connection: Connection, item: Item, key_id: str | None) -> Exported:
    """Return one item as it is exported; see `export`."""
    try:
        identity = identity_of(connection.table_name, item)
    except KeyError:
        return Exported(None, None, "The item has not the keys of this type's table.")
    if not identity.is_complete:
        return Exported(None, identity, "The item is none of this type's: it stays out.")
    try:
        record = from_item(connection.table_name, item)
    except Damaged as damaged:
        return Exported(item, identity, f"Exported as it is: {damaged}")
    if key_id is None:
        return Exported(item, identity)
    versions, problems = rekeyed(connection, record, key_id)
    moved = len(versions) - len(problems)
    said = [
        f"Version {version.id} stays under {version.key_arn}: {problems[version.id]}"
        for version in versions
        if version.id in problems
    ]
    return Exported(with_versions(item, record, versions), identity, " ".join(said), moved)


def rekeyed(
    connection: Connection, record: Record, key_id: str
) -> tuple[list[Version], dict[str, str]]:
    """Encrypt a record's versions anew, and return them with what kept some as they were, by ID.

    Raises:
        AwsFailure: what the next record would meet as well.
    """
    versions, problems = [], {}
    for version in record.versions:
        try:
            versions.append(connection.cipher.re_encrypt(record.identity, version, key_id))
        except STOPS:
            raise
        except PasswordError as problem:
            versions.append(version)
            problems[version.id] = str(problem)
    return versions, problems


def with_versions(item: Item, record: Record, versions: Iterable[Version]) -> Item:
    """Return the record's item with other versions, and whatever else is in it as it is."""
    return {**item, "Versions": to_item(replace(record, versions=tuple(versions)))["Versions"]}
