"""infrastructure/execution-role.yml: every permission is needed, and together they suffice."""

from __future__ import annotations

import json

import pytest

from local.iam import Request
from tests.permissions import deployed
from tests.permissions.branches import BRANCHES
from tests.permissions.deployed import Role
from tests.world import Failed, World
from tools.project import ROOT, SCHEMA

_CREATES = {name for name, branch in BRANCHES.items() if branch.handler == "create"}
_UPDATES = {name for name, branch in BRANCHES.items() if branch.handler == "update"}
_LISTS = {name for name, branch in BRANCHES.items() if branch.handler == "list"}
_OF_A_STACK = {name for name in _LISTS if "of a stack" in name}
_OF_KEY_ID = {"update of KeyId", "update of KeyId without Value"}

FAILS = {
    "dynamodb:DeleteItem": {"delete at once"},
    "dynamodb:GetItem": {"read", "read without Value", *_UPDATES},
    "dynamodb:PutItem": _CREATES,
    "dynamodb:Query": _OF_A_STACK,
    "dynamodb:Scan": _LISTS - _OF_A_STACK,
    "dynamodb:UpdateItem": {
        "delete",
        "delete at once",
        *_UPDATES - {"update of nothing", "update of nothing without Value"},
    },
    "kms:Decrypt": {
        "read",
        *_CREATES,
        *_UPDATES - {"update of nothing without Value", "update of tags without Value"},
    },
    "kms:Encrypt": {
        "update to a new password",
        "update to SecretString",
        "update away from SecretString",
        "update of KeyId to a new password",
        *_CREATES,
    },
    "kms:ReEncryptFrom": {*_OF_KEY_ID, "update of KeyId to a new password"},
    "kms:ReEncryptTo": {*_OF_KEY_ID, "update of KeyId to a new password"},
}
"""What fails without an action; everything else succeeds."""


def refusals(world: World, role: Role) -> dict[str, Failed]:
    """Run every branch as the role, and return what failed."""
    failed: dict[str, Failed] = {}
    for name, branch in BRANCHES.items():
        world.reset()
        act = branch.prepare(world)
        world.credentials = role.credentials
        try:
            act()
        except Failed as failure:
            failed[name] = failure
    world.reset()
    return failed


def test_every_branch_of_every_handler_passes_under_the_role(
    world: World, execution_role: Role, allowed: list[Request]
) -> None:
    assert refusals(world, execution_role) == {}
    assert {branch.handler for branch in BRANCHES.values()} == set(schema()["handlers"])


def test_the_table_names_every_action_of_the_role(execution_role: Role) -> None:
    assert execution_role.actions == sorted(FAILS)


@pytest.mark.parametrize("action", FAILS)
def test_without_an_action_these_branches_fail_and_no_others(
    world: World, execution_role: Role, allowed: list[Request], action: str
) -> None:
    """And say which action on which table or key is missing."""
    storage = world.storage
    of_table = action.startswith("dynamodb:")

    with execution_role.having(deployed.without_action(execution_role.policy, action)):
        failed = refusals(world, execution_role)

    assert set(failed) == FAILS[action]
    for failure in failed.values():
        assert failure.code == "AccessDenied"
        assert action in failure.message
        named = {storage.table_arn} if of_table else {storage.key_arn, key_alias_arn(world)}
        assert any(arn in failure.message for arn in named), failure.message


def key_alias_arn(world: World) -> str:
    return world.storage.key_arn.replace(f"key/{world.storage.key_id}", world.storage.key_alias)


def schema() -> dict[str, dict[str, dict[str, list[str]]]]:
    found: dict[str, dict[str, dict[str, list[str]]]] = json.loads(
        (ROOT / SCHEMA).read_text(encoding="utf-8")
    )
    return found


def test_the_schema_lists_for_each_handler_what_it_calls(
    world: World, execution_role: Role, allowed: list[Request]
) -> None:
    """In all of its branches, by the names that IAM has; and the role allows the union."""
    called: dict[str, set[str]] = {branch.handler: set() for branch in BRANCHES.values()}
    for branch in BRANCHES.values():
        world.reset()
        act = branch.prepare(world)
        world.credentials = execution_role.credentials
        allowed.clear()
        act()
        # What DynamoDB asks for in its caller's name is no call of the handler.
        called[branch.handler] |= {
            one.action for one in allowed if "kms:ViaService" not in one.context
        }

    handlers = schema()["handlers"]
    for name, actions in called.items():
        assert sorted(handlers[name]["permissions"]) == sorted(actions), name
    assert sorted(set().union(*called.values())) == execution_role.actions
