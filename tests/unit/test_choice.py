"""Which kept version serves an update: the rule by itself, without AWS.

`test_rotation` has what follows from it, through the live entry point.
"""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from myorg_secrets_password.cleartext import ClearText
from myorg_secrets_password.exceptions import Damaged, StorageUnusable
from myorg_secrets_password.record import (
    DeclaredState,
    Identity,
    Record,
    Settings,
    Source,
    Version,
)
from myorg_secrets_password.rotation import Wish, choose, recall

NOW = datetime(2026, 1, 2, tzinfo=UTC)
DIGITS, LETTERS, UNSAFE = "0123456789", "abcdefghij", "mine@mine/mine"
ANYTHING = DeclaredState({"IncludeSpace": True})
ONLY_LETTERS = DeclaredState({"AllowedCharacters": LETTERS})
ONLY_DIGITS = DeclaredState({"AllowedCharacters": DIGITS})
FOR_MYSQL = DeclaredState({"Engine": "mysql"})


def given(token: str | None = None) -> DeclaredState:
    """Return a state in which SecretString is given."""
    return DeclaredState({}, token, provided=True)


def generated(value: str) -> Version:
    """Return a version that is called as its value is."""
    return Version(value, value.encode(), "arn:key", "2026-01-01T00:00:00.000Z", Source.GENERATED)


def provided(value: str, name: str = "") -> Version:
    """Return a version of a SecretString, with a name of its own where two hold one value."""
    return replace(generated(value), id=name or value, source=Source.PROVIDED)


def record(*served: tuple[Version, DeclaredState]) -> Record:
    """Return a record whose versions served these states, one after the other."""
    (first, state), *others = served
    identity = Identity("table", "orders", "dev", "DBPassword")
    standing = Record.begin(identity, first, state, Settings(), "create-token")
    for version, declared in others:
        standing = standing.serving(version, declared, NOW)
    return standing


class Vault:
    """Decrypts versions, and lists which."""

    def __init__(self, **failures: Exception) -> None:
        self.failures = failures
        self.revealed: list[str] = []

    def reveal(self, version: Version) -> ClearText:
        self.revealed.append(version.id)
        if version.id in self.failures:
            raise self.failures[version.id]
        return ClearText(version.ciphertext.decode())


def chosen(
    standing: Record,
    declared: DeclaredState,
    secret: str | None = None,
    vault: Vault | None = None,
    **wish: Any,
) -> str | None:
    """Return the name of the version that is chosen, or None for a new one."""
    clear = None if secret is None else ClearText(secret)
    version = choose(standing, Wish(declared, clear, **wish), (vault or Vault()).reveal)
    return version and version.id


def test_what_is_remembered_comes_back_though_the_current_version_satisfies_as_well() -> None:
    standing = record((generated(DIGITS), ANYTHING), (generated(LETTERS), ONLY_LETTERS))
    vault = Vault()

    assert chosen(standing, ANYTHING, vault=vault) == DIGITS
    assert chosen(standing, ONLY_LETTERS, vault=vault) == LETTERS
    assert vault.revealed == []


@pytest.mark.parametrize(
    ("declared", "stays"),
    [
        (ONLY_LETTERS, True),
        (DeclaredState({"PasswordLength": 10}), True),
        (DeclaredState({"PasswordLength": 11}), False),
        (ONLY_DIGITS, False),
        (DeclaredState({}, ""), True),
        (DeclaredState({}, "new"), False),
    ],
    ids=lambda value: value.summary() or "nothing" if isinstance(value, DeclaredState) else None,
)
def test_a_generated_version_stays_where_it_had_the_token_and_keeps_to_the_policy(
    declared: DeclaredState, stays: bool
) -> None:
    standing = record((generated(LETTERS), ANYTHING))

    assert (chosen(standing, declared) == LETTERS) is stays


def test_an_earlier_version_that_satisfies_does_not_come_back() -> None:
    """Only the current one is looked at, and only where the token says so."""
    standing = record((generated(DIGITS), ANYTHING), (generated(LETTERS), ONLY_LETTERS))
    vault = Vault()

    assert chosen(standing, ONLY_DIGITS, vault=vault) is None
    assert vault.revealed == [LETTERS]


@pytest.mark.parametrize(
    ("secret", "token", "name"),
    [
        (LETTERS, "1", LETTERS),
        (LETTERS, "2", LETTERS),
        (LETTERS, "any", LETTERS),
        (DIGITS, "1", DIGITS),
        (DIGITS, "2", None),
        (DIGITS, "any", None),
        (UNSAFE, "1", None),
        (UNSAFE, "2", None),
    ],
)
def test_secret_string_is_served_by_the_current_or_the_remembered_version_that_holds_it(
    secret: str, token: str, name: str | None
) -> None:
    standing = record((provided(DIGITS), given("1")), (provided(LETTERS), given("2")))

    for in_stack in (True, False):
        assert chosen(standing, given(token), secret, in_stack=in_stack) == name


