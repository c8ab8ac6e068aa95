"""Another writer between a read and its write: the outcome is one of the serial outcomes."""

import json
from base64 import b64encode
from collections.abc import Callable
from typing import Any

import pytest
from botocore.awsrequest import AWSPreparedRequest

from tests.world import Failed, Fault, World, answer_with


def first(act: Callable[[], object]) -> Fault:
    """Let another writer act just before the first call of the action."""
    waiting = [act]

    def fault(request: AWSPreparedRequest) -> None:
        if waiting:
            waiting.pop()()

    return fault


def superseded_by(item: dict[str, Any]) -> Fault:
    """Refuse each write because this item stands there."""
    body = {
        "__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException",
        "message": "The conditional request failed",
    }
    if item:
        body["Item"] = json.loads(json.dumps(item, default=lambda b: b64encode(b).decode()))
    return answer_with(400, body)


def test_an_update_after_another_update_keeps_both(world: World) -> None:
    secret, other = world.secret(), world.secret()
    secret.create(RotationToken="1")
    other.model, other.properties = secret.model, secret.properties

    with world.failing("dynamodb:UpdateItem", first(lambda: other.update(RotationToken="2"))):
        secret.update(RotationToken="3")

    assert secret.read()["Value"] == secret.value
    assert other.update(RotationToken="2") == other.value
    assert len(world.item(secret)["Versions"]["L"]) == 3


def test_two_deliveries_of_one_update_at_once_rotate_once(world: World) -> None:
    secret, other = world.secret(), world.secret()
    secret.create()
    other.model, other.properties = secret.model, secret.properties

    with world.failing("dynamodb:UpdateItem", first(lambda: other.update(RotationToken="2"))):
        secret.update(RotationToken="2")

    assert secret.value == other.value
    assert len(world.item(secret)["Versions"]["L"]) == 2


def test_an_update_after_a_delete_is_not_found(world: World) -> None:
    secret = world.secret()
    secret.create()

    with (
        world.failing("dynamodb:UpdateItem", first(secret.delete)),
        pytest.raises(Failed) as failed,
    ):
        secret.update(RotationToken="2")

    assert failed.value.code == "NotFound"
    assert world.list() == []


def test_a_create_after_another_create_finds_the_identifier_taken(world: World) -> None:
    secret, other = world.secret(), world.secret()

    with (
        world.failing("dynamodb:PutItem", first(other.create)),
        pytest.raises(Failed) as failed,
    ):
        secret.create()

    assert failed.value.code == "AlreadyExists"
    assert other.read() == other.model


@pytest.mark.parametrize("removed", [True, False], ids=["tombstone gone", "tombstone taken"])
def test_a_create_over_a_tombstone_that_changes_meanwhile(world: World, removed: bool) -> None:
    secret, other = world.secret(), world.secret()
    secret.create()
    secret.delete()
    calls: list[None] = []

    def between(request: AWSPreparedRequest) -> None:
        calls.append(None)
        if len(calls) == 2:
            if removed:
                world.dynamodb.delete_item(TableName="myorg-secrets-password", Key=secret.key)
            else:
                other.create()

    with world.failing("dynamodb:PutItem", between):
        if removed:
            secret.create()
            assert secret.read() == secret.model
        else:
            with pytest.raises(Failed) as failed:
                secret.create()
            assert failed.value.code == "AlreadyExists"


def test_a_delete_that_meets_a_changed_recovery_window_follows_it(world: World) -> None:
    secret = world.secret()
    secret.create(RecoveryWindowInDays=0)

    with world.failing(
        "dynamodb:DeleteItem",
        first(lambda: secret.update(RecoveryWindowInDays=7)),
    ):
        secret.delete()

    assert "DeletedTime" in world.item(secret)


def test_an_update_that_meets_the_next_life_of_its_identifier_goes_on_from_that(
    world: World,
) -> None:
    """Both lives count their revisions from 1 where the first one left no tombstone."""
    secret, other = world.secret(), world.secret()
    secret.create(RecoveryWindowInDays=0)
    other.model = secret.model

    def begin_again() -> None:
        other.delete()
        other.create(RecoveryWindowInDays=0)

    with world.failing("dynamodb:UpdateItem", first(begin_again)):
        secret.update(RecoveryWindowInDays=0, RotationToken="2")

    kept = [version["M"]["VersionId"]["S"] for version in world.item(secret)["Versions"]["L"]]
    assert kept == [other.model["VersionId"], secret.model["VersionId"]]


def test_a_delete_that_meets_the_next_life_of_its_identifier_follows_its_recovery_window(
    world: World,
) -> None:
    secret, other = world.secret(), world.secret()
    secret.create(RecoveryWindowInDays=0)
    other.model = secret.model

    def begin_again() -> None:
        other.delete()
        other.create(RecoveryWindowInDays=7)

    with world.failing("dynamodb:DeleteItem", first(begin_again)):
        secret.delete()

    assert "DeletedTime" in world.item(secret)


@pytest.mark.parametrize(
    ("operation", "action"),
    [
        ("create", "dynamodb:PutItem"),
        ("update", "dynamodb:UpdateItem"),
        ("delete", "dynamodb:DeleteItem"),
    ],
)
def test_whoever_always_comes_second_is_told_to_repeat(
    world: World, operation: str, action: str
) -> None:
    secret = world.secret()
    secret.create(RecoveryWindowInDays=0)
    standing = world.item(secret) or {}
    if operation == "create":
        secret.delete()
        standing = {}
    act = {
        "create": secret.create,
        "update": lambda: secret.update(RotationToken="2"),
        "delete": secret.delete,
    }[operation]

    with world.failing(action, superseded_by(standing)), pytest.raises(Failed) as failed:
        act()

    assert failed.value.code == "ResourceConflict"


def test_a_delete_that_finds_the_record_removed_meanwhile_is_a_success(world: World) -> None:
    """Gone is what was asked for."""
    secret, other = world.secret(), world.secret()
    secret.create(RecoveryWindowInDays=0)
    other.model = secret.model

    with world.failing("dynamodb:DeleteItem", first(other.delete)):
        secret.delete()

    assert world.item(secret) is None
