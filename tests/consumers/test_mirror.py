"""Copies in S3 serve while the table cannot, and nothing else does they change."""

import itertools
import json
import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import pytest
from botocore.exceptions import ConnectTimeoutError

from myorg_secrets import SecretsClient, client, exceptions
from myorg_secrets.backup.mirror import Mirror, state_of
from myorg_secrets.backup.mirroring import Mirrored, Status, mirror_all
from myorg_secrets.connection import connect
from tests.consumers.test_client import MINUTE, Clock
from tests.world import REGION, Fault, Secret, World, answer_with, break_with, refuse_with

GET, DECRYPT, COPY = "dynamodb:GetItem", "kms:Decrypt", "s3:GetObject"
TIME_OUT = break_with(ConnectTimeoutError(endpoint_url="https://dynamodb"))
S3_DENIED = answer_with(403, b"<Error><Code>AccessDenied</Code></Error>")


class Copies:
    """A bucket with the mirror of the world's table, under a key of its own."""

    _names = itertools.count()

    def __init__(self, world: World, session: boto3.Session) -> None:
        self.s3 = world.client("s3")
        self.bucket = f"copies-{next(self._names)}"
        self.location = f"s3://{self.bucket}/passwords"
        self.s3.create_bucket(Bucket=self.bucket)
        self.key_arn: str = world.kms.create_key()["KeyMetadata"]["Arn"]
        self.connection = connect(world.storage.table_name, region_name=REGION, session=session)
        self.mirror = Mirror.at(self.location, self.connection)

    def update(self, **how: Any) -> list[Mirrored]:
        """Bring it up to date."""
        return list(mirror_all(self.connection, self.mirror, self.key_arn, **how))

    def key(self, secret: Secret) -> str:
        model = secret.model
        return f"passwords/{model['StackName']}/{model['Env']}/{model['Name']}.json"

    def body(self, secret: Secret) -> bytes:
        answer = self.s3.get_object(Bucket=self.bucket, Key=self.key(secret))
        body: bytes = answer["Body"].read()
        return body

    def put(self, secret: Secret, body: bytes) -> None:
        self.s3.put_object(Bucket=self.bucket, Key=self.key(secret), Body=body)

    def remove(self, secret: Secret) -> None:
        self.s3.delete_object(Bucket=self.bucket, Key=self.key(secret))


@pytest.fixture(scope="module")
def session(account: World) -> boto3.Session:
    """One for all: each reads the SDK's description of S3 anew."""
    return boto3.Session()


@pytest.fixture
def copies(world: World, session: boto3.Session) -> Copies:
    return Copies(world, session)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(client, "time", clock)
    return clock


@pytest.fixture
def calls() -> list[str]:
    return []


@pytest.fixture
def consumer(
    world: World, copies: Copies, session: boto3.Session, clock: Clock, calls: list[str]
) -> SecretsClient:
    made = SecretsClient(
        region_name=REGION,
        session=session,
        max_age=5 * MINUTE,
        max_stale=10 * MINUTE,
        fallback=copies.location,
    )
    assert made._mirror is not None
    world.watch(made._connection.dynamodb.meta.events, "dynamodb", calls)
    world.watch(made._connection.kms.meta.events, "kms", calls)
    world.watch(made._mirror.s3.meta.events, "s3", calls)
    return made


@pytest.fixture
def secret(world: World, copies: Copies) -> Iterator[Secret]:
    """A secret that was rotated once, with its copy."""
    secret = world.secret("DBPassword", stack="orders")
    secret.create(RotationToken="1")
    secret.update(RotationToken="2")
    copies.update()
    yield secret


def of_the_table_s_key(fault: Fault, world: World) -> Fault:
    """Let a call of KMS meet the fault where it names the table's key."""

    def meet(request: Any) -> Any:
        named = json.loads(request.body)["KeyId"]
        return fault(request) if named == world.storage.key_arn else None

    return meet


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [
        record.getMessage()
        for record in caplog.records
        if record.name == client.__name__ and record.levelno == logging.WARNING
    ]


