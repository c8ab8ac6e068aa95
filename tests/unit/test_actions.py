"""Which call follows which: the actions on a table and keys, without CloudFormation's events.

What users see of them is in `test_handlers`, `test_rotation` and `test_races`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import boto3
import moto
import pytest

from myorg_secrets_password import actions
from myorg_secrets_password.actions import Desired, Vault
from myorg_secrets_password.cipher import Cipher
from myorg_secrets_password.cleartext import ClearText
from myorg_secrets_password.exceptions import AlreadyExists, Conflict, NotFound, StorageUnusable
from myorg_secrets_password.policy import Policy
from myorg_secrets_password.record import (
    DeclaredState,
    Identity,
    Record,
    Settings,
    Source,
    Version,
    iso,
)
from myorg_secrets_password.rotation import Wish
from myorg_secrets_password.store import Store
from tests import bare_table

TABLE = "passwords"
IDENTITY = Identity(TABLE, "orders", "dev", "DB")
REF = r"passwords\|orders\|dev\|DB"
NOW = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
LATER = datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)
MINE = "mine-and-longer"


class Account:
    """A table and two keys in a mocked account."""

    def __init__(self) -> None:
        self.dynamodb: Any = boto3.client("dynamodb", "us-east-1")
        self.kms: Any = boto3.client("kms", "us-east-1")
        bare_table.create(self.dynamodb, TABLE)
        self.key, self.other_key = (
            self.kms.create_key()["KeyMetadata"]["Arn"] for _ in ("one", "other")
        )


class RacedStore(Store):
    """Lets another writer act just before each write, for as long as there are any.

    Attributes:
        races: what the other writers do, the first one first.
        tries: how many writes were tried.
    """

    races: list[Callable[[], object]]
    tries: int

    def add(self, record: Record, over: Record | None = None) -> None:
        self._race()
        super().add(record, over)

    def update(self, record: Record, *, deleted: bool = False) -> None:
        self._race()
        super().update(record, deleted=deleted)

    def bury(self, identity: Identity, now: datetime) -> None:
        self._race()
        super().bury(identity, now)

    def remove(self, record: Record) -> None:
        self._race()
        super().remove(record)

    def _race(self) -> None:
        self.tries += 1
        if self.races:
            self.races.pop(0)()


class WatchedCipher(Cipher):
    """Lists what is asked for, and refuses the keys that cannot be used."""

    calls: list[str]
    unusable: set[str]

    def reveal(self, identity: Identity, version: Version) -> ClearText:
        self._check("reveal", version.key_arn)
        return super().reveal(identity, version)

    def re_encrypt(self, identity: Identity, version: Version, key_id: str) -> Version:
        self._check("re-encrypt", version.key_arn)
        return super().re_encrypt(identity, version, key_id)

    def _check(self, call: str, key_arn: str) -> None:
        self.calls.append(call)
        if key_arn in self.unusable:
            raise StorageUnusable("disabled")


class Place:
    """The vault of one request after the other, and what stands in the table."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.store = RacedStore(account.dynamodb, TABLE, "123456789012")
        self.store.races, self.store.tries = [], 0
        self.cipher = WatchedCipher(account.kms, "123456789012")
        self.cipher.calls, self.cipher.unusable = [], set()
        self.vault = Vault(self.store, self.cipher, lambda: NOW)
        self.later = Vault(self.store, self.cipher, lambda: LATER)

    def desired(
        self,
        policy: Mapping[str, Any] | None = None,
        rotation_token: str | None = None,
        secret: str | None = None,
        key: str | None = None,
        request: str = "request-1",
        previous: DeclaredState | None = None,
        **settings: Any,
    ) -> Desired:
        """Return what a template with these properties asks for."""
        declared = DeclaredState(policy or {}, rotation_token, secret is not None)
        clear = None if secret is None else ClearText(secret)
        return Desired(
            IDENTITY,
            Wish(declared, clear, previous),
            Policy.of(policy or {}),
            Settings(key_id=key, **settings),
            key or self.account.key,
            request,
        )

    def create(self, **how: Any) -> str:
        return value_of(actions.create(self.vault, self.desired(**how)))

    def update(self, **how: Any) -> str:
        return value_of(actions.update(self.later, self.desired(**how)))

    def standing(self) -> Record:
        record = Store.get(self.store, IDENTITY)
        assert record is not None
        return record

    def put(self, **changes: Any) -> None:
        """Change the record behind the actions' back."""
        plain = Store(self.account.dynamodb, TABLE, "")
        record = self.standing()
        plain.update(replace(record, revision=record.revision + 1, **changes))


