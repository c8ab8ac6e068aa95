"""Writes the tables of guide/cost.md, and its figure, from the cost model.

The rest of the page is written by hand.
"""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from bench.cost import (
    Bill,
    Cache,
    Load,
    aws_cache,
    parameter_store,
    secrets_manager,
    this_cache,
    this_type,
)
from bench.prices import PARAMETER_CALLS_PER_SECOND
from tools import pages
from tools.chart import Axis, Line, Panel, draw
from tools.project import ROOT

PAGE = "guide/cost.md"
FIGURE = "guide/cost.svg"
_BEGIN = "<!-- What follows is made by tools/cost_guide.py: make generate. -->"
_END = "<!-- The end of what is made. -->"

_SECRETS = (10, 100, 1_000)
_CONSUMERS = (1, 40, 400)
_HIGHER = "†"
_MOST = 10_000
"""Standard parameters, in an account and Region."""

Price = Callable[[Load, float | None], Bill]


def _cached(price: Callable[[Load, Cache | None], Bill], cache: Callable[[float], Cache]) -> Price:
    return lambda load, seconds: price(load, cache(seconds) if seconds else None)


PRICES: Mapping[str, Price] = {
    "This type": _cached(this_type, this_cache),
    "Secrets Manager": _cached(secrets_manager, aws_cache),
    "SSM standard": _cached(parameter_store, Cache),
    "SSM advanced": _cached(partial(parameter_store, advanced=True), Cache),
}
_TITLES = {
    300: "Cached for at most 300 s",
    3_600: "Cached for at most 3,600 s",
    None: "No cache: each use, one a minute, calls AWS",
}


def write(project: Path) -> None:
    """Replaces the tables in a project's page, and its figure.

    Raises:
        SystemExit: the page lacks one of the two comments between which the tables stand.
    """
    pages.replace_part(project, PAGE, _BEGIN, _END, tables())
    (project / FIGURE).write_text(figure(), encoding="utf-8")


def tables() -> str:
    """Returns all tables in Markdown."""
    totals = [f"### {title}\n\n{_totals(seconds)}" for seconds, title in _TITLES.items()]
    return "\n".join(
        [
            *totals,
            f"### From how many secrets on this type costs less\n\n{_break_even()}",
            f"### What this type costs, by part\n\n{_parts()}",
        ]
    )


def figure() -> str:
    """Returns the figure as SVG."""
    numbers = sorted({round(10 ** (exponent / 20)) for exponent in range(61)})
    panels = []
    for seconds in (300, 3_600):
        lines = [
            Line(name, [(number, price(Load(number, 40), seconds).total) for number in numbers])
            for name, price in PRICES.items()
        ]
        panels.append(Panel(f"40 consumers, cached for {seconds:,} s", lines))
    return draw(
        "USD a month by number of secrets, for 40 consumers",
        "This type starts at 3 USD for its key and then grows slowest. Secrets Manager grows with"
        " the number of secrets. Parameter Store costs least for few secrets, and jumps where its"
        " standard throughput is not enough.",
        panels,
        Axis("secrets", 0, 3),
        Axis("USD a month", -2, 4),
    )


def _totals(seconds: float | None) -> str:
    rows = [("Secrets", "Consumers", *PRICES)]
    for secrets in _SECRETS:
        for consumers in _CONSUMERS:
            load = Load(secrets, consumers)
            cells = (_cell(name, price(load, seconds)) for name, price in PRICES.items())
            rows.append((f"{secrets:,}", f"{consumers}", *cells))
    return pages.table(*rows)


def _cell(name: str, bill: Bill) -> str:
    beyond = name == "SSM standard" and bill.calls_per_second > PARAMETER_CALLS_PER_SECOND
    return f"{bill.total:,.2f}{f' {_HIGHER}' if beyond else ''}"


def _break_even() -> str:
    caches = (300, 3_600)
    rivals = [name for name in PRICES if name != "This type"]
    rows = [("Consumers", *(f"{name}, {seconds:,} s" for name in rivals for seconds in caches))]
    for consumers in _CONSUMERS:
        cells = (_first_cheaper(name, consumers, seconds) for name in rivals for seconds in caches)
        rows.append((f"{consumers}", *cells))
    return pages.table(*rows)


def _first_cheaper(rival: str, consumers: int, seconds: float) -> str:
    for secrets in range(1, _MOST + 1):
        load = Load(secrets, consumers)
        if PRICES["This type"](load, seconds).total < PRICES[rival](load, seconds).total:
            return f"{secrets:,}"
    return f"not up to {_MOST:,}"


def _parts() -> str:
    loads = (Load(10, 400), Load(100, 40), Load(1_000, 400))
    bills = {
        f"{load.secrets:,} x {load.consumers}, {seconds:,} s": this_type(load, this_cache(seconds))
        for load in loads
        for seconds in (300, 3_600)
    }
    first, *_ = bills.values()
    rows = [("Part", *bills)]
    for part in first.parts:
        rows.append((part, *(f"{bill.parts[part]:,.2f}" for bill in bills.values())))
    return pages.table(*rows)


if __name__ == "__main__":
    write(ROOT)
