"""Histories of concurrent operations, and whether one is linearizable.

The search is Wing and Gong's ("Testing and verifying concurrent objects", 1993) with Lowe's
memory of what was tried ("Testing for linearizability", 2017): the checkers that are kept well are
in Go (Porcupine), Clojure (Knossos) and Rust, and none is in Python.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

State = TypeVar("State", bound=Hashable)


@dataclass(frozen=True)
class Event:
    """One operation of a history.

    Attributes:
        call: what was asked.
        outcome: what was answered, or None where that is not known.
        invoked, returned: in logical time; an operation whose answer is not known never returned.
        is_optional: whether it may not have happened at all.
    """

    call: Any
    outcome: Any
    invoked: float
    returned: float = math.inf
    is_optional: bool = False


class History:
    """Records operations as they begin and end, by a logical clock."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._now = 0

    def tick(self) -> int:
        """Return the next moment."""
        self._now += 1
        return self._now

    def add(self, event: Event) -> None:
        self.events.append(event)


class Checker(Generic[State]):
    """The search for an order of a history's operations that the sequential object allows.

    Args:
        follow: gives the states after an event in a state; none if it cannot happen there.
    """

    def __init__(self, follow: Callable[[State, Event], Iterable[State]]) -> None:
        self._follow = follow

    def ends(self, events: Sequence[Event], beginning: State) -> set[State]:
        """Return each state that an allowed order ends in: none if it is not linearizable."""
        found: set[State] = set()
        seen: set[tuple[frozenset[int], State]] = set()
        ahead = [(frozenset(range(len(events))), beginning)]
        while ahead:
            remaining, state = ahead.pop()
            if (remaining, state) in seen:
                continue
            seen.add((remaining, state))
            if all(events[index].is_optional for index in remaining):
                found.add(state)
            earliest = min((events[index].returned for index in remaining), default=math.inf)
            for index in remaining:
                # Whoever was invoked after another one had returned comes after it.
                if events[index].invoked < earliest:
                    others = remaining - {index}
                    ahead += [(others, after) for after in self._follow(state, events[index])]
                if events[index].is_optional:
                    ahead.append((remaining - {index}, state))
        return found
