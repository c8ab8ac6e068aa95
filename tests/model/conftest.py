"""A life to begin, with what takes long to make."""

from collections.abc import Callable, Iterator

import boto3
import pytest

from myorg_secrets.connection import Connection, connect
from tests.concurrency import threads
from tests.model.account import Account
from tests.model.life import Life
from tests.world import REGION, World


@pytest.fixture(scope="session")
def pool(account: World) -> Iterator[threads.Threads]:
    with threads.kept(account, 2) as kept:
        yield kept


@pytest.fixture(scope="session")
def connection(account: World) -> Connection:
    return connect(account.storage.table_name, session=boto3.Session(region_name=REGION))


@pytest.fixture
def begin(
    world: World,
    pool: threads.Threads,
    connection: Connection,
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[[], Life]:
    """Begins a life in an empty account."""
    return lambda: Life(Account(world, monkeypatch), pool, connection)
