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
from myorg_secrets_password.properties import DEFAULT_ENV, DEFAULT_TABLE_NAME
from myorg_secrets_password.record import Identity, Record, Version

from .connection import connect
from .exceptions import (
    NotFound,
    ServiceFault,
    Throttled,
    Unreachable,
    VersionNotFound,
)

if TYPE_CHECKING:
    from boto3.session import Session

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
    failures: int = 0
    """Attempts to read it again that failed, one after another."""


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
        region_name: the Region; the session's own if it is not given.
        session: where clients, credentials and Region come from.

    Raises:
        InvalidRequest: there is no Region.
    """

    def __init__(
        self,
        table_name: str = DEFAULT_TABLE_NAME,
        *,
        max_age: float = DEFAULT_MAX_AGE,
        max_stale: float = 3600.0,
        max_secrets: int = 1024,
        region_name: str | None = None,
        session: "Session | None" = None,
    ) -> None:
        connection = connect(table_name, region_name=region_name, session=session)
        self._identity = connection.identity
        self._store = connection.store
        self._cipher = connection.cipher
        self._max_age = max_age
        self._max_stale = max_stale
        self._readings: LRUCache[Identity, _Reading] = LRUCache(max_secrets)
        self._earlier: LRUCache[tuple[Identity, str], ClearText] = LRUCache(max_secrets)
        # Guards the caches; a secret's own lock is held while AWS is asked, and is gone with the
        # last who waits for it: names may come from anywhere, and most may be wrong.
        self._lock = threading.Lock()
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
        identity = self._identity(stack, name, env)
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
        try:
            reading = self._fresh(identity, last)
        except NotFound:
            with self._lock:
                self._readings.pop(identity, None)
            raise
        except _PASSING as failure:
            now = time.monotonic()
            if last is None or now >= (end := last.read_at + self._max_age + self._max_stale):
                raise
            LOG.warning(
                "The password of %s is the one read %.0f s ago: %s",
                identity,
                now - last.read_at,
                failure,
            )
            pause = _early(min(_PAUSE * 2.0**last.failures, _LONGEST_PAUSE))
            reading = replace(last, expires_at=min(now + pause, end), failures=last.failures + 1)
        with self._lock:
            self._readings[identity] = reading
        return reading

    def _fresh(self, identity: Identity, last: _Reading | None) -> _Reading:
        record = self._store.get(identity)
        if record is None or record.is_deleted:
            raise NotFound(f"There is no secret {identity}.")
        if last is not None and last.record.current.id == record.current.id:
            value = last.value
        else:
            value = self._revealed(identity, record.current)
            if last is not None:
                # Whoever bridges the rotation asks for it, and a roll-back brings it back.
                self._keep(identity, last.record.current.id, last.value)
        now = time.monotonic()
        return _Reading(record, value, now, now + _early(self._max_age))

    def _earlier_value(self, identity: Identity, reading: _Reading, version_id: str) -> ClearText:
        value = self._revealed(identity, self._version(identity, reading, version_id))
        self._keep(identity, version_id, value)
        return value

    def _revealed(self, identity: Identity, version: Version) -> ClearText:
        with self._lock:
            value = self._earlier.get((identity, version.id))
        return value or self._cipher.reveal(identity, version)

    def _keep(self, identity: Identity, version_id: str, value: ClearText) -> None:
        with self._lock:
            self._earlier[identity, version_id] = value

    def _version(self, identity: Identity, reading: _Reading, version_id: str) -> Version:
        # What was read a while ago does not know a newer version yet.
        version = _find(reading.record, version_id) or _find(
            self._read(identity).record, version_id
        )
        if version is None:
            raise VersionNotFound(f"The secret {identity} keeps no version {version_id}.")
        return version


def _early(seconds: float) -> float:
    """Return a little less, at random."""
    return seconds * random.uniform(1 - _JITTER, 1)  # noqa: S311  # spreads load, hides nothing


def _find(record: Record, version_id: str) -> Version | None:
    return next((version for version in record.versions if version.id == version_id), None)
