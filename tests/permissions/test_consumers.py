"""infrastructure/consumer-policy.yml: a consumer of stack A reads A's secrets, and none of B's."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from local.iam import Request
from myorg_secrets import SecretsClient
from myorg_secrets.connection import connect
from myorg_secrets.exceptions import AccessDenied
from myorg_secrets.lookup import identities
from tests.permissions import deployed
from tests.permissions.deployed import Role
from tests.permissions.guide import table
from tests.permissions.test_conditions import OPEN
from tests.world import REGION, Secret, World

READ, DECRYPT = "ReadTheRecords", "DecryptSecrets"
TRUST = '{"Version": "2012-10-17", "Statement": []}'

Deploy = Callable[..., Role]


@pytest.fixture(scope="module")
def deploy(account: World) -> Iterator[Deploy]:
    """Gives a role the consumer policy of the stack A, with these parameters."""
    iam = boto3.client("iam", REGION)
    kept: dict[str, Role] = {}

    def made(**parameters: str) -> Role:
        name = "-".join(["consumer", *map("".join, parameters.items())])
        if name not in kept:
            role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)["Role"]
            outputs = deployed.stack(
                "consumer-policy.yml",
                StackName="A",
                TableName=account.storage.table_name,
                KeyArn=account.storage.key_arn,
                Roles=name,
                **parameters,
            )
            kept[name] = Role(role["Arn"], outputs["PolicyArn"])
        return kept[name]

    yield made


@pytest.fixture
def of_a(world: World) -> Secret:
    secret = world.secret("DB", stack="A")
    secret.create()
    return secret


@pytest.fixture
def of_b(world: World) -> Secret:
    secret = world.secret("DB", stack="B")
    secret.create()
    return secret


def get(role: Role, stack: str, **where: str) -> str:
    return SecretsClient(session=role.session).get(stack, where.pop("name", "DB"), **where)


@dataclass(frozen=True)
class Stolen:
    """A ciphertext that somebody came by, and the encryption context that opens it."""

    ciphertext: bytes
    context: Mapping[str, str]

    @classmethod
    def of(cls, world: World, secret: Secret) -> Stolen:
        version = (world.item(secret) or {})["Versions"]["L"][-1]["M"]
        context = {
            "Type": "MyOrg::Secrets::Password",
            **{name: secret.model[name] for name in ("StackName", "Env", "Name")},
            "VersionId": version["VersionId"]["S"],
        }
        return cls(version["Ciphertext"]["B"], context)

    def decrypted_by(self, role: Role, **context: str) -> bytes:
        answer = role.kms.decrypt(
            CiphertextBlob=self.ciphertext, EncryptionContext={**self.context, **context}
        )
        return bytes(answer["Plaintext"])


def refusal(do: Callable[[], Any]) -> tuple[str, str]:
    """Return the code and the message with which AWS refuses."""
    with pytest.raises(ClientError) as refused:
        do()
    error = refused.value.response["Error"]
    return error["Code"], error["Message"]


def test_a_consumer_of_a_reads_a_and_not_b(
    world: World, deploy: Deploy, allowed: list[Request], of_a: Secret, of_b: Secret
) -> None:
    consumer = deploy()

    assert get(consumer, "A") == of_a.value
    with pytest.raises(AccessDenied, match=r"dynamodb:GetItem on .*:table/myorg-secrets-password"):
        get(consumer, "B")


def test_a_stolen_ciphertext_of_b_is_worth_nothing_to_a_consumer_of_a(
    world: World, deploy: Deploy, allowed: list[Request], of_a: Secret, of_b: Secret
) -> None:
    """With B's context IAM refuses; with A's, KMS: the ciphertext is bound to its own."""
    consumer, stolen = deploy(), Stolen.of(world, of_b)
    arn = world.storage.key_arn

    code, message = refusal(lambda: stolen.decrypted_by(consumer))
    assert code == "AccessDeniedException"
    assert f"kms:Decrypt on resource: {arn} because no identity-based policy" in message
    assert refusal(lambda: stolen.decrypted_by(consumer, StackName="A"))[0] == (
        "InvalidCiphertextException"
    )
    assert Stolen.of(world, of_a).decrypted_by(consumer) == of_a.value.encode()


@pytest.mark.parametrize("action", ["dynamodb:GetItem", "kms:Decrypt"])
def test_without_an_action_nothing_is_read(
    world: World, deploy: Deploy, allowed: list[Request], of_a: Secret, action: str
) -> None:
    consumer = deploy()
    policy = deployed.without_action(consumer.policy, action)

    assert consumer.actions == ["dynamodb:GetItem", "kms:Decrypt"]
    with consumer.having(policy), pytest.raises(AccessDenied, match=f"{action} on arn:"):
        get(consumer, "A")


def test_a_consumer_can_neither_write_nor_list(
    world: World, deploy: Deploy, allowed: list[Request], of_a: Secret
) -> None:
    dynamodb = deploy().session.client("dynamodb")
    where = {"TableName": world.storage.table_name}

    for refused in (
        lambda: dynamodb.scan(**where),
        lambda: dynamodb.put_item(**where, Item=of_a.key),
        lambda: dynamodb.delete_item(**where, Key=of_a.key),
        lambda: list(identities(connect(**connection(world, deploy())), "A")),
    ):
        with pytest.raises((ClientError, AccessDenied), match="dynamodb:"):
            refused()
    code, message = refusal(
        lambda: deploy().kms.encrypt(
            KeyId=world.storage.key_arn,
            Plaintext=b"-",
            EncryptionContext=Stolen.of(world, of_a).context,
        )
    )
    assert code == "AccessDeniedException"
    assert "kms:Encrypt" in message


def connection(world: World, role: Role) -> dict[str, Any]:
    return {"table_name": world.storage.table_name, "session": role.session}


def test_query_is_a_s_own_records_and_only_if_allowed(
    world: World, deploy: Deploy, allowed: list[Request], of_a: Secret, of_b: Secret
) -> None:
    may = connect(**connection(world, deploy(AllowQuery="true")))

    assert [found.name for found in identities(may, "A")] == ["DB"]
    for connected, stack in ((may, "B"), (may, None)):
        with pytest.raises(AccessDenied, match=r"dynamodb:(Query|Scan) on arn:"):
            list(identities(connected, stack))


@pytest.mark.parametrize("pinned", ["Env", "Name"])
def test_env_and_name_pin_the_passwords(
    world: World, deploy: Deploy, allowed: list[Request], pinned: str
) -> None:
    """And it is that one condition that does: without it the other is readable."""
    consumer = deploy(**{pinned: "inside"})
    inside, outside = world.secret("DB", stack="A"), world.secret("DB", stack="A")
    inside.create(**{pinned: "inside"})
    outside.create(**{pinned: "outside"})
    loose = deployed.without_condition(consumer.policy, DECRYPT, f"kms:EncryptionContext:{pinned}")
    of = {"Env": lambda it: {"env": it}, "Name": lambda it: {"name": it}}[pinned]

    assert get(consumer, "A", **of("inside")) == inside.value
    with pytest.raises(AccessDenied, match="kms:Decrypt on arn:"):
        get(consumer, "A", **of("outside"))
    with consumer.having(loose):
        assert get(consumer, "A", **of("outside")) == outside.value


def test_it_is_the_leading_key_that_keeps_b_s_records_from_a(
    world: World, deploy: Deploy, allowed: list[Request], of_b: Secret
) -> None:
    """Without it they can be read, though not decrypted."""
    consumer = deploy()
    loose = deployed.without_condition(consumer.policy, READ, "dynamodb:LeadingKeys")

    with consumer.having(loose), pytest.raises(AccessDenied, match="kms:Decrypt on arn:"):
        get(consumer, "B")


def test_it_is_null_that_keeps_out_a_request_without_a_leading_key(
    world: World, deploy: Deploy, allowed: list[Request], of_b: Secret
) -> None:
    """Should anybody add an action such as Scan to the statement: ForAllValues would let it by."""
    consumer = deploy()
    policy = consumer.policy
    for one in policy["Statement"]:
        if one["Sid"] == READ:
            one["Action"] = ["dynamodb:GetItem", "dynamodb:Scan"]
            assert one["Condition"].pop("Null") == {"dynamodb:LeadingKeys": "false"}
    with_null = copy.deepcopy(policy)
    with_null["Statement"][0]["Condition"]["Null"] = {"dynamodb:LeadingKeys": "false"}
    connected = connect(**connection(world, consumer))

    with consumer.having(with_null), pytest.raises(AccessDenied, match="dynamodb:Scan on arn:"):
        list(identities(connected))
    with consumer.having(policy):
        assert [found.stack_name for found in identities(connected)] == ["B"]


def test_it_is_the_stack_in_the_context_that_keeps_b_s_ciphertexts_from_a(
    world: World, deploy: Deploy, allowed: list[Request], of_b: Secret
) -> None:
    consumer, stolen = deploy(), Stolen.of(world, of_b)
    loose = deployed.without_condition(consumer.policy, DECRYPT, "kms:EncryptionContext:StackName")

    with consumer.having(loose):
        assert stolen.decrypted_by(consumer) == of_b.value.encode()


def test_the_type_in_the_context_keeps_out_what_others_encrypted(
    world: World, deploy: Deploy, allowed: list[Request]
) -> None:
    """On a key that leaves everything to the account; the storage stack's asks for it by itself."""
    context = {"Type": "Another::Type", "StackName": "A"}
    blob = world.kms.encrypt(
        KeyId=world.storage.key_arn, Plaintext=b"theirs", EncryptionContext=context
    )["CiphertextBlob"]
    consumer, theirs = deploy(), Stolen(blob, context)
    loose = deployed.without_condition(consumer.policy, DECRYPT, "kms:EncryptionContext:Type")

    with deployed.key_policy(world, OPEN):
        assert "no identity-based" in refusal(lambda: theirs.decrypted_by(consumer))[1]
        with consumer.having(loose):
            assert theirs.decrypted_by(consumer) == b"theirs"
    with consumer.having(loose):
        assert "no resource-based" in refusal(lambda: theirs.decrypted_by(consumer))[1]


def test_the_guide_has_every_action_and_every_condition(world: World, deploy: Deploy) -> None:
    everything = deploy(AllowQuery="true", Env="inside", Name="inside")

    assert sorted(table("Consumers", "Action")) == everything.actions
    keys = {key for _, key in deployed.conditions(everything.policy)}
    assert set(table("Consumers", "Condition")) == keys
