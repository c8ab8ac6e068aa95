"""What every released version wrote, today's code reads, updates, deletes and hands on."""

from __future__ import annotations

import copy
import io
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from myorg_secrets import SecretsClient
from myorg_secrets.adoption.adopt import Adoption
from myorg_secrets.backup.exporting import export
from myorg_secrets.backup.format import Writer, numbered_items, verify
from myorg_secrets.backup.importing import Importing, Status
from myorg_secrets.lookup import find
from myorg_secrets.restore import restore
from myorg_secrets_password.record import Identity
from tests.compatibility import fixtures
from tests.compatibility.fixtures import FOLDER, Fixture, load, passwords, releases
from tests.compatibility.histories import connection_of, session
from tests.world import REGION, Failed, Secret, World

# Clients that tests make themselves log their requests and KMS's answers at DEBUG.
pytestmark = pytest.mark.usefixtures("quiet_sdk")

ALL = {
    f"{release}/{name}": fixture
    for release in releases()
    for name, fixture in fixtures.read(FOLDER / release).items()
}
DELETED = {case for case, fixture in ALL.items() if "DeletedTime" in fixture["Item"]}
LIVE = sorted(ALL.keys() - DELETED)
# Another rule of when a password changes holds where the template gives it.
GENERATED = [case for case in LIVE if "SecretString" not in ALL[case]["Properties"]]

live = pytest.mark.parametrize("case", LIVE)
generated = pytest.mark.parametrize("case", GENERATED)


def now() -> datetime:
    return datetime.now(UTC)


def version_ids(item: dict[str, Any] | None) -> list[str]:
    assert item is not None
    return [version["M"]["VersionId"]["S"] for version in item["Versions"]["L"]]


def client(world: World) -> SecretsClient:
    return SecretsClient(world.storage.table_name, region_name=REGION, session=session())


def of(secret: Secret) -> tuple[str, str, str]:
    """What a consumer asks for: stack, name and environment."""
    return secret.model["StackName"], secret.model["Name"], secret.model["Env"]


def identity(secret: Secret) -> Identity:
    return Identity(*secret.identifier.values())


def test_every_release_is_looked_at_with_live_and_deleted_records() -> None:
    for release in releases():
        assert [case for case in LIVE if case.startswith(f"{release}/")]
        assert [case for case in DELETED if case.startswith(f"{release}/")]


@live
def test_a_record_is_read_as_it_was_answered(world: World, case: str) -> None:
    """Every attribute that the release answered has the value that it had then."""
    fixture = ALL[case]
    secret = load(world, fixture)

    answer = secret.read()

    assert {name: answer.get(name) for name in fixture["Model"]} == fixture["Model"]


@pytest.mark.parametrize("case", sorted(DELETED))
def test_a_deleted_record_does_not_exist(world: World, case: str) -> None:
    secret = load(world, ALL[case])

    with pytest.raises(Failed, match="NotFound"):
        secret.read()


@live
def test_an_unrelated_update_keeps_the_password(world: World, case: str) -> None:
    """Of whatever the template said before, by the properties that CloudFormation kept of it."""
    fixture = ALL[case]
    secret = load(world, fixture)

    secret.update(**{**fixture["Properties"], "Description": "unrelated"})

    assert secret.model["VersionId"] == fixture["Model"]["VersionId"]
    assert secret.model.get("Value") == fixture["Model"].get("Value")
    assert client(world).get(*of(secret)) == fixture["Value"]


@live
def test_an_unrelated_update_keeps_every_kept_version(world: World, case: str) -> None:
    """And each can be decrypted, for whoever still needs it."""
    fixture = ALL[case]
    secret = load(world, fixture)

    secret.update(**{**fixture["Properties"], "Description": "unrelated"})

    reader = client(world)
    kept = {version: reader.get(*of(secret), version_id=version) for version in passwords(fixture)}
    assert kept == passwords(fixture)
    assert version_ids(world.item(secret)) == list(passwords(fixture))


@generated
def test_a_rotation_is_rolled_back_to_the_very_password(world: World, case: str) -> None:
    fixture = ALL[case]
    secret = load(world, fixture)
    before = dict(fixture["Properties"])

    secret.update(**{**before, "RotationToken": "a new one"})
    rotated = secret.model["VersionId"]
    secret.update(**before)

    assert rotated != fixture["Model"]["VersionId"]
    assert secret.model["VersionId"] == fixture["Model"]["VersionId"]
    assert client(world).get(*of(secret)) == fixture["Value"]


@pytest.mark.parametrize("case", [case for case in LIVE if case.endswith("-versions")])
def test_an_earlier_rotation_token_brings_back_its_password(world: World, case: str) -> None:
    """By what the release remembered, and named by digests that today's code makes anew."""
    secret = load(world, ALL[case])

    value = secret.update(RotationToken="5")

    [(version, password)] = list(passwords(ALL[case]).items())[2:3]
    assert (secret.model["VersionId"], value) == (version, password)


@live
def test_a_deletion_keeps_to_the_recovery_window_of_the_record(world: World, case: str) -> None:
    secret = load(world, ALL[case])
    days = ALL[case]["Model"]["RecoveryWindowInDays"]

    secret.delete()

    item = world.item(secret)
    assert (item is None) == (days == 0)
    assert item is None or "DeletedTime" in item
    with pytest.raises(Failed, match="NotFound"):
        secret.read()


def test_live_records_are_listed_and_deleted_ones_are_not(world: World) -> None:
    listed = [load(world, fixture).identifier for case, fixture in ALL.items() if case in LIVE]
    for case in DELETED:
        load(world, ALL[case])

    found = world.list({"StackName": "orders"})

    unique = {tuple(each.values()) for each in listed}
    assert {tuple(each.values()) for each in found} == unique
    assert {tuple(each.values()) for each in world.list()} == unique


