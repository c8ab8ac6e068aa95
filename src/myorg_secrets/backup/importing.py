"""Imports records: each by itself and by one conditional write, never over a newer one."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from botocore.exceptions import ClientError

from myorg_secrets.connection import Connection
from myorg_secrets.exceptions import (
    Damaged,
    InvalidCredentials,
    PasswordError,
    Throttled,
    Unreachable,
)
from myorg_secrets_password.aws_errors import translated
from myorg_secrets_password.exceptions import Conflict, InvalidProperty, StorageUnusable
from myorg_secrets_password.item import Item, from_item, identity_of
from myorg_secrets_password.record import Record

from .exporting import with_versions
from .format import MalformedLine

_STOPS = (InvalidCredentials, Throttled, Unreachable)
"""What the next line would meet as well."""


_ABSENT = {"ConditionExpression": "attribute_not_exists(StackName)"}
_THERE = {"ConditionExpression": "attribute_exists(StackName)"}
_DELETED = {"ConditionExpression": "attribute_exists(DeletedTime)"}


class _Unusable(Exception):
    """A line is not imported, for a reason that is not its own form."""


class Status(StrEnum):
    """What became of a line."""

    IMPORTED = "Imported"
    UNCHANGED = "Unchanged"
    NEWER = "NewerStands"
    EXPIRED = "Expired"
    NOT_IMPORTED = "NotImported"


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a line.

    Attributes:
        line: its number, from 1.
        status: whether its record is in the table now, in this state or a newer one.
        ref: the secret, where the line says which.
        reason: why it was not imported, or over what it was.
    """

    line: int
    status: Status
    ref: str | None = None
    reason: str = ""


@dataclass
class Importing:
    """How lines are imported.

    Attributes:
        connection: the table that they go to.
        key_id: the key to encrypt every version under; by default each stays as it is.
        now: the time.
        dry_run: whether nothing is written.
        verify: whether each record's current version is decrypted before it is written. Where the
            versions are encrypted anew, that proves it already.
        replace_damaged: whether an item that is no readable record is overwritten.
        failure: what every further line would meet as well.
    """

    connection: Connection
    now: datetime
    key_id: str | None = None
    dry_run: bool = False
    verify: bool = True
    replace_damaged: bool = False
    failure: PasswordError | None = None

    def __call__(self, numbered: tuple[int, Item | MalformedLine]) -> Imported:
        """Import one line, unless an earlier one met a failure that every line would meet."""
        number, item = numbered
        ref = None
        try:
            if isinstance(item, MalformedLine):
                raise item
            record = self._record(item)
            ref = str(record.identity)
            if self.failure is not None:
                return Imported(number, Status.NOT_IMPORTED, ref, "Not tried any more.")
            status, reason = self._outcome(item, record)
        except (MalformedLine, _Unusable, InvalidProperty, Damaged, Conflict) as problem:
            return Imported(number, Status.NOT_IMPORTED, ref, str(problem))
        except PasswordError as failure:
            self.failure = failure
            return Imported(number, Status.NOT_IMPORTED, ref, str(failure))
        return Imported(number, status, ref, reason)

    def _record(self, item: Item) -> Record:
        table_name = self.connection.table_name
        try:
            identity = identity_of(table_name, item)
        except (KeyError, TypeError):
            raise MalformedLine("The line holds no item of this type's table.") from None
        self.connection.identity(identity.stack_name, identity.name, identity.env)
        return from_item(table_name, item)

    def _outcome(self, item: Item, record: Record) -> tuple[Status, str]:
        if record.expires_at is not None and record.expires_at <= self.now.timestamp():
            return Status.EXPIRED, "It was deleted, and its recovery window has ended."
        try:
            standing = self.connection.store.get(record.identity)
        except Damaged as damaged:
            if not self.replace_damaged:
                raise Damaged(
                    f"{damaged} Or let --replace-damaged put this record there."
                ) from None
            self._write(item, record, _THERE)
            return Status.IMPORTED, "in place of a damaged item"
        if standing is None:
            self._write(item, record, _ABSENT)
            return Status.IMPORTED, ""
        if not standing.versions:
            self._write(item, record, _DELETED)
            return Status.IMPORTED, "in place of a damaged item that was deleted"
        if not _same_life(record, standing):
            return self._over_another_life(item, record, standing)
        if standing.revision > record.revision:
            return Status.NEWER, f"Revision {standing.revision} stands there."
        if standing.revision < record.revision:
            self._write(item, record, _as_read(standing))
            return Status.IMPORTED, f"in place of revision {standing.revision}"
        if [each.id for each in standing.versions] != [each.id for each in record.versions]:
            raise _Unusable("Another record with the same revision stands there, and stays.")
        if standing.current.ciphertext == record.current.ciphertext:
            return Status.UNCHANGED, ""
        try:
            self.connection.cipher.reveal(standing.identity, standing.current)
        except Damaged:
            trouble = "that was tampered with"
        except StorageUnusable:
            trouble = "whose key cannot be used"
        else:
            return Status.UNCHANGED, ""
        self._write(item, record, _as_read(standing))
        return Status.IMPORTED, f"in place of a record {trouble}"

    def _over_another_life(
        self, item: Item, record: Record, standing: Record
    ) -> tuple[Status, str]:
        if standing.created_time > record.created_time:
            return Status.NEWER, f"A secret that was created at {standing.created_time} stands."
        # The table's own count goes on, by which every other writer knows that it lost.
        revision = max(record.revision, standing.revision + 1)
        self._write({**item, "Revision": {"N": str(revision)}}, record, _as_read(standing))
        return Status.IMPORTED, f"in place of a secret that was created at {standing.created_time}"

    def _write(self, item: Item, record: Record, guard: Mapping[str, Any]) -> None:
        ready = self._usable(item, record)
        if not self.dry_run:
            self._put(ready, guard)

    def _usable(self, item: Item, record: Record) -> Item:
        cipher = self.connection.cipher
        try:
            if self.key_id is not None:
                return with_versions(
                    item,
                    record,
                    [
                        cipher.re_encrypt(record.identity, version, self.key_id)
                        for version in record.versions
                    ],
                )
            if self.verify:
                cipher.reveal(record.identity, record.current)
        except _STOPS:
            raise
        except PasswordError as problem:
            raise _Unusable(str(problem)) from None
        return item

    def _put(self, item: Item, guard: Mapping[str, Any]) -> None:
        try:
            with translated("dynamodb:PutItem", self.connection.store.arn):
                self.connection.dynamodb.put_item(
                    TableName=self.connection.table_name,
                    Item=item,
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                    **guard,
                )
        except ClientError as failed:
            # The SDK repeats a call whose answer was lost, and then meets its own work.
            if failed.response.get("Item") != item:
                raise Conflict("The record was changed meanwhile. Repeat.") from None


def _same_life(record: Record, standing: Record) -> bool:
    return record.created_time == standing.created_time


def _as_read(standing: Record) -> dict[str, Any]:
    return {
        "ConditionExpression": "Revision = :revision AND CreatedTime = :created",
        "ExpressionAttributeValues": {
            ":revision": {"N": str(standing.revision)},
            ":created": {"S": standing.created_time},
        },
    }
