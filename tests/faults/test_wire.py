"""Real sockets give the handlers what the table of faults says they do.

The handlers run in processes of their own and reach the emulator through a proxy on loopback. One
call of each action meets each kind of spoiled connection.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.aws import EmbeddedAws
from tests.faults.forks import Forks, forking
from tests.faults.harness import Call, Harness, Setting
from tests.faults.proxy import Proxy
from tests.faults.spoilings import SPOILINGS, Spoiling, places_of
from tests.world import World

IMPATIENT = 0.15
"""Seconds that the handlers wait for an answer where none comes; else they wait 3, as in Lambda."""


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
    return places_of(harness)


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
