"""The preflight says what would keep the type from being registered or used, before it is."""

from __future__ import annotations

import copy
import json
from functools import cache
from typing import Any

import boto3
import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError

from myorg_secrets.doctor import Finding, Status
from tests.publish.conftest import REGION, Account
from tests.world import ACCOUNT_ID
from tools.preflight import Examined, Wanted, examination, examine, role
from tools.preflight.questions import Place
from tools.preflight.registry import judge_configuration, judge_versions, surplus
from tools.project import ROOT, SCHEMA

pytestmark = pytest.mark.usefixtures("quiet_sdk")

TEXT = (ROOT / SCHEMA).read_text(encoding="utf-8")
SET = "the command"


@pytest.fixture(autouse=True)
def tree_is_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """It has tests of its own."""
    monkeypatch.setattr(examination.tree, "examine", lambda root: [])


@cache
def session() -> boto3.Session:
    """One for all: each reads the descriptions of the services anew, which takes its time."""
    return boto3.Session()


def look(**how: Any) -> Examined:
    return examine(Wanted(ROOT, **{"region": REGION, **how}), session())


def look_by_settings(**how: Any) -> Examined:
    """As somebody with a profile or variables of the environment, and nothing else."""
    return examine(Wanted(ROOT, **{"region": REGION, **how}))


def the(found: Examined, check: str) -> Finding:
    [finding] = [each for each in found.findings if each.check == check]
    return finding


def test_nothing_is_wrong_where_the_steps_before_were_done(account: Account) -> None:
    found = look()

    assert {each.status for each in found.findings} == {Status.OK}
    assert found.role_arn == account.role_arn
    assert found.region == REGION
    assert {each.check for each in found.findings} >= {
        "Credentials",
        "Region",
        "Storage",
        "Table",
        "Key",
        "Execution role",
        "Bucket for packages",
        "Published type",
    }


def test_without_credentials_nothing_else_is_asked(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)

    found = look_by_settings()

    assert [each.check for each in found.problems] == ["Credentials"]
    assert found.findings[-1].message == "There are no credentials."


def test_a_profile_that_is_not_there_is_said(account: Account) -> None:
    [problem] = look_by_settings(profile="nobody").problems

    assert problem.message == "The config profile (nobody) could not be found"


