"""Two kept clients of boto3 that make the handler's own AWS calls, and nothing else.

Where the event names a log group, two more deliver one log line and two metrics, as the handler
does it.
"""

import os
import time
from datetime import UTC, datetime
from typing import Any

import boto3

Item = dict[str, Any]

KEY = os.environ.get("BENCH_KEY", "")
TABLE = os.environ.get("BENCH_TABLE", "")
LINE = "x" * 420
"""As long as the handler's."""

_kept: dict[str, Any] = {}


def handler(event: Item, _context: object) -> Item:
    """Serve one event of CloudFormation."""
    data = event["requestData"]
    given = data["resourceProperties"] or {}
    {"CREATE": create, "READ": read, "UPDATE": update, "LIST": page, "DELETE": delete}[
        event["action"]
    ](given.get("StackName", ""), given.get("Name", ""))
    if data["providerLogGroupName"]:
        log(data["providerLogGroupName"], f"{event['stackId']}/{data['logicalResourceId']}")
        measure()
    return {"status": "SUCCESS"}


def client(service: str) -> Any:
    """Return the kept client of a service."""
    if service not in _kept:
        make: Any = boto3.client  # whose stubs know no service by a name that is not written out
        _kept[service] = make(service)
    return _kept[service]


def create(stack: str, name: str) -> None:
    """Encrypt, decrypt what came back, and write."""
    context = context_of(stack, name)
    answer = client("kms").encrypt(KeyId=KEY, Plaintext=b"x" * 32, EncryptionContext=context)
    decrypt(answer["CiphertextBlob"], stack, name)
    client("dynamodb").put_item(
        TableName=TABLE,
        Item=item_of(stack, name, answer["CiphertextBlob"], answer["KeyId"]),
        ConditionExpression="attribute_not_exists(StackName)",
    )


def read(stack: str, name: str) -> Item:
    """Read and decrypt."""
    answer = client("dynamodb").get_item(
        TableName=TABLE, Key=key_of(stack, name), ConsistentRead=True
    )
    decrypt(answer["Item"]["Versions"]["L"][-1]["M"]["Ciphertext"]["B"], stack, name)
    item: Item = answer["Item"]
    return item


def update(stack: str, name: str) -> None:
    """Read, decrypt, and write all attributes."""
    attributes = read(stack, name)
    for attribute in key_of(stack, name):
        del attributes[attribute]
    attributes["Description"] = {"S": "new"}
    client("dynamodb").update_item(
        TableName=TABLE,
        Key=key_of(stack, name),
        UpdateExpression="SET " + ", ".join(f"#{each} = :{each}" for each in attributes),
        ConditionExpression="#Revision = :Revision",
        ExpressionAttributeNames={f"#{each}": each for each in attributes},
        ExpressionAttributeValues={f":{each}": value for each, value in attributes.items()},
    )


def page(_stack: str, _name: str) -> None:
    """Read a page of keys."""
    client("dynamodb").scan(
        TableName=TABLE,
        ConsistentRead=True,
        Limit=100,
        FilterExpression="attribute_not_exists(DeletedTime)",
        ProjectionExpression="StackName, EnvName",
    )


def delete(stack: str, name: str) -> None:
    """Mark the item deleted."""
    client("dynamodb").update_item(
        TableName=TABLE,
        Key=key_of(stack, name),
        UpdateExpression="SET DeletedTime = :time, Revision = Revision + :one,"
        " ExpiresAt = RecoveryWindowInSeconds + :one",
        ConditionExpression="attribute_exists(StackName) AND attribute_not_exists(DeletedTime)",
        ExpressionAttributeValues={":time": {"S": "2026-01-01"}, ":one": {"N": "1"}},
    )


def decrypt(blob: bytes, stack: str, name: str) -> None:
    """Decrypt a version."""
    client("kms").decrypt(KeyId=KEY, CiphertextBlob=blob, EncryptionContext=context_of(stack, name))


def log(group: str, stream: str) -> None:
    """Deliver one line; a new stream is made first, as a new resource needs it."""
    logs = client("logs")
    place = {"logGroupName": group, "logStreamName": stream.replace(":", "__")}
    line = {"timestamp": round(time.time() * 1000), "message": LINE}
    try:
        logs.put_log_events(**place, logEvents=[line])
    except logs.exceptions.ResourceNotFoundException:
        logs.create_log_stream(**place)
        logs.put_log_events(**place, logEvents=[line])


def measure() -> None:
    """Deliver a count and a duration."""
    dimensions = [
        {"Name": "DimensionKeyActionType", "Value": "CREATE"},
        {"Name": "DimensionKeyResourceType", "Value": "MyOrg::Secrets::Password"},
    ]
    metrics = {"HandlerInvocationCount": "Count", "HandlerInvocationDuration": "Milliseconds"}
    client("cloudwatch").put_metric_data(
        Namespace="AWS/CloudFormation/MyOrg/Secrets/Password",
        MetricData=[
            {
                "MetricName": name,
                "Dimensions": dimensions,
                "Unit": unit,
                "Timestamp": datetime.now(UTC),
                "Value": 1,
            }
            for name, unit in metrics.items()
        ],
    )


def key_of(stack: str, name: str) -> Item:
    """Return the key of an item."""
    return {"StackName": {"S": stack}, "EnvName": {"S": f"bench#{name}"}}


def context_of(stack: str, name: str) -> dict[str, str]:
    """Return an encryption context as long as the handler's."""
    return {
        "Type": "MyOrg::Secrets::Password",
        "StackName": stack,
        "Env": "bench",
        "Name": name,
        "VersionId": "0" * 32,
    }


def item_of(stack: str, name: str, blob: bytes, key_arn: str) -> Item:
    """Return an item with the handler's attributes."""
    now = {"S": "2026-01-01T00:00:00.000Z"}
    version = {
        "VersionId": {"S": "0" * 32},
        "Ciphertext": {"B": blob},
        "KeyArn": {"S": key_arn},
        "CreatedTime": now,
        "Source": {"S": "Generated"},
    }
    memory = {each: {"S": "0" * 32} for each in ("State", "Token", "VersionId")}
    tags = {
        "aws:cloudformation:stack-name": {"S": stack},
        "aws:cloudformation:stack-id": {
            "S": f"arn:aws:cloudformation:us-east-1:123456789012:stack/{stack}/1"
        },
        "aws:cloudformation:logical-id": {"S": name},
    }
    return {
        **key_of(stack, name),
        "Revision": {"N": "1"},
        "CreatedTime": now,
        "LastRotatedTime": now,
        "CreateToken": {"S": "0" * 32},
        "Versions": {"L": [{"M": version}]},
        "Memories": {"L": [{"M": memory}]},
        "Declared": {"S": "{}"},
        "Provided": {"BOOL": False},
        "RecoveryWindowInSeconds": {"N": "2592000"},
        "Tags": {"L": []},
        "StackTags": {"M": {}},
        "SystemTags": {"M": tags},
        "ReturnValue": {"BOOL": True},
    }
