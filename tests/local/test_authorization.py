"""IAM at the door of the embedded AWS, over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto.iam.access_control import IAMPolicy

import local
from local.authorization import enforced
from local.environment import ACCOUNT_ID, REGION
from local.events import Operation, live_event
from local.iam import Request
from tests.local.stacks import Stack
from tools.project import ROOT

IDENTITY = {"StackName": "orders", "Name": "DB"}


@pytest.fixture
def allowed(quiet_sdk: None) -> Iterator[list[Request]]:
    with enforced({"local"}) as allowed:
        yield allowed


@pytest.fixture(scope="module")
def credentials(aws: local.LocalAws) -> dict[str, str]:
    """Of a session of the execution role."""
    outcome = Stack(aws).deploy(
        ROOT / "infrastructure" / "execution-role.yml",
        TableName=aws.storage.table_name,
        KeyArn=aws.storage.key_arn,
    )
    role = aws.client("sts").assume_role(
        RoleArn=outcome.outputs["ExecutionRoleArn"], RoleSessionName="test"
    )
    found: dict[str, str] = role["Credentials"]
    return found


def client(aws: local.LocalAws, service: Any, key: str, secret: str, token: str | None) -> Any:
    session = boto3.Session(key, secret, token, region_name=REGION)
    return session.client(service, endpoint_url=aws.endpoint_url)


def test_the_handler_s_calls_pass_as_the_role(aws, allowed, credentials) -> None:
    operation = Operation("CREATE", IDENTITY, "token")

    answer = aws.handler.send(live_event(operation, aws.handler.account, credentials))

    assert answer["status"] == "SUCCESS"
    own = [one.action for one in allowed if "kms:ViaService" not in one.context]
    assert own == ["kms:Encrypt", "kms:Decrypt", "dynamodb:PutItem"]


def test_a_denial_reads_as_aws_s_own(aws, allowed, credentials) -> None:
    dynamodb = client(aws, "dynamodb", *credentials_of(credentials))

    with pytest.raises(ClientError) as denied:
        dynamodb.describe_table(TableName=aws.storage.table_name)

    response = denied.value.response
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert response["Error"]["Code"] == "AccessDeniedException"
    user = response["Error"]["Message"].partition(" is not ")[0]
    assert user.startswith(f"User: arn:aws:sts::{ACCOUNT_ID}:assumed-role/")
    assert response["Error"]["Message"] == (
        f"{user} is not authorized to perform: dynamodb:DescribeTable on resource:"
        f" {aws.storage.table_arn} because no identity-based policy allows the"
        " dynamodb:DescribeTable action"
    )


def credentials_of(credentials: dict[str, str]) -> tuple[str, str, str]:
    return (
        credentials["AccessKeyId"],
        credentials["SecretAccessKey"],
        credentials["SessionToken"],
    )


def test_a_stranger_and_a_wrong_signature_are_turned_away(aws, allowed, credentials) -> None:
    key, _, token = credentials_of(credentials)
    user = aws.client("iam").create_user(UserName="somebody")["User"]["UserName"]
    user_key = aws.client("iam").create_access_key(UserName=user)["AccessKey"]
    refusals = []

    for signing in (
        ("AKIASTRANGER00000000", "secret", None),
        (user_key["AccessKeyId"], user_key["SecretAccessKey"], None),
        (key, "another secret", token),
    ):
        with pytest.raises(ClientError) as refused:
            client(aws, "kms", *signing).describe_key(KeyId=aws.storage.key_id)
        refusals.append(refused.value.response["Error"]["Code"])

    assert refusals == [
        "UnrecognizedClientException",
        "UnrecognizedClientException",
        "InvalidSignatureException",
    ]


def test_what_is_not_there_is_told_by_the_emulator(aws, allowed, credentials) -> None:
    """Nobody can be denied a table or a key that does not exist."""
    signing = credentials_of(credentials)

    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        client(aws, "dynamodb", *signing).describe_table(TableName="not-there")
    with pytest.raises(ClientError, match="NotFoundException"):
        client(aws, "kms", *signing).encrypt(KeyId="alias/not-there", Plaintext=b"-")


def test_moto_s_own_enforcement_has_a_say(aws, allowed, credentials, monkeypatch) -> None:
    """What it would not allow by actions and resources is refused, whatever `local.iam` says."""
    dynamodb = client(aws, "dynamodb", *credentials_of(credentials))
    where = {"TableName": aws.storage.table_name}
    assert dynamodb.scan(**where)["ResponseMetadata"]["HTTPStatusCode"] == 200
    decide = IAMPolicy.is_action_permitted
    monkeypatch.setattr(
        IAMPolicy, "is_action_permitted", lambda policy, action, _: decide(policy, action, "*")
    )

    with pytest.raises(ClientError, match=r"dynamodb:Scan on resource: .* because moto"):
        dynamodb.scan(**where)


def test_outside_nothing_is_decided(aws, credentials) -> None:
    signing = credentials_of(credentials)

    assert client(aws, "dynamodb", *signing).describe_table(TableName=aws.storage.table_name)
