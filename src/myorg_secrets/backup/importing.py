"""Imports records: each by itself and by one conditional write, never over a newer one."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from botocore.exceptions import ClientError

from myorg_secrets.connection import Connection
from myorg_secrets.exceptions import (
    AccessDenied,
    Damaged,
    InvalidRequest,
    PasswordError,
)
from myorg_secrets_password.aws_errors import translated
from myorg_secrets_password.exceptions import Conflict, Refused, StorageUnusable
from myorg_secrets_password.item import Item, from_item, identity_of, key_of
from myorg_secrets_password.record import Record

from .exporting import STOPS, rekeyed, with_versions
from .format import MalformedLine

_ABSENT = {"ConditionExpression": "attribute_not_exists(StackName)"}
_DELETED = {"ConditionExpression": "attribute_exists(DeletedTime)"}


class _Stays(Exception):
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
        except (MalformedLine, _Stays, Damaged, Conflict, Refused) as problem:
            return Imported(number, Status.NOT_IMPORTED, ref, str(problem))
        except PasswordError as failure:
            if isinstance(failure, InvalidRequest) and not isinstance(failure, StorageUnusable):
                return Imported(number, Status.NOT_IMPORTED, ref, str(failure))
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
        try:
            return from_item(table_name, item)
        except Damaged:
            raise MalformedLine("The line holds no record as this type writes it.") from None

    def _outcome(self, item: Item, record: Record) -> tuple[Status, str]:
        if not record.is_deleted:
            # A date that somebody left behind would have DynamoDB remove it.
            item = {name: value for name, value in item.items() if name != "ExpiresAt"}
        elif record.expires_at is not None and record.expires_at <= self.now.timestamp():
            return Status.EXPIRED, "It was deleted, and its recovery window has ended."
        try:
            standing = self.connection.store.get(record.identity)
        except Damaged as damaged:
            if not self.replace_damaged:
                raise Damaged(f"{damaged} Or use --replace-damaged.") from None
            return self._write(item, record, self._as_found(record), "in place of a damaged item")
        if standing is None:
            return self._write(item, record, _ABSENT)
        if not standing.versions:
            return self._write(item, record, _DELETED, "in place of a damaged item")
        if standing.created_time > record.created_time:
            return Status.NEWER, f"A secret that was created at {standing.created_time} stands."
        if not _same_life(record, standing):
            _refuse_to_lose(record, standing)
            # The table's own count goes on, by which every other writer knows that it lost.
            revision = max(record.revision, standing.revision + 1)
            item = {**item, "Revision": {"N": str(revision)}}
            over = f"in place of a secret that was created at {standing.created_time}"
            return self._write(item, record, _as_read(standing), over)
        if standing.revision > record.revision:
            return Status.NEWER, f"Revision {standing.revision} stands there."
        if standing.revision < record.revision:
            _refuse_to_lose(record, standing)
            over = f"in place of revision {standing.revision}"
            return self._write(item, record, _as_read(standing), over)
        if [each.id for each in standing.versions] != [each.id for each in record.versions]:
            raise _Stays("Another record with the same revision stands there, and stays.")
        if not self.verify or standing.current.ciphertext == record.current.ciphertext:
            return Status.UNCHANGED, ""
        why = self._unreadable(standing)
        if not why:
            return Status.UNCHANGED, ""
        return self._write(item, record, _as_read(standing), f"in place of one that {why}")

    def _unreadable(self, standing: Record) -> str:
        """Say why the record that stands there cannot be read, or nothing where it can."""
        try:
            cipher = self.connection.cipher_for(standing.current.key_arn)
            cipher.reveal(standing.identity, standing.current)
        except Damaged:
            return "was tampered with"
        except StorageUnusable:
            return "is under a key that cannot be used"
        except AccessDenied as denied:
            raise _Stays(str(denied)) from None
        return ""

    def _as_found(self, record: Record) -> dict[str, Any]:
        """Return the condition that a damaged item is the one that is there now."""
        with translated("dynamodb:GetItem", self.connection.store.arn):
            answer = self.connection.dynamodb.get_item(
                TableName=self.connection.table_name,
                Key=key_of(record.identity),
                ConsistentRead=True,
            )
        revision = answer.get("Item", {}).get("Revision")
        if revision is None:
            return {
                "ConditionExpression": "attribute_exists(StackName)"
                " AND attribute_not_exists(Revision)"
            }
        return {
            "ConditionExpression": "Revision = :revision",
            "ExpressionAttributeValues": {":revision": revision},
        }

    def _write(
        self, item: Item, record: Record, guard: Mapping[str, Any], over: str = ""
    ) -> tuple[Status, str]:
        ready, kept = self._usable(item, record)
        if not self.dry_run:
            self._put(ready, guard)
        return Status.IMPORTED, ". ".join(filter(None, (over, *kept)))

    def _usable(self, item: Item, record: Record) -> tuple[Item, list[str]]:
        """Return the item as it is written, and what is said of earlier versions."""
        if self.key_id is not None:
            versions, problems = rekeyed(self.connection, record, self.key_id)
            if record.current.id in problems:
                raise _Stays(problems[record.current.id])
            kept = [f"Version {name} stays as it is: {why}" for name, why in problems.items()]
            return with_versions(item, record, versions), kept
        if self.verify:
            try:
                self.connection.cipher_for(record.current.key_arn).reveal(
                    record.identity, record.current
                )
            except STOPS:
                raise
            except PasswordError as problem:
                raise _Stays(str(problem)) from None
        return item, []

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


def _refuse_to_lose(record: Record, standing: Record) -> None:
    """See that a line has the password that stands there, in its history at least.

    Raises:
        _Stays: it has not, or it has deleted what is live.
    """
    if standing.current.id not in {version.id for version in record.versions}:
        raise _Stays("A password stands there that the file does not know, and stays.")
    if record.is_deleted and not standing.is_deleted:
        raise _Stays("The secret is live there, and deleted in the file. It stays.")


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
