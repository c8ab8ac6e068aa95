"""Where the contenders work: tables, a key and an event, the same for all."""

import os
import uuid
from typing import Any

from bench.account import ACCOUNT_ID, CREDENTIALS, REGION, client
from bench.roster import Contender
from bench.server import Server
from local.events import LOG_GROUP, Account, Operation, live_event

TABLE = "myorg-secrets-password"
RECIPE_TABLE = "recipe"
CREDSTASH_TABLE = "credential-store"
KEY_ALIAS = "alias/myorg-secrets-password"
PRELOADED = 100
"""Records that are in the tables from the beginning, so that every list reads a full page."""


def variables(server: Server) -> dict[str, str]:
    """Return the environment of a process that works here, and nothing of the user's own."""
    passed = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return {
        **passed,
        **server.variables,
        "AWS_ACCESS_KEY_ID": CREDENTIALS["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": CREDENTIALS["SecretAccessKey"],
        "AWS_SESSION_TOKEN": CREDENTIALS["SessionToken"],
        "AWS_DEFAULT_REGION": REGION,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "BENCH_KEY": KEY_ALIAS,
        "BENCH_TABLE": TABLE,
        "BENCH_RECIPE_TABLE": RECIPE_TABLE,
        "BENCH_CREDSTASH_TABLE": CREDSTASH_TABLE,
    }


def set_up(server: Server) -> None:
    """Make the key, the tables and what is in them from the beginning."""
    at = (server.url, server.bundle)
    kms, dynamodb = client("kms", *at), client("dynamodb", *at)
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    for alias in (KEY_ALIAS, "alias/credstash"):
        kms.create_alias(AliasName=alias, TargetKeyId=key)
    client("logs", *at).create_log_group(logGroupName=LOG_GROUP)
    for table, names in {
        TABLE: ("StackName", "EnvName"),
        RECIPE_TABLE: ("stackname", "env"),
        CREDSTASH_TABLE: ("name", "version"),
    }.items():
        dynamodb.create_table(
            TableName=table,
            KeySchema=[
                {"AttributeName": name, "KeyType": kind}
                for name, kind in zip(names, ("HASH", "RANGE"), strict=True)
            ],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in names],
            BillingMode="PAY_PER_REQUEST",
        )
        for number in range(PRELOADED):
            values = (f"other-{number}", f"bench#{number}")
            item = {name: {"S": value} for name, value in zip(names, values, strict=True)}
            dynamodb.put_item(TableName=table, Item=item)


def event_for(
    contender: Contender, operation: str, secret: str, stack: str | None = None
) -> dict[str, Any]:
    """Return the event of an operation on a secret, by default in a stack of the contender's."""
    if stack is None:
        stack = f"bench-{contender.name.replace(' ', '-').replace(',', '')}"
    before: dict[str, Any] = {"StackName": stack, "Env": "bench", "Name": secret}
    properties = {**before, "Description": "new"} if operation == "UPDATE" else before
    credentials = CREDENTIALS
    if contender.rotating:
        number = uuid.uuid4().hex.upper()
        credentials = {
            "AccessKeyId": f"AKIA{number[:16]}",
            "SecretAccessKey": f"not-a-secret-{number}",
            "SessionToken": f"not-a-token-{number}",
        }
    event = live_event(
        Operation(
            action=operation,
            properties={} if operation == "LIST" else properties,
            previous=before if operation == "UPDATE" else None,
            token=uuid.uuid4().hex,
            stack_id=f"arn:aws:cloudformation:{REGION}:{ACCOUNT_ID}:stack/{stack}/1",
            logical_id=secret,
        ),
        Account(ACCOUNT_ID, REGION, {"TableName": TABLE, "KeyId": KEY_ALIAS}),
        credentials,
    )
    if not contender.logged:
        event["requestData"] |= {"providerCredentials": None, "providerLogGroupName": None}
    return event
