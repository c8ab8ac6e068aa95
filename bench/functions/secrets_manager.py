"""The calls of Secrets Manager for the same operations, by one kept client."""

from typing import Any

import boto3

Event = dict[str, Any]

_kept: list[Any] = []


def handler(event: Event, _context: object) -> Event:
    """Do with Secrets Manager what the event asks for."""
    if not _kept:
        _kept.append(boto3.client("secretsmanager"))
    [client] = _kept
    given = event["requestData"]["resourceProperties"] or {}
    name = f"{given.get('StackName')}/{given.get('Name')}"
    if event["action"] == "CREATE":
        client.create_secret(Name=name, SecretString=_password(client))
    elif event["action"] == "READ":
        client.get_secret_value(SecretId=name)
    elif event["action"] == "UPDATE":
        client.put_secret_value(SecretId=name, SecretString=_password(client))
    elif event["action"] == "LIST":
        client.list_secrets(MaxResults=100)
    else:
        client.delete_secret(SecretId=name, RecoveryWindowInDays=30)
    return {"status": "SUCCESS"}


def _password(client: Any) -> str:
    password: str = client.get_random_password(PasswordLength=32)["RandomPassword"]
    return password
