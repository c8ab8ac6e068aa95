"""What AWS denies, or does not answer."""

import json

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import EndpointConnectionError

from myorg_secrets.doctor.asking import NEEDS
from tests.consumers.doctor.report import CALLER, DENIED, KEY, TABLE_ARN, UPKEEP, Doctor
from tests.world import (
    ACCOUNT_ID,
    REGION,
    Fault,
    Secret,
    World,
    answer_with,
    break_with,
    refuse_with,
)
from tools.project import ROOT


def test_storage_and_permissions_are_ten_calls(doctor: Doctor, calls: list[str]) -> None:
    report = doctor()

    assert (report.code, report.worse()) == (0, [])
    assert calls == [
        "sts:GetCallerIdentity",
        *UPKEEP,
        *KEY,
        "dynamodb:GetItem",
        "dynamodb:Query",
        "dynamodb:Scan",
    ]


def test_a_secret_costs_one_decryption_a_version_besides(
    doctor: Doctor, calls: list[str], secret: Secret, key_arn: str
) -> None:
    secret.update(KeyId=key_arn, RotationToken="2")

    report = doctor("orders", "DBPassword")

    assert (report.code, report.worse()) == (0, [])
    assert calls == [
        "sts:GetCallerIdentity",
        *UPKEEP,
        *KEY,
        "dynamodb:GetItem",
        "kms:Decrypt",
        "kms:Decrypt",
    ]


def test_the_reference_names_a_secret_as_well(doctor: Doctor, secret: Secret) -> None:
    report = doctor("|".join(secret.identifier.values()))

    assert report.code == 0
    assert "is live" in report["Record"]["Message"]


@pytest.mark.parametrize(
    ("action", "check", "status", "needed_for", "code"),
    [
        ("dynamodb:DescribeTable", "Table", "unknown", "Only doctor", 0),
        ("dynamodb:DescribeTimeToLive", "Time to live", "unknown", "Only doctor", 0),
        (
            "dynamodb:DescribeContinuousBackups",
            "Point-in-time recovery",
            "unknown",
            "Only doctor",
            0,
        ),
        ("dynamodb:GetItem", "Read", "problem", "Reading a password", 3),
        ("dynamodb:Query", "Records", "warning", "only needed to list", 0),
        ("kms:DescribeKey", "Key", "unknown", "Only doctor", 0),
        ("kms:Encrypt", "Encrypt", "warning", "only needed to create", 0),
        ("kms:Decrypt", "Decrypt", "problem", "Reading a password", 3),
    ],
)
def test_a_denial_says_the_action_the_arn_and_what_needs_it(
    action: str,
    check: str,
    status: str,
    needed_for: str,
    code: int,
    doctor: Doctor,
    world: World,
    secret: Secret,
    key_arn: str,
) -> None:
    arn = key_arn if action.startswith("kms") else TABLE_ARN
    with world.failing(action, DENIED):
        report = doctor("orders")

    found = report[check]
    assert (report.code, found["Status"]) == (code, status)
    assert f"{action} on {arn} is denied" in found["Message"]
    assert needed_for in found["Message"]
    assert f"Allow {action} on {arn} in the IAM policies of {CALLER}" in found["Remedy"]
    assert ("key policy" in found["Remedy"]) == action.startswith("kms")


@pytest.mark.parametrize(
    ("action", "check", "status"),
    [
        ("dynamodb:GetItem", "Read", "unknown"),
        ("dynamodb:Query", "List a stack", "unknown"),
        ("kms:Encrypt", "Encrypt", "unknown"),
        ("dynamodb:Scan", "List the table", "warning"),
    ],
)
def test_a_policy_for_one_stack_is_no_problem_where_no_stack_was_named(
    action: str, check: str, status: str, doctor: Doctor, world: World
) -> None:
    with world.failing(action, DENIED):
        report = doctor()

    assert (report.code, report[check]["Status"]) == (0, status)
    assert ("name yours (STACK)" in report[check]["Message"]) == (status == "unknown")


def test_a_policy_for_some_stacks_is_told_by_the_records_that_it_leaves_out(
    doctor: Doctor, world: World, secret: Secret
) -> None:
    def deny_orders(request: AWSPreparedRequest) -> AWSResponse | None:
        ours = json.loads(request.body)["EncryptionContext"]["StackName"] == "orders"
        return DENIED(request) if ours else None

    with world.failing("kms:Decrypt", deny_orders):
        report = doctor("--all")

    assert (report.code, report["Decrypt"]["Status"]) == (3, "ok")
    assert report["Record"]["Status"] == "problem"
    assert "is denied." in report["Record"]["Message"]
    assert "Allow kms:Decrypt" in report["Record"]["Remedy"]


def test_a_denial_under_an_alias_names_the_key_that_a_policy_must_name(
    doctor: Doctor, world: World, key_arn: str
) -> None:
    world.kms.create_alias(AliasName="alias/of-doctor", TargetKeyId=key_arn)
    with world.failing("kms:Encrypt", DENIED):
        report = doctor("orders", kms_key_id="alias/of-doctor")
    world.kms.delete_alias(AliasName="alias/of-doctor")

    assert f"Allow kms:Encrypt on {key_arn}" in report["Encrypt"]["Remedy"]
    assert "by alias/of-doctor" in report["Key"]["Message"]


