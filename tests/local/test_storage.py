"""What infrastructure/storage.yml makes, as the services themselves describe it."""

import json
from fnmatch import fnmatchcase
from typing import Any

import pytest

import local
from local.environment import ACCOUNT_ID, REGION
from local.schema import type_schema
from local.storage import STACK_NAME, TEMPLATE
from tests.local.stacks import Stack

ROOT_USER = f"arn:aws:iam::{ACCOUNT_ID}:root"
ADMINISTRATORS = [f"arn:aws:iam::{ACCOUNT_ID}:role/admin", f"arn:aws:iam::{ACCOUNT_ID}:user/eve"]

DISCLOSING = {
    "CreateGrant",
    "Decrypt",
    "DeriveSharedSecret",
    "Encrypt",
    "GenerateDataKey",
    "GenerateDataKeyPair",
    "GenerateDataKeyPairWithoutPlaintext",
    "GenerateDataKeyWithoutPlaintext",
    "GenerateMac",
    "ReEncrypt",
    "ReplicateKey",
    "Sign",
    "Verify",
    "VerifyMac",
}
"""Operations that use a key, or hand out its use; "KMS cryptographic operations" in its guide."""


@pytest.fixture
def table(aws: local.LocalAws) -> dict[str, Any]:
    """The table as DescribeTable has it."""
    answer = aws.client("dynamodb").describe_table(TableName=aws.storage.table_name)
    described: dict[str, Any] = answer["Table"]
    return described


def test_the_key_rotates_every_year(aws):
    """KMS makes new key material by itself, and no ciphertext has to change for that."""
    status = aws.client("kms").get_key_rotation_status(KeyId=aws.storage.key_id)

    assert status["KeyRotationEnabled"] is True


def test_the_alias_leads_to_the_key(aws):
    """The alias that the type looks for by default is the key's."""
    key = aws.client("kms").describe_key(KeyId=aws.storage.key_alias)["KeyMetadata"]

    assert aws.storage.key_alias == "alias/myorg-secrets-password"
    assert (key["KeyId"], key["Arn"]) == (aws.storage.key_id, aws.storage.key_arn)


def test_the_table_has_the_keys_of_a_record(table):
    """The stack's name is the partition key: all of a stack is one query."""
    assert table["KeySchema"] == [
        {"AttributeName": "StackName", "KeyType": "HASH"},
        {"AttributeName": "EnvName", "KeyType": "RANGE"},
    ]
    assert {a["AttributeName"]: a["AttributeType"] for a in table["AttributeDefinitions"]} == {
        "StackName": "S",
        "EnvName": "S",
    }