def test_of_two_versions_that_hold_secret_string_the_current_one_stays() -> None:
    standing = record((provided(DIGITS, "a"), given("1")), (provided(DIGITS, "b"), given("2")))

    assert chosen(standing, given("1"), DIGITS) == "b"


def test_a_version_whose_key_cannot_be_used_holds_no_secret_string() -> None:
    standing = record((provided(DIGITS, "a"), given("1")), (provided(DIGITS, "b"), given("2")))
    gone = StorageUnusable("disabled")

    assert chosen(standing, given("1"), DIGITS, Vault(b=gone)) == "a"
    assert chosen(standing, given("1"), DIGITS, Vault(a=gone, b=gone)) is None


def test_a_version_that_was_tampered_with_is_told_though_secret_string_is_given() -> None:
    standing = record((provided(DIGITS, "a"), given("1")))

    with pytest.raises(Damaged):
        chosen(standing, given("1"), DIGITS, Vault(a=Damaged("moved")))


def test_a_current_version_that_cannot_be_read_is_told_where_no_secret_string_is_given() -> None:
    """Else a key that is disabled for an hour would rotate every password."""
    standing = record((replace(generated(DIGITS), id="a"), ANYTHING))

    with pytest.raises(StorageUnusable):
        chosen(standing, ONLY_DIGITS, vault=Vault(a=StorageUnusable("disabled")))


@pytest.mark.parametrize(
    ("previous", "stays"),
    [(None, True), (DeclaredState(), True), (given(), False)],
    ids=["nothing said", "not given before", "taken away"],
)
def test_a_provided_version_stays_unless_secret_string_has_just_been_taken_away(
    previous: DeclaredState | None, stays: bool
) -> None:
    standing = record((provided(UNSAFE), given()))

    assert (chosen(standing, DeclaredState(), previous=previous) == UNSAFE) is stays


def test_a_provided_version_answers_to_the_rule_of_the_engine_alone() -> None:
    narrow = DeclaredState({"PasswordLength": 40, "ExcludeLowercase": True})
    narrow_for_mysql = DeclaredState({**narrow.policy, **FOR_MYSQL.policy})
    vault = Vault()

    assert chosen(record((provided(UNSAFE), given())), narrow, vault=vault) == UNSAFE
    assert vault.revealed == []
    assert chosen(record((provided(UNSAFE), given())), narrow_for_mysql) is None
    assert chosen(record((provided(LETTERS), given())), narrow_for_mysql) == LETTERS


@pytest.mark.parametrize(
    ("current", "in_stack", "name"),
    [
        (provided(LETTERS), True, DIGITS),
        (provided(LETTERS), False, LETTERS),
        (generated(LETTERS), True, DIGITS),
        (generated(LETTERS), False, DIGITS),
        (replace(generated(LETTERS), source=Source.ADOPTED), False, DIGITS),
        (provided(UNSAFE), False, DIGITS),
    ],
    ids=[
        "provided, stack",
        "provided, patch",
        "generated, stack",
        "generated, patch",
        "adopted, patch",
        "provided and not for the engine, patch",
    ],
)
def test_a_patch_that_is_silent_about_secret_string_keeps_a_provided_version_that_may_stay(
    current: Version, in_stack: bool, name: str
) -> None:
    standing = record((generated(DIGITS), FOR_MYSQL), (current, given()))

    assert chosen(standing, FOR_MYSQL, in_stack=in_stack) == name


def test_a_patch_with_a_new_token_makes_a_new_version() -> None:
    standing = record((generated(DIGITS), ANYTHING), (provided(LETTERS), given()))

    assert chosen(standing, DeclaredState({}, "new"), in_stack=False) is None


def test_a_record_that_remembers_nothing_takes_its_version_for_what_was_declared_before() -> None:
    adopted = Record.adopt(
        record((generated(DIGITS), ANYTHING)).identity, generated(LETTERS), Settings()
    )

    told = recall(adopted, Wish(ANYTHING, previous=ONLY_DIGITS))
    untold = recall(adopted, Wish(ANYTHING))

    assert told.remembered(ONLY_DIGITS) == adopted.current
    assert told.remembered(ANYTHING) is None
    assert untold.remembered(ANYTHING) == adopted.current


def test_a_record_that_remembers_something_learns_nothing_from_previous_properties() -> None:
    standing = record((generated(DIGITS), ANYTHING))

    assert recall(standing, Wish(ANYTHING, previous=ONLY_DIGITS)) == standing
