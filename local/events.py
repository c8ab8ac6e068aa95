"""The event that CloudFormation sends to a resource type's handler.

Its fields are those of ``HandlerRequest`` in cloudformation_cli_python_lib/utils.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

TYPE_NAME = "MyOrg::Secrets::Password"
LOG_GROUP = "myorg-secrets-password-logs"  # the name that `cfn submit` gives it

Properties = Mapping[str, Any]
Tags = Mapping[str, str]


@dataclass(frozen=True)
class Operation:
    """One thing to be done to one resource: what differs from event to event.

    ``stack_id`` is None for Cloud Control API, which knows no stacks.
    """

    action: str
    properties: Properties
    token: str
    previous: Properties | None = None
    stack_id: str | None = None
    logical_id: str | None = None
    stack_tags: Tags = field(default_factory=dict)
    previous_stack_tags: Tags = field(default_factory=dict)
    next_token: str | None = None

    def __repr__(self) -> str:
        """Say what is done and where; the properties may hold a password."""
        return f"<{self.action} {self.logical_id} {self.token}>"


@dataclass(frozen=True)
class Account:
    """What is the same for every event: where the type is registered and how it was configured."""

    account_id: str
    region: str
    type_configuration: Mapping[str, str] | None = None


def live_event(
    operation: Operation, account: Account, credentials: Mapping[str, str]
) -> dict[str, Any]:
    """Return the event for ``operation``, sent with ``credentials`` of the execution role.

    ``credentials`` are in the form of STS: ``AccessKeyId``, ``SecretAccessKey``, ``SessionToken``.
    """
    handed_over = {
        "accessKeyId": credentials["AccessKeyId"],
        "secretAccessKey": credentials["SecretAccessKey"],
        "sessionToken": credentials["SessionToken"],
    }
    system_tags = _system_tags(operation)
    return {
        "action": operation.action,
        "awsAccountId": account.account_id,
        "bearerToken": operation.token,
        "region": account.region,
        "resourceType": TYPE_NAME,
        "resourceTypeVersion": "00000001",
        "responseEndpoint": None,
        "stackId": operation.stack_id,
        "callbackContext": {},
        "nextToken": operation.next_token,
        "requestData": {
            "resourceProperties": _stringified(dict(operation.properties)),
            "previousResourceProperties": _stringified(
                None if operation.previous is None else dict(operation.previous)
            ),
            "logicalResourceId": operation.logical_id,
            "systemTags": system_tags,
            "previousSystemTags": system_tags if operation.previous is not None else {},
            "stackTags": dict(operation.stack_tags),
            "previousStackTags": dict(operation.previous_stack_tags),
            "callerCredentials": handed_over,
            "providerCredentials": handed_over,
            "providerLogGroupName": LOG_GROUP,
            "typeConfiguration": None
            if account.type_configuration is None
            else dict(account.type_configuration),
        },
    }


def _system_tags(operation: Operation) -> dict[str, str]:
    if operation.stack_id is None:
        return {}
    return {
        "aws:cloudformation:stack-name": operation.stack_id.split("/")[1],
        "aws:cloudformation:stack-id": operation.stack_id,
        "aws:cloudformation:logical-id": operation.logical_id or "",
    }


def _stringified(value: Any) -> Any:
    """Turn numbers and booleans into text, as CloudFormation does whatever the schema says.

    https://github.com/aws-cloudformation/cloudformation-cli/issues/435
    """
    if isinstance(value, dict):
        return {key: _stringified(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_stringified(inner) for inner in value]
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value