def test_without_a_region_nothing_else_is_asked(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_DEFAULT_REGION", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)

    [problem] = look_by_settings(region=None).problems

    assert problem.check == "Region"
    assert "There is no Region" in problem.message


def test_a_region_without_the_storage_is_none_to_register_in(account: Account) -> None:
    found = look(region="eu-west-1", role_arn=account.role_arn)

    assert the(found, "Storage").status is Status.PROBLEM
    assert the(found, "Storage").message == (
        "There is no stack myorg-secrets-password-storage in eu-west-1."
    )


def test_a_storage_stack_whose_table_is_in_another_region_is_a_problem(account: Account) -> None:
    arns = {
        name: f"arn:aws:{service}:eu-west-1:{ACCOUNT_ID}:x"
        for name, service in (("TableArn", "dynamodb"), ("KeyArn", "kms"))
    }
    outputs = {"TableName": "x", "KeyAlias": "alias/x", **arns}
    cloudformation = account.client("cloudformation")
    cloudformation.create_stack(
        StackName="elsewhere",
        TemplateBody=json.dumps(
            {
                "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
                "Outputs": {name: {"Value": value} for name, value in outputs.items()},
            }
        ),
    )

    finding = the(look(storage_stack="elsewhere"), "Storage")

    assert (finding.status, finding.remedy) == (Status.PROBLEM, "--region eu-west-1")


def test_a_stack_that_is_none_of_the_storage_is_a_problem(account: Account) -> None:
    finding = the(look(storage_stack="myorg-secrets-password-execution-role"), "Storage")

    assert finding.status is Status.PROBLEM
    assert "has no output KeyAlias, KeyArn, TableArn, TableName" in finding.message


def test_a_table_that_is_gone_is_a_problem(account: Account) -> None:
    """Though its stack is there."""
    cloudformation = account.client("cloudformation")
    [stack] = cloudformation.describe_stacks(StackName="myorg-secrets-password-storage")["Stacks"]
    outputs = {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}
    cloudformation.create_stack(
        StackName="without-table",
        TemplateBody=json.dumps(
            {
                "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
                "Outputs": {
                    name: {"Value": "gone" if name == "TableName" else value}
                    for name, value in outputs.items()
                },
            }
        ),
    )

    finding = the(look(storage_stack="without-table"), "Table")

    assert finding.status is Status.PROBLEM
    assert "There is no table gone in eu-north-1." in finding.message


def test_a_key_that_is_disabled_is_a_problem(account: Account) -> None:
    kms = account.client("kms")
    kms.disable_key(KeyId=account.storage.key_id)
    try:
        finding = the(look(), "Key")
    finally:
        kms.enable_key(KeyId=account.storage.key_id)

    assert finding.status is Status.PROBLEM
    assert finding.remedy is not None and "enable-key" in finding.remedy


# --- The role ----------------------------------------------------------------------------------


def test_a_role_that_nobody_made_is_a_problem(account: Account) -> None:
    finding = the(look(role_stack="nowhere"), "Execution role")

    assert finding.status is Status.PROBLEM
    assert "There is no stack nowhere" in finding.message


@pytest.mark.parametrize(
    ("arn", "message"),
    [
        (f"arn:aws:iam::{ACCOUNT_ID}:role/gone", "There is no role"),
        ("arn:aws:iam::999999999999:role/x", "is a role of another account"),
        (f"arn:aws:iam::{ACCOUNT_ID}:user/x", "is no ARN of a role"),
        ("my-role", "is no ARN of a role"),
    ],
)
def test_a_role_that_is_none_of_this_account_is_a_problem(
    account: Account, arn: str, message: str
) -> None:
    finding = the(look(role_arn=arn), "Execution role")

    assert finding.status is Status.PROBLEM
    assert message in finding.message


SERVICE = {"Service": "resources.cloudformation.amazonaws.com"}
ADMITS: dict[str, dict[str, Any]] = {
    "without a condition": {},
    "among several services": {
        "Principal": {"Service": ["lambda.amazonaws.com", SERVICE["Service"]]}
    },
    "for this account": {"Condition": {"StringEquals": {"aws:SourceAccount": [ACCOUNT_ID]}}},
    "for this type": {
        "Condition": {
            "ArnLike": {
                "aws:SourceArn": f"arn:aws:cloudformation:*:{ACCOUNT_ID}:type/resource/MyOrg-*"
            }
        }
    },
}
REFUSES: dict[str, tuple[dict[str, Any], Status, str]] = {
    "another service": (
        {"Principal": {"Service": "lambda.amazonaws.com"}},
        Status.PROBLEM,
        "does not let",
    ),
    "everybody": ({"Principal": "*"}, Status.PROBLEM, "does not let"),
    "another action": ({"Action": "sts:TagSession"}, Status.PROBLEM, "does not let"),
    "another account": (
        {"Condition": {"StringEquals": {"aws:SourceAccount": "999999999999"}}},
        Status.PROBLEM,
        f"aws:SourceAccount is {ACCOUNT_ID}, and not 999999999999",
    ),
    "another Region": (
        {
            "Condition": {
                "StringLike": {
                    "aws:SourceArn": f"arn:aws:cloudformation:eu-west-1:{ACCOUNT_ID}:type/*"
                }
            }
        },
        Status.PROBLEM,
        "aws:SourceArn is arn:aws:cloudformation:eu-north-1:",
    ),
    "what is not known": (
        {"Condition": {"Bool": {"aws:SecureTransport": "true"}}},
        Status.UNKNOWN,
        "Bool aws:SecureTransport is not known here",
    ),
    "a refusal": ({"Effect": "Deny"}, Status.UNKNOWN, "denies something"),
}


def judged(*statements: dict[str, Any]) -> Finding:
    whole = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": SERVICE}
    document = {"Version": "2012-10-17", "Statement": [{**whole, **each} for each in statements]}
    return role.judge(
        {"Arn": "arn:the-role", "AssumeRolePolicyDocument": document},
        Place("aws", REGION, ACCOUNT_ID),
    )


@pytest.mark.parametrize("name", ADMITS)
def test_a_trust_policy_admits_cloudformation(name: str) -> None:
    assert judged(ADMITS[name]).status is Status.OK


@pytest.mark.parametrize("name", REFUSES)
def test_a_trust_policy_does_not_admit_cloudformation(name: str) -> None:
    statement, status, message = REFUSES[name]

    finding = judged(statement)

    assert finding.status is status
    assert message in finding.message


def test_one_statement_that_admits_is_enough() -> None:
    assert judged(REFUSES["another account"][0], {}).status is Status.OK


def test_a_refusal_counts_whatever_else_admits() -> None:
    assert judged({}, {"Effect": "Deny"}).status is Status.UNKNOWN


def test_a_role_that_cannot_be_asked_for_has_to_be_named(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or `cfn submit` would get none."""
    monkeypatch.setattr("botocore.client.BaseClient._make_api_call", _denying("DescribeStacks"))

    assert the(look(), "Execution role").status is Status.PROBLEM
    assert the(look(), "Execution role").remedy == "Name the role: --role-arn ARN"
    assert look(role_arn=account.role_arn).problems == []


# --- The registry ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("count", "status"),
    [(1, Status.OK), (44, Status.OK), (45, Status.WARNING), (49, Status.WARNING)],
)
def test_below_the_limit_there_is_room(account: Account, count: int, status: Status) -> None:
    account.registry.publish(TEXT, count)

    found = look()

    assert (the(found, "Versions").status, found.problems) == (status, [])
    assert the(found, "Versions").message == f"{count} of 50 versions are registered."


def test_at_the_limit_the_oldest_that_is_not_the_default_has_to_go(account: Account) -> None:
    account.registry.publish(TEXT, 50, default=1)

    found = look()

    assert the(found, "Versions").status is Status.PROBLEM
    assert str(the(found, "Versions").remedy).endswith("--version-id 00000002")
    assert found.registry is not None
    assert found.registry.surplus == ["00000002"]


def test_as_many_go_as_are_too_many() -> None:
    live = [
        {"VersionId": f"{number:08}", "IsDefaultVersion": number == 2}
        for number in range(52, 0, -1)
    ]

    assert surplus(live) == ["00000001", "00000003", "00000004"]
    assert judge_versions(live).status is Status.PROBLEM
    assert surplus(live[3:]) == []


def test_a_schema_that_lost_something_since_the_published_version_is_a_problem(
    account: Account,
) -> None:
    older = json.loads(TEXT)
    older["properties"]["Pepper"] = {"type": "string"}
    account.registry.publish(json.dumps(older))

    finding = the(look(), "Published schema")

    assert finding.status is Status.PROBLEM
    assert "since version 00000001" in finding.message
    assert "/properties/Pepper: the property is removed" in finding.message


def test_the_newest_version_is_looked_at_beside_the_default_one(account: Account) -> None:
    newer = copy.deepcopy(json.loads(TEXT))
    newer["properties"]["Pepper"] = {"type": "string"}
    account.registry.publish(TEXT, 2, default=1)
    account.registry.versions["00000002"] = json.dumps(newer)

    findings = [each for each in look().findings if each.check == "Published schema"]

    assert [each.status for each in findings] == [Status.OK, Status.PROBLEM]
    assert "since version 00000002" in findings[1].message


def test_a_published_schema_that_cannot_be_read_is_not_judged(account: Account) -> None:
    account.registry.publish("no JSON")

    assert the(look(), "Published schema").status is Status.UNKNOWN


def test_a_type_without_configuration_has_that_of_its_defaults(account: Account) -> None:
    account.registry.publish(TEXT)

    assert the(look(), "Type configuration").message == (
        "It is not set. The type's own defaults name this storage."
    )


OTHER = '{"TableName": "other", "KeyId": "alias/other"}'


@pytest.mark.parametrize(
    ("text", "wanted", "status"),
    [
        (None, None, Status.OK),
        (None, OTHER, Status.WARNING),
        (OTHER, OTHER, Status.OK),
        (OTHER, None, Status.OK),
        ("{}", OTHER, Status.WARNING),
        ('{"TableName": "other"}', OTHER, Status.WARNING),
        ('{"ReturnValue": "false"}', None, Status.OK),
        ("no JSON", OTHER, Status.PROBLEM),
        ("[1]", OTHER, Status.PROBLEM),
    ],
)
def test_a_configuration_names_the_storage(
    text: str | None, wanted: str | None, status: Status
) -> None:
    finding = judge_configuration(text, wanted, SET)

    assert finding.status is status
    assert finding.remedy == (None if status is Status.OK else SET)


def test_the_configuration_that_is_set_is_looked_at(account: Account) -> None:
    account.registry.publish(TEXT)
    account.registry.configuration = OTHER

    finding = the(look(), "Type configuration")

    assert finding.status is Status.WARNING
    assert (
        "TableName is other, and the storage stack's is myorg-secrets-password" in finding.message
    )
    assert "set-type-configuration" in str(finding.remedy)


def test_what_may_not_be_looked_at_is_said_and_no_problem(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever submits may know what the preflight may not ask."""
    account.registry.publish(TEXT)

    monkeypatch.setattr("botocore.client.BaseClient._make_api_call", _denying("ListTypeVersions"))

    found = look()

    assert the(found, "Versions").status is Status.UNKNOWN
    assert "Allow cloudformation:ListTypeVersions on arn:aws:cloudformation" in str(
        the(found, "Versions").remedy
    )
    assert found.problems == []


def _denying(operation: str) -> Any:
    original = BaseClient._make_api_call

    def call(self: Any, name: str, request: Any) -> Any:
        if name == operation:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, name)
        return original(self, name, request)

    return call