FAULTS: dict[str, tuple[str, Fault]] = {
    "no table": (GET, refuse_with("ResourceNotFoundException")),
    "table being restored": (GET, refuse_with("ResourceInUseException")),
    "throttled": (GET, refuse_with("ThrottlingException")),
    "unreachable": (GET, TIME_OUT),
    "out of order": (GET, refuse_with("InternalServerError", 500)),
    "a proxy answers": (GET, answer_with(200, b"<html>")),
    "key disabled": (DECRYPT, refuse_with("DisabledException")),
    "key pending deletion": (DECRYPT, refuse_with("KMSInvalidStateException")),
    "key gone": (DECRYPT, refuse_with("NotFoundException")),
}


@pytest.mark.parametrize(("action", "fault"), FAULTS.values(), ids=FAULTS)
def test_the_copy_serves_while_the_table_or_its_key_cannot_be_used(
    consumer: SecretsClient,
    secret: Secret,
    world: World,
    caplog: pytest.LogCaptureFixture,
    action: str,
    fault: Fault,
) -> None:
    """And the log says so, with the reason and without the value."""
    meant = of_the_table_s_key(fault, world) if action == DECRYPT else fault
    with world.failing(action, meant):
        value = consumer.get("orders", "DBPassword")

    [said] = warnings(caplog)
    assert value == secret.value
    assert "The password of myorg-secrets-password|orders|default|DBPassword is from its copy" in (
        said
    )
    assert value not in said


TOLD: dict[str, tuple[str, Fault, type[Exception]]] = {
    "access denied": (GET, refuse_with("AccessDeniedException"), exceptions.AccessDenied),
    "bad credentials": (GET, refuse_with("ExpiredTokenException"), exceptions.InvalidCredentials),
    "key denied": (DECRYPT, refuse_with("AccessDeniedException"), exceptions.AccessDenied),
    "tampered with": (DECRYPT, refuse_with("InvalidCiphertextException"), exceptions.Damaged),
}


@pytest.mark.parametrize(("action", "fault", "kind"), TOLD.values(), ids=TOLD)
def test_what_aws_refuses_is_told_and_no_copy_is_asked_for(
    consumer: SecretsClient,
    secret: Secret,
    world: World,
    calls: list[str],
    action: str,
    fault: Fault,
    kind: type[Exception],
) -> None:
    """Whoever may not read the record must not get it by another way."""
    with world.failing(action, fault), pytest.raises(kind):
        consumer.get("orders", "DBPassword")

    assert COPY not in calls


def test_what_the_table_does_not_have_is_not_looked_for_among_the_copies(
    consumer: SecretsClient, secret: Secret, world: World, calls: list[str]
) -> None:
    secret.delete()

    with pytest.raises(exceptions.NotFound):
        consumer.get("orders", "DBPassword")

    assert calls == [GET]


def test_a_value_in_memory_stands_before_the_copy(
    consumer: SecretsClient, secret: Secret, world: World, calls: list[str], clock: Clock
) -> None:
    consumer.get("orders", "DBPassword")
    clock.now += 6 * MINUTE
    calls.clear()

    with world.failing(GET, TIME_OUT):
        assert consumer.get("orders", "DBPassword") == secret.value

    assert COPY not in calls


def test_when_the_value_in_memory_is_too_old_the_copy_serves(
    consumer: SecretsClient, secret: Secret, world: World, calls: list[str], clock: Clock
) -> None:
    consumer.get("orders", "DBPassword")
    clock.now += 16 * MINUTE
    calls.clear()

    with world.failing(GET, TIME_OUT):
        assert consumer.get("orders", "DBPassword") == secret.value

    assert calls[-1] == COPY  # and no call of KMS, for a version that is known


def test_while_the_copy_serves_neither_is_asked_at_every_get(
    consumer: SecretsClient, secret: Secret, world: World, calls: list[str], clock: Clock
) -> None:
    """One copy is read for the whole trouble, and the table is asked less and less."""
    with world.failing(GET, refuse_with("AccessDeniedExceptionOfNobody", 500)):
        for _ in range(60):
            assert consumer.get("orders", "DBPassword") == secret.value
            clock.now += 5

    assert calls.count(COPY) == calls.count(DECRYPT) == 1
    assert calls.count(GET) / 3 <= 12  # the SDK tries each three times