def value_of(secret: actions.Secret) -> str:
    """Return the value, or "" where it is withheld."""
    return secret.value.reveal() if secret.value else ""


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    with moto.mock_aws():
        account = Account()
        yield account
        account.dynamodb.delete_table(TableName=TABLE)


@pytest.fixture
def place(account: Account, quiet_sdk: None) -> Iterator[Place]:
    yield Place(account)
    for item in account.dynamodb.scan(TableName=TABLE)["Items"]:
        key = {name: item[name] for name in ("StackName", "EnvName")}
        account.dynamodb.delete_item(TableName=TABLE, Key=key)


# --- Create -------------------------------------------------------------------------------------


def test_a_created_secret_is_stored_as_it_was_asked_for(place: Place) -> None:
    desired = place.desired({"PasswordLength": 20}, "1", description="what for")

    secret = actions.create(place.vault, desired)

    assert secret.record == place.standing()
    assert (secret.record.identity, secret.record.revision) == (IDENTITY, 1)
    assert secret.record.declared == desired.declared
    assert secret.record.settings == desired.settings
    assert secret.record.create_token == "request-1"
    assert secret.record.created_time == iso(NOW)
    assert secret.record.current.source is Source.GENERATED
    assert secret.record.current.key_arn == place.account.key
    assert len(value_of(secret)) == 20
    assert value_of(actions.read(place.vault, IDENTITY)) == value_of(secret)


def test_a_given_secret_is_stored_instead_of_a_generated_one(place: Place) -> None:
    assert place.create(secret=MINE) == MINE
    assert place.standing().current.source is Source.PROVIDED


def test_a_repeated_create_finds_what_it_made(place: Place) -> None:
    first = place.create()

    assert place.create() == first
    assert place.standing().revision == 1


@pytest.mark.parametrize(("stands", "asks"), [("request-1", "request-2"), ("", "")])
def test_a_create_by_another_request_is_refused(place: Place, stands: str, asks: str) -> None:
    """A record that was adopted has no request, and is nobody's to find."""
    place.create(request=stands)
    before = place.standing()

    with pytest.raises(AlreadyExists, match=f"^A secret {REF} exists already"):
        place.create(request=asks)

    assert place.standing() == before


def test_a_create_over_a_tombstone_keeps_what_was_there_as_history(place: Place) -> None:
    first = place.create(recovery_window_in_days=7)
    old = place.standing().current
    actions.delete(place.store, IDENTITY, NOW)

    second = place.create()

    assert second != first
    assert [version.id for version in place.standing().versions][:-1] == [old.id]
    assert place.standing().revision == 3
    assert not place.standing().is_deleted


def test_a_tombstone_that_expired_meanwhile_is_no_history(place: Place) -> None:
    place.create(recovery_window_in_days=7)
    actions.delete(place.store, IDENTITY, datetime(2025, 1, 1, tzinfo=UTC))

    place.create()

    assert len(place.standing().versions) == 1


def test_a_create_whose_tombstone_goes_meanwhile_begins_anew(place: Place) -> None:
    place.create()
    actions.delete(place.store, IDENTITY, NOW)
    tombstone = place.standing()
    place.store.races = [lambda: None, lambda: remove(place)]

    place.create()

    assert tombstone.is_deleted
    assert (place.standing().revision, len(place.standing().versions)) == (1, 1)


def remove(place: Place) -> None:
    key = {"StackName": {"S": "orders"}, "EnvName": {"S": "dev#DB"}}
    place.account.dynamodb.delete_item(TableName=TABLE, Key=key)


@pytest.mark.parametrize("return_value", [True, False], ids=["with a value", "without"])
def test_every_answer_has_the_record_that_stands(place: Place, return_value: bool) -> None:
    desired = place.desired(return_value=return_value)

    for secret in (
        actions.create(place.vault, desired),
        actions.create(place.vault, desired),
        actions.read(place.vault, IDENTITY),
        actions.update(place.later, desired),
    ):
        assert secret.record == place.standing()
    changed = place.desired(return_value=return_value, description="new")
    assert actions.update(place.later, changed).record == place.standing()


@pytest.mark.parametrize("action", [actions.create, actions.update], ids=["create", "update"])
def test_a_value_that_is_withheld_is_in_no_answer(place: Place, action: Any) -> None:
    place.create(return_value=False)

    for desired in (place.desired(return_value=False), place.desired(return_value=False)):
        assert action(place.vault, desired).value is None
    assert actions.read(place.vault, IDENTITY).value is None


