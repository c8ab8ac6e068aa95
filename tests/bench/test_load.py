"""A fleet of consumers gets right values at the expected cost, while AWS throttles."""

import subprocess
from dataclasses import replace

import pytest

from bench.cost import this_cache
from bench.fleet import STEPS, Outcome, Plan, run
from bench.waits import waits_table
from bench.wire import DECRYPT, READ
from tests.leaks.child import python_m
from tests.world import World
from tools.project import ROOT

PLAN = Plan(secrets=10, consumers=8)
PAIRS = 80
BURST = PLAN.burst.start
CALM = Plan(secrets=5, consumers=4, throttled=0, rotations=(), bridge=None, burst=range(0))


@pytest.fixture(scope="module")
def outcome(account: World) -> Outcome:
    """The load test of `python -m bench.load`, smaller: one run that all look at."""
    outcome = run(account, PLAN)
    account.reset()
    return outcome


def test_nobody_gets_a_wrong_or_missing_value(outcome: Outcome) -> None:
    """Fails where expiry takes longer than max_age (wrong), or max_stale is 0 (missing)."""
    assert outcome.tally["gets"] == PAIRS * PLAN.threads * PLAN.steps + 8 * PLAN.threads
    assert (outcome.tally["wrong"], outcome.tally["missing"]) == (0, 0)


def test_aws_did_throttle_in_every_way(outcome: Outcome) -> None:
    """Otherwise the other tests would show nothing.

    One call in five is refused; some failures reach the program, as there is no value yet; and
    in the burst the values that are past their time come from max_stale.
    """
    refused = outcome.count(READ, end=BURST, throttled=True)
    served = outcome.count(READ, end=BURST)

    assert refused / (refused + served) == pytest.approx(0.2, abs=0.06)
    assert outcome.count(DECRYPT, throttled=True) > 0
    assert outcome.tally["exceptions"] > 0
    assert outcome.tally["stale"] > PLAN.threads
    assert outcome.count(READ, BURST, PLAN.burst.stop) == 0


def test_a_secret_is_read_once_at_the_start_and_once_each_max_age(outcome: Outcome) -> None:
    """However many threads ask; without the lock of a secret each of them reads it.

    A read counts twice only where KMS then refused to decrypt what was read.
    """
    times = 4

    assert outcome.count(READ) == PAIRS * times + outcome.in_vain
    assert outcome.in_vain < 10


def test_kms_is_asked_once_for_each_version(outcome: Outcome) -> None:
    """To bridge a rotation costs nothing, since the earlier version is known.

    Fails where a refresh decrypts the version again that it has already, or forgets the earlier.
    """
    rotations = 2

    assert outcome.rotated == rotations
    assert outcome.decrypted == PAIRS + PLAN.consumers * rotations
    assert outcome.count(DECRYPT) == outcome.decrypted


def test_the_number_of_reads_is_that_of_the_cost_model(world: World) -> None:
    """Fails where the jitter is another than the model's, or a value is read twice."""
    plan = replace(CALM, steps=16 * STEPS)

    reads = run(world, plan).count(READ)

    cache = this_cache(plan.max_age)
    refreshes = cache.refreshes(plan.steps * plan.step, used_every=plan.step)
    # The first read comes at the start, and half a refresh is still to come on average.
    assert reads / (plan.secrets * plan.consumers) == pytest.approx(0.5 + refreshes, rel=0.03)


def test_reads_spread_as_time_goes_by(world: World) -> None:
    """Without jitter all reads of a max_age come at once. With it, ever fewer do."""
    plan = replace(CALM, secrets=10, steps=9 * STEPS)

    outcome = run(world, plan)

    pairs = plan.secrets * plan.consumers
    first, last = (outcome.busiest(start, start + STEPS) for start in (1, 8 * STEPS))
    assert outcome.busiest(0, 3) == pairs
    assert last < first < pairs * 0.8


def test_max_stale_alone_keeps_the_values_there(world: World) -> None:
    """Without it a program has none from max_age on, for as long as AWS throttles."""
    plan = replace(CALM, max_stale=0, steps=STEPS + 2, burst=range(20, STEPS + 2))

    outcome = run(world, plan)

    steps_beyond_max_age = 2
    pairs = plan.secrets * plan.consumers
    assert outcome.tally["missing"] == pairs * plan.threads * steps_beyond_max_age


def test_the_waits_are_taken_of_a_start_and_of_stale_values(world: World) -> None:
    """In a world where the SDK does not wait: what is timed gets its values all the same.

    Without max_stale the last row would never come.
    """
    table = waits_table(world, share=0.2, seed=1)

    [what, taken, longest] = [list(column.cells) for column in table.columns]
    assert [cell.rpartition(", ")[2] for cell in what] == [
        "0% refused",
        "20% refused",
        "all refused",
    ]
    for whole, one in zip(taken, longest, strict=True):
        assert 0 <= float(one) <= float(whole)


def test_the_command_prints_what_was_counted() -> None:
    """Both tables of calls, and no wrong or missing value."""
    done = subprocess.run(
        python_m("bench.load", "--secrets", "3", "--consumers", "2"),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )

    rows = [[cell.strip() for cell in line.split("│")] for line in done.stdout.splitlines()]
    cells = {row[1]: row[2:-1] for row in rows if len(row) > 2}
    assert cells["wrong values"] == cells["missing values"] == ["0"]
    assert cells["in max_age 1 after it"][0] == "1.00"
    assert cells["max_age 1 after the start"][2] == "6 (10.0x)"
    assert done.stderr == ""
