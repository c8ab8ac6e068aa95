"""Create, read, update, delete: which call follows which, and nothing else.

Every change is prepared in full before its one conditional write, so that a failure at any call
leaves the record as it was. Where another writer came first, DynamoDB says what it left, and the
action begins again from there without another read.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from .cipher import Cipher
from .cleartext import ClearText
from .exceptions import AlreadyExists, Conflict, NotFound, StorageUnusable
from .generator import generate
from .policy import Policy
from .record import DeclaredState, Identity, Record, Settings, Source, Version, iso
from .rotation import Wish, choose, recall
from .store import Store, Superseded

TRIES = 4
"""How often an action begins before it gives up because others always came first."""


@dataclass(frozen=True, slots=True)
class Vault:
    """Where secrets are kept: the table, the cipher and the clock of one request."""

    store: Store
    cipher: Cipher
    now: Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Desired:
    """What a create or update asks for, with every default settled.

    Attributes:
        key_id: the declared key, or else the default one.
        client_request_token: by which a repeated create is known.
    """

    identity: Identity
    wish: Wish
    policy: Policy
    settings: Settings
    key_id: str
    client_request_token: str

    @property
    def declared(self) -> DeclaredState:
        """What the template says about the password."""
        return self.wish.declared

    def new_secret(self) -> tuple[ClearText, Source]:
        """Return what a new version holds: SecretString's value, or a generated one."""
        if self.wish.secret is not None:
            return self.wish.secret, Source.PROVIDED
        return ClearText(generate(self.policy)), Source.GENERATED


@dataclass(frozen=True, slots=True)
class Secret:
    """An action's result: the record and, unless ReturnValue is false, the password."""

    record: Record
    value: ClearText | None


def create(vault: Vault, desired: Desired) -> Secret:
    """Make a new secret; the same request again finds the secret that it made.

    Raises:
        AlreadyExists: a live secret of another request has this identity.
        Conflict: others always came first.
    """
    now = vault.now()
    clear, source = desired.new_secret()
    version = vault.cipher.seal(desired.identity, clear, desired.key_id, source, now)
    fresh = Record.begin(
        desired.identity,
        version,
        desired.declared,
        desired.settings,
        desired.client_request_token,
    )
    record, tombstone = fresh, None
    for _ in range(TRIES):
        try:
            vault.store.add(record, over=tombstone)
            return Secret(record, clear if record.settings.return_value else None)
        except Superseded as superseded:
            standing = superseded.standing
        if standing is None:
            record, tombstone = fresh, None
        elif standing.is_deleted:
            record, tombstone = fresh.reborn_over(standing, now), standing
        elif standing.create_token and standing.create_token == desired.client_request_token:
            return _disclose(vault, standing)
        else:
            raise AlreadyExists(f"A secret {desired.identity} exists already.")
    raise _conflict(desired.identity)


def read(vault: Vault, identity: Identity) -> Secret:
    """Return a live secret.

    Raises:
        NotFound: there is none.
        Damaged: its ciphertext does not belong to it.
    """
    return _disclose(vault, _live(vault.store.get(identity), identity))


def update(vault: Vault, desired: Desired) -> Secret:
    """Bring a secret to the desired state; asked twice, it changes once.

    Raises:
        NotFound: there is no live secret.
        Conflict: others always came first.
    """
    standing = vault.store.get(desired.identity)
    for _ in range(TRIES):
        record = _live(standing, desired.identity)
        revealed: dict[str, ClearText] = {}
        changed = _changed(vault, record, desired, revealed)
        value = None
        if changed.settings.return_value or changed.versions != record.versions:
            value = _reveal(vault, changed.identity, changed.current, revealed)
        if changed == record:
            return _secret(changed, value)
        changed = replace(changed, revision=record.revision + 1)
        try:
            vault.store.update(changed)
        except Superseded as superseded:
            standing = superseded.standing
            continue
        return _secret(changed, value)
    raise _conflict(desired.identity)


def delete(store: Store, identity: Identity, now: datetime) -> None:
    """Turn a secret into a tombstone, or remove it where its recovery window is 0.

    Raises:
        NotFound: there is no live secret.
        Conflict: others always came first.
    """
    for _ in range(TRIES):
        try:
            store.bury(identity, now)
            return
        except Superseded as superseded:
            standing = superseded.standing
        if standing is not None and standing.deleted_time == iso(now):
            return  # The SDK repeated a call that was done, but whose answer was lost.
        record = _live(standing, identity)
        # A live record that was not buried has a recovery window of 0.
        try:
            store.remove(record)
            return
        except Superseded as superseded:
            if superseded.standing is None:
                return  # Gone, which is what was asked for.
    raise _conflict(identity)


def _changed(
    vault: Vault, record: Record, desired: Desired, revealed: dict[str, ClearText]
) -> Record:
    now = vault.now()
    record = recall(record, desired.wish)
    chosen = choose(record, desired.wish, lambda v: _reveal(vault, record.identity, v, revealed))
    moves = desired.settings.key_id != record.settings.key_id
    if chosen is None:
        clear, source = desired.new_secret()
        chosen = vault.cipher.seal(record.identity, clear, desired.key_id, source, now)
        revealed[chosen.id] = clear
    elif moves:
        chosen = vault.cipher.re_encrypt(record.identity, chosen, desired.key_id)
        # Revealed anew, it proves before the write that it can be read under the new key.
        revealed.pop(chosen.id, None)
    if moves:
        versions = [
            chosen if version.id == chosen.id else _moved(vault, record, version, desired.key_id)
            for version in record.versions
        ]
        record = replace(record, versions=tuple(versions))
    served = record.serving(chosen, desired.declared, now)
    # A live record expires never, though somebody may have restored it by hand and left the date.
    return replace(served, settings=desired.settings.inheriting(record.settings), expires_at=None)


def _moved(vault: Vault, record: Record, version: Version, key_id: str) -> Version:
    try:
        return vault.cipher.re_encrypt(record.identity, version, key_id)
    except StorageUnusable:
        # The serving version is under the new key already, so it is this version's own key that
        # is gone or disabled. That must not tie the secret to the old key.
        return version


def _reveal(
    vault: Vault, identity: Identity, version: Version, revealed: dict[str, ClearText]
) -> ClearText:
    if version.id not in revealed:
        revealed[version.id] = vault.cipher.reveal(identity, version)
    return revealed[version.id]


def _disclose(vault: Vault, record: Record) -> Secret:
    if not record.settings.return_value:
        return Secret(record, None)
    return Secret(record, vault.cipher.reveal(record.identity, record.current))


def _secret(record: Record, value: ClearText | None) -> Secret:
    return Secret(record, value if record.settings.return_value else None)


def _live(record: Record | None, identity: Identity) -> Record:
    if record is None or record.is_deleted:
        raise NotFound(f"There is no secret {identity}.")
    return record


def _conflict(identity: Identity) -> Conflict:
    return Conflict(f"{identity} was changed by others each time. Repeat the operation.")
