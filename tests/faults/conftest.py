"""One harness for all cases of a file: its scenarios are prepared once."""

import os
from collections.abc import Iterator

import pytest

from tests.faults.harness import Harness
from tests.world import World, without_waits

THOROUGH = os.environ.get("FAULTS") == "all"


@pytest.fixture(scope="module")
def prepared(account: World) -> Iterator[Harness]:
    """It sets the table back for each case, so that the account is emptied once, at the end."""
    yield Harness(account, THOROUGH)
    account.reset()


@pytest.fixture
def harness(prepared: Harness, monkeypatch: pytest.MonkeyPatch) -> Harness:
    """The harness, with an SDK that does not wait."""
    without_waits(monkeypatch)
    return prepared