@live
def test_a_consumer_reads_the_password(world: World, case: str) -> None:
    secret = load(world, ALL[case])

    assert client(world).get(*of(secret)) == ALL[case]["Value"]


@pytest.mark.parametrize("case", sorted(DELETED))
def test_a_deleted_record_is_restored_with_its_password(world: World, case: str) -> None:
    fixture = ALL[case]
    secret = load(world, fixture)

    restore(connection_of(world), identity(secret), None, now())

    assert secret.read()["Value"] == fixture["Value"]
    assert secret.update(**fixture["Properties"]) == fixture["Value"]


@pytest.mark.parametrize("case", sorted(DELETED))
def test_a_create_over_a_deleted_record_keeps_its_versions_as_history(
    world: World, case: str
) -> None:
    fixture = ALL[case]
    secret = load(world, fixture)
    earlier = passwords(fixture)

    value = secret.create(**{**fixture["Properties"], "Env": fixture["Model"]["Env"]})

    assert value not in earlier.values()
    assert version_ids(world.item(secret))[:-1] == list(earlier)


@pytest.mark.parametrize("case", [case for case in LIVE if case.endswith("/adopted")])
def test_an_adopted_row_is_known_again(world: World, case: str) -> None:
    """By the digest that the release kept: the same row again finds its record."""
    secret = load(world, ALL[case])
    # Another ciphertext is another row: the digest is of the one that the release saw.
    [version] = find(connection_of(world), identity(secret)).versions
    assert version.adopted_from is not None

    class Row:
        shown = "the row"
        digest = version.adopted_from
        user_name = None

        def place(self) -> tuple[str, str, str]:
            return secret.model["StackName"], secret.model["Env"], secret.model["Name"]

    row: Any = Row()
    outcome = Adoption(connection_of(world), world.storage.key_alias, now)(row)

    assert outcome.status == "AdoptedBefore"


def moved(world: World, table: str, key_id: str | None = None) -> Callable[[], list[Status]]:
    """Export the type's table into a file, and return what imports it into another table."""
    stream = io.BytesIO()
    writer = Writer(stream, {})
    for exported in export(connection_of(world), key_id=key_id):
        assert exported.item is not None, exported.problem
        writer.add(exported.item)
    writer.finish()
    shape = world.dynamodb.describe_table(TableName=world.storage.table_name)["Table"]
    world.dynamodb.create_table(
        TableName=table,
        KeySchema=shape["KeySchema"],
        AttributeDefinitions=shape["AttributeDefinitions"],
        BillingMode="PAY_PER_REQUEST",
    )

    def bring_in() -> list[Status]:
        stream.seek(0)
        verify(stream)
        stream.seek(0)
        importing = Importing(connection_of(world, table), now())
        return [importing(line).status for line in numbered_items(stream)]

    return bring_in


@pytest.mark.parametrize("case", sorted(ALL))
def test_a_backup_brings_back_the_record_as_it_was(world: World, case: str) -> None:
    """Byte for byte, a newer release's own attributes included."""
    secret = load(world, with_later(ALL[case]))
    item = world.item(secret)

    assert moved(world, "brought-in")() == [Status.IMPORTED]

    secret.model["TableName"] = "brought-in"
    assert world.item(secret) == item


# --- What a newer release wrote ----------------------------------------------------------------

LATER = {"Later": {"M": {"of": {"S": "a newer release"}}}}


def with_later(fixture: Fixture) -> Fixture:
    """Return the fixture with an attribute that no release knows yet."""
    later = copy.deepcopy(fixture)
    later["Item"].update(LATER)
    return later


def assert_kept(item: dict[str, Any] | None) -> None:
    assert item is not None
    assert {name: item.get(name) for name in LATER} == LATER


@live
def test_an_update_keeps_what_a_newer_release_wrote(world: World, case: str) -> None:
    """One that rotates, and one that does not."""
    fixture = ALL[case]
    secret = load(world, with_later(fixture))

    secret.update(**{**fixture["Properties"], "Description": "unrelated"})
    assert_kept(world.item(secret))
    secret.update(**{**fixture["Properties"], "RotationToken": "a new one"})
    assert_kept(world.item(secret))


@pytest.mark.parametrize("case", sorted(ALL))
def test_deletion_and_restoration_keep_what_a_newer_release_wrote(world: World, case: str) -> None:
    secret = load(world, with_later(ALL[case]))
    if case in LIVE:
        secret.delete()
        if world.item(secret) is None:
            return  # Its recovery window is 0: there is nothing left to be kept.

    restore(connection_of(world), identity(secret), None, now())

    assert_kept(world.item(secret))


@pytest.mark.parametrize("case", sorted(ALL))
def test_a_backup_under_another_key_keeps_what_a_newer_release_wrote(
    world: World, case: str
) -> None:
    secret = load(world, with_later(ALL[case]))
    other = world.kms.create_key()["KeyMetadata"]["KeyId"]

    assert moved(world, "brought-in", other)() == [Status.IMPORTED]

    secret.model["TableName"] = "brought-in"
    assert_kept(world.item(secret))
    assert other in str(world.item(secret))


@live
def test_what_a_newer_release_wrote_into_a_version_does_not_hinder_a_read(
    world: World, case: str
) -> None:
    later = copy.deepcopy(ALL[case])
    for name in ("Versions", "Memories", "Tags"):
        for member in later["Item"][name]["L"]:
            member["M"].update(LATER)
    secret = load(world, later)

    assert client(world).get(*of(secret)) == later["Value"]
    assert secret.read().get("Value") == later["Model"].get("Value")
