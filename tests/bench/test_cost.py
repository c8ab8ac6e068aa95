"""The cost model says what a hand calculation says. Months have 2,628,000 seconds, 30.42 days."""

from typing import Any

import pytest

from bench import prices
from bench.cost import (
    Cache,
    Load,
    aws_cache,
    parameter_store,
    secrets_manager,
    this_cache,
    this_type,
)
from myorg_secrets import client
from tests.world import World

ALWAYS_RUNNING = Load(
    secrets=10,
    consumers=4,
    used_every=60,
    restarts_per_day=0,
    rotations_per_month=0,
    record_bytes=4_096,
)
"""40 pairs, which without a cache make 40 * 2,628,000 / 60 = 1,752,000 uses a month."""


def test_a_cache_serves_for_the_mean_of_its_times() -> None:
    """300 s with a fifth of jitter is 270 s on average, and the next use comes 30 s later."""
    assert this_cache(300).refreshes(3_000, used_every=60) == pytest.approx(10)
    assert Cache(300).refreshes(3_300, used_every=60) == pytest.approx(10)
    assert aws_cache(3_600).refreshes(27_300, used_every=60) == pytest.approx(10)


def test_the_jitter_is_the_one_of_the_client(monkeypatch: pytest.MonkeyPatch) -> None:
    """Or the tables would stay as they are when the client changes."""
    monkeypatch.setattr(client, "_JITTER", 0.5)

    assert this_cache(300).refreshes(2_250, used_every=0) == pytest.approx(10)


def test_what_this_type_costs_with_a_cache() -> None:
    """40 * 2,628,000 / 300 = 350,400 reads at 0.125 USD a million, and a key that has rotated.

    The table's key: once in five minutes for each of 4 consumers, 35,040 times at the most.
    """
    bill = this_type(ALWAYS_RUNNING, this_cache(300))

    assert bill.parts == pytest.approx(
        {
            "key": 3.00,
            "storage": 10 * 4_096 * 0.45e-9,
            "reads": 0.0438,
            "decryption": 0.0,
            "table key, at most": 0.10512,
            "rotation": 0.0,
        }
    )
    assert bill.total == pytest.approx(3.1489384)
    assert bill.calls_per_second == pytest.approx(40 / 300)


def test_what_this_type_costs_without_a_cache() -> None:
    """Each use reads for 0.125 USD a million and decrypts for 3 USD a million."""
    bill = this_type(ALWAYS_RUNNING, None)

    assert bill.parts["reads"] == pytest.approx(0.219)
    assert bill.parts["decryption"] == pytest.approx(5.256)


def test_starts_and_rotations_are_decrypted_and_paid_for() -> None:
    """Two starts a day are 60.83 a month, and 3 rotations more: 63.83 decryptions for each pair.

    A rotation is two operations of CloudFormation, two reads, a write of 4 KB and three calls of
    KMS: 0.0018 + 0.00000025 + 0.0000025 + 0.000009 USD.
    """
    load = Load(10, 4, restarts_per_day=2, rotations_per_month=3, record_bytes=4_096)

    bill = this_type(load, this_cache(300))

    assert bill.parts["decryption"] == pytest.approx(40 * 63.8333 * 3e-6, rel=1e-5)
    assert bill.parts["rotation"] == pytest.approx(30 * 0.00181175)
    assert bill.calls_per_second * prices.SECONDS_PER_MONTH == pytest.approx(
        40 * (8_760 + 60.8333), rel=1e-6
    )


