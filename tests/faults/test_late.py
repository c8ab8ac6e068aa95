"""A write that AWS gets when everything is over changes nothing."""

import pytest

from tests.faults.harness import Harness
from tests.faults.scenarios import SCENARIOS, Scenario


@pytest.mark.parametrize(
    "scenario",
    [scenario for scenario in SCENARIOS if scenario.action in ("CREATE", "UPDATE", "DELETE")],
    ids=lambda scenario: scenario.name,
)
def test_a_write_that_arrives_late_changes_nothing(harness: Harness, scenario: Scenario) -> None:
    assert harness.problems_of_late_writes(scenario) == []
