"""The limit: the same AWS calls by the standard library alone, signed by hand.

Connections are kept.
"""

import base64
import hashlib
import hmac
import json
import os
import ssl
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

KEY = os.environ.get("BENCH_KEY", "")
TABLE = os.environ.get("BENCH_TABLE", "")
REGION = os.environ.get("AWS_DEFAULT_REGION", "")
PREFIXES = {
    "kms": ("TrentService.", "1.1"),
    "dynamodb": ("DynamoDB_20120810.", "1.0"),
}

Json = dict[str, Any]

_kept: dict[str, HTTPConnection] = {}


def handler(event: Json, _context: object) -> Json:
    """Serve one event of CloudFormation."""
    given = event["requestData"]["resourceProperties"] or {}
    key = {
        "StackName": {"S": given.get("StackName", "")},
        "EnvName": {"S": f"bench#{given.get('Name', '')}"},
    }
    {"CREATE": _create, "READ": _read, "UPDATE": _update, "LIST": _list, "DELETE": _delete}[
        event["action"]
    ](key)
    return {"status": "SUCCESS"}


def _create(key: Json) -> None:
    clear = base64.b64encode(b"x" * 32).decode()
    context = _context_of(key)
    answer = _call("kms", "Encrypt", KeyId=KEY, Plaintext=clear, EncryptionContext=context)
    _decrypt(answer["CiphertextBlob"], key)
    version = {
        "VersionId": {"S": "0" * 32},
        "Ciphertext": {"B": answer["CiphertextBlob"]},
        "KeyArn": {"S": answer["KeyId"]},
    }
    _call(
        "dynamodb",
        "PutItem",
        TableName=TABLE,
        Item={**key, "Revision": {"N": "1"}, "Versions": {"L": [{"M": version}]}},
        ConditionExpression="attribute_not_exists(StackName)",
    )


def _read(key: Json) -> None:
    answer = _call("dynamodb", "GetItem", TableName=TABLE, Key=key, ConsistentRead=True)
    _decrypt(answer["Item"]["Versions"]["L"][-1]["M"]["Ciphertext"]["B"], key)


def _update(key: Json) -> None:
    _read(key)
    _call(
        "dynamodb",
        "UpdateItem",
        TableName=TABLE,
        Key=key,
        UpdateExpression="SET Description = :text",
        ConditionExpression="attribute_exists(StackName)",
        ExpressionAttributeValues={":text": {"S": "new"}},
    )


def _list(_key: Json) -> None:
    _call(
        "dynamodb",
        "Scan",
        TableName=TABLE,
        ConsistentRead=True,
        Limit=100,
        ProjectionExpression="StackName, EnvName",
    )


def _delete(key: Json) -> None:
    _call(
        "dynamodb",
        "UpdateItem",
        TableName=TABLE,
        Key=key,
        UpdateExpression="SET DeletedTime = :time",
        ConditionExpression="attribute_exists(StackName)",
        ExpressionAttributeValues={":time": {"S": "2026-01-01"}},
    )


def _decrypt(blob: str, key: Json) -> None:
    _call("kms", "Decrypt", KeyId=KEY, CiphertextBlob=blob, EncryptionContext=_context_of(key))


def _context_of(key: Json) -> dict[str, str]:
    return {"StackName": key["StackName"]["S"], "Name": key["EnvName"]["S"]}


def _call(service: str, operation: str, **request: Any) -> Json:
    body = json.dumps(request).encode()
    prefix, version = PREFIXES[service]
    headers = {
        "content-type": f"application/x-amz-json-{version}",
        "host": urlsplit(os.environ["AWS_ENDPOINT_URL"]).netloc,
        "x-amz-date": datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ"),
        "x-amz-security-token": os.environ["AWS_SESSION_TOKEN"],
        "x-amz-target": prefix + operation,
    }
    headers["authorization"] = _signature(service, headers, body)
    connection = _connection(service)
    connection.request("POST", "/", body, headers)
    answer = connection.getresponse()
    content = answer.read()
    if answer.status != 200:
        raise RuntimeError(f"{operation}: {answer.status} {content.decode()}")
    result: Json = json.loads(content)
    return result


def _connection(service: str) -> HTTPConnection:
    if service not in _kept:
        endpoint = urlsplit(os.environ["AWS_ENDPOINT_URL"])
        host, port = endpoint.hostname or "", endpoint.port
        if endpoint.scheme == "https":
            trust = ssl.create_default_context(cafile=os.environ["AWS_CA_BUNDLE"])
            _kept[service] = HTTPSConnection(host, port, context=trust)
        else:
            _kept[service] = HTTPConnection(host, port)
    return _kept[service]


def _signature(service: str, headers: dict[str, str], body: bytes) -> str:
    names = ";".join(headers)
    lines = (f"{name}:{value}" for name, value in headers.items())
    digest = hashlib.sha256(body).hexdigest()
    canonical = "\n".join(["POST", "/", "", *lines, "", names, digest])
    time = headers["x-amz-date"]
    scope = f"{time[:8]}/{REGION}/{service}/aws4_request"
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    key = ("AWS4" + os.environ["AWS_SECRET_ACCESS_KEY"]).encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    signed = hmac.digest(key, f"AWS4-HMAC-SHA256\n{time}\n{scope}\n{digest}".encode(), "sha256")
    return (
        f"AWS4-HMAC-SHA256 Credential={os.environ['AWS_ACCESS_KEY_ID']}/{scope},"
        f" SignedHeaders={names}, Signature={signed.hex()}"
    )
