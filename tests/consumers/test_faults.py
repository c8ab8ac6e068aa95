"""Adoption, import and restore while AWS fails, loses answers, or others write first."""

import base64
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from myorg_secrets.adoption.adopt import Adoption, Outcome, Status
from myorg_secrets.adoption.old_table import OldTable
from myorg_secrets.adoption.rows import RowsOf2016
from myorg_secrets.backup import importing
from myorg_secrets.backup.exporting import export
from myorg_secrets.backup.importing import Importing
from myorg_secrets.connection import Connection, connect
from myorg_secrets.exceptions import InvalidCredentials, ServiceFault, Throttled
from myorg_secrets.parallel import in_parallel
from myorg_secrets.restore import restore
from myorg_secrets_password.exceptions import Conflict
from tests.world import (
    REGION,
    Secret,
    World,
    answer_with,
    beaten_to_it,
    lose_answer,
    refuse_with,
)

OLD = "old-passwords"
LOST = ReadTimeoutError(endpoint_url="https://aws.example.com")

pytestmark = pytest.mark.usefixtures("quiet_sdk")


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def connection(world: World) -> Connection:
    connection = connect(world.storage.table_name, region_name=REGION)
    for service, client in (("dynamodb", connection.dynamodb), ("kms", connection.kms)):
        world.watch(client.meta.events, service, [])
    return connection


