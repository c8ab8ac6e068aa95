"""The conditions of the key's policy in infrastructure/storage.yml hold whatever a role may do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from local.iam import Principal, Request, denial, key_request
from tests.permissions import deployed
from tests.permissions.deployed import Policy
from tests.world import ACCOUNT_ID, REGION, World

EVERYTHING = [
    {"Statement": [{"Effect": "Allow", "Action": ["dynamodb:*", "kms:*"], "Resource": "*"}]}
]
"""The policies of an administrator of the account."""

ROOT = f"arn:aws:iam::{ACCOUNT_ID}:root"
ADMIN = Principal(
    f"arn:aws:sts::{ACCOUNT_ID}:assumed-role/admin/1",
    ACCOUNT_ID,
    f"arn:aws:iam::{ACCOUNT_ID}:role/admin",
)
STRANGER = Principal("arn:aws:iam::999999999999:user/x", "999999999999")

OF_A_SECRET = {"Type": "MyOrg::Secrets::Password", "StackName": "orders"}
OF_A_TABLE = {"aws:dynamodb:subscriberId": ACCOUNT_ID, "aws:dynamodb:tableName": "any"}
VIA = f"dynamodb.{REGION}.amazonaws.com"


@pytest.fixture
def policy(world: World) -> Policy:
    return deployed.key_policy_of(world)


def refused(policy: Policy, who: Principal, asked: Request, **further: Any) -> bool:
    context = {**who.context, **asked.context, **further}
    return denial(replace(asked, context=context), who, EVERYTHING, policy) is not None


def decrypt(context: Mapping[str, str], **further: str) -> Request:
    asked = key_request("kms:Decrypt", "the key", context)
    return replace(asked, context={**asked.context, **further})


HELD = {
    "Another::Type": (
        ("UsersOfTheKeyHandleSecrets", "kms:EncryptionContext:Type"),
        ADMIN,
        decrypt({"Type": "Another::Type"}),
    ),
    "no context": (
        ("UsersOfTheKeyHandleSecrets", "kms:EncryptionContext:Type"),
        ADMIN,
        decrypt({}),
    ),
    "the table's context without DynamoDB": (
        ("DynamoDBEncryptsTheTable", "kms:ViaService"),
        ADMIN,
        decrypt(OF_A_TABLE),
    ),
    "the table's context through another service": (
        ("DynamoDBEncryptsTheTable", "kms:ViaService"),
        ADMIN,
        decrypt(OF_A_TABLE, **{"kms:ViaService": f"s3.{REGION}.amazonaws.com"}),
    ),
    "another account through DynamoDB": (
        ("DynamoDBEncryptsTheTable", "kms:CallerAccount"),
        STRANGER,
        decrypt(OF_A_TABLE, **{"kms:ViaService": VIA}),
    ),
}


@pytest.mark.parametrize("what", HELD)
def test_an_administrator_s_permissions_do_not_reach_beyond_one_condition(
    policy: Policy, what: str
) -> None:
    (sid, key), who, asked = HELD[what]

    assert refused(policy, who, asked)
    assert not refused(deployed.without_condition(policy, sid, key), who, asked)


def test_what_the_policy_is_for_is_allowed(policy: Policy) -> None:
    assert not refused(policy, ADMIN, decrypt(OF_A_SECRET))
    assert not refused(policy, ADMIN, decrypt(OF_A_TABLE, **{"kms:ViaService": VIA}))
    assert not refused(policy, ADMIN, Request("kms:DescribeKey", "the key"))


def test_the_way_back_in_is_the_root_user_s_alone(policy: Policy) -> None:
    """Where administrators are named, and are gone."""
    policy = deployed.without_statements(policy, "AdministratorsManageTheKey")
    put = Request("kms:PutKeyPolicy", "the key")
    loose = deployed.without_condition(policy, "RootUserRecoversTheKey", "aws:PrincipalArn")

    assert not refused(policy, Principal(ROOT, ACCOUNT_ID), put)
    assert refused(policy, ADMIN, put)
    assert not refused(loose, ADMIN, put)


TWICE = {
    ("UsersOfTheKeyHandleSecrets", "kms:CallerAccount"): decrypt(OF_A_SECRET),
    ("UsersOfTheKeyDescribeIt", "kms:CallerAccount"): Request("kms:DescribeKey", "the key"),
}
"""The statement's principal says the same already, so that nothing changes without them."""


def test_every_condition_is_among_them(policy: Policy) -> None:
    shown = {condition for condition, _, _ in HELD.values()}

    assert deployed.conditions(policy) == {
        *shown,
        *TWICE,
        ("RootUserRecoversTheKey", "aws:PrincipalArn"),
    }
    for (sid, key), asked in TWICE.items():
        assert not refused(policy, ADMIN, asked)
        assert refused(deployed.without_condition(policy, sid, key), STRANGER, asked)
