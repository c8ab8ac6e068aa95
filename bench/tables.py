"""What was measured as tables of text, for the terminal and for the guide."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from bench.roster import OPERATIONS

Results = dict[str, Any]

_MIB = 2**20


@dataclass(frozen=True)
class Table:
    """Rows of text, the first of them the header."""

    title: str
    rows: Sequence[tuple[str, ...]]


def tables(results: Results) -> list[Table]:
    """Return the tables of all parts that were measured."""
    makers = {
        "warm": warm,
        "cold": cold,
        "packages": packages,
        "consumers": consumers,
        "gap": gap,
        "generation": generation,
    }
    return [table for part in makers if part in results for table in makers[part](results[part])]


def warm(part: Results) -> list[Table]:
    """Return times on each server, by the clock and by the processor, and the calls."""
    found = [
        Table(
            f"Warm, {server}: {what} (times the base; quartiles)",
            _crossed(rows, lambda row, unit=unit: _timed(row, unit)),
        )
        for server, rows in part["servers"].items()
        for unit, what in (("cpu_ms", "ms of the processor"), ("ms", "ms by the clock"))
    ]
    rows = next(iter(part["servers"].values()))
    return [*found, Table("AWS calls of one operation", _crossed(rows, _spelled))]


def cold(part: Results) -> list[Table]:
    """Return times of a first create on each server, and of the other first operations."""
    found = []
    for server, rows in part["servers"].items():
        header = ("contender", "ms of the processor", "ms by the clock", "peak MiB", "calls")
        body = [
            (
                row["contender"],
                _timed(row, "cpu_ms"),
                _timed(row, "ms"),
                f"{row['peak_mib']:.0f}",
                str(len(row["calls"])),
            )
            for row in rows
            if row["operation"] == "create"
        ]
        title = f"Cold, {server}: from the start of the process to the first create done"
        found.append(Table(title, [header, *body]))
        others = [row for row in rows if row["operation"] != "create"]
        if others:
            title = f"Cold, {server}: other first operations, ms of the processor"
            found.append(Table(title, _crossed(others, lambda row: _timed(row, "cpu_ms"))))
    return found


def packages(part: Results) -> list[Table]:
    """Return the sizes of packages."""
    header = ("package", "zip, MiB", "unpacked, MiB", "files")
    body = [
        (name, f"{size['zip'] / _MIB:.1f}", f"{size['unpacked'] / _MIB:.1f}", str(size["files"]))
        for name, size in part["sizes"].items()
    ]
    return [Table("Packages", [header, *body])]


def consumers(part: Results) -> list[Table]:
    """Return times of what reads passwords."""
    commands = [
        (row["command"], _timed(row, "cpu_ms"), _timed(row, "ms"), _spelled(row))
        for row in part["commands"]
    ]
    imports = [
        (row["module"], *(f"{row[unit][0]:.0f}" for unit in ("cpu_ms", "ms")))
        for row in part["imports"]
    ]
    cached = [
        (
            str(row["threads"]),
            "yes" if row["locks"] else "no",
            *(f"{row[name]:.1f}" for name in ("p50_us", "p99_us", "us_each")),
        )
        for row in part["cached"]
    ]
    units = ("ms of the processor", "ms by the clock")
    return [
        Table("A password by command line", [("command", *units, "calls"), *commands]),
        Table("Imports, beyond Python's own start", [("module", *units), *imports]),
        Table(
            "A cached get, microseconds",
            [("threads", "locks", "p50", "p99", "of the whole, for each"), *cached],
        ),
    ]


def gap(part: Results) -> list[Table]:
    """Return what a create consists of."""
    names = list(part["warm"])
    found = []
    for kind in ("packages", "functions"):
        what = dict.fromkeys(name for each in part["warm"].values() for name in each[kind])
        body = [
            (name, *(_number(part["warm"][each][kind].get(name)) for each in names))
            for name in what
        ]
        total = ("all", *(_number(part["warm"][each]["ms"]) for each in names))
        title = f"A warm create under the profiler, by {kind[:-1]}"
        found.append(Table(title, [(kind[:-1], *names), total, *body]))
    header = ("contender", "start of Python", "imports", "create")
    parts = [
        (name, *(f"{each[key]:.0f}" for key in ("start_ms", "import_ms", "create_ms")))
        for name, each in part["cold"].items()
    ]
    found.append(Table("A cold create, ms of the processor", [header, *parts]))
    names = list(part["cold"])
    what = dict.fromkeys(name for each in part["cold"].values() for name in each["imports"])
    body = [
        (name, *(_number(part["cold"][each]["imports"].get(name)) for each in names))
        for name in what
    ]
    found.append(Table("Imports of a cold create, ms by the clock", [("package", *names), *body]))
    return found


def generation(part: Results) -> list[Table]:
    """Return the times of the generator."""
    header = ("policy", "secrets.choice", "this type", "ratio")
    body = [
        (
            row["policy"],
            f"{row['choice_ms']:.3f}",
            f"{row['ms']:.3f}",
            f"{row['ms'] / row['choice_ms']:.2f}x",
        )
        for row in part["policies"]
    ]
    return [Table("To make a password, ms", [header, *body])]


def _crossed(rows: Iterable[Results], cell: Any) -> list[tuple[str, ...]]:
    """Return contenders down and operations across."""
    cells: dict[str, dict[str, str]] = {}
    for row in rows:
        cells.setdefault(row["contender"], {})[row["operation"]] = cell(row)
    names = [name.lower() for name in OPERATIONS]
    names = [name for name in names if any(name in found for found in cells.values())]
    body = [(who, *(found.get(name, "") for name in names)) for who, found in cells.items()]
    return [("contender", *names), *body]


def _timed(row: Results, unit: str) -> str:
    ratio = row.get(f"{unit}_ratio")
    return f"{_short(row[unit][0])}" + (
        f" ({_short(ratio[0])}x; {_short(ratio[1])}-{_short(ratio[2])})" if ratio else ""
    )


def _spelled(row: Results) -> str:
    calls = [call.partition(":")[2] for call in row["calls"]]
    return f"{len(calls)}: {', '.join(calls)}"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _short(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"