def test_a_value_that_is_withheld_is_in_no_answer_of_the_first_create(place: Place) -> None:
    assert actions.create(place.vault, place.desired(return_value=False)).value is None


# --- Read ---------------------------------------------------------------------------------------


def test_what_is_not_there_or_deleted_is_not_found(place: Place) -> None:
    def ask() -> None:
        for act in (
            lambda: actions.read(place.vault, IDENTITY),
            lambda: actions.update(place.vault, place.desired()),
            lambda: actions.delete(place.store, IDENTITY, LATER),
        ):
            with pytest.raises(NotFound, match=f"^There is no secret {REF}"):
                act()

    ask()
    place.create()
    actions.delete(place.store, IDENTITY, NOW)
    ask()


def test_a_value_that_is_withheld_is_not_decrypted(place: Place) -> None:
    place.create(return_value=False)
    place.cipher.calls.clear()

    actions.read(place.vault, IDENTITY)
    actions.update(place.vault, place.desired(return_value=False, description="new"))

    assert place.cipher.calls == []


# --- Update -------------------------------------------------------------------------------------


def test_an_update_that_changes_nothing_writes_nothing(place: Place) -> None:
    first = place.create()
    place.store.tries = 0

    assert place.update() == first
    assert place.store.tries == 0


def test_an_update_of_the_rest_keeps_the_password_and_its_times(place: Place) -> None:
    first = place.create()
    before = place.standing()

    assert place.update(description="new") == first

    description = replace(before.settings, description="new")
    assert place.standing() == replace(before, revision=2, settings=description)


def test_an_update_by_the_rule_makes_a_new_version_now(place: Place) -> None:
    first = place.create()

    second = place.update(rotation_token="2")

    current = place.standing().current
    assert second != first
    assert (current.source, current.created_time) == (Source.GENERATED, iso(LATER))
    assert place.standing().last_rotated_time == iso(LATER)
    assert value_of(actions.read(place.vault, IDENTITY)) == second
    assert place.update() == first


def test_a_new_version_that_is_withheld_was_read_once_before_it_was_stored(place: Place) -> None:
    place.create(return_value=False)
    place.cipher.calls.clear()

    secret = actions.update(place.later, place.desired(rotation_token="2", return_value=False))

    assert secret.value is None
    assert place.cipher.calls == ["reveal"]


def test_an_adopted_record_serves_what_the_previous_properties_declare(place: Place) -> None:
    first = place.create()
    place.put(memories=())

    same = DeclaredState({"PasswordLength": 20})
    assert place.update(policy=same.policy, previous=same) == first
    assert place.update(policy=same.policy, previous=same, rotation_token="2") != first


def test_tags_that_the_request_does_not_speak_of_are_kept(place: Place) -> None:
    place.create(stack_tags={"a": "b"})

    place.update(system_tags={"c": "d"})

    assert place.standing().settings.stack_tags == {"a": "b"}
    assert place.standing().settings.system_tags == {"c": "d"}


def test_a_live_record_with_an_expiry_loses_it(place: Place) -> None:
    """Somebody restored it by hand and left the date, by which DynamoDB would remove it."""
    place.create()
    place.put(expires_at=1)

    place.update()

    assert place.standing().expires_at is None


def test_another_key_takes_every_version_and_changes_none(place: Place) -> None:
    place.create()
    second = place.update(rotation_token="2")
    before = place.standing()
    place.cipher.calls.clear()

    assert place.update(rotation_token="2", key=place.account.other_key) == second

    after = place.standing()
    assert {version.key_arn for version in after.versions} == {place.account.other_key}
    assert [version.id for version in after.versions] == [version.id for version in before.versions]
    assert after.last_rotated_time == before.last_rotated_time
    assert place.cipher.calls == ["re-encrypt", "re-encrypt", "reveal"]


def test_a_version_under_another_key_is_read_before_it_is_stored(place: Place) -> None:
    """Even where the rule has decrypted it, and where the answer holds no value."""
    place.create(secret=MINE)
    place.cipher.calls.clear()

    place.update(secret=MINE, key=place.account.other_key)
    assert place.cipher.calls == ["reveal", "re-encrypt", "reveal"]
    place.cipher.calls.clear()
    actions.update(place.later, place.desired(secret=MINE, return_value=False))
    assert place.cipher.calls == ["reveal", "re-encrypt", "reveal"]


def test_the_current_version_must_come_along_to_another_key(place: Place) -> None:
    place.create()
    place.cipher.unusable.add(place.account.key)

    with pytest.raises(StorageUnusable):
        place.update(key=place.account.other_key)


