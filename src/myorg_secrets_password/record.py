"""The record: one secret's versions, memory and settings. Pure: knows nothing of AWS."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Self

MAXIMUM_VERSIONS = 10
MAXIMUM_MEMORIES = 64
MAXIMUM_SUMMARY = 120
"""Characters."""
SECONDS_PER_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Identity:
    """The primary identifier."""

    table_name: str
    stack_name: str
    env: str
    name: str

    @property
    def env_name(self) -> str:
        """The sort key. Neither part holds #, so it can be taken apart again."""
        return f"{self.env}#{self.name}"

    @property
    def is_complete(self) -> bool:
        """Whether each part is there, and the sort key can be taken apart in one way only."""
        return bool(self.env and self.name) and "#" not in self.name

    def __str__(self) -> str:
        return "|".join((self.table_name, self.stack_name, self.env, self.name))


class Source(StrEnum):
    """Where a version came from."""

    GENERATED = "Generated"
    PROVIDED = "Provided"
    ADOPTED = "Adopted"


@dataclass(frozen=True, slots=True)
class Version:
    """One password as it is kept.

    Attributes:
        id: unique among all versions of all secrets, and part of the encryption context.
        ciphertext: what kms:Encrypt or kms:ReEncrypt returned.
        key_arn: the key it is encrypted under.
        created_time: ISO 8601, UTC.
        source: where the password came from.
        adopted_from: a digest of the ciphertext that it was adopted from, by which that is known.
        restored_time: when it was last made current again by hand; ISO 8601, UTC.
        unknown: what another release keeps with it, as it is in the item.
    """

    id: str
    ciphertext: bytes = field(repr=False)
    key_arn: str
    created_time: str
    source: Source
    adopted_from: str | None = None
    restored_time: str | None = None
    unknown: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class DeclaredState:
    """What the template says about the password, as it is written, before any default.

    Attributes:
        policy: the policy properties that are written, by name.
        rotation_token: empty is the same as none.
        provided: whether SecretString is given.
    """

    policy: Mapping[str, Any] = field(default_factory=dict)
    rotation_token: str | None = None
    provided: bool = False

    def digest(self) -> str:
        """Return a short name of the state: equal states have equal digests."""
        return _digest([dict(self.policy), self.rotation_token or "", self.provided])

    def token_digest(self) -> str:
        """Return a short name of the rotation token alone."""
        return _digest(self.rotation_token or "")

    def summary(self) -> str:
        """Return the state as people read it: no longer than a line, and cut off where it is."""
        said = [f"{name}={value}" for name, value in sorted(self.policy.items())]
        if self.rotation_token:
            said.append(f"RotationToken={self.rotation_token}")
        if self.provided:
            said.append("SecretString")
        text = ", ".join(said)
        return text if len(text) <= MAXIMUM_SUMMARY else text[: MAXIMUM_SUMMARY - 1] + "…"


@dataclass(frozen=True, slots=True)
class Memory:
    """Which version served a declared state last.

    Attributes:
        state, token: digests of the state and of its RotationToken.
        summary: the state as people read it, for the history alone.
        unknown: what another release keeps with it, as it is in the item.
    """

    state: str
    token: str
    version_id: str
    summary: str = ""
    unknown: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Settings:
    """What the template and the request say besides the password.

    Attributes:
        key_id: the declared one.
        tags: the template's, as written.
        stack_tags, system_tags: of the request; None where it says nothing of them.
    """

    key_id: str | None = None
    recovery_window_in_days: int = 30
    description: str | None = None
    tags: tuple[tuple[str, str], ...] = ()
    return_value: bool = True
    stack_tags: Mapping[str, str] | None = None
    system_tags: Mapping[str, str] | None = None

    def inheriting(self, earlier: "Settings") -> Self:
        """Return the settings with what the request does not say taken from earlier ones."""
        return replace(
            self,
            stack_tags=earlier.stack_tags if self.stack_tags is None else self.stack_tags,
            system_tags=earlier.system_tags if self.system_tags is None else self.system_tags,
        )


