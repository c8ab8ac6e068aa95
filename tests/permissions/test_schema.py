"""The schema's permissions are what the handlers were seen to ask for."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.awsrequest import AWSPreparedRequest

from local.events import Operation
from local.iam import Request
from tests.permissions.branches import BRANCHES
from tests.permissions.deployed import Role
from tests.world import Fault, World
from tools.project import ROOT, SCHEMA


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((ROOT / SCHEMA).read_text(encoding="utf-8"))
    return found


def test_each_handler_lists_what_it_asks_for_and_nothing_else(
    world: World, execution_role: Role, allowed: list[Request], schema: dict[str, Any]
) -> None:
    """In all of its branches, by the names that IAM has; and the role allows just all of them."""
    asked: dict[str, set[str]] = {name: set() for name in schema["handlers"]}
    for branch in BRANCHES.values():
        world.reset()
        act = branch.prepare(world)
        world.credentials = execution_role.credentials
        allowed.clear()
        act()
        # What DynamoDB asks for in its caller's name is no call of the handler.
        own = {one.action for one in allowed if "kms:ViaService" not in one.context}
        asked[branch.handler] |= own

    listed = {name: handler["permissions"] for name, handler in schema["handlers"].items()}
    assert {name: sorted(actions) for name, actions in listed.items()} == {
        name: sorted(actions) for name, actions in asked.items()
    }
    assert sorted(set().union(*asked.values())) == execution_role.actions


def test_tagging_lists_the_calls_that_carry_tags(world: World, schema: dict[str, Any]) -> None:
    carrying: set[str] = set()

    def watch(action: str) -> Fault:
        def fault(request: AWSPreparedRequest) -> None:
            if b"a-tag-of-mine" in request.body:
                carrying.add(action)

        return fault

    # kms:ReEncryptFrom and kms:ReEncryptTo are one call, whose request names no tags.
    for action in (
        "kms:ReEncrypt",
        *(p for h in schema["handlers"].values() for p in h["permissions"]),
    ):
        world.faults[action] = watch(action)
    secret = world.secret()
    tags = [{"Key": "a-tag-of-mine", "Value": "blue"}]
    secret.create(Tags=tags)
    secret.update(Tags=tags, KeyId=world.storage.key_arn)
    secret.read()
    world.list()
    secret.delete()
    secret.create(Tags=tags)

    assert carrying == set(schema["tagging"]["permissions"])


def test_logs_and_metrics_are_delivered_by_another_role(world: World) -> None:
    """By the one that `cfn submit` sets up for logging: the execution role needs no such action."""
    signed: dict[str, str] = {}

    def watch(action: str) -> Fault:
        def fault(request: AWSPreparedRequest) -> None:
            text = request.headers["Authorization"]
            signed[action] = (text.decode() if isinstance(text, bytes) else text).partition("/")[0]

        return fault

    for action in (
        "kms:Encrypt",
        "dynamodb:PutItem",
        "logs:PutLogEvents",
        "cloudwatch:PutMetricData",
    ):
        world.faults[action] = watch(action)
    logging = {"accessKeyId": "AKIALOGGING", "secretAccessKey": "test", "sessionToken": "test"}
    world.succeed(
        Operation("CREATE", {"StackName": "orders", "Name": "DB"}, "t"), providerCredentials=logging
    )

    by_logging_role = {action for action, who in signed.items() if who.endswith("AKIALOGGING")}
    assert by_logging_role == set(world.deliveries) & set(signed)
    assert by_logging_role == {"logs:PutLogEvents", "cloudwatch:PutMetricData"}
    assert {"kms:Encrypt", "dynamodb:PutItem"} <= set(signed) - by_logging_role
