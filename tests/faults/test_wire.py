"""Real sockets give the handlers what the table of faults says they do.

The handlers run in processes of their own and reach the emulator through a proxy on loopback. One
call of each action meets each kind of spoiled connection.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from local.aws import EmbeddedAws
from tests.faults import proxy as proxies
from tests.faults.forks import Forks, forking
from tests.faults.harness import Call, Harness, Setting
from tests.faults.kinds import Group, Kind, Times
from tests.faults.proxy import Proxy, Spoil
from tests.faults.scenarios import SCENARIOS
from tests.world import World

IMPATIENT = 0.15
"""Seconds that the handlers wait for an answer where none comes; else they wait 3, as in Lambda."""


@dataclass(frozen=True, kw_only=True)
class Spoiling(Kind):
    """A kind that is made on the wire. Without `spoil`, connections are refused from the call on.

    Attributes:
        once: whether one spoiled attempt is tried too.
        hangs: whether the handlers wait for an answer in vain.
    """

    spoil: Spoil | None
    once: bool = True
    hangs: bool = False

    @property
    def times(self) -> tuple[Times, ...]:
        return super().times if self.once else (Times.EACH,)


def _broken(name: str, spoil: Spoil | None, group: Group, **how: Any) -> Spoiling:
    code = "NetworkFailure"
    return Spoiling(name=name, group=group, code=code, repeated=True, spoil=spoil, **how)


def _answered(name: str, status: bytes, body: bytes, *, repeated: bool) -> Spoiling:
    return Spoiling(
        name=name,
        group=Group.NO_ANSWER_OF_AWS,
        code="ServiceInternalError",
        repeated=repeated,
        spoil=proxies.answer_instead(status, body),
    )


SPOILINGS = (
    _broken("connection refused", None, Group.NOT_REACHED, once=False),
    _broken("reset before the answer", proxies.reset, Group.NOT_REACHED),
    _broken("no answer in time", proxies.hang, Group.NOT_REACHED, once=False, hangs=True),
    _broken("another protocol", proxies.speak_otherwise, Group.NOT_REACHED),
    _broken("done, but no answer in time", proxies.hang_when_done, Group.ANSWER_LOST, hangs=True),
    _broken("done, but reset in its answer", proxies.reset_in_answer, Group.ANSWER_LOST),
    _broken("done, but closed without an answer", proxies.close, Group.ANSWER_LOST),
    _answered("a proxy's 502", b"502 Bad Gateway", b"<html>Bad Gateway</html>", repeated=True),
    _answered("a page with 200", b"200 OK", b"<html>Welcome</html>", repeated=False),
    _answered("garbage with 200", b"200 OK", bytes(range(256)), repeated=False),
    # The SDK does not hold the length of an answer against its head, so that this is half the JSON.
    Spoiling(
        name="done, but its answer cut short",
        group=Group.ANSWER_LOST,
        code="ServiceInternalError",
        spoil=proxies.cut_short,
    ),
    Spoiling(name="slow", group=Group.ANSWER_LOST, code="SUCCESS", spoil=proxies.dribble),
)


@pytest.fixture(scope="module")
def proxy(account: World) -> Iterator[Proxy]:
    """The proxy before the emulator, with what the account holds."""
    with EmbeddedAws() as aws, Proxy(int(aws.url.rpartition(":")[2])) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def forks(proxy: Proxy) -> Iterator[Forks]:
    with forking(proxy.url) as forks:
        yield forks


@pytest.fixture(scope="module")
def impatient_forks(proxy: Proxy) -> Iterator[Forks]:
    with forking(proxy.url, IMPATIENT) as forks:
        yield forks


@pytest.fixture
def places(harness: Harness) -> dict[str, tuple[Setting, Call]]:
    """For each action, a call of it."""
    return {
        call.action: (setting, call)
        for setting in map(harness.setting, SCENARIOS)
        for call in setting.calls
    }


@pytest.mark.parametrize("spoiling", SPOILINGS, ids=lambda spoiling: spoiling.name)
def test_a_spoiled_connection_is_what_the_table_of_faults_says(
    harness: Harness,
    proxy: Proxy,
    forks: Forks,
    impatient_forks: Forks,
    places: dict[str, tuple[Setting, Call]],
    spoiling: Spoiling,
) -> None:
    forks = impatient_forks if spoiling.hangs else forks
    found = []
    for action, (setting, call) in places.items():
        for times in spoiling.times:
            proxy.spoil(call.ordinal, spoiling.spoil, times)
            with harness.beginning(setting):
                forks.begin(harness.event(setting), harness.now, setting.scenario.page_size)
                answer = forks.end()
            assert answer is not None
            verdict = harness.verdict(setting, call, spoiling, times, answer)
            found += [f"{action}, {times}: {problem}" for problem in verdict]

    assert found == []


def test_every_action_of_the_handlers_is_spoiled(places: dict[str, tuple[Setting, Call]]) -> None:
    assert {action.partition(":")[2] for action in places} == {
        "DeleteItem", "GetItem", "PutItem", "Query", "Scan", "UpdateItem",
        "Decrypt", "Encrypt", "ReEncrypt",
    }  # fmt: skip
