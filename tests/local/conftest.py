"""A local AWS for each module, a stack of its own for each test."""

from collections.abc import Iterator
from typing import Any

import pytest

import local
from tests.local.stacks import Spy, Stack


@pytest.fixture(scope="module")
def handler_spy() -> Spy:
    return Spy()


@pytest.fixture(scope="module")
def aws(handler_spy: Spy) -> Iterator[local.LocalAws]:
    with local.running(handler_spy) as running:
        yield running


@pytest.fixture
def stack(aws: local.LocalAws) -> Stack:
    return Stack(aws)


@pytest.fixture
def events(handler_spy: Spy) -> list[dict[str, Any]]:
    """The events that the handler gets from here on."""
    handler_spy.events.clear()
    return handler_spy.events
