"""infrastructure/consumer-policy.yml as it is deployed: whom it lets read what."""

import json
from typing import Any

import pytest

import local
from local.environment import ACCOUNT_ID, REGION
from local.events import TYPE_NAME
from local.iam import Request, allows, as_list
from tests.local.iam import decrypt, get_item
from tests.local.stacks import Stack
from tools.project import ROOT

TEMPLATE = ROOT / "infrastructure" / "consumer-policy.yml"


def deployed(aws: local.LocalAws, stack: Stack, **parameters: str) -> local.Outcome:
    outcome = stack.deploy(
        TEMPLATE,
        StackName="orders",
        TableName=aws.storage.table_name,
        KeyArn=aws.storage.key_arn,
        **parameters,
    )
    assert outcome.status == "CREATE_COMPLETE", outcome.reasons
    return outcome


def document(aws: local.LocalAws, stack: Stack, **parameters: str) -> dict[str, Any]:
    """Deploy the policy, and return its document as IAM has it."""
    arn = deployed(aws, stack, **parameters).outputs["PolicyArn"]
    iam = aws.client("iam")
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    answer = iam.get_policy_version(PolicyArn=arn, VersionId=version)
    found: dict[str, Any] = answer["PolicyVersion"]["Document"]
    return found


def context(**changed: str) -> dict[str, str]:
    whole = {"Type": TYPE_NAME, "StackName": "orders", "Env": "prod", "Name": "DB"}
    return {**whole, "VersionId": "1", **changed}


def query(table_arn: str, stack: str) -> Request:
    return Request("dynamodb:Query", table_arn, {"dynamodb:LeadingKeys": [stack]})


@pytest.mark.parametrize("allow_query", [False, True])
def test_it_grants_two_actions_on_the_table_and_the_key_and_query_if_asked(aws, stack, allow_query):
    policy = document(aws, stack, AllowQuery=str(allow_query).lower())

    granted = {tuple(as_list(s["Action"])): s["Resource"] for s in policy["Statement"]}
    read = ("dynamodb:GetItem", "dynamodb:Query") if allow_query else ("dynamodb:GetItem",)
    assert granted == {read: aws.storage.table_arn, ("kms:Decrypt",): aws.storage.key_arn}
    assert "*" not in json.dumps(policy)
    assert allows(policy, query(aws.storage.table_arn, "orders")) is allow_query
    assert not allows(policy, query(aws.storage.table_arn, "invoices"))


def test_it_lets_the_stacks_secrets_be_read_and_no_others(aws, stack):
    policy = document(aws, stack)
    table, key = aws.storage.table_arn, aws.storage.key_arn

    assert allows(policy, get_item(table, "orders"))
    for env, name in (("prod", "DB"), ("default", "Other")):
        assert allows(policy, decrypt(key, context(Env=env, Name=name)))
    assert not allows(policy, get_item(table, "invoices"))
    assert not allows(policy, decrypt(key, context(StackName="invoices")))
    assert not allows(policy, get_item(f"{table}-2", "orders"))
    assert not allows(policy, decrypt(f"arn:aws:kms:{REGION}:{ACCOUNT_ID}:key/0", context()))


def test_a_request_that_names_no_key_is_not_let_through(aws, stack):
    """ForAllValues alone would: it holds where there is nothing to compare."""
    policy = document(aws, stack)
    bare = Request("dynamodb:GetItem", aws.storage.table_arn)

    assert not allows(policy, bare)
    for statement in policy["Statement"]:
        statement.get("Condition", {}).pop("Null", None)
    assert allows(policy, bare)


def test_a_ciphertext_of_another_kind_is_not_decrypted(aws, stack):
    """Whatever else is encrypted under the key, with the stack's name in its context or not."""
    policy, key = document(aws, stack), aws.storage.key_arn

    assert not allows(policy, decrypt(key, {}))
    assert not allows(policy, decrypt(key, {"StackName": "orders"}))
    assert not allows(policy, decrypt(key, context(Type="Another::Type")))


PINNED = {
    "Env": ({"Env": "prod"}, {"Env": "prod", "Name": "Other"}, {"Env": "dev"}),
    "Name": ({"Name": "DB"}, {"Env": "dev", "Name": "DB"}, {"Name": "Other"}),
    "both": ({"Env": "prod", "Name": "DB"}, {}, {"Env": "prod", "Name": "Other"}),
}


@pytest.mark.parametrize(("parameters", "inside", "outside"), PINNED.values(), ids=PINNED)
def test_env_and_name_pin_further(aws, stack, parameters, inside, outside):
    """Of what they are given; what is not given is not compared with an empty string."""
    policy, key = document(aws, stack, **parameters), aws.storage.key_arn

    assert allows(policy, decrypt(key, context(**inside)))
    assert not allows(policy, decrypt(key, context(**outside)))
    assert not allows(policy, decrypt(key, context(StackName="invoices", **inside)))
    assert '""' not in json.dumps(policy)


def test_it_is_attached_to_the_roles_that_are_named(aws, stack):
    iam = aws.client("iam")
    for role in ("task", "instance"):
        iam.create_role(RoleName=role, AssumeRolePolicyDocument="{}")

    arn = deployed(aws, stack, Roles="task,instance").outputs["PolicyArn"]

    for role in ("task", "instance"):
        [attached] = iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
        assert attached["PolicyArn"] == arn


def test_without_roles_it_is_attached_to_none(aws, stack):
    arn = deployed(aws, stack).outputs["PolicyArn"]

    policy = aws.client("iam").get_policy(PolicyArn=arn)["Policy"]
    assert policy["AttachmentCount"] == 0
