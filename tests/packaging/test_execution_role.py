"""The execution role's template allows what the schema lists, on the type's own table and key."""

import json
from typing import Any

import pytest
from cfnlint.decode.cfn_yaml import load

from tools.project import ROOT, SCHEMA


@pytest.fixture(scope="module")
def statements() -> dict[str, dict[str, Any]]:
    template = load(str(ROOT / "infrastructure" / "execution-role.yml"))
    (policy,) = template["Resources"]["ExecutionRole"]["Properties"]["Policies"]
    return {statement["Sid"]: statement for statement in policy["PolicyDocument"]["Statement"]}


def test_the_role_allows_exactly_the_actions_of_the_handlers(
    statements: dict[str, dict[str, Any]],
) -> None:
    """What the schema's handlers list is allowed, and nothing beyond it."""
    handlers = json.loads((ROOT / SCHEMA).read_text(encoding="utf-8"))["handlers"]
    wanted = {action for handler in handlers.values() for action in handler["permissions"]}

    allowed = (
        statements["KeepTheRecords"]["Action"] + statements["EncryptAndDecryptSecrets"]["Action"]
    )

    assert set(allowed) == wanted


def test_no_statement_reaches_beyond_one_table_and_one_key(
    statements: dict[str, dict[str, Any]],
) -> None:
    """No wildcard stands in an action or a resource, and every KMS statement has a condition."""
    for statement in statements.values():
        assert "*" not in json.dumps([statement["Action"], statement["Resource"]])
        if "kms" in json.dumps(statement["Action"]):
            assert any(key.startswith("kms:") for key in statement["Condition"]["StringEquals"])