def test_the_table_costs_by_the_request(table):
    """A table that nobody uses costs next to nothing."""
    assert table["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"


def test_the_table_is_protected_from_deletion(table):
    """Not even an administrator deletes it by a slip."""
    assert table["DeletionProtectionEnabled"] is True


def test_the_table_is_encrypted_under_the_same_key(aws, table):
    """At rest the table has the customer managed key, not DynamoDB's own."""
    encryption = table["SSEDescription"]

    assert (encryption["Status"], encryption["SSEType"]) == ("ENABLED", "KMS")
    assert encryption["KMSMasterKeyArn"] == aws.storage.key_arn


def test_the_table_can_be_restored_to_any_point_in_time(aws):
    """Point-in-time recovery is on from the start."""
    backups = aws.client("dynamodb").describe_continuous_backups(TableName=aws.storage.table_name)

    recovery = backups["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
    assert recovery["PointInTimeRecoveryStatus"] == "ENABLED"


def test_tombstones_expire_by_the_attribute_that_the_type_writes(aws):
    """DynamoDB removes a deleted record once the time in ExpiresAt has passed."""
    expiry = aws.client("dynamodb").describe_time_to_live(TableName=aws.storage.table_name)

    assert expiry["TimeToLiveDescription"] == {
        "TimeToLiveStatus": "ENABLED",
        "AttributeName": "ExpiresAt",
    }


def test_the_outputs_describe_what_was_made(aws, table):
    """Names and ARNs in the outputs are those of the services."""
    outputs = aws.outcome(STACK_NAME).outputs

    assert (outputs["TableName"], outputs["TableArn"]) == (table["TableName"], table["TableArn"])
    assert outputs["KeyArn"].endswith(f":key/{outputs['KeyId']}")


def test_the_type_configuration_is_one_that_the_schema_takes(aws):
    """The output can be handed to set-type-configuration as it is: JSON, known keys, strings."""
    configuration = json.loads(aws.outcome(STACK_NAME).outputs["TypeConfiguration"])

    assert configuration.keys() <= type_schema()["typeConfiguration"]["properties"].keys()
    assert configuration == {
        "TableName": aws.storage.table_name,
        "KeyId": aws.storage.key_alias,
    }


def deploy_storage(stack: Stack, **parameters: str) -> dict[str, str]:
    """Deploy another storage stack under names of its own, and return its outputs."""
    names = {"TableName": stack.name, "KeyAlias": f"alias/{stack.name}"}
    return dict(stack.deploy(TEMPLATE, **names, **parameters).outputs)


def test_table_and_key_outlive_the_stack(aws, stack):
    """Without them every password would be lost, so a deletion skips all three resources."""
    outputs = deploy_storage(stack)

    deletion = stack.delete()

    skipped = {
        event["LogicalResourceId"]
        for event in deletion.latest
        if event["ResourceStatus"] == "DELETE_SKIPPED"
    }
    table = aws.client("dynamodb").describe_table(TableName=outputs["TableName"])["Table"]
    key = aws.client("kms").describe_key(KeyId=outputs["KeyAlias"])["KeyMetadata"]
    assert deletion.status == "DELETE_COMPLETE"
    assert skipped == {"Table", "Key", "Alias"}
    assert table["TableStatus"] == "ACTIVE"
    assert (key["KeyId"], key["KeyState"]) == (outputs["KeyId"], "Enabled")


def test_the_type_works_on_storage_of_other_names(aws, stack):
    """The names are parameters, and the outputs carry them to the type."""
    outputs = deploy_storage(stack)

    answer = aws.call(
        "CREATE",
        {"StackName": "orders", "Name": "DB", **json.loads(outputs["TypeConfiguration"])},
    )

    assert answer["status"] == "SUCCESS"
    assert answer["resourceModel"]["TableName"] == stack.name


def key_policy(stack: Stack, **parameters: str) -> dict[str, dict[str, Any]]:
    """Return the key policy's statements by their ID, as KMS has them."""
    key_id = deploy_storage(stack, **parameters)["KeyId"]
    answer = stack.aws.client("kms").get_key_policy(KeyId=key_id, PolicyName="default")
    return {statement["Sid"]: statement for statement in json.loads(answer["Policy"])["Statement"]}


def allowed(aws: local.LocalAws, statement: dict[str, Any]) -> set[str]:
    """Return all operations of KMS that a statement allows."""
    actions = statement["Action"]
    patterns = [actions] if isinstance(actions, str) else actions
    return {
        operation
        for operation in aws.client("kms").meta.service_model.operation_names
        if any(fnmatchcase(f"kms:{operation}", pattern) for pattern in patterns)
    }


def test_administrators_can_neither_use_the_key_nor_hand_out_its_use(aws, stack):
    """Who manages the key reads no password with that."""
    policy = key_policy(stack)

    administration = allowed(aws, policy["AdministratorsManageTheKey"])
    assert administration.isdisjoint(DISCLOSING)
    assert {"PutKeyPolicy", "ScheduleKeyDeletion", "EnableKey", "TagResource"} <= administration


def test_users_of_the_key_cannot_administer_it(aws, stack):
    """They encrypt, decrypt and look at the key, and nothing else."""
    policy = key_policy(stack)

    assert allowed(aws, policy["UsersOfTheKeyHandleSecrets"]) == {"Encrypt", "Decrypt", "ReEncrypt"}
    assert allowed(aws, policy["UsersOfTheKeyDescribeIt"]) == {"DescribeKey"}


def test_the_key_serves_this_account_s_secrets_of_this_type_alone(stack):
    """The encryption context has to name the type, whatever a role's own policy says."""
    statement = key_policy(stack)["UsersOfTheKeyHandleSecrets"]

    assert statement["Condition"] == {
        "StringEquals": {
            "kms:CallerAccount": ACCOUNT_ID,
            "kms:EncryptionContext:Type": "MyOrg::Secrets::Password",
        }
    }


def test_every_statement_is_known(stack):
    """No further statement allows what the others withhold, and none is for everybody."""
    policy = key_policy(stack)

    assert policy.keys() == {
        "AdministratorsManageTheKey",
        "RootUserRecoversTheKey",
        "UsersOfTheKeyHandleSecrets",
        "UsersOfTheKeyDescribeIt",
        "DynamoDBEncryptsTheTable",
    }
    assert {name for name, statement in policy.items() if statement["Principal"]["AWS"] == "*"} == {
        "DynamoDBEncryptsTheTable"
    }


def test_only_dynamodb_uses_the_key_for_the_table(stack):
    """The one statement for all callers asks that DynamoDB calls in their name, from here."""
    condition = key_policy(stack)["DynamoDBEncryptsTheTable"]["Condition"]

    assert condition["StringEquals"] == {
        "kms:CallerAccount": ACCOUNT_ID,
        "kms:ViaService": f"dynamodb.{REGION}.amazonaws.com",
    }


@pytest.mark.parametrize(
    ("parameters", "principal"),
    [({}, ROOT_USER), ({"AdministratorArns": ",".join(ADMINISTRATORS)}, ADMINISTRATORS)],
    ids=["nobody named", "two named"],
)
def test_who_is_named_administers_the_key(stack, parameters, principal):
    """AdministratorArns changes that one principal; else the account's IAM policies decide."""
    statement = key_policy(stack, **parameters)["AdministratorsManageTheKey"]

    assert statement["Principal"] == {"AWS": principal}


def test_an_update_names_other_administrators(aws, stack):
    """The key stays, and with it every password; its policy has the new names."""
    key_id = deploy_storage(stack)["KeyId"]

    policy = key_policy(stack, AdministratorArns=ADMINISTRATORS[0])

    assert aws.outcome(stack.name).outputs["KeyId"] == key_id
    assert policy["AdministratorsManageTheKey"]["Principal"] == {"AWS": [ADMINISTRATORS[0]]}


def test_the_root_user_can_always_mend_the_policy(aws, stack):
    """With administrators named, the root user alone, not the account, keeps a way back in."""
    statement = key_policy(stack, AdministratorArns=ADMINISTRATORS[0])["RootUserRecoversTheKey"]

    assert allowed(aws, statement) == {"DescribeKey", "GetKeyPolicy", "PutKeyPolicy"}
    assert statement["Condition"] == {"ArnEquals": {"aws:PrincipalArn": ROOT_USER}}
