"""The histories of secrets that each release is recorded with, played on a mocked AWS.

Each makes one secret through the live entry point or a consumer's command, and returns it. What a
history leaves behind is what the release writes: a new history is added for each new thing that a
release can write.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache

import boto3

from myorg_secrets.adoption.adopt import Adoption, Status
from myorg_secrets.adoption.old_table import OldTable
from myorg_secrets.adoption.rows import RowsOf2016
from myorg_secrets.connection import Connection, connect
from myorg_secrets.restore import restore
from myorg_secrets_password.record import Identity
from tests.world import REGION, Secret, World

OLD_TABLE = "passwords-of-2016"


def _generated(world: World) -> Secret:
    secret = world.secret("Generated")
    secret.create()
    return secret


def _described(world: World) -> Secret:
    """With every property that leaves something in the record."""
    secret = world.secret("Described")
    secret.stack_tags = {"team": "payments"}
    secret.create(
        Env="prod",
        Engine="postgres",
        PasswordLength=40,
        RequireEachIncludedType=True,
        RotationToken="2026-11",
        KeyId="alias/myorg-secrets-password",
        RecoveryWindowInDays=7,
        Description="The orders database",
        Tags=[{"Key": "owner", "Value": "orders"}, {"Key": "tier", "Value": ""}],
        ReturnValue=True,
    )
    return secret


def _withheld(world: World) -> Secret:
    secret = world.secret("Withheld")
    secret.create(ReturnValue=False)
    return secret


def _provided(world: World) -> Secret:
    secret = world.secret("Provided")
    secret.create(SecretString="provided-by-the-template")
    return secret


def _provided_and_taken_away(world: World) -> Secret:
    secret = world.secret("TakenAway")
    secret.create()
    secret.update(SecretString="provided-for-a-while")
    secret.update()
    return secret


def _ten_versions(world: World) -> Secret:
    """Two more than it keeps were made."""
    secret = world.secret("TenVersions")
    secret.create(RotationToken="1")
    for token in range(2, 13):
        secret.update(RotationToken=str(token))
    return secret


def _removed_at_once(world: World) -> Secret:
    """It has no recovery window."""
    secret = world.secret("RemovedAtOnce")
    secret.create(RecoveryWindowInDays=0)
    return secret


def _deleted(world: World) -> Secret:
    secret = world.secret("Deleted")
    secret.create(RotationToken="1")
    secret.update(RotationToken="2")
    secret.delete()
    return secret


def _created_again(world: World) -> Secret:
    secret = world.secret("CreatedAgain")
    secret.create()
    secret.delete()
    secret.create()
    return secret


def _restored(world: World) -> Secret:
    """Its first version, by hand."""
    secret = world.secret("Restored")
    secret.create(RotationToken="1")
    first = str(secret.model["VersionId"])
    secret.update(RotationToken="2")
    restore(connection_of(world), _identity(secret), first, datetime.now(UTC))
    secret.model = secret.read()
    return secret


def _adopted(world: World) -> Secret:
    """From a row of 2016, before CloudFormation knows of it."""
    key_id = world.storage.key_id
    old = world.kms.encrypt(KeyId=key_id, Plaintext=b"adopted-from-2016")["CiphertextBlob"]
    world.dynamodb.create_table(
        TableName=OLD_TABLE,
        KeySchema=[
            {"AttributeName": "stackname", "KeyType": "HASH"},
            {"AttributeName": "env", "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[
            {"AttributeName": "stackname", "AttributeType": "S"},
            {"AttributeName": "env", "AttributeType": "S"},
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    row = {"stackname": "orders", "env": "prod", "cipher": base64.b64encode(old).decode()}
    world.dynamodb.put_item(
        TableName=OLD_TABLE, Item={name: {"S": text} for name, text in row.items()}
    )

    def now() -> datetime:
        return datetime.now(UTC)

    adoption = Adoption(connection_of(world), world.storage.key_alias, now)
    [outcome] = map(
        adoption,
        RowsOf2016(OldTable(world.dynamodb, OLD_TABLE), "Adopted", [], None, None, now),
    )
    assert outcome.status is Status.ADOPTED, outcome.reason
    secret = world.secret("Adopted")
    secret.model = dict(
        zip(
            ("TableName", "StackName", "Env", "Name"),
            (world.storage.table_name, "orders", "prod", "Adopted"),
            strict=True,
        )
    )
    secret.model = secret.read()
    return secret


HISTORIES: dict[str, Callable[[World], Secret]] = {
    "adopted": _adopted,
    "created-again": _created_again,
    "deleted": _deleted,
    "described": _described,
    "generated": _generated,
    "provided": _provided,
    "removed-at-once": _removed_at_once,
    "restored": _restored,
    "taken-away": _provided_and_taken_away,
    "ten-versions": _ten_versions,
    "withheld": _withheld,
}


def connection_of(world: World, table_name: str | None = None) -> Connection:
    """Return what consumers work with."""
    return connect(table_name or world.storage.table_name, region_name=REGION, session=session())


@cache
def session() -> boto3.Session:
    """One for all: each reads the descriptions of the services anew, which takes its time."""
    return boto3.Session()


def _identity(secret: Secret) -> Identity:
    return Identity(*secret.identifier.values())