def test_when_the_table_is_back_it_is_read_again(
    consumer: SecretsClient, secret: Secret, world: World, calls: list[str], clock: Clock
) -> None:
    with world.failing(GET, TIME_OUT):
        before = consumer.get("orders", "DBPassword")
    secret.update(RotationToken="3")
    calls.clear()
    clock.now += 5

    after = consumer.get("orders", "DBPassword")

    assert (before == after, after == secret.value) == (False, True)
    assert calls == [GET, DECRYPT]


def test_an_earlier_version_comes_from_the_copy_too(
    consumer: SecretsClient, world: World, copies: Copies
) -> None:
    secret = world.secret("DBPassword", stack="orders")
    first, first_id = secret.create(RotationToken="1"), secret.model["VersionId"]
    secret.update(RotationToken="2")
    copies.update()

    with world.failing(GET, TIME_OUT):
        assert consumer.get("orders", "DBPassword", version_id=first_id) == first


def test_the_calls_of_a_fallback_are_three_kinds_and_each_is_made_as_often_as_needed(
    consumer: SecretsClient, secret: Secret, world: World, calls: list[str]
) -> None:
    with world.failing(GET, refuse_with("ResourceNotFoundException")):
        consumer.get("orders", "DBPassword")
        consumer.get("orders", "DBPassword")

    assert calls == [GET, COPY, DECRYPT]