def test_a_policy_is_never_told_to_name_an_alias(doctor: Doctor, world: World) -> None:
    with world.failing("kms:DescribeKey", DENIED):
        report = doctor(kms_key_id="alias/of-doctor")

    alias = f"arn:aws:kms:{REGION}:{ACCOUNT_ID}:alias/of-doctor"
    assert f"Allow kms:DescribeKey on the key behind {alias}" in report["Key"]["Remedy"]


def test_the_guides_policy_allows_what_is_asked_and_nothing_else() -> None:
    guide = (ROOT / "guide" / "doctor.md").read_text(encoding="utf-8")
    policy = json.loads(guide.partition("```json\n")[2].partition("```")[0])
    allowed: list[str] = []
    for statement in policy["Statement"]:
        actions = statement["Action"]
        allowed += [actions] if isinstance(actions, str) else actions

    hints = ["dynamodb:ListTables"]
    needing_none = ["sts:GetCallerIdentity"]
    assert sorted([*allowed, *needing_none]) == sorted([*NEEDS, *hints])


def test_a_reader_who_may_only_read_has_no_problem(
    doctor: Doctor, world: World, secret: Secret
) -> None:
    """What guide/consume.md allows: GetItem and Decrypt."""
    denied = [*UPKEEP, "dynamodb:Query", "dynamodb:Scan", "kms:DescribeKey", "kms:Encrypt"]
    world.faults.update(dict.fromkeys(denied, DENIED))

    report = doctor("orders", "DBPassword")

    assert report.code == 0
    assert report["Record"]["Status"] == "ok"


def test_a_service_that_does_not_answer_is_not_waited_for_again(
    doctor: Doctor, world: World, calls: list[str]
) -> None:
    silence = break_with(EndpointConnectionError(endpoint_url="https://dynamodb"))
    world.faults.update(dict.fromkeys([*UPKEEP, "dynamodb:GetItem"], silence))

    report = doctor("orders", "DBPassword")

    assert (report.code, report["Table"]["Status"]) == (3, "problem")
    assert "network" in report["Table"]["Remedy"]
    assert set(call for call in calls if call.startswith("dynamodb")) == {"dynamodb:DescribeTable"}
    assert report["Key"]["Status"] == "ok"


def test_what_kms_did_not_answer_for_one_version_is_not_asked_for_the_next(
    doctor: Doctor, world: World, secret: Secret, key_arn: str, calls: list[str]
) -> None:
    secret.update(KeyId=key_arn, RotationToken="2")
    with world.failing("kms:DescribeKey", break_with(TimeoutError())):
        report = doctor("orders", "DBPassword")

    assert "kms:Decrypt" not in calls
    assert {found["Status"] for found in report.all("Record")} == {"unknown"}


@pytest.mark.parametrize(
    ("fault", "action", "check", "status", "code"),
    [
        (refuse_with("ThrottlingException"), "dynamodb:DescribeTable", "Table", "unknown", 0),
        (answer_with(200, b"<html>"), "dynamodb:DescribeTable", "Table", "unknown", 0),
        (refuse_with("InternalServerError", 500), "dynamodb:GetItem", "Read", "problem", 3),
        (answer_with(200, b"<html>"), "dynamodb:GetItem", "Read", "problem", 3),
        (refuse_with("ValidationException"), "kms:DescribeKey", "Key", "unknown", 0),
        (refuse_with("DisabledException"), "kms:Encrypt", "Encrypt", "problem", 3),
        (answer_with(200, b"[]"), "kms:Encrypt", "Encrypt", "unknown", 0),
        (answer_with(200, {"Table": {}}), "dynamodb:DescribeTable", "Table", "unknown", 0),
        (answer_with(200, {"KeyMetadata": {}}), "kms:DescribeKey", "Key", "unknown", 0),
        (answer_with(200, {"KeyId": "1"}), "kms:Encrypt", "Encrypt", "unknown", 0),
        (refuse_with("ThrottlingException"), "dynamodb:Scan", "List the table", "unknown", 0),
        (
            refuse_with("UnrecognizedClientException"),
            "dynamodb:DescribeTable",
            "Table",
            "problem",
            3,
        ),
    ],
    ids=[
        "throttled",
        "proxy",
        "5xx on what reading needs",
        "proxy on what reading needs",
        "refused",
        "disabled meanwhile",
        "no object",
        "half a table",
        "half a key",
        "no ciphertext",
        "throttled scan",
        "credentials that ended meanwhile",
    ],
)
def test_a_failure_of_aws_ends_its_own_check_alone(
    fault: Fault,
    action: str,
    check: str,
    status: str,
    code: int,
    doctor: Doctor,
    world: World,
) -> None:
    with world.failing(action, fault):
        report = doctor()

    assert (report.code, report[check]["Status"]) == (code, status)
    assert report["Key"]["Status"] == ("unknown" if check == "Key" else "ok")
