"""A world in which DynamoDB and KMS ask IAM, and the roles that were deployed into it."""

from collections.abc import Iterator

import pytest

from local.authorization import enforced
from local.iam import Request
from tests.permissions.deployed import Role, stack
from tests.world import CREDENTIALS, World

OPERATORS = {"FOOBARKEY", CREDENTIALS["AccessKeyId"]}
"""Whose requests are not decided: the tests' own. moto puts the first into the environment."""


@pytest.fixture(scope="session")
def execution_role(account: World) -> Role:
    """infrastructure/execution-role.yml for the storage stack's table and key."""
    outputs = stack(
        "execution-role.yml",
        TableName=account.storage.table_name,
        KeyArn=account.storage.key_arn,
    )
    return Role(outputs["ExecutionRoleArn"], "HandleSecrets")


@pytest.fixture
def allowed(world: World, quiet_sdk: None) -> Iterator[list[Request]]:
    """What roles asked for and were allowed, while IAM is enforced."""
    with enforced(OPERATORS) as allowed:
        yield allowed
