"""What a create consists of, by package and down to functions: warm by profile, cold by import."""

import pstats
import re
import statistics
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench import place
from bench.process import Code, Process
from bench.roster import BARE, COLD, LIMIT, OURS, WARM, Contender

_FUNCTIONS = 14
_PACKAGES = 10
_IMPORT = re.compile(r"import time:\s+(\d+) \|\s+\d+ \|\s+(\S+)")

_PROCESSES = 5
_STANDARD = "standard library"
_LAMBDA = Path("/var/task")
"""Where the compact package's bytecode says that it is."""


def measure(codes: Mapping[str, Code], events: int, processes: int = _PROCESSES) -> dict[str, Any]:
    """Take warm creates of the handler and of the bare SDK apart, and cold ones beside the limit.

    Args:
        codes: what they run with, by the package's name.
        events: how many are profiled.
        processes: how many are started for what is cold.
    """
    return {
        "events": events,
        "warm": {
            each.name: _profile(each, codes[each.package], events)
            for each in WARM
            if each.name in (OURS, BARE)
        },
        "cold": {
            each.name: _cold(each, codes[each.package], processes)
            for each in COLD
            if each.name in (OURS, BARE, LIMIT)
        },
    }


def _profile(contender: Contender, code: Code, events: int) -> dict[str, Any]:
    with TemporaryDirectory(prefix="bench-") as folder:
        path = Path(folder) / "profile"
        variables = {"BENCH_PROFILED": contender.function, "BENCH_PROFILE": str(path)}
        profiled = replace(code, environment={**code.environment, **variables})
        with Process("profiled:handler", profiled) as process:
            for number in range(events + 2):
                event = place.event_for(contender, "CREATE", f"profiled-{number}")
                process.serve(event)
        stats: Any = pstats.Stats(str(path))
    functions: Counter[str] = Counter()
    packages: Counter[str] = Counter()
    for (file, _, name), (_, _, seconds, *_) in stats.stats.items():
        package = _package_of(file, name, code.folders)
        functions[f"{package}: {name}"] += seconds
        packages[package] += seconds
    return {
        "ms": _each(sum(packages.values()), events),
        "packages": {name: _each(s, events) for name, s in packages.most_common(_PACKAGES)},
        "functions": {name: _each(s, events) for name, s in functions.most_common(_FUNCTIONS)},
    }


def _cold(contender: Contender, code: Code, processes: int) -> dict[str, Any]:
    """Return the processor's milliseconds of a first create, and of its imports by package."""
    samples = []
    modules: dict[str, int] = {}
    with TemporaryDirectory(prefix="bench-") as folder:
        said = Path(folder) / "imports"
        for number in range(processes):
            event = place.event_for(contender, "CREATE", f"cold-{number}")
            with Process(contender.function, code) as process:
                samples.append(process.serve(event))
            event = place.event_for(contender, "CREATE", f"imported-{number}")
            with Process(contender.function, code, imports_to=said) as process:
                process.serve(event)
            for text, module in _IMPORT.findall(said.read_text(encoding="utf-8")):
                # The least of all runs: in the others something else had the processor.
                modules[module] = min(int(text), modules.get(module, int(text)))
    packages: Counter[str] = Counter()
    for module, microseconds in modules.items():
        package = module.partition(".")[0]
        packages[_STANDARD if package in sys.stdlib_module_names else package] += microseconds
    parts = {
        "start_ms": [each.start_cpu_ms for each in samples],
        "import_ms": [each.load_cpu_ms for each in samples],
        "create_ms": [each.cpu_ms - each.load_cpu_ms for each in samples],
    }
    return {
        **{name: round(statistics.median(values), 1) for name, values in parts.items()},
        "imports": {name: round(us / 1000, 1) for name, us in packages.most_common(_PACKAGES)},
    }


def _package_of(file: str, name: str, folders: Sequence[Path]) -> str:
    """Return the package, or the module of the standard library, that a function belongs to."""
    if file == "~":
        owner = re.search(r"of '([\w.]+)' objects|method ([\w.]+)\.\w+>", name)
        return (owner[1] or owner[2]).partition(".")[0].lstrip("_") if owner else "builtins"
    path = Path(file)
    for folder in (*folders, _LAMBDA):
        if path.is_relative_to(folder):
            return path.relative_to(folder).parts[0].removesuffix(".py")
    return path.parent.name if path.stem == "__init__" else path.stem


def _each(seconds: float, events: int) -> float:
    return round(seconds * 1000 / events, 3)
