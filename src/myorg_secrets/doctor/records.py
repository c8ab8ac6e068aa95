"""The records: whether each can be read, and how long what is deleted stays."""

import json
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from myorg_secrets.exceptions import Damaged
from myorg_secrets_password.cipher import Cipher
from myorg_secrets_password.exceptions import AccessDenied, StorageUnusable
from myorg_secrets_password.item import from_item, key_of
from myorg_secrets_password.record import Record, Version, iso_of_epoch

from .asking import Asker, Unanswered
from .finding import Finding, Status
from .key import Keys

_TAMPERED = "its ciphertext does not belong to this record: it was tampered with or damaged"
_FROM_BACKUP = (
    "Restore the record from a backup: myorg-secrets import, or point-in-time recovery to another"
    " table."
)


@dataclass(frozen=True, slots=True)
class _Unreadable:
    """Why a version cannot be read."""

    reason: str
    remedy: str | None
    status: Status


class Records:
    """Looks at records one by one, and counts those of which there is nothing to say.

    Args:
        asker: asks.
        cipher: decrypts; what comes out is dropped.
        keys: knows which keys are unfit.
        region: for remedies.
        now: the time.
    """

    def __init__(
        self, asker: Asker, cipher: Cipher, keys: Keys, region: str, now: datetime
    ) -> None:
        self._asker = asker
        self._cipher = cipher
        self._keys = keys
        self._region = region
        self._now = now
        self.seen = 0
        self.live = 0
        self.deleted = 0
        self.versions = 0

    def look_at(self, table_name: str, item: Mapping[str, Any]) -> Iterator[Finding]:
        """Yield what is wrong with a record, and of a deleted one until when it stays."""
        self.seen += 1
        try:
            record = from_item(table_name, item)
        except Damaged as damaged:
            gone = "DeletedTime" in item
            message = f"{damaged}" + " It is deleted, and cannot be brought back as it is." * gone
            yield Finding("Record", Status.WARNING if gone else Status.PROBLEM, message)
            return
        self.versions += len(record.versions)
        for version in record.versions:
            yield from self._keys.news(version.key_arn)
        if record.is_deleted:
            self.deleted += 1
            yield self._tombstone(record)
        else:
            self.live += 1
            if record.expires_at is not None:
                yield self._expiring(record)
        yield from self._unreadable(record)

    def _tombstone(self, record: Record) -> Finding:
        message = f"{record.identity} was deleted at {record.deleted_time}."
        restore = f"myorg-secrets restore {shlex.quote(str(record.identity))}"
        if record.expires_at is None:
            message += " It has no ExpiresAt: DynamoDB never removes it."
            return Finding("Record", Status.WARNING, message, f"If it is still wanted: {restore}")
        end = _moment(record.expires_at)
        if record.expires_at <= self._now.timestamp():
            message += f" Its recovery window ended at {end}; DynamoDB has not removed it yet."
            return Finding("Record", Status.WARNING, message, f"If it is still wanted: {restore}")
        message += f" It can be restored until {end}."
        return Finding("Record", Status.OK, message, restore)

    def _expiring(self, record: Record) -> Finding:
        assert record.expires_at is not None  # noqa: S101  # nosec B101 # the caller looked
        key = shlex.quote(json.dumps(key_of(record.identity)))
        return Finding(
            "Record",
            Status.PROBLEM,
            f"{record.identity} is live, but has the attribute ExpiresAt, as after a restoration by"
            f" hand: DynamoDB removes it from {_moment(record.expires_at)} on.",
            f"aws dynamodb update-item --table-name {record.identity.table_name}"
            f" --region {self._region} --key {key}"
            " --update-expression 'REMOVE ExpiresAt ADD Revision :one'"
            " --condition-expression 'attribute_exists(StackName) AND"
            " attribute_not_exists(DeletedTime)'"
            """ --expression-attribute-values '{":one": {"N": "1"}}'""",
        )

    def _unreadable(self, record: Record) -> Iterator[Finding]:
        kept: dict[_Unreadable, list[str]] = {}
        for version in record.versions:
            why = self._why_unreadable(record, version)
            if why is None:
                continue
            if version is record.current and not record.is_deleted:
                yield Finding(
                    "Record",
                    why.status,
                    f"{record.identity}: the current version {version.id} cannot be read:"
                    f" {why.reason}.",
                    why.remedy,
                )
            else:
                kept.setdefault(why, []).append(version.id)
        for why, ids in kept.items():
            status = why.status
            if status is Status.PROBLEM and why.reason != _TAMPERED:
                # Nobody reads it now; only a roll-back or a restore would.
                status = Status.WARNING
            plural = "s" * (len(ids) > 1)
            message = (
                f"{record.identity}: the kept version{plural} {', '.join(ids)} cannot be read:"
                f" {why.reason}."
            )
            yield Finding("Record", status, message, why.remedy)

    def _why_unreadable(self, record: Record, version: Version) -> _Unreadable | None:
        if self._keys.is_unfit(version.key_arn):
            key = self._keys.look_at(version.key_arn)
            return _Unreadable(
                f"its key is unfit: {key.message.rstrip('.')}", key.remedy, key.status
            )
        try:
            self._asker.ask(
                "kms:Decrypt",
                version.key_arn,
                lambda: self._cipher.reveal(record.identity, version),
            )
        except Unanswered as failure:
            if isinstance(failure.error, Damaged):
                return _Unreadable(_TAMPERED, _FROM_BACKUP, Status.PROBLEM)
            remedy = self._asker.explain("Record", failure).remedy
            if isinstance(failure.error, AccessDenied):
                reason = f"kms:Decrypt on {version.key_arn} is denied"
                return _Unreadable(reason, remedy, Status.PROBLEM)
            if isinstance(failure.error, StorageUnusable):
                return _Unreadable(str(failure).rstrip("."), remedy, Status.PROBLEM)
            return _Unreadable(str(failure).rstrip("."), None, Status.UNKNOWN)
        return None


def _moment(seconds: int) -> str:
    try:
        return iso_of_epoch(seconds)
    except (OverflowError, ValueError, OSError):  # whatever somebody wrote there
        return f"{seconds} seconds after 1970"
