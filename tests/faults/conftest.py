"""One harness for all cases: its scenarios are prepared once."""

import os
from collections.abc import Iterator

import pytest

from tests.faults.harness import Harness
from tests.world import World

THOROUGH = os.environ.get("FAULTS") == "all"


@pytest.fixture(scope="session")
def prepared(account: World) -> Harness:
    return Harness(account, THOROUGH)


@pytest.fixture
def harness(prepared: Harness, world: World) -> Iterator[Harness]:
    """The harness, while the SDK retries without a wait."""
    yield prepared