@dataclass(frozen=True, slots=True)
class Record:
    """One secret, as one DynamoDB item holds it.

    Attributes:
        revision: grows by one with every write.
        versions: at most ten, the one that was current longest ago first, the current one last.
        memories: at most 64, the state that was served longest ago first.
        declared: the state that was declared last.
        created_time, last_rotated_time, deleted_time: ISO 8601, UTC.
        expires_at: when DynamoDB may remove a deleted record, in seconds since the epoch.
        create_token: the clientRequestToken of the create, by which a retry is known.
    """

    identity: Identity
    revision: int
    versions: tuple[Version, ...]
    memories: tuple[Memory, ...]
    declared: DeclaredState
    settings: Settings
    created_time: str
    last_rotated_time: str
    create_token: str
    deleted_time: str | None = None
    expires_at: int | None = None

    @classmethod
    def begin(
        cls,
        identity: Identity,
        version: Version,
        declared: DeclaredState,
        settings: Settings,
        create_token: str,
    ) -> Self:
        """Return the record of a new secret."""
        adopted = cls.adopt(identity, version, settings)
        return replace(adopted, declared=declared, create_token=create_token).remembering(declared)

    @classmethod
    def adopt(cls, identity: Identity, version: Version, settings: Settings) -> Self:
        """Return the record of a secret that comes from elsewhere: it remembers nothing yet."""
        return cls(
            identity=identity,
            revision=1,
            versions=(version,),
            memories=(),
            declared=DeclaredState(),
            settings=settings,
            created_time=version.created_time,
            last_rotated_time=version.created_time,
            create_token="",
        )

    @property
    def current(self) -> Version:
        """The version whose password is the secret's value."""
        return self.versions[-1]

    @property
    def is_deleted(self) -> bool:
        """Whether the record is a tombstone, which to every handler does not exist."""
        return self.deleted_time is not None

    def remembered(self, declared: DeclaredState) -> Version | None:
        """Return the version that served this declared state last, if it is still kept."""
        state = declared.digest()
        ids = {memory.version_id for memory in self.memories if memory.state == state}
        return next((version for version in self.versions if version.id in ids), None)

    def current_had_token(self, declared: DeclaredState) -> bool:
        """Tell whether the current version is remembered for a state with this RotationToken."""
        token = declared.token_digest()
        return any(m.token == token and m.version_id == self.current.id for m in self.memories)

    def remembering(self, declared: DeclaredState) -> Self:
        """Return the record with its current version remembered for the declared state."""
        state = declared.digest()
        before = [m for m in self.memories if (m.state, m.version_id) == (state, self.current.id)]
        new = Memory(
            state,
            declared.token_digest(),
            self.current.id,
            declared.summary(),
            before[0].unknown if before else {},
        )
        kept = {version.id for version in self.versions}
        others = [m for m in self.memories if m.state != new.state and m.version_id in kept]
        return replace(self, memories=(*others, new)[-MAXIMUM_MEMORIES:])

    def serving(self, version: Version, declared: DeclaredState, now: datetime) -> Self:
        """Return the record with this version current and remembered for the declared state."""
        record = self
        if version.id != self.current.id:
            others = [other for other in self.versions if other.id != version.id]
            record = replace(
                record,
                versions=(*others, version)[-MAXIMUM_VERSIONS:],
                last_rotated_time=iso(now),
            )
        return replace(record, declared=declared).remembering(declared)

    def restored(self, version: Version, now: datetime) -> Self:
        """Return the record live, with this version current by somebody's decision.

        An update that changes nothing keeps it: it is remembered for the state declared last. A
        record that remembers nothing (an adopted one) learns what was declared from its first
        update, and remembers whatever is current then.
        """
        chosen = version
        if version.id != self.current.id:
            chosen = replace(version, restored_time=iso(now))
        served = self.serving(chosen, self.declared, now)
        return replace(
            served,
            revision=self.revision + 1,
            memories=served.memories if self.memories else (),
            deleted_time=None,
            expires_at=None,
        )

    def reborn_over(self, tombstone: "Record", now: datetime) -> Self:
        """Return this new record with the tombstone's versions as mere history.

        Nothing is remembered for them, so they are never taken up again. What the recovery window
        should have removed already is not kept.
        """
        expired = tombstone.expires_at is not None and tombstone.expires_at <= now.timestamp()
        history = () if expired else tombstone.versions
        return replace(
            self,
            revision=tombstone.revision + 1,
            versions=(*history, *self.versions)[-MAXIMUM_VERSIONS:],
        )


def iso(moment: datetime) -> str:
    """Return a moment in ISO 8601, UTC, to the millisecond."""
    text = moment.astimezone(UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def iso_of_epoch(seconds: int) -> str:
    """Return seconds since the epoch in ISO 8601, UTC; a time that has no year there as it is."""
    try:
        return iso(datetime.fromtimestamp(seconds, UTC))
    except (OverflowError, ValueError, OSError):
        return str(seconds)


def _digest(value: object) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:32]
