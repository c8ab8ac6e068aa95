"""A table and a key with nothing to find fault with, and the program that looks at them."""

import functools
from collections.abc import Iterator
from typing import Any

import botocore.loaders
import botocore.session
import pytest

from tests.consumers.doctor.report import SHAPE, TABLE, Doctor, Report, new_key, run
from tests.world import Secret, World

# Each run makes its own session, which would read the SDK's data again.
_one_loader = functools.cache(botocore.loaders.create_loader)


@pytest.fixture
def calls(world: World, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The calls of every client that the program makes."""
    monkeypatch.setattr("botocore.loaders.create_loader", _one_loader)
    calls: list[str] = []
    make: Any = botocore.session.Session.create_client

    def client(session: Any, service: str, *args: Any, **options: Any) -> Any:
        made = make(session, service, *args, **options)
        world.watch(made.meta.events, service, calls)
        return made

    monkeypatch.setattr("botocore.session.Session.create_client", client)
    return calls


@pytest.fixture
def storage(world: World) -> Iterator[str]:
    """A table with nothing to find fault with."""
    world.dynamodb.create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        DeletionProtectionEnabled=True,
        SSESpecification={"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": "of-the-table"},
        **SHAPE,
    )
    world.dynamodb.update_time_to_live(
        TableName=TABLE,
        TimeToLiveSpecification={"Enabled": True, "AttributeName": "ExpiresAt"},
    )
    world.dynamodb.update_continuous_backups(
        TableName=TABLE, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )
    yield TABLE
    if TABLE in world.dynamodb.list_tables()["TableNames"]:
        world.dynamodb.update_table(TableName=TABLE, DeletionProtectionEnabled=False)


@pytest.fixture
def key_arn(world: World) -> str:
    return new_key(world)


@pytest.fixture
def doctor(storage: str, key_arn: str, calls: list[str]) -> Doctor:
    def examined(*args: str, table_name: str = storage, kms_key_id: str = key_arn) -> Report:
        options = ["--json", "--kms-key-id", kms_key_id]
        if not any("|" in arg for arg in args):
            options += ["--table-name", table_name]
        calls.clear()
        result = run(*args, *options)
        return Report(result.exit_code, result.stdout)

    return examined


@pytest.fixture
def secret(world: World, storage: str, key_arn: str) -> Secret:
    secret = world.secret("DBPassword", stack="orders")
    secret.create(TableName=storage, KeyId=key_arn)
    return secret
