"""A process that ends between any two calls leaves a whole record, or none.

The handlers run in processes of their own against the emulator on loopback, and are killed by
SIGKILL: by themselves before a call is sent and after its answer has arrived, and by the emulator
once it has done the work and before it answers.
"""

from __future__ import annotations

import os
import queue
import signal
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

from local.aws import EmbeddedAws
from tests.faults.forks import Forks, Killed, forking
from tests.faults.harness import Harness
from tests.faults.scenarios import SCENARIOS, Scenario
from tests.world import World


class DeadlyAws(EmbeddedAws):
    """The emulator, which can kill who calls it instead of answering.

    Attributes:
        answered: how many calls it answers before that, or None to kill nobody.
        victim: gets the process ID.
    """

    def __init__(self) -> None:
        self.answered: int | None = None
        self.victim: queue.Queue[int] = queue.Queue()
        super().__init__()

    def _serve(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        answer = super()._serve(environ, start_response)
        if self.answered is not None:
            self.answered -= 1
            if self.answered < 0:
                os.kill(self.victim.get(timeout=10), signal.SIGKILL)
                self.answered = None
        return answer


@pytest.fixture(scope="module")
def aws(account: World) -> Iterator[DeadlyAws]:
    """The emulator on loopback, with what the account holds."""
    with DeadlyAws() as aws:
        yield aws


@pytest.fixture(scope="module")
def forks(aws: DeadlyAws) -> Iterator[Forks]:
    with forking(aws.url) as forks:
        yield forks


@pytest.mark.parametrize("killed", Killed, ids=lambda killed: killed.value)
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_a_process_that_is_killed_leaves_a_whole_record_or_none(
    harness: Harness, aws: DeadlyAws, forks: Forks, scenario: Scenario, killed: Killed
) -> None:
    setting = harness.setting(scenario)
    found = []
    for call in setting.calls:
        with harness.beginning(setting):
            by_itself = None if killed is Killed.WITHIN else (call.ordinal, killed)
            aws.answered = call.ordinal if killed is Killed.WITHIN else None
            pid = forks.begin(harness.event(setting), harness.now, scenario.page_size, by_itself)
            if killed is Killed.WITHIN:
                aws.victim.put(pid)
            if forks.end() is not None:
                found.append(f"{call}: it was not killed")
        found += [f"{call}: {problem}" for problem in harness.after_death(setting)]

    assert found == []


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_a_process_that_is_not_killed_does_what_the_handlers_here_do(
    harness: Harness, forks: Forks, scenario: Scenario
) -> None:
    """So that a killed one would have done the same."""
    setting = harness.setting(scenario)
    with harness.beginning(setting):
        forks.begin(harness.event(setting), harness.now, scenario.page_size)
        answer = forks.end()

    assert answer is not None
    assert harness.of_success(setting, answer) == []