def unreadable(copies: Copies, secret: Secret, world: World) -> dict[str, Callable[[], object]]:
    """Ways in which there may be no copy, or one that cannot serve."""
    other = world.secret("Other", stack="orders")
    other.create()
    copies.update()
    body = copies.body(secret)
    moved = copies.body(other).replace(b"default#Other", b"default#DBPassword")
    return {
        "absent": lambda: copies.remove(secret),
        "empty": lambda: copies.put(secret, b""),
        "no JSON": lambda: copies.put(secret, b"<html>"),
        "no item": lambda: copies.put(secret, b"{}"),
        "cut off": lambda: copies.put(secret, body[: len(body) // 2]),
        "not of this type": lambda: copies.put(secret, b'{"Item": {"StackName": {"S": "orders"}}}'),
        "of another secret": lambda: copies.put(secret, copies.body(other)),
        "of another secret, renamed": lambda: copies.put(secret, moved),
        "of a deleted secret": lambda: (secret.delete(), copies.update()),
    }


WAYS = {
    "absent": "There is no copy of",
    "empty": "is not as it was written",
    "no JSON": "is not as it was written",
    "no item": "is not as it was written",
    "cut off": "is not as it was written",
    "not of this type": "is not as it was written",
    "of another secret": "is not of myorg-secrets-password|orders|default|DBPassword",
    "of another secret, renamed": "does not belong to this record",
    "of a deleted secret": "was deleted at",
}


@pytest.mark.parametrize(("way", "reason"), WAYS.items(), ids=WAYS)
def test_where_no_copy_can_serve_the_first_failure_is_told_and_the_log_says_why(
    consumer: SecretsClient,
    copies: Copies,
    secret: Secret,
    world: World,
    caplog: pytest.LogCaptureFixture,
    way: str,
    reason: str,
) -> None:
    """KMS's encryption context binds a copy to its secret, whatever the object says."""
    unreadable(copies, secret, world)[way]()

    with world.failing(GET, TIME_OUT), pytest.raises(exceptions.Unreachable):
        consumer.get("orders", "DBPassword")

    [said] = warnings(caplog)
    assert said.startswith("The copy of myorg-secrets-password|orders|default|DBPassword cannot")
    assert reason in said


def test_the_cases_of_copies_that_cannot_serve_are_all_tried(
    copies: Copies, secret: Secret, world: World
) -> None:
    assert unreadable(copies, secret, world).keys() == WAYS.keys()


@pytest.mark.parametrize(
    ("action", "fault"),
    [(COPY, S3_DENIED), (COPY, TIME_OUT), (DECRYPT, refuse_with("AccessDeniedException"))],
    ids=["S3 denies", "S3 unreachable", "KMS denies"],
)
def test_where_the_copy_cannot_be_read_the_first_failure_is_told(
    consumer: SecretsClient, secret: Secret, world: World, action: str, fault: Fault
) -> None:
    with (
        world.failing(action, fault),
        world.failing(GET, refuse_with("ResourceNotFoundException")),
        pytest.raises(exceptions.InvalidRequest, match="the table does not exist"),
    ):
        consumer.get("orders", "DBPassword")


def test_one_copy_is_read_however_many_threads_ask_at_once(
    consumer: SecretsClient, secret: Secret, world: World, calls: list[str]
) -> None:
    start = threading.Barrier(8)

    def get(_: int) -> str:
        start.wait()
        return consumer.get("orders", "DBPassword")

    with (
        world.failing(GET, refuse_with("ResourceNotFoundException")),
        ThreadPoolExecutor(8) as pool,
    ):
        assert set(pool.map(get, range(8))) == {secret.value}

    assert calls == [GET, COPY, DECRYPT]


def test_no_log_record_at_any_level_holds_a_value(
    consumer: SecretsClient, secret: Secret, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    logging.getLogger("botocore").setLevel(logging.INFO)  # whose own records hold KMS's answers
    caplog.set_level(logging.DEBUG)
    caplog.clear()

    with world.failing(GET, TIME_OUT):
        value = consumer.get("orders", "DBPassword")
    logging.getLogger("botocore").setLevel(logging.NOTSET)

    assert value not in caplog.text
    assert value not in repr(consumer._readings)


@pytest.mark.parametrize("location", ["copies", "s3://", "s3:///x", "s3://UPPER/x", "s3://a"])
def test_a_fallback_that_is_no_place_in_s3_is_refused_at_once(location: str) -> None:
    with pytest.raises(exceptions.InvalidRequest, match="is no s3://BUCKET/PREFIX"):
        SecretsClient(region_name=REGION, fallback=location)


def test_nothing_changes_without_a_fallback(world: World, secret: Secret) -> None:
    plain = SecretsClient(region_name=REGION)
    world.watch(plain._connection.dynamodb.meta.events, "dynamodb", [])

    with world.failing(GET, TIME_OUT), pytest.raises(exceptions.Unreachable):
        plain.get("orders", "DBPassword")


# --- Bringing the copies up to date ---------------------------------------------------------


def outcome(mirrored: list[Mirrored]) -> list[tuple[Status, bool]]:
    return [(each.status, bool(each.problem)) for each in mirrored]


def test_a_copy_is_written_when_its_record_changed_and_at_no_other_time(
    copies: Copies, secret: Secret
) -> None:
    body = copies.body(secret)

    assert outcome(copies.update()) == [(Status.UNCHANGED, False)]
    assert copies.body(secret) == body
    secret.update(RotationToken="2", Description="changed")
    assert outcome(copies.update()) == [(Status.WRITTEN, False)]
    assert outcome(copies.update()) == [(Status.UNCHANGED, False)]
    assert outcome(copies.update(rewrite=True)) == [(Status.WRITTEN, False)]


def test_every_version_of_a_copy_is_under_the_key_of_the_copies(
    copies: Copies, secret: Secret, world: World
) -> None:
    versions = json.loads(copies.body(secret))["Item"]["Versions"]["L"]

    assert {version["M"]["KeyArn"]["S"] for version in versions} == {copies.key_arn}
    assert len(versions) == 2
    assert copies.key_arn != world.storage.key_arn


def test_what_was_removed_from_the_table_keeps_its_copy(copies: Copies, world: World) -> None:
    secret = world.secret("DBPassword", stack="orders")
    secret.create(RecoveryWindowInDays=0)
    copies.update()
    body = copies.body(secret)
    secret.delete()

    assert copies.update() == []
    assert copies.body(secret) == body


def watched(world: World, copies: Copies, calls: list[str]) -> None:
    world.watch(copies.connection.kms.meta.events, "kms", calls)


def test_where_the_table_s_key_is_gone_the_copy_keeps_the_versions_that_it_has(
    consumer: SecretsClient, copies: Copies, secret: Secret, world: World, calls: list[str]
) -> None:
    """The record changed and nothing can be re-encrypted: what the last copy has is as good."""
    watched(world, copies, calls)
    secret.update(RotationToken="2", Description="changed")

    with world.failing("kms:ReEncrypt", refuse_with("KMSInvalidStateException")):
        assert outcome(copies.update()) == [(Status.WRITTEN, False)]
        assert outcome(copies.update()) == [(Status.UNCHANGED, False)]

    assert b"changed" in copies.body(secret)
    with world.failing(GET, TIME_OUT):
        assert consumer.get("orders", "DBPassword") == secret.value


def test_a_version_that_no_copy_has_is_reported_at_every_run_and_written_once(
    copies: Copies, secret: Secret, world: World, calls: list[str]
) -> None:
    watched(world, copies, calls)
    secret.update(RotationToken="3")

    with world.failing("kms:ReEncrypt", refuse_with("DisabledException")):
        first, second = copies.update(), copies.update()
    later = copies.update()

    assert outcome(first) == [(Status.WRITTEN, True)]
    assert outcome(second) == [(Status.UNCHANGED, True)]
    assert "is disabled" in first[0].problem
    assert outcome(later) == [(Status.WRITTEN, False)]


def test_a_damaged_record_does_not_replace_its_copy(
    copies: Copies, secret: Secret, world: World
) -> None:
    body = copies.body(secret)
    world.change_item(secret, Versions=None)

    [mirrored] = copies.update()

    assert (mirrored.status, copies.body(secret)) == (Status.LEFT_OUT, body)
    assert "Its last copy stays." in mirrored.problem


def test_a_name_too_long_for_s3_is_left_out_and_the_others_are_not(
    copies: Copies, secret: Secret, world: World
) -> None:
    world.secret("Long", stack="orders").create(Name="ä" * 300)
    secret.update(RotationToken="3")

    mirrored = copies.update()

    assert sorted(outcome(mirrored)) == [(Status.LEFT_OUT, True), (Status.WRITTEN, False)]
    assert [each.problem for each in mirrored if each.problem] == [
        "Its key in S3 would be longer than 1024 bytes. Back it up by `export`."
    ]


NAMES = [".", "..", "a/b", "ü ber", "%2F", "a b+c", "*", "x" * 255, "'\"\\", "\u2028", "~-_."]


@pytest.mark.parametrize("name", NAMES)
def test_any_name_has_a_copy_of_its_own(
    consumer: SecretsClient, copies: Copies, world: World, name: str
) -> None:
    """And no part of a key of S3 is one that other programs resolve."""
    secret = world.secret("DBPassword", stack="orders")
    secret.create(StackName=name, Env=name, Name=name)
    copies.update()

    [found] = copies.s3.list_objects_v2(Bucket=copies.bucket)["Contents"]
    with world.failing(GET, TIME_OUT):
        assert consumer.get(name, name, name) == secret.value
    assert found["Key"].count("/") == 3
    assert {".", ".."}.isdisjoint(found["Key"].split("/"))
    assert found["Key"].isascii()


def test_the_order_in_which_dynamodb_returns_attributes_is_no_change(
    secret: Secret, world: World
) -> None:
    item = world.item(secret)
    assert item is not None
    turned = dict(reversed(item.items()))

    assert state_of(item, "k") == state_of(turned, "k")
    assert len({state_of(item, key) for key in ("k", "l", None)}) == 3
    assert state_of(item, "k") != state_of({**item, "Description": {"S": "other"}}, "k")


def test_an_object_that_may_not_be_looked_at_is_told_with_both_rights(
    copies: Copies, secret: Secret, world: World, calls: list[str]
) -> None:
    """S3 says no more than 403 to HEAD: its answer has no body."""
    world.watch(copies.mirror.s3.meta.events, "s3", calls)

    with (
        world.failing("s3:HeadObject", answer_with(403, b"")),
        pytest.raises(exceptions.AccessDenied, match="or s3:ListBucket on the bucket"),
    ):
        copies.update()
