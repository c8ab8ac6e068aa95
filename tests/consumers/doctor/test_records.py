"""The records."""

import json
import shlex
from datetime import UTC, datetime

import pytest

from tests.consumers.doctor.report import KEY, TABLE, UPKEEP, Doctor, Report, disable, new_key
from tests.world import ACCOUNT_ID, REGION, Secret, World

DAY = 86_400
"""Seconds."""


def record_problems(report: Report) -> list[tuple[str, str]]:
    return [(f["Status"], f["Message"]) for f in report.all("Record") if f["Status"] != "ok"]


def test_a_secret_that_is_not_there_ends_with_1_and_the_nearest_name(
    doctor: Doctor, secret: Secret
) -> None:
    report = doctor("orders", "DBPasword")

    assert report.code == 1
    assert "The stack has DBPassword." in report["Secret"]["Message"]


def test_a_secret_that_is_not_there_beside_a_problem_ends_with_3(
    doctor: Doctor, world: World, key_arn: str
) -> None:
    disable(world, key_arn)

    assert doctor("orders", "DBPassword").code == 3


def test_a_stack_without_secrets_ends_with_1(doctor: Doctor, secret: Secret) -> None:
    assert doctor("order").code == 1
    assert "Did you mean the stack orders?" in doctor("order")["Secret"]["Message"]
    assert doctor("orders", "--env", "prod").code == 1
    assert doctor("orders", "--env", "default").code == 0


def test_an_empty_table_is_no_problem(doctor: Doctor) -> None:
    report = doctor("--all")

    assert (report.code, report.worse()) == (0, [])


def test_all_records_are_counted_and_only_those_with_a_fault_are_named(
    doctor: Doctor, world: World, secret: Secret, key_arn: str
) -> None:
    for stack in ("billing", "shop"):
        other = world.secret("DBPassword", stack=stack)
        other.create(TableName=TABLE, KeyId=key_arn)
    world.change_item(other, Versions={"S": "gone"})

    report = doctor("--all")

    assert report.code == 3
    ((status, message),) = record_problems(report)
    assert (status, "shop" in message) == ("problem", True)
    assert "Looked at 3: 2 live and 0 deleted, with 2 versions" in report["Records"]["Message"]


def test_a_deleted_secret_is_restorable_until_its_window_ends(
    doctor: Doctor, world: World, secret: Secret
) -> None:
    secret.delete()

    report = doctor("orders", "DBPassword")

    item = world.item(secret) or {}
    until = datetime.fromtimestamp(int(item["ExpiresAt"]["N"]), UTC).strftime("%Y-%m-%dT%H:%M:%S")
    assert report.code == 1
    assert f"can be restored until {until}" in report["Record"]["Message"]
    assert report["Record"]["Remedy"].startswith("myorg-secrets restore '")
    assert doctor("orders").code == 0


def test_a_deleted_secret_that_should_be_gone_is_a_warning(
    doctor: Doctor, world: World, secret: Secret
) -> None:
    secret.delete()
    past = int(datetime.now(UTC).timestamp()) - 3 * DAY
    world.change_item(secret, ExpiresAt={"N": str(past)})

    ((status, message),) = record_problems(doctor("orders"))

    assert (status, "has not removed it yet" in message) == ("warning", True)


def test_a_deleted_secret_that_nothing_removes_is_a_warning(
    doctor: Doctor, world: World, secret: Secret
) -> None:
    secret.delete()
    world.change_item(secret, ExpiresAt=None)

    ((status, message),) = record_problems(doctor("orders"))

    assert (status, "never removes it" in message) == ("warning", True)


def test_a_live_secret_that_dynamodb_will_remove_is_a_problem_that_the_remedy_mends(
    doctor: Doctor, world: World, secret: Secret
) -> None:
    secret.delete()
    world.change_item(secret, DeletedTime=None)

    report = doctor("orders", "DBPassword")

    ((status, message),) = record_problems(report)
    assert (report.code, status, "DynamoDB removes it from" in message) == (3, "problem", True)
    _, _, operation, *rest = shlex.split(report["Record"]["Remedy"])
    options = dict(zip(rest[::2], rest[1::2], strict=True))
    assert (operation, options["--table-name"], options["--region"]) == (
        "update-item",
        TABLE,
        REGION,
    )
    world.dynamodb.update_item(
        TableName=TABLE,
        Key=json.loads(options["--key"]),
        UpdateExpression=options["--update-expression"],
        ConditionExpression=options["--condition-expression"],
        ExpressionAttributeValues=json.loads(options["--expression-attribute-values"]),
    )
    assert doctor("orders", "DBPassword").code == 0


