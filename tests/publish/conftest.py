"""An AWS with a registry, the storage and the role, as somebody has it who is about to submit."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import moto
import pytest
from moto.kms.models import kms_backends

from local import storage
from tests.publish.registry import Registry, plugged_in
from tests.world import ACCOUNT_ID
from tools.project import ROOT

# What moto keeps is one for the process, and other tests have set up Regions of their own.
REGION = "eu-north-1"
ENDPOINT_REGION = "eu-west-3"
ROLE_STACK = "myorg-secrets-password-execution-role"


@dataclass
class Account:
    """What is there before the type is submitted."""

    registry: Registry
    storage: storage.Storage
    role_arn: str

    def client(self, service: str) -> Any:
        return client(service, REGION)


def client(service: str, region: str) -> Any:
    make: Any = boto3.client
    return make(service, region)


def set_up(registry: Registry, region: str) -> Account:
    """Deploy storage and role by the templates that users deploy."""
    cloudformation = client("cloudformation", region)
    kept = storage.set_up(cloudformation)
    for key in kms_backends[ACCOUNT_ID][region].keys.values():
        # moto's CloudFormation leaves it an object, which its KMS cannot read.
        if not isinstance(key.policy, str):
            key.policy = json.dumps(key.policy)
    dynamodb = client("dynamodb", region)
    # What the template says, and moto's CloudFormation passes over.
    dynamodb.update_time_to_live(
        TableName=kept.table_name,
        TimeToLiveSpecification={"Enabled": True, "AttributeName": "ExpiresAt"},
    )
    dynamodb.update_continuous_backups(
        TableName=kept.table_name,
        PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True},
    )
    cloudformation.create_stack(
        StackName=ROLE_STACK,
        TemplateBody=(ROOT / "infrastructure" / "execution-role.yml").read_text(encoding="utf-8"),
        Parameters=[{"ParameterKey": "KeyArn", "ParameterValue": kept.key_arn}],
        Capabilities=["CAPABILITY_IAM"],
    )
    [stack] = cloudformation.describe_stacks(StackName=ROLE_STACK)["Stacks"]
    [output] = stack["Outputs"]
    return Account(registry, kept, output["OutputValue"])


@pytest.fixture(scope="module")
def standing() -> Iterator[Account]:
    with moto.mock_aws(), plugged_in() as registry:
        yield set_up(registry, REGION)


@pytest.fixture
def account(standing: Account) -> Account:
    """The account, with nothing registered."""
    standing.registry.reset()
    return standing
