"""The laboratory, for each test anew; and a botocore that keeps its own records to itself."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest

from tests.world import World

if TYPE_CHECKING:
    from tests.fuzz.targets import Bench


@pytest.fixture
def at(
    world: World, quiet_sdk: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> "Iterator[Bench]":
    """A secret in the table, an old table beside it, and sessions that are kept."""
    # Not at the top: hypothesis may not be asked for characters before the tests are collected.
    from tests.fuzz.lab import Laboratory
    from tests.fuzz.targets import OLD_TABLE, bench

    before = world.faults
    lab = Laboratory(world, tmp_path)
    made = bench(world, lab)
    monkeypatch.setattr(boto3, "Session", lab.session)
    yield made
    lab.clear()
    lab.clear(OLD_TABLE)
    world.faults = before