def test_a_damaged_record_is_a_problem_and_a_damaged_deleted_one_a_warning(
    doctor: Doctor, world: World, secret: Secret
) -> None:
    world.change_item(secret, Memories={"S": "?"})
    ((live, _),) = record_problems(doctor("orders", "DBPassword"))
    world.change_item(secret, Memories={"S": "?"}, DeletedTime={"S": "2026-01-01T00:00:00.000Z"})
    ((deleted, _),) = record_problems(doctor("orders", "DBPassword"))

    assert (live, deleted) == ("problem", "warning")


def test_a_current_version_of_another_record_is_tampering(
    doctor: Doctor, world: World, secret: Secret, key_arn: str
) -> None:
    other = world.secret("Other", stack="orders")
    other.create(TableName=TABLE, KeyId=key_arn)
    world.change_item(secret, Versions=(world.item(other) or {})["Versions"])

    report = doctor("orders", "DBPassword")

    ((status, message),) = record_problems(report)
    assert (report.code, status) == (3, "problem")
    assert "the current version" in message
    assert "tampered" in message
    assert "backup" in report["Record"]["Remedy"]


def test_kept_versions_that_were_tampered_with_are_named(
    doctor: Doctor, world: World, secret: Secret, key_arn: str
) -> None:
    for token in ("2", "3"):
        secret.update(KeyId=key_arn, RotationToken=token)
    versions = (world.item(secret) or {})["Versions"]["L"]
    first, second, current = (version["M"] for version in versions)
    first["Ciphertext"], second["Ciphertext"] = second["Ciphertext"], first["Ciphertext"]
    world.change_item(secret, Versions={"L": versions})

    ((status, message),) = record_problems(doctor("orders", "DBPassword"))

    ids = f"{first['VersionId']['S']}, {second['VersionId']['S']}"
    assert (status, ids in message) == ("problem", True)
    assert current["VersionId"]["S"] not in message


def test_a_kept_version_under_a_disabled_key_is_a_warning(
    doctor: Doctor, world: World, secret: Secret
) -> None:
    old = new_key(world)
    versions = (world.item(secret) or {})["Versions"]["L"]
    kept = {"M": {**versions[0]["M"], "KeyArn": {"S": old}, "VersionId": {"S": "kept"}}}
    world.change_item(secret, Versions={"L": [kept, *versions]})
    disable(world, old)

    report = doctor("orders", "DBPassword")

    assert [found["Status"] for found in report.all("Key")] == ["ok", "problem"]
    ((status, message),) = record_problems(report)
    assert (status, "kept version kept cannot be read" in message) == ("warning", True)


def test_a_current_version_whose_key_is_gone_is_a_problem(
    doctor: Doctor, world: World, secret: Secret
) -> None:
    gone = f"arn:aws:kms:{REGION}:{ACCOUNT_ID}:key/00000000-0000-0000-0000-000000000000"
    versions = (world.item(secret) or {})["Versions"]["L"]
    versions[0]["M"]["KeyArn"] = {"S": gone}
    world.change_item(secret, Versions={"L": versions})

    ((status, message),) = record_problems(doctor("orders"))

    assert (status, f"There is no key {gone}" in message) == ("problem", True)


def test_a_key_is_described_once_for_all_records(
    doctor: Doctor, world: World, secret: Secret, key_arn: str, calls: list[str]
) -> None:
    other = world.secret("Other", stack="orders")
    other.create(TableName=TABLE, KeyId=key_arn)

    report = doctor("orders")

    assert calls == [
        "sts:GetCallerIdentity",
        *UPKEEP,
        *KEY,
        "dynamodb:GetItem",
        "dynamodb:Query",
        "kms:Decrypt",
        "kms:Decrypt",
    ]
    assert len(report.all("Key")) == 1


@pytest.mark.parametrize(
    "name", ["Versions", "Memories", "Declared", "Revision", "ExpiresAt", "Tags"]
)
def test_nothing_that_others_write_into_a_record_ends_it_with_a_traceback(
    name: str, doctor: Doctor, world: World, secret: Secret
) -> None:
    for value in ({"S": "x"}, {"N": "99999999999999999999"}, {"L": []}, {"M": {}}):
        world.change_item(secret, **{name: value})
        assert doctor("orders").code in (0, 3)
