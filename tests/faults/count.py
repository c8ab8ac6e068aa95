"""Says as JSON how many cases there are: python -m tests.faults.count."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from tests.faults.forks import Killed
from tests.faults.harness import Harness
from tests.faults.kinds import KINDS
from tests.faults.scenarios import SCENARIOS
from tests.faults.spoilings import SPOILINGS, places_of
from tests.world import mocked


def counted(harness: Harness) -> dict[str, Any]:
    """Return the numbers: for each scenario, and of the spoiled connections."""
    scenarios = []
    for setting in map(harness.setting, SCENARIOS):
        cases: Counter[str] = Counter()
        for kind in KINDS:
            cases[kind.group] += sum(1 for _ in harness.cases(setting, kind))
        scenarios.append(
            {
                "name": setting.scenario.name,
                "calls": [call.action for call in setting.calls],
                "cases": cases,
                "late": sum(1 for _ in harness.late_cases(setting)),
                "killed": len(Killed) * len(setting.calls),
            }
        )
    attempts = sum(len(spoiling.times) for spoiling in SPOILINGS)
    return {"scenarios": scenarios, "spoiled": attempts * len(places_of(harness))}


if __name__ == "__main__":
    with mocked() as world:
        print(json.dumps(counted(Harness(world))))
