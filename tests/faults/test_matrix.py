"""Whichever call of whichever handler fails, in whichever way: nothing is lost, nothing is left."""

import pytest

from tests.faults.harness import Harness
from tests.faults.kinds import KINDS, Failure
from tests.faults.scenarios import SCENARIOS, Scenario


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_a_call_that_fails_loses_nothing_and_leaves_nothing(
    harness: Harness, scenario: Scenario, kind: Failure
) -> None:
    assert harness.problems(scenario, kind) == []
