"""Adopts rows of an old table, each by itself: what fails is reported and never stops the rest.

A row is adopted by one conditional write, as create does it. Adopted rows are known again by a
digest of their old ciphertext, kept with the version, so that the work can be interrupted and
repeated. The old row goes last, if at all: only when the new record reads back.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from myorg_secrets.connection import Connection
from myorg_secrets.exceptions import (
    Damaged,
    InvalidCredentials,
    InvalidRequest,
    NotFound,
    PasswordError,
    Unreachable,
)
from myorg_secrets_password.exceptions import Conflict, Refused, StorageUnusable
from myorg_secrets_password.record import Identity, Record, Settings, Version
from myorg_secrets_password.store import Superseded

from .layouts import Unfit


class _Stays(Exception):
    """A row is not adopted, for a reason that is not its own."""


TRIES = 4
"""How often a row is tried before it is given up because others always came first."""


class Status(StrEnum):
    """What became of a row."""

    ADOPTED = "Adopted"
    ADOPTED_BEFORE = "AdoptedBefore"
    NOT_ADOPTED = "NotAdopted"


class Row(Protocol):
    """One row of an old table, whatever its layout."""

    @property
    def shown(self) -> str:
        """The row's key, as people read it."""

    def place(self) -> tuple[str, str, str]:
        """Return stack, environment and name of the secret.

        Raises:
            Unfit: the row is not what the layout says.
        """

    @property
    def digest(self) -> str:
        """What the row is known by after it was adopted."""

    @property
    def user_name(self) -> str | None:
        """The user that the password belongs to, where the row says it."""

    def version(self, connection: Connection, identity: Identity, key_id: str) -> Version:
        """Return the password as a version of our record.

        Raises:
            Unfit: the row does not hold what it should.
            PasswordError: KMS did not do it.
        """

    def delete(self) -> None:
        """Delete the row, if it still is as it was read.

        Raises:
            PasswordError: it stays.
        """


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a row.

    Attributes:
        row: its key, as people read it.
        status: whether it is adopted now.
        identity: the secret, where the row says which.
        reason: why it was not adopted, or why the old row stays though it should go.
        deleted: whether the old row is gone.
        user_name: the user that the password belongs to, where the row says it.
    """

    row: str
    status: Status
    identity: Identity | None = None
    reason: str = ""
    deleted: bool = False
    user_name: str | None = None

    @property
    def is_done(self) -> bool:
        """Whether everything that was asked for was done."""
        return self.status is not Status.NOT_ADOPTED and not self.reason


@dataclass
class Adoption:
    """How rows are adopted.

    Attributes:
        connection: the table that they go to.
        key_id: the key that they are encrypted under there.
        now: the clock.
        dry_run: whether nothing is written; KMS is asked all the same, so that it is known which
            rows it would refuse.
        delete: whether the old row goes after the new record reads back.
        failure: what every further row would meet as well: no credentials, no connection, no access
            to the table.
    """

    connection: Connection
    key_id: str
    now: Callable[[], datetime]
    dry_run: bool = False
    delete: bool = False
    failure: PasswordError | None = None

    def __call__(self, row: Row) -> Outcome:
        """Adopt one row, unless an earlier one met a failure that every row would meet."""
        if self.failure is not None:
            return Outcome(row.shown, Status.NOT_ADOPTED, reason="Not tried any more.")
        try:
            return self._outcome(row)
        except PasswordError as failure:
            self.failure = failure
            return Outcome(row.shown, Status.NOT_ADOPTED, reason=str(failure))

    def _outcome(self, row: Row) -> Outcome:
        identity = None
        try:
            stack, env, name = row.place()
            identity = self.connection.identity(stack, name, env)
            status = self._adopted(row, identity)
        except (Unfit, _Stays, Damaged, Conflict, Refused) as reason:
            return Outcome(row.shown, Status.NOT_ADOPTED, identity, str(reason))
        except InvalidRequest as reason:
            if isinstance(reason, StorageUnusable):
                raise
            return Outcome(row.shown, Status.NOT_ADOPTED, identity, str(reason))
        outcome = Outcome(row.shown, status, identity, user_name=row.user_name)
        if not self.delete or self.dry_run:
            return outcome
        try:
            self._prove(row, identity)
            row.delete()
        except PasswordError as reason:
            return replace(outcome, reason=f"The old row stays: {reason}")
        return replace(outcome, deleted=True)

    def _adopted(self, row: Row, identity: Identity) -> Status:
        standing = self.connection.store.get(identity)
        version: Version | None = None
        for _ in range(TRIES):
            if standing is not None and not standing.is_deleted:
                if version is not None and standing.current.id == version.id:
                    return Status.ADOPTED  # The SDK repeated a call whose answer was lost.
                if _of(standing, row.digest) is not None:
                    return Status.ADOPTED_BEFORE
                raise _Stays(f"A live secret {identity} stands there already.")
            if version is None:
                version = self._version(row, identity)
            if self.dry_run:
                return Status.ADOPTED
            record = Record.adopt(identity, version, Settings())
            if standing is not None:
                record = record.reborn_over(standing, self.now())
            try:
                self.connection.store.add(record, over=standing)
            except Superseded as superseded:
                standing = superseded.standing
            else:
                return Status.ADOPTED
        raise Conflict(f"{identity} was changed by others each time. Repeat.")

    def _version(self, row: Row, identity: Identity) -> Version:
        try:
            version = row.version(self.connection, identity, self.key_id)
        except (InvalidCredentials, Unreachable):
            raise
        except PasswordError as reason:
            raise _Stays(str(reason)) from None
        return replace(version, adopted_from=row.digest)

    def _prove(self, row: Row, identity: Identity) -> None:
        record = self.connection.store.get(identity)
        version = None if record is None or record.is_deleted else _of(record, row.digest)
        # What an earlier life left is history only: the type never takes it up again.
        if record is None or version is None or version.created_time < record.created_time:
            raise NotFound(f"The secret {identity} has another password now.")
        # KMS decrypts it for this, and the clear text stays there.
        self.connection.cipher.re_encrypt(identity, version, version.key_arn)


def _of(record: Record, digest: str) -> Version | None:
    return next((each for each in record.versions if each.adopted_from == digest), None)