def test_earlier_versions_whose_key_is_gone_stay_where_they_are(place: Place) -> None:
    place.create()
    place.cipher.unusable.add(place.account.key)

    assert place.update(secret=MINE, key=place.account.other_key) == MINE

    arns = [version.key_arn for version in place.standing().versions]
    assert arns == [place.account.key, place.account.other_key]


def test_a_value_that_the_rule_has_seen_is_not_decrypted_again(place: Place) -> None:
    place.create()
    place.cipher.calls.clear()

    place.update(policy={"PasswordLength": 32})

    assert place.cipher.calls == ["reveal"]


def test_a_key_that_is_taken_away_makes_room_for_the_default_one(place: Place) -> None:
    place.create(key=place.account.other_key)

    place.update()

    assert place.standing().current.key_arn == place.account.key
    assert place.standing().settings.key_id is None


# --- Delete -------------------------------------------------------------------------------------


def test_a_delete_leaves_a_tombstone_for_the_window(place: Place) -> None:
    place.create(recovery_window_in_days=7)
    before = place.standing()

    actions.delete(place.store, IDENTITY, LATER)

    assert place.standing() == replace(
        before,
        revision=2,
        deleted_time=iso(LATER),
        expires_at=int(LATER.timestamp()) + 7 * 86_400,
    )


def test_a_delete_without_a_window_leaves_nothing(place: Place) -> None:
    place.create(recovery_window_in_days=0)

    actions.delete(place.store, IDENTITY, LATER)

    assert place.store.get(IDENTITY) is None


def test_a_delete_that_the_sdk_repeats_has_been_done(place: Place) -> None:
    place.create()
    actions.delete(place.store, IDENTITY, LATER)
    before = place.standing()

    actions.delete(place.store, IDENTITY, LATER)

    assert place.standing() == before


def test_a_delete_that_finds_the_record_gone_at_last_has_been_done(place: Place) -> None:
    place.create(recovery_window_in_days=0)
    place.store.races = [lambda: None, lambda: remove(place)]

    actions.delete(place.store, IDENTITY, LATER)

    assert place.store.get(IDENTITY) is None


# --- Races --------------------------------------------------------------------------------------


def test_a_change_that_comes_second_begins_again_from_what_stands(place: Place) -> None:
    place.create()
    place.store.races = [lambda: place.put(settings=Settings(stack_tags={"by": "another"}))]

    place.update(rotation_token="2")

    assert place.standing().settings.stack_tags == {"by": "another"}
    assert place.standing().revision == 3
    assert len(place.standing().versions) == 2


@pytest.mark.parametrize(("others", "conflict"), [(3, False), (4, True)])
def test_the_fourth_try_is_the_last(place: Place, others: int, conflict: bool) -> None:
    place.create()
    place.store.tries = 0
    place.store.races = [lambda: place.put()] * others

    if conflict:
        with pytest.raises(Conflict, match=f"^{REF} was changed by others"):
            place.update(rotation_token="2")
    else:
        place.update(rotation_token="2")
    assert place.store.tries == 4


def test_a_create_that_always_comes_second_is_a_conflict(place: Place) -> None:
    """Somebody makes and deletes a secret of that name, again and again."""

    def bury_another() -> None:
        remove(place)
        plain = Store(place.account.dynamodb, TABLE, "")
        another = place.cipher.seal(
            IDENTITY, ClearText(MINE), place.account.key, Source.GENERATED, NOW
        )
        record = Record.begin(IDENTITY, another, DeclaredState(), Settings(), another.id)
        plain.add(replace(record, revision=next(revisions)))
        plain.bury(IDENTITY, NOW)

    revisions = iter(range(10, 100, 10))
    place.store.races = [bury_another] * 4

    with pytest.raises(Conflict, match=f"^{REF} was changed by others"):
        place.create()
    assert place.store.tries == 4


def test_a_delete_that_always_comes_second_is_a_conflict(place: Place) -> None:
    place.create(recovery_window_in_days=0)
    place.store.tries = 0
    place.store.races = [lambda: None, lambda: place.put()] * 4

    with pytest.raises(Conflict, match=f"^{REF} was changed by others"):
        actions.delete(place.store, IDENTITY, LATER)
    assert place.store.tries == 8


def test_a_delete_follows_a_window_that_changes_meanwhile(place: Place) -> None:
    place.create(recovery_window_in_days=0)
    window = Settings(recovery_window_in_days=7)
    place.store.races = [lambda: None, lambda: place.put(settings=window)]

    actions.delete(place.store, IDENTITY, LATER)

    assert place.standing().is_deleted
