"""The threads of the races."""

from collections.abc import Iterator

import pytest

from tests.concurrency import threads
from tests.concurrency.race import Races
from tests.world import World

MOST = 6


@pytest.fixture(scope="session")
def pool(account: World) -> Iterator[threads.Threads]:
    with threads.kept(account, MOST) as kept:
        yield kept


@pytest.fixture
def races(world: World, pool: threads.Threads, monkeypatch: pytest.MonkeyPatch) -> Races:
    return Races(world, pool, monkeypatch)
