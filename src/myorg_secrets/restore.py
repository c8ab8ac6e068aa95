"""Brings back a deleted secret, or an earlier version of one."""

from dataclasses import dataclass
from datetime import datetime

from myorg_secrets_password.exceptions import Conflict
from myorg_secrets_password.record import Identity, Record
from myorg_secrets_password.store import Superseded

from .connection import Connection
from .exceptions import Damaged
from .lookup import find, version_of


@dataclass(frozen=True, slots=True)
class Restored:
    """What `restore` did.

    Attributes:
        record: as it stands now.
        was_deleted: whether it was a tombstone.
        changed: whether anything was done.
    """

    record: Record
    was_deleted: bool
    changed: bool


def restore(
    connection: Connection, identity: Identity, version_id: str | None, now: datetime
) -> Restored:
    """Make a deleted secret live again, or a version that it keeps the current one, or both.

    The record is written only if it is still the one that was read. An earlier version is decrypted
    first: nothing becomes current that cannot be read. A deleted secret as it was needs no key.

    Args:
        connection: the table.
        identity: the secret.
        version_id: the version; by default the one that is current, or was at the deletion.
        now: the time.

    Raises:
        NotFound: there is no such secret, or it keeps no such version.
        Conflict: somebody else changed the record meanwhile.
        Damaged: the record or the version cannot be read.
        AwsFailure, StorageUnusable: AWS did not do it; the record is as it was.
    """
    record = find(connection, identity)
    if not record.versions:
        raise Damaged(f"The deleted secret {identity} is damaged: it keeps no readable version.")
    version = version_of(record, version_id)
    # A date of expiry that somebody left behind would have DynamoDB remove a live record.
    if version is record.current and not record.is_deleted and record.expires_at is None:
        return Restored(record, was_deleted=False, changed=False)
    if version is not record.current:
        connection.cipher.reveal(identity, version)
    restored = record.restored(version, now)
    try:
        connection.store.update(restored, deleted=record.is_deleted)
    except Superseded as superseded:
        # The SDK repeats a call whose answer was lost, and then meets its own work.
        if superseded.standing != restored:
            raise Conflict(
                f"The secret {identity} was changed by somebody else meanwhile. Look at its history"
                " and repeat."
            ) from None
    return Restored(restored, was_deleted=record.is_deleted, changed=True)