def test_the_size_of_a_record_is_the_one_that_is_taken(world: World) -> None:
    """Its seventh version, so its sixth rotation, takes it beyond 4 KB; with ten it stays as it is.

    KMS of AWS makes 184 bytes of a password of 32, the emulator 96.
    """
    secret = world.secret("DBPassword")
    secret.create(Engine="mysql", Description="The master password")
    sizes = []
    for token in "123456789012":
        versions = (world.item(secret) or {})["Versions"]["L"]
        sizes.append(item_size(world.item(secret) or {}) + len(versions) * (184 - 96))
        secret.update(
            Engine="mysql", Description="The master password", RotationToken=f"{len(sizes)}{token}"
        )

    assert sizes[0] == pytest.approx(1_000, abs=50)
    assert sizes[5] < 4_096 < sizes[6]
    assert sizes[-1] == pytest.approx(Load(1, 1).record_bytes, rel=0.02)


def item_size(item: dict[str, Any]) -> int:
    """In bytes, by "DynamoDB item sizes and formats"."""
    return sum(len(name) + value_size(value) for name, value in item.items())


def value_size(value: dict[str, Any]) -> int:
    [(kind, content)] = value.items()
    if kind == "L":
        return 3 + sum(1 + value_size(member) for member in content)
    if kind == "M":
        return 3 + sum(1 + len(name) + value_size(member) for name, member in content.items())
    if kind == "N":
        return (len(content) + 1) // 2 + 1
    return 1 if kind == "BOOL" else len(content)


@pytest.mark.parametrize(("size", "units"), [(1, 1), (4_096, 1), (4_097, 2), (5_900, 2)])
def test_a_record_beyond_4_kb_costs_a_read_unit_more(size: int, units: int) -> None:
    """Which a secret reaches that has rotated six times."""
    load = Load(1, 1, record_bytes=size, restarts_per_day=0)

    reads = this_type(load, this_cache(300)).parts["reads"]

    assert reads == pytest.approx(units * 8_760 * 0.125e-6)


def test_what_secrets_manager_costs() -> None:
    """0.40 USD for each of 10 secrets; its cache looks 40 * 2,628,000 / 255 times, on average."""
    cached = secrets_manager(ALWAYS_RUNNING, aws_cache(300))
    uncached = secrets_manager(ALWAYS_RUNNING, None)

    assert cached.parts == pytest.approx({"secrets": 4.00, "calls": 412_235.29 * 5e-6})
    assert uncached.parts == pytest.approx({"secrets": 4.00, "calls": 8.76})


def test_the_cache_of_secrets_manager_describes_and_then_gets() -> None:
    """A start costs it two calls, and a new version one beside the refresh."""
    still = Load(1, 1, restarts_per_day=0, rotations_per_month=0)
    moving = Load(1, 1, restarts_per_day=2, rotations_per_month=3)

    fewer, more = (secrets_manager(load, aws_cache(300)) for load in (still, moving))

    added = (more.calls_per_second - fewer.calls_per_second) * prices.SECONDS_PER_MONTH
    assert added == pytest.approx(2 * 60.8333 + 3, rel=1e-4)


def test_what_parameter_store_costs() -> None:
    """40 * 2,628,000 / 330 = 318,545 calls; KMS decrypts at each, at 3 USD a million."""
    standard = parameter_store(ALWAYS_RUNNING, Cache(300))
    advanced = parameter_store(ALWAYS_RUNNING, Cache(300), advanced=True)

    assert standard.parts == pytest.approx(
        {"parameters": 0.0, "calls": 0.0, "decryption": 318_545.45 * 3e-6}
    )
    assert advanced.parts == pytest.approx(
        {"parameters": 0.50, "calls": 318_545.45 * 5e-6, "decryption": 318_545.45 * 3e-6}
    )


def test_beyond_40_calls_a_second_standard_parameters_need_the_higher_throughput() -> None:
    """2,400 pairs that call each minute make 40 a second; 2,401 make more."""
    within, beyond = (
        parameter_store(Load(1, pairs, restarts_per_day=0, rotations_per_month=0), None)
        for pairs in (2_400, 2_401)
    )

    assert within.parts["calls"] == 0
    assert beyond.parts["calls"] == pytest.approx(2_401 * 43_800 * 5e-6)
