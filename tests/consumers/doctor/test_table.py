"""The table, and what protects it."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import EndpointConnectionError

from myorg_secrets.doctor import table
from tests.consumers.doctor.report import DENIED, OTHER_REGION, SHAPE, TABLE, TABLE_ARN, Doctor
from tests.world import REGION, Fault, World, break_with


@pytest.fixture
def elsewhere(world: World) -> Iterator[str]:
    """A table of the right name in another Region."""
    dynamodb = boto3.client("dynamodb", OTHER_REGION)
    dynamodb.create_table(TableName="far-away", BillingMode="PAY_PER_REQUEST", **SHAPE)
    yield "far-away"
    dynamodb.delete_table(TableName="far-away")


def test_a_table_in_another_region_is_found(
    elsewhere: str, doctor: Doctor, calls: list[str]
) -> None:
    report = doctor(table_name=elsewhere)

    assert report.code == 3
    assert f"It is in {OTHER_REGION}." in report["Table"]["Message"]
    assert report["Table"]["Remedy"] == f"--region {OTHER_REGION}"
    asked = boto3.Session().get_available_regions("dynamodb", partition_name="aws")
    assert calls.count("dynamodb:DescribeTable") == len(asked)
    assert "dynamodb:GetItem" not in calls
    assert report["Key"]["Status"] == "unknown"


def test_regions_that_refuse_are_passed_over(elsewhere: str, doctor: Doctor, world: World) -> None:
    def refuse_elsewhere(request: AWSPreparedRequest) -> AWSResponse | None:
        if f".{REGION}." in request.url or OTHER_REGION in request.url:
            return None
        raise EndpointConnectionError(endpoint_url=request.url)

    with world.failing("dynamodb:DescribeTable", refuse_elsewhere):
        report = doctor(table_name=elsewhere)

    assert report["Table"]["Remedy"] == f"--region {OTHER_REGION}"


def test_a_misspelt_table_is_guessed(doctor: Doctor) -> None:
    report = doctor(table_name="secret-of-doctor")

    assert report["Table"]["Remedy"] == f"--table-name {TABLE}"


@pytest.mark.parametrize("fault", [DENIED, break_with(TimeoutError())], ids=["denied", "silent"])
def test_a_table_that_is_nowhere_needs_the_storage_stack(
    fault: Fault, doctor: Doctor, world: World
) -> None:
    with world.failing("dynamodb:ListTables", fault):
        report = doctor(table_name="nothing-like-it")

    assert report["Table"]["Status"] == "problem"
    assert "infrastructure/storage.yml" in report["Table"]["Remedy"]


@pytest.mark.parametrize(
    ("keys", "remedy"),
    [
        (("stackname", "env"), "adopt OTHER --layout 2016"),
        (("dbid", None), "adopt OTHER --layout 2017"),
        (("EnvName", "StackName"), "--table-name"),
    ],
)
def test_a_table_of_another_shape_is_told_and_not_read(
    keys: tuple[str, str | None], remedy: str, doctor: Doctor, world: World, calls: list[str]
) -> None:
    names = [name for name in keys if name]
    world.dynamodb.create_table(
        TableName="OTHER",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in names],
        KeySchema=[
            {"AttributeName": name, "KeyType": kind}
            for name, kind in zip(names, ("HASH", "RANGE"), strict=False)
        ],
    )

    report = doctor(table_name="OTHER")

    assert (report.code, report["Table"]["Status"]) == (3, "problem")
    assert remedy in report["Table"]["Remedy"]
    assert "dynamodb:GetItem" not in calls


def described(**differently: Any) -> dict[str, Any]:
    """Return a description of a good table, but for these members."""
    good = {"TableStatus": "ACTIVE", "TableArn": TABLE_ARN, "TableName": TABLE}
    return {**SHAPE, **good, **differently}


def test_keys_of_another_kind_are_another_shape() -> None:
    numbers = [{**one, "AttributeType": "N"} for one in SHAPE["AttributeDefinitions"]]

    assert table.judge_shape(described()).status == "ok"
    assert table.judge_shape(described(AttributeDefinitions=numbers)).status == "problem"


@pytest.mark.parametrize(
    ("state", "remedy"),
    [
        ("CREATING", "Wait"),
        ("DELETING", "backup"),
        ("ARCHIVED", "backup"),
        ("INACCESSIBLE_ENCRYPTION_CREDENTIALS", "Enable the table's key"),
    ],
)
def test_a_table_that_is_not_active_is_a_problem(state: str, remedy: str) -> None:
    finding = table.judge_shape(described(TableStatus=state))

    assert finding.status == "problem"
    assert f"not active, but {state}" in finding.message
    assert remedy in (finding.remedy or "")


def test_a_table_that_is_being_updated_can_be_used() -> None:
    assert table.judge_shape(described(TableStatus="UPDATING")).status == "ok"


def test_a_table_whose_key_dynamodb_cannot_use_is_told() -> None:
    inaccessible = {"KMSMasterKeyArn": "k", "InaccessibleEncryptionDateTime": 1}
    broken = described(SSEDescription=inaccessible)
    found = {finding.check: finding for finding in table.judge_table(broken, REGION)}

    assert found["Table encryption"].status == "problem"


def test_a_table_under_dynamodbs_own_key_is_fine() -> None:
    found = {finding.check: finding for finding in table.judge_table(described(), REGION)}

    assert found["Table encryption"].status == "ok"
    assert "DynamoDB owns" in found["Table encryption"].message


def test_what_protects_the_table_and_is_off_is_a_warning(doctor: Doctor, world: World) -> None:
    world.dynamodb.update_table(TableName=TABLE, DeletionProtectionEnabled=False)
    world.dynamodb.update_time_to_live(
        TableName=TABLE,
        TimeToLiveSpecification={"Enabled": False, "AttributeName": "ExpiresAt"},
    )
    world.dynamodb.update_continuous_backups(
        TableName=TABLE, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": False}
    )

    report = doctor()

    assert report.code == 0
    assert report.worse() == [
        ("Deletion protection", "warning"),
        ("Time to live", "warning"),
        ("Point-in-time recovery", "warning"),
    ]
    for check in ("Deletion protection", "Time to live", "Point-in-time recovery"):
        assert report[check]["Remedy"].startswith("aws dynamodb update-")
        assert f"--table-name {TABLE}" in report[check]["Remedy"]


def test_time_to_live_by_another_attribute_is_a_warning(doctor: Doctor, world: World) -> None:
    for enabled, attribute in ((False, "ExpiresAt"), (True, "Expiry")):
        world.dynamodb.update_time_to_live(
            TableName=TABLE,
            TimeToLiveSpecification={"Enabled": enabled, "AttributeName": attribute},
        )

    expiry = doctor()["Time to live"]

    assert expiry["Status"] == "warning"
    assert "by Expiry, not by ExpiresAt" in expiry["Message"]
