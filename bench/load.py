"""``python -m bench.load``: a fleet of consumers, while AWS throttles and secrets rotate."""

import logging
import sys
import time

import click
from rich.console import Console
from rich.table import Table

from bench.fleet import STEPS, Outcome, Plan, run
from bench.isolation import isolate
from bench.waits import waits_table
from bench.wire import DECRYPT, READ
from tests.world import REGION, mocked


@click.command()
@click.option("--secrets", default=Plan.secrets, show_default=True, type=click.IntRange(min=1))
@click.option("--consumers", default=Plan.consumers, show_default=True, type=click.IntRange(min=1))
@click.option("--threads", default=Plan.threads, show_default=True, type=click.IntRange(min=1))
@click.option("--throttled", default=Plan.throttled, show_default=True, type=click.FloatRange(0, 1))
@click.option("--seed", default=Plan.seed, show_default=True)
@click.option("--waits", is_flag=True, help="Also take the time of one consumer's calls.")
def main(
    secrets: int, consumers: int, threads: int, throttled: float, seed: int, *, waits: bool
) -> None:
    """Run it, print what was counted, and fail where a value was wrong or missing."""
    isolate(AWS_DEFAULT_REGION=REGION)
    # It tells of each stale value, which is counted instead.
    logging.getLogger("myorg_secrets.client").setLevel(logging.ERROR)
    plan = Plan(secrets, consumers, threads, throttled=throttled, seed=seed)
    began = time.perf_counter()
    with mocked() as world:
        outcome = run(world, plan)
        waited = [waits_table(world, throttled, seed)] if waits else []
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 120)
    console.print(_values_table(outcome))
    console.print(_calls_table(outcome))
    console.print(_spread_table(outcome))
    for table in waited:
        console.print(table)
    console.print(f"{time.perf_counter() - began:.0f} s on this machine")
    if outcome.tally["wrong"] or outcome.tally["missing"]:
        raise SystemExit(1)


def _values_table(outcome: Outcome) -> Table:
    plan, tally = outcome.plan, outcome.tally
    table = Table(
        title=f"{plan.consumers} consumers of {plan.threads} threads, {plan.secrets} secrets,"
        f" {plan.steps * plan.step:.0f} s at max_age {plan.max_age:.0f} s"
    )
    table.add_column("what")
    table.add_column("count", justify="right")
    refused = sum(outcome.count(action, throttled=True) for action in (READ, DECRYPT))
    for what, count in {
        "values asked for": tally["gets"],
        "rotations": outcome.rotated,
        "calls that AWS refused": refused,
        "failures that reached a program, which asked again": tally["exceptions"],
        "values served by max_stale": tally["stale"],
        "wrong values": tally["wrong"],
        "missing values": tally["missing"],
    }.items():
        table.add_row(what, f"{count:,}")
    return table


def _calls_table(outcome: Outcome) -> Table:
    plan = outcome.plan
    table = Table(title="Calls that AWS served, for each consumer and secret")
    table.add_column("when")
    for column in (READ, DECRYPT, "without a cache, each"):
        table.add_column(column, justify="right")
    pairs = plan.consumers * plan.secrets
    phases = {"at the start": (0, 1)}
    for end in range(STEPS + 1, plan.steps, STEPS):
        phases[f"in max_age {end // STEPS} after it"] = (end - STEPS, end)
    phases["in all"] = (0, plan.steps)
    for when, (start, end) in phases.items():
        served = (outcome.count(action, start, end) / pairs for action in (READ, DECRYPT))
        uncached = (end - start) * plan.threads
        table.add_row(when, *(f"{count:.2f}" for count in served), str(uncached))
    return table


def _spread_table(outcome: Outcome) -> Table:
    plan = outcome.plan
    table = Table(title="Reads in the busiest tenth of max_age")
    for column in ("when", "reads", "to the mean", "with no jitter"):
        table.add_column(column, justify="right" if column != "when" else "left")
    pairs = plan.consumers * plan.secrets
    for end in range(STEPS + 1, plan.steps, STEPS):
        busiest = outcome.busiest(end - STEPS, end)
        # Without jitter all would read in one step, so that the rest of max_age had none.
        table.add_row(
            f"max_age {end // STEPS} after the start",
            f"{busiest:,}",
            f"{busiest / pairs * 10:.1f}x",
            f"{pairs:,} (10.0x)",
        )
    return table


if __name__ == "__main__":
    main()
