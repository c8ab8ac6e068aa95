"""infrastructure/execution-role.yml: every permission is needed, and together they suffice.

The same for the key's policy in infrastructure/storage.yml; and the guide says so.
"""

from __future__ import annotations

import pytest

from local.iam import Request
from tests.guide.pages import anchors_of, links_of
from tests.permissions import deployed
from tests.permissions.branches import BRANCHES
from tests.permissions.deployed import Role
from tests.permissions.guide import PAGE, names, table
from tests.world import Failed, World

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

_OF_KMS = set().union(*(failing for action, failing in FAILS.items() if action[:3] == "kms"))

FAILS_BY_STATEMENT: dict[str, set[str]] = {
    "AdministratorsManageTheKey": set(),
    "RootUserRecoversTheKey": set(),
    "UsersOfTheKeyHandleSecrets": _OF_KMS,
    "UsersOfTheKeyDescribeIt": set(),
    "DynamoDBEncryptsTheTable": set(BRANCHES),
}
"""The same for the statements of the key's policy."""


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


@pytest.mark.parametrize("sid", [sid for sid, failing in FAILS_BY_STATEMENT.items() if failing])
def test_without_a_statement_of_the_key_s_policy_these_branches_fail_and_no_others(
    world: World, execution_role: Role, allowed: list[Request], sid: str
) -> None:
    rest = deployed.without_statements(deployed.key_policy_of(world), sid)

    with deployed.key_policy(world, rest):
        failed = refusals(world, execution_role)

    assert set(failed) == FAILS_BY_STATEMENT[sid]
    assert {failure.code for failure in failed.values()} == {"AccessDenied"}


def test_no_branch_needs_the_other_statements_of_the_key_s_policy(
    world: World, execution_role: Role, allowed: list[Request]
) -> None:
    others = [sid for sid, failing in FAILS_BY_STATEMENT.items() if not failing]
    rest = deployed.without_statements(deployed.key_policy_of(world), *others)

    with deployed.key_policy(world, rest):
        assert refusals(world, execution_role) == {}


def test_the_table_names_every_statement_of_the_key_s_policy(world: World) -> None:
    sids = [one["Sid"] for one in deployed.key_policy_of(world)["Statement"]]

    assert sids == list(FAILS_BY_STATEMENT)


@pytest.mark.parametrize(
    ("title", "first", "fails"),
    [
        ("The execution role", "Action", FAILS),
        ("The key's policy", "Statement", FAILS_BY_STATEMENT),
    ],
)
def test_the_guide_says_what_fails(title: str, first: str, fails: dict[str, set[str]]) -> None:
    rows = table(title, first)

    assert list(rows) == list(fails)
    for name, failing in fails.items():
        touched = {BRANCHES[branch].handler for branch in failing}
        spared = {BRANCHES[branch].handler for branch in BRANCHES.keys() - failing}
        assert names(rows[name]["Always fails"]) == touched - spared, name
        assert names(rows[name]["Fails in part"]) == touched & spared, name
        if first == "Action":
            assert rows[name]["On"] == ("table" if name.startswith("dynamodb:") else "key")


def test_every_link_of_the_guide_leads_somewhere() -> None:
    for link in links_of(PAGE):
        path, _, anchor = link.partition("#")
        target = (PAGE.parent / path).resolve() if path else PAGE
        assert target.exists(), link
        assert not anchor or anchor in anchors_of(target), link


def key_alias_arn(world: World) -> str:
    return world.storage.key_arn.replace(f"key/{world.storage.key_id}", world.storage.key_alias)
