"""One local AWS for all examples, a stack of its own for each test."""

from collections.abc import Iterator

import pytest

import local
from tests.local.stacks import Stack


@pytest.fixture(scope="module")
def aws() -> Iterator[local.LocalAws]:
    with local.running() as running:
        yield running


@pytest.fixture
def stack(aws: local.LocalAws) -> Stack:
    return Stack(aws)
