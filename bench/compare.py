"""Runs contenders side by side: each operation by all of them, then the next, round by round."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

from bench import place
from bench.numbers import Spread, ratios, rounded
from bench.process import Code, Process, Sample
from bench.roster import OPERATIONS, Contender
from bench.server import Server

Cell = tuple[str, str]
"""A contender's name and an operation."""


@dataclass
class Taken:
    """What was measured of some contenders on one server.

    Attributes:
        samples: by contender and operation, one a round.
        calls: the AWS calls of one operation, spelled like IAM actions.
    """

    samples: dict[Cell, list[Sample]] = field(default_factory=dict)
    calls: dict[Cell, list[str]] = field(default_factory=dict)

    def rows(self, contenders: Sequence[Contender]) -> list[dict[str, object]]:
        """Return a row for each contender and operation, with medians, ratios and calls."""
        return [
            self._row(contender, operation)
            for contender in contenders
            for operation in contender.operations
            if (contender.name, operation) in self.samples
        ]

    def _row(self, contender: Contender, operation: str) -> dict[str, object]:
        samples = self.samples[contender.name, operation]
        row: dict[str, object] = {
            "contender": contender.name,
            "operation": operation.lower(),
            "ms": rounded(Spread.of([sample.ms for sample in samples])),
            "cpu_ms": rounded(Spread.of([sample.cpu_ms for sample in samples])),
            "peak_mib": round(max(sample.peak_mib for sample in samples), 1),
            "calls": self.calls.get((contender.name, operation), []),
        }
        base = self.samples.get((contender.base, operation))
        if base is not None:
            row["base"] = contender.base
            for name in ("ms", "cpu_ms"):
                row[f"{name}_ratio"] = rounded(
                    ratios(
                        [getattr(sample, name) for sample in samples],
                        [getattr(sample, name) for sample in base],
                    )
                )
        return row


def warm(
    server: Server,
    contenders: Sequence[Contender],
    codes: Mapping[str, Code],
    rounds: int,
    progress: Callable[[str], object] = str,
) -> Taken:
    """Measure processes that have served every operation before.

    Args:
        server: set up by `place.set_up`.
        contenders: who.
        codes: what they run with, by the package's name.
        rounds: how often.
        progress: is told what happens.
    """
    taken = Taken()
    with ExitStack() as stack:
        processes = {
            each.name: stack.enter_context(Process(each.function, codes[each.package]))
            for each in contenders
        }
        for each in contenders:
            process = processes[each.name]
            # This makes the clients, too, so that what follows is warm.
            for operation in each.operations:
                server.calls()
                process.serve(place.event_for(each, operation, "counted"))
                taken.calls[each.name, operation] = server.calls()
        for number in range(rounds):
            progress(f"warm, {server.kind}: round {number + 1} of {rounds}")
            for operation, each in _turns(contenders, number):
                event = place.event_for(each, operation, f"round-{number}")
                sample = processes[each.name].serve(event)
                taken.samples.setdefault((each.name, operation), []).append(sample)
    return taken


def cold(
    server: Server,
    contenders: Sequence[Contender],
    codes: Mapping[str, Code],
    rounds: int,
    operations: Sequence[str] = OPERATIONS,
    progress: Callable[[str], object] = str,
) -> Taken:
    """Measure new processes, from their start to the end of their first operation.

    Args:
        server: set up by `place.set_up`.
        contenders: who.
        codes: what they run with, by the package's name.
        rounds: how often.
        operations: those that are measured.
        progress: is told what happens.
    """
    taken = Taken()
    with ExitStack() as stack:
        makers: dict[str, Process] = {}
        for number in range(rounds):
            progress(f"cold, {server.kind}: round {number + 1} of {rounds}")
            for operation, each in _turns(contenders, number):
                if operation not in operations:
                    continue
                code, secret = codes[each.package], f"{operation.lower()}-{number}"
                if operation in ("READ", "UPDATE", "DELETE"):
                    if each.name not in makers:
                        makers[each.name] = stack.enter_context(Process(each.function, code))
                    makers[each.name].serve(place.event_for(each, "CREATE", secret))
                server.calls()
                with Process(each.function, code) as process:
                    sample = process.serve_first(place.event_for(each, operation, secret))
                taken.calls[each.name, operation] = server.calls()
                taken.samples.setdefault((each.name, operation), []).append(sample)
    return taken


def _turns(contenders: Sequence[Contender], number: int) -> Iterator[tuple[str, Contender]]:
    """Yield who does what in a round. Whoever comes first finds colder caches: each in turn."""
    first = number % len(contenders)
    for operation in OPERATIONS:
        for contender in [*contenders[first:], *contenders[:first]]:
            if operation in contender.operations:
                yield operation, contender
