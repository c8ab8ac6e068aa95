"""What the execution role cannot do, and that it is its conditions and resources that keep it."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.iam import Request, allows
from tests.permissions import deployed
from tests.permissions.deployed import Role
from tests.permissions.guide import statement, table
from tests.world import ACCOUNT_ID, REGION, Failed, Secret, World

CONTEXT = {
    "Type": "MyOrg::Secrets::Password",
    "StackName": "orders",
    "Env": "default",
    "Name": "DB",
    "VersionId": "1",
}
KMS = "EncryptAndDecryptSecrets"
TYPE, KEYS = "kms:EncryptionContext:Type", "kms:EncryptionContextKeys"

LOWER_CASE = {"type" if name == "Type" else name: value for name, value in CONTEXT.items()}
NO_TYPE = {name: value for name, value in CONTEXT.items() if name != "Type"}
STRANGE: dict[str, tuple[str, dict[str, str]]] = {
    "another type": (TYPE, {**CONTEXT, "Type": "Another::Type"}),
    "no type": (TYPE, NO_TYPE),
    "no context": (TYPE, {}),
    "a further key": (KEYS, {**CONTEXT, "Team": "blue"}),
    "a key in other case": (KEYS, LOWER_CASE),
}
"""Encryption contexts that are not this type's, and the condition that keeps them out."""

OPEN = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT_ID}:root"},
            "Action": "kms:*",
            "Resource": "*",
        }
    ],
}
"""The policy that KMS gives a key by default: everything is left to the account."""


def call(world: World, role: Role, action: str, context: Mapping[str, str]) -> str:
    """Make a KMS call as the role, and return what KMS says against it, or nothing."""
    client = role.kms
    key = world.storage.key_arn
    source = CONTEXT if action == "kms:ReEncryptTo" else context
    blob = world.kms.encrypt(KeyId=key, Plaintext=b"-", EncryptionContext=source)["CiphertextBlob"]
    try:
        if action == "kms:Encrypt":
            client.encrypt(KeyId=key, Plaintext=b"-", EncryptionContext=context)
        elif action == "kms:Decrypt":
            client.decrypt(KeyId=key, CiphertextBlob=blob, EncryptionContext=context)
        else:
            client.re_encrypt(
                CiphertextBlob=blob,
                SourceEncryptionContext=source,
                DestinationKeyId=world.storage.key_alias,
                DestinationEncryptionContext=CONTEXT if source is context else context,
            )
    except ClientError as error:
        assert error.response["Error"]["Code"] == "AccessDeniedException"
        return error.response["Error"]["Message"]
    return ""


@pytest.mark.parametrize(
    "action", ["kms:Encrypt", "kms:Decrypt", "kms:ReEncryptFrom", "kms:ReEncryptTo"]
)
@pytest.mark.parametrize("strange", STRANGE)
def test_a_context_that_is_not_this_type_s_is_kept_out_by_one_condition(
    world: World, execution_role: Role, allowed: list[Request], action: str, strange: str
) -> None:
    """By the role's own: the key's policy leaves all to the account here."""
    condition, context = STRANGE[strange]
    loose = deployed.without_condition(execution_role.policy, KMS, condition)

    with deployed.key_policy(world, OPEN):
        refusal = call(world, execution_role, action, context)
        assert call(world, execution_role, action, CONTEXT) == ""
        with execution_role.having(loose):
            assert call(world, execution_role, action, context) == ""

    assert refusal == (
        f"User: arn:aws:sts::{ACCOUNT_ID}:assumed-role/{execution_role.name}/test is not authorized"
        f" to perform: {action} on resource: {world.storage.key_arn}"
        f" because no identity-based policy allows the {action} action"
    )


def test_every_condition_of_the_role_is_among_them_and_in_the_guide(execution_role: Role) -> None:
    assert deployed.conditions(execution_role.policy) == {(KMS, TYPE), (KMS, KEYS)}
    assert {condition for condition, _ in STRANGE.values()} == {TYPE, KEYS}
    assert set(table("The execution role", "Condition of the KMS actions")) == {TYPE, KEYS}


@pytest.fixture
def other_key(world: World) -> str:
    """A key that leaves everything to the account."""
    return str(world.kms.create_key(Policy=str(OPEN).replace("'", '"'))["KeyMetadata"]["Arn"])


@pytest.fixture
def other_table(world: World) -> str:
    """A table like the storage stack's, but under AWS's own key; its ARN."""
    return make_table(world, "another-table", SSESpecification={"Enabled": True})


@pytest.fixture
def table_under_other_key(world: World, other_key: str) -> str:
    encryption = {"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": other_key}
    return make_table(world, "another-table", SSESpecification=encryption)


def make_table(world: World, name: str, **further: Any) -> str:
    keys = {"StackName": "HASH", "EnvName": "RANGE"}
    made = world.dynamodb.create_table(
        TableName=name,
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
        KeySchema=[{"AttributeName": key, "KeyType": kind} for key, kind in keys.items()],
        BillingMode="PAY_PER_REQUEST",
        **further,
    )
    return str(made["TableDescription"]["TableArn"])


def with_statements(policy: dict[str, Any], *statements: dict[str, Any]) -> dict[str, Any]:
    changed = copy.deepcopy(policy)
    changed["Statement"] += statements
    return changed


def created(world: World, role: Role, **properties: Any) -> Secret:
    secret = world.secret()
    world.credentials = role.credentials
    secret.create(**properties)
    return secret


def test_another_table_is_denied_by_name(
    world: World, execution_role: Role, allowed: list[Request], other_table: str
) -> None:
    with pytest.raises(Failed) as failed:
        created(world, execution_role, TableName="another-table")

    assert failed.value.code == "AccessDenied"
    assert f"dynamodb:PutItem on {other_table}" in failed.value.message


