"""Reads passwords for a program, with a cache that is fair to DynamoDB and KMS."""

import logging
import random
import threading
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from cachetools import LRUCache

from myorg_secrets_password.cleartext import ClearText
from myorg_secrets_password.exceptions import StorageUnusable
from myorg_secrets_password.properties import DEFAULT_ENV, DEFAULT_TABLE_NAME
from myorg_secrets_password.record import Identity, Record, Version

from .connection import READ_CONFIG, Connection, connect
from .exceptions import (
    NotFound,
    PasswordError,
    ServiceFault,
    Throttled,
    Unreachable,
    VersionNotFound,
)

if TYPE_CHECKING:
    from boto3.session import Session

    from .backup.mirror import Mirror

LOG = logging.getLogger(__name__)

DEFAULT_MAX_AGE = 300.0
"""Seconds."""

_JITTER = 0.2
"""The share of `max_age` by which an expiry comes early, at random: programs that started at once
must not all read again at once."""

_PAUSE = 5.0
"""Seconds until the next attempt after one that failed, while the value before is served. They
double with each further failure: what makes AWS throttle must not grow while it does."""

_LONGEST_PAUSE = 60.0
"""Seconds, so that an end of the trouble is noticed soon."""

_PASSING = (ServiceFault, Throttled, Unreachable)
"""Failures that come to an end without anybody's doing."""


@dataclass(frozen=True, slots=True)
class Password:
    """A password and the version that it is. `repr` shows the version alone.

    Attributes:
        value: the clear text.
        version_id: the version's ID, which changes exactly when the value does.
    """

    value: str = field(repr=False)
    version_id: str


@dataclass(frozen=True, slots=True)
class _Reading:
    """What was read of a secret, and when, by the client's clock."""

    record: Record
    value: ClearText
    read_at: float
    expires_at: float
    connection: Connection
    """Whose KMS decrypts the record's versions."""
    failures: int = 0
    """Attempts to read it again that failed, one after another."""
    failure: PasswordError | None = None
    """The latest of them: why this is served instead of what the table holds."""


