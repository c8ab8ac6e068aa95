"""infrastructure/reader.yml: the reader's role reads the stacks that were named, and no others."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import boto3
import pytest

from local.iam import Request
from myorg_secrets import reader
from tests.permissions import deployed
from tests.permissions.deployed import Role
from tests.permissions.guide import table
from tests.world import REGION, World

Deploy = Callable[..., Role]


@pytest.fixture(scope="module")
def deploy(account: World) -> Iterator[Deploy]:
    s3 = boto3.client("s3", REGION)
    s3.create_bucket(Bucket="permissions-artifacts")
    s3.put_object(Bucket="permissions-artifacts", Key="reader.zip", Body=b"not run here")
    kept: dict[str, Role] = {}

    def made(stacks: str) -> Role:
        if stacks not in kept:
            outputs = deployed.stack(
                "reader.yml",
                FunctionName=f"reader-{len(kept)}",
                CodeS3Bucket="permissions-artifacts",
                CodeS3Key="reader.zip",
                TableName=account.storage.table_name,
                KeyArn=account.storage.key_arn,
                StackNames=stacks,
            )
            kept[stacks] = Role(outputs["ExecutionRoleArn"], "ReadSecrets")
        return kept[stacks]

    yield made


@pytest.fixture
def ask(
    world: World, allowed: list[Request], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[Role, str], dict[str, str]]]:
    """Invokes the function as Lambda does: with the role's credentials in its environment."""

    def asked(role: Role, stack: str) -> dict[str, str]:
        reader._client.cache_clear()
        for name, value in {
            "AWS_ACCESS_KEY_ID": role.credentials["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": role.credentials["SecretAccessKey"],
            "AWS_SESSION_TOKEN": role.credentials["SessionToken"],
            "TABLE_NAME": world.storage.table_name,
        }.items():
            monkeypatch.setenv(name, value)
        return reader.handler({"StackName": stack, "Name": "DB"}, None)

    yield asked
    reader._client.cache_clear()


@pytest.fixture
def values(world: World) -> dict[str, str]:
    """The passwords by their stacks."""
    return {stack: world.secret("DB", stack=stack).create() for stack in ("A", "B", "C")}


def test_it_reads_the_stacks_that_were_named_and_no_others(deploy, ask, values) -> None:
    role = deploy("A,B")

    assert [ask(role, stack).get("Value") for stack in "AB"] == [values["A"], values["B"]]
    refused = ask(role, "C")
    assert refused["Error"] == "AccessDenied"
    assert "dynamodb:GetItem on arn:" in refused["Message"]


def test_with_no_stack_named_it_reads_all(deploy, ask, values) -> None:
    assert ask(deploy(""), "C")["Value"] == values["C"]


@pytest.mark.parametrize("stacks", ["A,B", ""])
@pytest.mark.parametrize("action", ["dynamodb:GetItem", "kms:Decrypt"])
def test_without_an_action_nothing_is_read(deploy, ask, values, action: str, stacks: str) -> None:
    role = deploy(stacks)

    with role.having(deployed.without_action(role.policy, action)):
        refused = ask(role, "A")

    assert refused["Error"] == "AccessDenied"
    assert f"{action} on arn:" in refused["Message"]


def test_each_of_the_two_conditions_keeps_other_stacks_out(deploy, ask, values) -> None:
    """Without the first the record is read, and not decrypted; without both, it is."""
    role = deploy("A,B")
    first = deployed.without_condition(role.policy, "ReadTheRecords", "dynamodb:LeadingKeys")
    both = deployed.without_condition(first, "DecryptSecrets", "kms:EncryptionContext:StackName")

    with role.having(first):
        assert "kms:Decrypt on arn:" in ask(role, "C")["Message"]
    with role.having(both):
        assert ask(role, "C")["Value"] == values["C"]


def test_the_guide_has_every_action_but_those_of_the_log(deploy) -> None:
    """Lambda writes the log, so that no call of the function shows whether it may."""
    logs = {"logs:CreateLogStream", "logs:PutLogEvents"}

    assert {*table("The reader function", "Action"), *logs} == set(deploy("A,B").actions)