def test_another_table_takes_the_statements_of_the_guide(
    world: World,
    execution_role: Role,
    allowed: list[Request],
    table_under_other_key: str,
    other_key: str,
) -> None:
    """To open it, too, since its key's policy has no word on DynamoDB."""
    records = statement("RecordsInAnotherTable", TABLE_ARN=table_under_other_key)
    opening = statement(
        "OpenAnotherTable",
        KEY_ARN=other_key,
        ACCOUNT_ID=ACCOUNT_ID,
        TABLE_NAME="another-table",
        REGION=REGION,
    )

    with (
        execution_role.having(with_statements(execution_role.policy, records)),
        pytest.raises(Failed) as failed,
    ):
        created(world, execution_role, TableName="another-table")
    with execution_role.having(with_statements(execution_role.policy, records, opening)):
        secret = created(world, execution_role, TableName="another-table")
        secret.update(TableName="another-table", RotationToken="2")
        assert secret.read()["Value"] == secret.value
        assert len(world.list({"TableName": "another-table"})) == 1
        secret.delete()

    assert failed.value.code == "AccessDenied"


def test_another_key_is_denied_by_name(
    world: World, execution_role: Role, allowed: list[Request], other_key: str
) -> None:
    """For a new secret, and as the other end of a re-encryption."""
    with pytest.raises(Failed) as on_create:
        created(world, execution_role, KeyId=other_key)
    secret = created(world, execution_role)
    with pytest.raises(Failed) as on_update:
        secret.update(KeyId=other_key)

    assert on_create.value.code == on_update.value.code == "AccessDenied"
    assert f"kms:Encrypt on {other_key}" in on_create.value.message
    assert "kms:ReEncryptTo" in on_update.value.message
    assert other_key in on_update.value.message


def test_another_key_takes_the_statement_of_the_guide(
    world: World, execution_role: Role, allowed: list[Request], other_key: str
) -> None:
    further = statement("SecretsUnderAnotherKey", KEY_ARN=other_key)

    with execution_role.having(with_statements(execution_role.policy, further)):
        secret = created(world, execution_role)
        first = secret.value
        assert secret.update(KeyId=other_key) == first
        assert secret.update(KeyId=world.storage.key_alias) == first


@pytest.mark.parametrize("sid", ["KeepTheRecords", "EncryptAndDecryptSecrets"])
def test_it_is_the_resource_that_keeps_the_role_to_one_table_and_one_key(
    world: World,
    execution_role: Role,
    allowed: list[Request],
    other_table: str,
    other_key: str,
    sid: str,
) -> None:
    """Each of the two alone: without it, the other table or the other key is open."""
    wide = deployed.on_everything(execution_role.policy, sid)
    where = {"KeepTheRecords": {"TableName": "another-table"}}.get(sid, {"KeyId": other_key})

    with execution_role.having(wide):
        assert created(world, execution_role, **where).read()["Value"]


TRUST = {
    "aws:SourceAccount": ACCOUNT_ID,
    "aws:SourceArn": f"arn:aws:cloudformation:{REGION}:{ACCOUNT_ID}:type/resource"
    "/MyOrg-Secrets-Password/00000001",
}
SERVICE = "resources.cloudformation.amazonaws.com"


def trusts(policy: Mapping[str, Any], service: str = SERVICE, **context: str) -> bool:
    given = {key: value for key, value in {**TRUST, **context}.items() if value}
    return allows(policy, Request("sts:AssumeRole", "the role", given), service)


def test_cloudformation_is_trusted_for_this_account_and_this_type(execution_role: Role) -> None:
    assert trusts(execution_role.trust)
    assert not trusts(execution_role.trust, "lambda.amazonaws.com")
    assert not trusts(execution_role.trust, "cloudformation.amazonaws.com")


DISTRUSTED = {
    "another account": ("aws:SourceAccount", "999999999999"),
    "no account": ("aws:SourceAccount", ""),
    "another type": (
        "aws:SourceArn",
        TRUST["aws:SourceArn"].replace("MyOrg-Secrets-Password", "MyOrg-Secrets-Passwords"),
    ),
    "another account's type": (
        "aws:SourceArn",
        TRUST["aws:SourceArn"].replace(ACCOUNT_ID, "999999999999"),
    ),
    "another Region": ("aws:SourceArn", TRUST["aws:SourceArn"].replace(REGION, "eu-west-1")),
    "a stack": ("aws:SourceArn", f"arn:aws:cloudformation:{REGION}:{ACCOUNT_ID}:stack/orders/1"),
    "no ARN": ("aws:SourceArn", ""),
}


@pytest.mark.parametrize("whom", DISTRUSTED)
def test_trust_ends_by_one_condition(execution_role: Role, whom: str) -> None:
    key, value = DISTRUSTED[whom]

    assert not trusts(execution_role.trust, **{key: value})
    assert trusts(deployed.without_condition(execution_role.trust, "", key), **{key: value})


def test_every_condition_of_the_trust_is_among_them_and_in_the_guide(execution_role: Role) -> None:
    keys = {key for _, key in deployed.conditions(execution_role.trust)}

    assert keys == {key for key, _ in DISTRUSTED.values()}
    assert keys == set(table("The execution role", "Condition of the trust policy"))


def test_no_action_and_no_resource_of_the_role_has_a_wildcard(execution_role: Role) -> None:
    for one in execution_role.policy["Statement"]:
        assert "*" not in f"{one['Action']}{one['Resource']}"
