"""The handlers as everybody writes them: the plain framework, and a client from each session."""

import os
import secrets
import string
from collections.abc import MutableMapping
from typing import Any

from cloudformation_cli_python_lib import (
    Action,
    HandlerErrorCode,
    OperationStatus,
    ProgressEvent,
    Resource,
)

from myorg_secrets_password.models import ResourceHandlerRequest, ResourceModel

KEY = os.environ.get("BENCH_KEY", "")
TABLE = os.environ.get("BENCH_TABLE", "")

resource = Resource("MyOrg::Secrets::Password", ResourceModel)
test_entrypoint = resource.test_entrypoint


@resource.handler(Action.CREATE)
def create_handler(
    session: Any,
    request: ResourceHandlerRequest,
    _context: MutableMapping[str, Any],
) -> ProgressEvent:
    """Make a new secret."""
    model: Any = request.desiredResourceState
    model.Value = _password()
    answer = session.client("kms").encrypt(KeyId=KEY, Plaintext=model.Value.encode())
    session.client("dynamodb").put_item(
        TableName=TABLE,
        Item={**_key(model), "Ciphertext": {"B": answer["CiphertextBlob"]}},
        ConditionExpression="attribute_not_exists(StackName)",
    )
    return ProgressEvent(status=OperationStatus.SUCCESS, resourceModel=model)


@resource.handler(Action.READ)
def read_handler(
    session: Any,
    request: ResourceHandlerRequest,
    _context: MutableMapping[str, Any],
) -> ProgressEvent:
    """Return a secret."""
    model: Any = request.desiredResourceState
    answer = session.client("dynamodb").get_item(TableName=TABLE, Key=_key(model))
    if "Item" not in answer:
        return ProgressEvent.failed(HandlerErrorCode.NotFound, "not found")
    blob = answer["Item"]["Ciphertext"]["B"]
    model.Value = session.client("kms").decrypt(CiphertextBlob=blob)["Plaintext"].decode()
    return ProgressEvent(status=OperationStatus.SUCCESS, resourceModel=model)


@resource.handler(Action.UPDATE)
def update_handler(
    session: Any,
    request: ResourceHandlerRequest,
    _context: MutableMapping[str, Any],
) -> ProgressEvent:
    """Store a new password."""
    model: Any = request.desiredResourceState
    model.Value = _password()
    answer = session.client("kms").encrypt(KeyId=KEY, Plaintext=model.Value.encode())
    session.client("dynamodb").update_item(
        TableName=TABLE,
        Key=_key(model),
        UpdateExpression="SET Ciphertext = :blob",
        ConditionExpression="attribute_exists(StackName)",
        ExpressionAttributeValues={":blob": {"B": answer["CiphertextBlob"]}},
    )
    return ProgressEvent(status=OperationStatus.SUCCESS, resourceModel=model)


@resource.handler(Action.DELETE)
def delete_handler(
    session: Any,
    request: ResourceHandlerRequest,
    _context: MutableMapping[str, Any],
) -> ProgressEvent:
    """Delete a secret."""
    session.client("dynamodb").delete_item(
        TableName=TABLE,
        Key=_key(request.desiredResourceState),
        ConditionExpression="attribute_exists(StackName)",
    )
    return ProgressEvent(status=OperationStatus.SUCCESS)


@resource.handler(Action.LIST)
def list_handler(
    session: Any,
    _request: ResourceHandlerRequest,
    _context: MutableMapping[str, Any],
) -> ProgressEvent:
    """Return a page of identifiers."""
    answer = session.client("dynamodb").scan(
        TableName=TABLE, Limit=100, ProjectionExpression="StackName, EnvName"
    )
    models: list[Any] = [
        ResourceModel._deserialize(
            {"StackName": item["StackName"]["S"], "Name": item["EnvName"]["S"].split("#")[-1]}
        )
        for item in answer["Items"]
    ]
    return ProgressEvent(status=OperationStatus.SUCCESS, resourceModels=models)


def _key(model: Any) -> dict[str, Any]:
    return {"StackName": {"S": model.StackName}, "EnvName": {"S": f"{model.Env}#{model.Name}"}}


def _password() -> str:
    alphabet = string.ascii_letters + string.digits + "!#$%&*+-=?@^_"
    return "".join(secrets.choice(alphabet) for _ in range(32))
