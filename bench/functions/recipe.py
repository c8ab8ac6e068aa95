"""The recipe of 2016, written anew: functions of custom resources, with new clients at each call.

Their answer to CloudFormation, one PUT to S3, is left out: it is no call of an AWS API that the
handlers make.
"""

import base64
import os
import secrets
import string
from typing import Any

import boto3

KEY = os.environ.get("BENCH_KEY", "")
TABLE = os.environ.get("BENCH_RECIPE_TABLE", "")

Event = dict[str, Any]


def handler(event: Event, _context: object) -> Event:
    """Serve an event: the first function makes and stores, the second reads and decrypts."""
    data = event["requestData"]
    given = data["resourceProperties"]
    key = {"stackname": {"S": f"{given['StackName']}-{given['Name']}"}, "env": {"S": given["Env"]}}
    if event["action"] in ("CREATE", "UPDATE"):
        _set(key)
    elif event["action"] == "READ":
        _get(key)
    else:
        boto3.client("dynamodb").delete_item(TableName=TABLE, Key=key)
    return {"status": "SUCCESS"}


def _set(key: Event) -> None:
    password = "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(32))
    answer = boto3.client("kms").encrypt(KeyId=KEY, Plaintext=password.encode())
    text = base64.b64encode(answer["CiphertextBlob"]).decode()
    boto3.client("dynamodb").put_item(TableName=TABLE, Item={**key, "password": {"S": text}})


def _get(key: Event) -> str:
    item = boto3.client("dynamodb").get_item(TableName=TABLE, Key=key)["Item"]
    blob = base64.b64decode(item["password"]["S"])
    clear: bytes = boto3.client("kms").decrypt(CiphertextBlob=blob)["Plaintext"]
    return clear.decode()
