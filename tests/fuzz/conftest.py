"""The laboratory, for each test anew; and a botocore that keeps its own records to itself."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest

from tests.world import World

if TYPE_CHECKING:
    from tests.fuzz.targets import Bench


@pytest.fixture(scope="session")
def filled() -> "dict[World, Bench]":
    """What was put into an account, which takes longer than most of the tests."""
    return {}


@pytest.fixture
def at(
    world: World,
    filled: "dict[World, Bench]",
    quiet_sdk: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator["Bench"]:
    """A secret in the table, an old table beside it, and sessions that are kept."""
    # Not at the top: hypothesis may not be asked for characters before the tests are collected.
    from tests.fuzz.lab import Laboratory
    from tests.fuzz.targets import OLD_TABLE, bench, close_key, old_table, open_key

    before, policy = world.faults, open_key(world)
    if world not in filled:
        filled[world] = bench(world, Laboratory(world, tmp_path))
    made = filled[world]
    old_table(world)
    made.lab.scratch = tmp_path
    monkeypatch.setattr(boto3, "Session", made.lab.session)
    world.faults = made.lab.faults
    yield made
    made.lab.clear()
    made.lab.clear(OLD_TABLE)
    world.faults = before
    close_key(world, policy)