class SecretsClient:
    """Reads passwords and keeps them in memory for a while.

    Make one for a process and share it among threads. In asynchronous code call it by
    ``await asyncio.to_thread(client.get, ...)``: a value that is cached costs a few microseconds.

    A reading costs one consistent read of DynamoDB and, for a version that is new to this process,
    one call of KMS, however many threads ask at once.

    Args:
        table_name: the DynamoDB table.
        max_age: for how many seconds at most a value is served without a look at the table. After
            a rotation the new value comes at the latest after this time.
        max_stale: for how many seconds beyond that the last value is still served while AWS
            throttles, fails or cannot be reached; 0 for not at all. What AWS refuses, and a secret
            that is gone, are told at once.
        max_secrets: how many secrets are kept at most, those asked for last.
        fallback: s3://BUCKET/PREFIX, where `myorg-secrets mirror` keeps copies. They are read while
            the table, its Region or its key cannot be used and no value is in memory; the logger
            of this module says so at WARNING.
        fallback_region: the Region of that bucket and of the key that its copies are under, which
            for a multi-Region key has a replica there; by default the table's.
        region_name: the Region; the session's own if it is not given.
        session: where clients, credentials and Region come from.

    Raises:
        InvalidRequest: there is no Region, or `fallback` is no location in S3.
    """

    def __init__(
        self,
        table_name: str = DEFAULT_TABLE_NAME,
        *,
        max_age: float = DEFAULT_MAX_AGE,
        max_stale: float = 3600.0,
        max_secrets: int = 1024,
        fallback: str | None = None,
        fallback_region: str | None = None,
        region_name: str | None = None,
        session: "Session | None" = None,
    ) -> None:
        connection = connect(table_name, region_name=region_name, session=session)
        self._connection = connection
        self._mirror = (
            None if fallback is None else _mirror_at(fallback, fallback_region, connection)
        )
        self._max_age = max_age
        self._max_stale = max_stale
        self._readings: LRUCache[Identity, _Reading] = LRUCache(max_secrets)
        self._earlier: LRUCache[tuple[Identity, str], ClearText] = LRUCache(max_secrets)
        # Guards the caches; a secret's own lock is held while AWS is asked, and is gone with the
        # last who waits for it: names may come from anywhere, and most may be wrong.
        self._lock = threading.Lock()
        self._refreshes = 0
        self._locks: WeakValueDictionary[Identity, threading.Lock] = WeakValueDictionary()

    def get(
        self, stack: str, name: str, env: str = DEFAULT_ENV, *, version_id: str | None = None
    ) -> str:
        """Return a password in clear text.

        Args:
            stack: the stack's name.
            name: the secret's name: the logical ID, unless the template says another.
            env: the environment.
            version_id: an earlier version that is still kept, to bridge a rotation; by default the
                current one.

        Raises:
            NotFound: there is no live secret, or it keeps no such version.
            InvalidRequest: a name is not valid, or the table or the key cannot be used.
            Damaged: the record was tampered with.
            AwsFailure: AWS did not answer, or refused.
        """
        return self.get_with_version_id(stack, name, env, version_id=version_id).value

    def get_with_version_id(
        self, stack: str, name: str, env: str = DEFAULT_ENV, *, version_id: str | None = None
    ) -> Password:
        """Return a password together with the ID of its version.

        Arguments, cache and errors are those of `get`.
        """
        identity = self._connection.identity(stack, name, env)
        with self._lock:
            lock = self._locks.setdefault(identity, threading.Lock())
        with lock:
            reading = self._cached(identity) or self._read(identity)
            current = reading.record.current.id
            if version_id is None or version_id == current:
                return Password(reading.value.reveal(), current)
            earlier = self._earlier_value(identity, reading, version_id)
            return Password(earlier.reveal(), version_id)

    def refresh(
        self, stack: str | None = None, name: str | None = None, env: str = DEFAULT_ENV
    ) -> None:
        """Make the next `get` of a secret look at the table.

        A program calls it when its password was refused, which after a rotation is to be expected.

        Args:
            stack: the stack's name; without it, all secrets are meant.
            name: the secret's name; without it, all secrets of the stack are.
            env: the environment that the name belongs to.
        """
        with self._lock:
            # What is being read at this moment may be from before.
            self._refreshes += 1
            for identity in list(self._readings):
                if stack in (None, identity.stack_name) and (
                    name is None or (env, name) == (identity.env, identity.name)
                ):
                    reading = self._readings[identity]
                    self._readings[identity] = replace(reading, expires_at=reading.read_at)

    def _cached(self, identity: Identity) -> _Reading | None:
        with self._lock:
            reading = self._readings.get(identity)
        return reading if reading is not None and time.monotonic() < reading.expires_at else None

    def _read(self, identity: Identity) -> _Reading:
        with self._lock:
            last = self._readings.get(identity)
            refreshes = self._refreshes
        try:
            reading = self._fresh(identity, last)
        except NotFound:
            with self._lock:
                self._readings.pop(identity, None)
            raise
        except (*_PASSING, StorageUnusable) as failure:
            reading = self._instead(identity, last, failure)
        with self._lock:
            if refreshes != self._refreshes:
                reading = replace(reading, expires_at=reading.read_at)
            self._readings[identity] = reading
        return reading

    def _instead(
        self, identity: Identity, last: _Reading | None, failure: PasswordError
    ) -> _Reading:
        """Return what is served while the table cannot be, or raise why it cannot."""
        now = time.monotonic()
        failures = 0 if last is None else last.failures
        again_at = now + _early(min(_PAUSE * 2.0**failures, _LONGEST_PAUSE))
        if last is not None and isinstance(failure, _PASSING):
            end = last.read_at + self._max_age + self._max_stale
            if now < end:
                age = now - last.read_at
                LOG.warning(
                    "The password of %s is the one read %.0f s ago: %s", identity, age, failure
                )
                return replace(
                    last, expires_at=min(again_at, end), failures=failures + 1, failure=failure
                )
        if self._mirror is None:
            raise failure
        there = self._mirror.connection
        try:
            record = self._mirror.read(identity)
            if record.is_deleted:
                raise NotFound(f"The secret {identity} was deleted at {record.deleted_time}.")
            value = self._value(identity, record, last, there)
        except PasswordError as second:
            LOG.warning("The copy of %s cannot serve instead: %s", identity, second)
            raise failure from None
        LOG.warning("The password of %s is from its copy in S3: %s", identity, failure)
        return _Reading(record, value, now, again_at, there, failures + 1, failure)

    def _fresh(self, identity: Identity, last: _Reading | None) -> _Reading:
        record = self._connection.store.get(identity)
        if record is None or record.is_deleted:
            raise NotFound(f"There is no secret {identity}.")
        value = self._value(identity, record, last, self._connection)
        now = time.monotonic()
        return _Reading(record, value, now, now + _early(self._max_age), self._connection)

    def _value(
        self, identity: Identity, record: Record, last: _Reading | None, connection: Connection
    ) -> ClearText:
        if last is not None and last.record.current.id == record.current.id:
            return last.value
        value = self._revealed(identity, record.current, connection)
        if last is not None:
            # Whoever bridges the rotation asks for it, and a roll-back brings it back.
            self._keep(identity, last.record.current.id, last.value)
        return value

    def _earlier_value(self, identity: Identity, reading: _Reading, version_id: str) -> ClearText:
        version, connection = self._version(identity, reading, version_id)
        value = self._revealed(identity, version, connection)
        self._keep(identity, version_id, value)
        return value

    def _revealed(self, identity: Identity, version: Version, connection: Connection) -> ClearText:
        with self._lock:
            value = self._earlier.get((identity, version.id))
        return value or connection.cipher_for(version.key_arn).reveal(identity, version)

    def _keep(self, identity: Identity, version_id: str, value: ClearText) -> None:
        with self._lock:
            self._earlier[identity, version_id] = value

    def _version(
        self, identity: Identity, reading: _Reading, version_id: str
    ) -> tuple[Version, Connection]:
        version = _find(reading.record, version_id)
        if version is None:
            # What was read a while ago does not know a newer version yet.
            reading = self._read(identity)
            version = _find(reading.record, version_id)
        if version is None and reading.failure is not None:
            # It may be there: what is served instead of the table is older.
            raise reading.failure
        if version is None:
            raise VersionNotFound(f"The secret {identity} keeps no version {version_id}.")
        return version, reading.connection


def _mirror_at(location: str, region_name: str | None, connection: Connection) -> "Mirror":
    from .backup.mirror import Mirror  # which most programs do not need

    if region_name not in (None, connection.region_name):
        connection = connect(
            connection.table_name, region_name=region_name, session=connection.session
        )
    return Mirror.at(location, connection, READ_CONFIG)


def _early(seconds: float) -> float:
    """Return a little less, at random."""
    return seconds * random.uniform(1 - _JITTER, 1)  # noqa: S311  # nosec B311 # spreads load, hides nothing


def _find(record: Record, version_id: str) -> Version | None:
    return next((version for version in record.versions if version.id == version_id), None)