@pytest.fixture
def old(world: World, connection: Connection) -> Iterator[OldTable]:
    """A table of 2016 with the rows of three stacks."""
    world.dynamodb.create_table(
        TableName=OLD,
        KeySchema=[
            {"AttributeName": "stackname", "KeyType": "HASH"},
            {"AttributeName": "env", "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": "S"} for name in ("stackname", "env")
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    for stack in ("a", "b", "c"):
        ciphertext = world.kms.encrypt(
            KeyId=world.storage.key_id, Plaintext=f"password-of-{stack}".encode()
        )["CiphertextBlob"]
        world.dynamodb.put_item(
            TableName=OLD,
            Item={
                "stackname": {"S": stack},
                "env": {"S": "prod"},
                "cipher": {"S": base64.b64encode(ciphertext).decode()},
            },
        )
    yield OldTable(connection.dynamodb, OLD)


def adopt(connection: Connection, old: OldTable, **how: Any) -> tuple[Adoption, list[Outcome]]:
    adoption = Adoption(connection, "alias/myorg-secrets-password", now, **how)
    rows = RowsOf2016(old, "DB", [], None, None, now)
    return adoption, [adoption(row) for row in rows]


def statuses(outcomes: list[Outcome]) -> list[Status]:
    return [outcome.status for outcome in outcomes]


def holds(connection: Connection, stack: str) -> str:
    """What the adopted secret of a stack holds."""
    identity = connection.identity(stack, "DB", "prod")
    record = connection.store.get(identity)
    assert record is not None and len(record.versions) == 1
    return connection.cipher.reveal(identity, record.current).reveal()


def test_a_row_whose_write_was_done_but_not_answered_is_adopted_once(
    world: World, connection: Connection, old: OldTable
) -> None:
    """The SDK repeats the call, and the condition then meets our own record."""
    with world.failing("dynamodb:PutItem", lose_answer(LOST)):
        _, outcomes = adopt(connection, old)

    assert statuses(outcomes) == [Status.ADOPTED] * 3
    assert [holds(connection, stack) for stack in "abc"] == [f"password-of-{s}" for s in "abc"]


def test_a_row_that_another_run_adopts_at_the_same_time_is_known_as_adopted(
    world: World, connection: Connection, old: OldTable
) -> None:
    """Between the look and the write comes another adopt of the same table."""
    other = connect(world.storage.table_name, region_name=REGION)

    def come_first(request: Any) -> None:
        world.faults.clear()
        adopt(other, OldTable(other.dynamodb, OLD))

    with world.failing("dynamodb:PutItem", come_first):
        _, outcomes = adopt(connection, old)
        world.faults.setdefault("dynamodb:PutItem", lambda request: None)

    assert statuses(outcomes) == [Status.ADOPTED_BEFORE] * 3
    assert holds(connection, "a") == "password-of-a"


def test_nothing_is_adopted_over_a_secret_that_is_created_at_the_same_time(
    world: World, connection: Connection, old: OldTable
) -> None:
    secret = world.secret("DB", stack="a")

    def come_first(request: Any) -> None:
        world.faults.clear()
        secret.create(Env="prod")

    with world.failing("dynamodb:PutItem", come_first):
        _, outcomes = adopt(connection, old)
        world.faults.setdefault("dynamodb:PutItem", lambda request: None)

    assert statuses(outcomes) == [Status.NOT_ADOPTED, Status.ADOPTED, Status.ADOPTED]
    assert "A live secret" in outcomes[0].reason
    assert secret.read()["Value"] == secret.value


def test_a_row_that_kms_refuses_does_not_stop_the_rest(
    world: World, connection: Connection, old: OldTable
) -> None:
    refused: list[Any] = []

    def first_alone(request: Any) -> Any:
        refused.append(request)
        return refuse_with("AccessDeniedException")(request) if len(refused) == 1 else None

    with world.failing("kms:ReEncrypt", first_alone):
        adoption, outcomes = adopt(connection, old)

    assert statuses(outcomes) == [Status.NOT_ADOPTED, Status.ADOPTED, Status.ADOPTED]
    assert "kms:ReEncryptFrom" in outcomes[0].reason
    assert adoption.failure is None


@pytest.mark.parametrize(
    ("action", "fault", "kind"),
    [
        ("kms:ReEncrypt", refuse_with("UnrecognizedClientException"), InvalidCredentials),
        ("dynamodb:GetItem", refuse_with("ThrottlingException"), Throttled),
        ("dynamodb:PutItem", refuse_with("InternalServerError", 500), ServiceFault),
    ],
)
def test_what_every_row_would_meet_is_not_tried_again(
    world: World, connection: Connection, old: OldTable, action: str, fault: Any, kind: type
) -> None:
    with world.failing(action, fault):
        adoption, outcomes = adopt(connection, old)

    assert isinstance(adoption.failure, kind)
    assert statuses(outcomes) == [Status.NOT_ADOPTED] * 3
    assert [outcome.reason for outcome in outcomes[1:]] == ["Not tried any more."] * 2
    assert statuses(adopt(connection, old)[1]) == [Status.ADOPTED] * 3


@pytest.mark.parametrize("body", [{}, {"CiphertextBlob": ""}, b"<html>"], ids=str)
def test_an_answer_that_is_none_of_kms_adopts_nothing(
    world: World, connection: Connection, old: OldTable, body: Any
) -> None:
    with world.failing("kms:ReEncrypt", answer_with(200, body)):
        _, outcomes = adopt(connection, old)

    assert statuses(outcomes) == [Status.NOT_ADOPTED] * 3
    assert "not one of AWS" in outcomes[0].reason


def test_an_old_row_whose_deletion_was_not_answered_counts_as_deleted(
    world: World, connection: Connection, old: OldTable
) -> None:
    with world.failing("dynamodb:DeleteItem", lose_answer(LOST)):
        _, outcomes = adopt(connection, old, delete=True)

    assert all(outcome.deleted and outcome.is_done for outcome in outcomes)
    assert list(old.rows()) == []


def test_an_old_row_that_was_changed_meanwhile_stays(
    world: World, connection: Connection, old: OldTable
) -> None:
    """Somebody still uses the old recipe: its new password must not be lost."""
    changed: list[Any] = []

    def change(request: Any) -> None:
        if not changed:
            changed.append(request)
            world.dynamodb.update_item(
                TableName=OLD,
                Key={"stackname": {"S": "a"}, "env": {"S": "prod"}},
                UpdateExpression="SET cipher = :new",
                ExpressionAttributeValues={":new": {"S": "another"}},
            )

    with world.failing("dynamodb:DeleteItem", change):
        _, outcomes = adopt(connection, old, delete=True)

    assert [outcome.deleted for outcome in outcomes] == [False, True, True]
    assert outcomes[0].status is Status.ADOPTED
    assert outcomes[0].reason == "The old row stays: It was changed meanwhile."
    assert [row["cipher"]["S"] for row in old.rows()] == ["another"]


def test_an_old_row_stays_where_the_new_record_does_not_read_back(
    world: World, connection: Connection, old: OldTable
) -> None:
    adopt(connection, old)

    with world.failing("kms:ReEncrypt", refuse_with("InvalidCiphertextException")):
        _, outcomes = adopt(connection, old, delete=True)

    assert not any(outcome.deleted or outcome.is_done for outcome in outcomes)
    assert len(list(old.rows())) == 3


@pytest.fixture
def secret(world: World) -> Secret:
    secret = world.secret("DB", stack="orders")
    secret.create(RotationToken="1")
    secret.update(RotationToken="2")
    return secret


@pytest.fixture
def exported(connection: Connection, secret: Secret) -> Any:
    """The one line of an export."""
    [line] = export(connection)
    assert line.item is not None
    return (2, line.item)


def change(secret: Secret, **attributes: Any) -> None:
    secret.world.change_item(secret, **attributes)


def test_a_line_whose_write_was_done_but_not_answered_is_imported(
    world: World, connection: Connection, secret: Secret, exported: Any
) -> None:
    change(secret, Revision={"N": "1"})

    with world.failing("dynamodb:PutItem", lose_answer(LOST)):
        outcome = Importing(connection, now())(exported)

    assert (outcome.status, outcome.reason) == (
        importing.Status.IMPORTED,
        "in place of revision 1",
    )
    assert world.item(secret) == exported[1]


def test_a_line_is_not_imported_over_what_was_written_at_the_same_time(
    world: World, connection: Connection, secret: Secret, exported: Any
) -> None:
    change(secret, Revision={"N": "1"})

    def come_first(request: Any) -> None:
        change(secret, Revision={"N": "9"})

    with world.failing("dynamodb:PutItem", come_first):
        outcome = Importing(connection, now())(exported)

    assert outcome.status is importing.Status.NOT_IMPORTED
    assert "changed meanwhile" in outcome.reason
    item = world.item(secret)
    assert item is not None and item["Revision"] == {"N": "9"}


def test_what_every_line_would_meet_is_not_tried_again(
    world: World, connection: Connection, exported: Any
) -> None:
    importing_lines = Importing(connection, now())

    with world.failing("dynamodb:GetItem", refuse_with("ExpiredTokenException")):
        outcomes = [importing_lines(exported) for _ in range(2)]

    assert isinstance(importing_lines.failure, InvalidCredentials)
    assert outcomes[1].reason == "Not tried any more."


@pytest.mark.parametrize("key_id", [None, "alias/myorg-secrets-password"])
def test_no_line_is_imported_that_kms_cannot_be_asked_about(
    world: World, connection: Connection, secret: Secret, exported: Any, key_id: str | None
) -> None:
    change(secret, Revision={"N": "1"})
    importing_lines = Importing(connection, now(), key_id)
    action = "kms:Decrypt" if key_id is None else "kms:ReEncrypt"

    with world.failing(action, refuse_with("ThrottlingException")):
        outcome = importing_lines(exported)

    assert outcome.status is importing.Status.NOT_IMPORTED
    assert isinstance(importing_lines.failure, Throttled)


def test_an_export_stops_where_kms_cannot_be_asked(
    world: World, connection: Connection, secret: Secret
) -> None:
    """Half a backup must not look like one."""
    with (
        world.failing("kms:ReEncrypt", refuse_with("ThrottlingException")),
        pytest.raises(Throttled),
    ):
        list(export(connection, key_id="alias/myorg-secrets-password"))


@pytest.mark.parametrize("deleted", [False, True])
def test_a_restore_that_was_done_but_not_answered_is_done(
    world: World, connection: Connection, secret: Secret, deleted: bool
) -> None:
    if deleted:
        secret.delete()
    identity = connection.identity("orders", "DB", "default")
    record = connection.store.get(identity)
    assert record is not None
    first = record.versions[0].id

    with world.failing("dynamodb:UpdateItem", lose_answer(LOST)):
        outcome = restore(connection, identity, first, now())

    assert outcome.changed
    standing = connection.store.get(identity)
    assert standing == outcome.record
    assert (standing.current.id, standing.revision) == (first, record.revision + 1)


def test_a_restore_that_came_second_says_so(
    world: World, connection: Connection, secret: Secret
) -> None:
    identity = connection.identity("orders", "DB", "default")
    record = connection.store.get(identity)
    assert record is not None

    with (
        world.failing(
            "dynamodb:UpdateItem", beaten_to_it(refuse_with("ConditionalCheckFailedException"))
        ),
        pytest.raises(Conflict, match="changed by somebody else"),
    ):
        restore(connection, identity, record.versions[0].id, now())


def test_a_live_secret_with_a_date_of_expiry_loses_it(
    connection: Connection, secret: Secret
) -> None:
    """Somebody restored it by hand and left the date: DynamoDB would remove it."""
    change(secret, ExpiresAt={"N": "1"})
    identity = connection.identity("orders", "DB", "default")

    assert restore(connection, identity, None, now()).changed
    record = connection.store.get(identity)
    assert record is not None and record.expires_at is None


def test_the_same_work_comes_back_in_the_order_of_the_things() -> None:
    assert list(in_parallel(lambda number: number * 2, range(100))) == list(range(0, 200, 2))


def test_what_was_begun_is_told_before_what_failed() -> None:
    """A scan that ends with an error must not hide the rows that were done."""

    def things() -> Iterator[int]:
        yield from range(5)
        raise Throttled("in the middle")

    results = in_parallel(abs, things())

    assert [next(results) for _ in range(5)] == [0, 1, 2, 3, 4]
    with pytest.raises(Throttled):
        next(results)


def test_of_many_things_few_are_looked_at_ahead() -> None:
    looked_at: list[int] = []

    def things() -> Iterator[int]:
        for number in range(1000):
            looked_at.append(number)
            yield number

    work: Callable[[int], int] = abs
    results = in_parallel(work, things())

    next(results)
    assert len(looked_at) < 40
