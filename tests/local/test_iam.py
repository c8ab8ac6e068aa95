"""The decisions of IAM, as AWS documents them."""

from __future__ import annotations

from typing import Any

import pytest

from local.iam import Principal, Request, Undecidable, allows, denial, item_request, key_request

ACCOUNT = "123456789012"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/app"
SESSION = Principal(f"arn:aws:sts::{ACCOUNT}:assumed-role/app/1", ACCOUNT, ROLE)
KEY = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/1"
DECRYPT = key_request("kms:Decrypt", KEY, {"Type": "Mine"})

NO_IDENTITY = "because no identity-based policy allows the kms:Decrypt action"
NO_RESOURCE = "because no resource-based policy allows the kms:Decrypt action"


def policy(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def statement(effect: str = "Allow", **elements: Any) -> dict[str, Any]:
    return {"Effect": effect, "Action": "kms:Decrypt", "Resource": "*", **elements}


def named(principal: Any, effect: str = "Allow") -> dict[str, Any]:
    return statement(effect, Principal=principal)


MINE = policy(statement())
NOTHING = policy(statement(Action="kms:Encrypt"))

ON_A_KEY = {
    "the account, and the role's policy": ([MINE], [named({"AWS": ROOT})], None),
    "the account by its ID": ([MINE], [named({"AWS": ACCOUNT})], None),
    "the account alone": ([NOTHING], [named({"AWS": ROOT})], NO_IDENTITY),
    "the role's policy alone": ([MINE], [named({"AWS": f"{ROLE}-2"})], NO_RESOURCE),
    "the role itself": ([], [named({"AWS": [ROLE]})], None),
    "the session itself": ([], [named({"AWS": SESSION.arn})], None),
    "everybody": ([], [named("*")], None),
    "everybody, as it may be written": ([], [named({"AWS": "*"})], None),
    "another account": ([MINE], [named({"AWS": ROOT.replace(ACCOUNT, "9" * 12)})], NO_RESOURCE),
    "a service": ([MINE], [named({"Service": "logs.amazonaws.com"})], NO_RESOURCE),
    "a denial in the role's policy": (
        [MINE, policy(statement("Deny"))],
        [named("*")],
        "with an explicit deny in an identity-based policy",
    ),
    "a denial of the account by the key's policy": (
        [MINE],
        [named("*"), named({"AWS": ROOT}, "Deny")],
        "with an explicit deny in a resource-based policy",
    ),
}


@pytest.mark.parametrize("who", ON_A_KEY)
def test_a_key_needs_its_own_policy_and_the_role_s_unless_it_names_the_role(who: str) -> None:
    identity, statements, expected = ON_A_KEY[who]

    assert denial(DECRYPT, SESSION, identity, policy(*statements)) == expected


def test_a_table_needs_the_role_s_policy_alone() -> None:
    get = item_request("dynamodb:GetItem", "table", ["A"])

    assert denial(get, SESSION, [MINE, policy(statement(Action="dynamodb:Get*"))]) is None
    assert denial(get, SESSION, [MINE]) == (
        "because no identity-based policy allows the dynamodb:GetItem action"
    )


MATCHES = [
    ({"Action": ["KMS:decrypt"]}, True),
    ({"Action": "kms:*"}, True),
    ({"Action": "kms:Decryp?"}, True),
    ({"Action": "kms:Decryp"}, False),
    ({"Action": "kms:De"}, False),
    ({"Resource": KEY}, True),
    ({"Resource": KEY.upper()}, False),
    ({"Resource": KEY.replace("key/1", "key/*")}, True),
    ({"Resource": KEY.replace("eu-west-1", "eu.west.1")}, False),
]


@pytest.mark.parametrize(("elements", "expected"), MATCHES)
def test_actions_match_in_any_case_and_resources_in_theirs(elements: Any, expected: bool) -> None:
    assert allows(policy(statement(**elements)), DECRYPT) is expected


CONDITIONS = [
    ({"StringEquals": {"kms:EncryptionContext:Type": "Mine"}}, True),
    ({"StringEquals": {"KMS:encryptionContext:TYPE": ["Other", "Mine"]}}, True),
    ({"StringEquals": {"kms:EncryptionContext:Type": "mine"}}, False),
    ({"StringEquals": {"kms:EncryptionContext:Type": "M*"}}, False),
    ({"StringLike": {"kms:EncryptionContext:Type": "M*"}}, True),
    ({"StringEquals": {"kms:EncryptionContext:Name": "Mine"}}, False),
    ({"StringEquals": {"kms:ViaService": "x"}, "Null": {"kms:ViaService": "true"}}, False),
    ({"Null": {"kms:ViaService": "true"}}, True),
    ({"Null": {"kms:ViaService": "false"}}, False),
    ({"ForAllValues:StringEquals": {"kms:EncryptionContextKeys": ["Type", "Name"]}}, True),
    ({"ForAllValues:StringEquals": {"kms:EncryptionContextKeys": ["type"]}}, False),
    ({"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["A"]}}, True),
    ({"ForAnyValue:StringEquals": {"dynamodb:LeadingKeys": ["A"]}}, False),
    ({"ForAnyValue:StringEquals": {"kms:EncryptionContextKeys": ["Type", "Name"]}}, True),
]


@pytest.mark.parametrize(("condition", "expected"), CONDITIONS)
def test_conditions_hold_as_documented(condition: Any, expected: bool) -> None:
    """ForAllValues holds for a request without the key; names of keys have no case."""
    assert allows(policy(statement(Condition=condition)), DECRYPT) is expected


UNKNOWN = [
    {"NotAction": "kms:Encrypt"},
    {"NotResource": "x"},
    {"Condition": {"NumericEquals": {"kms:ViaService": "1"}}},
    {"Condition": {"ForNoValue:StringEquals": {"kms:ViaService": "1"}}},
    {"Condition": {"StringEquals": {"kms:GrantIsForAWSResource": "1"}}},
    {"Condition": {"StringLike": {"kms:EncryptionContext:Type": "${aws:username}"}}},
]


@pytest.mark.parametrize("elements", UNKNOWN)
def test_what_is_not_known_is_not_guessed(elements: Any) -> None:
    with pytest.raises(Undecidable):
        allows(policy(statement(**elements)), DECRYPT)


def test_a_trust_policy_asks_for_the_service_by_name() -> None:
    trust = policy(
        {"Effect": "Allow", "Principal": {"Service": "a.example"}, "Action": "sts:AssumeRole"}
    )
    request = Request("sts:AssumeRole", "the role")

    assert allows(trust, request, "a.example")
    assert not allows(trust, request, "b.example")
