"""The checker of histories itself, on registers whose answers are known."""

from collections.abc import Iterator

import pytest

from tests.concurrency.history import Checker, Event

READ, WRITE, SWAP = "read", "write", "swap"


def register(value: int, event: Event) -> Iterator[int]:
    """A register: a swap answers what was there before."""
    kind, written = event.call
    if kind == READ and event.outcome == value:
        yield value
    if kind == WRITE:
        yield written
    if kind == SWAP and event.outcome in (value, None):
        yield written


def read(value: int, invoked: float, returned: float) -> Event:
    return Event((READ, None), value, invoked, returned)


def write(value: int, invoked: float, returned: float) -> Event:
    return Event((WRITE, value), "done", invoked, returned)


def swap(value: int, before: int, invoked: float, returned: float) -> Event:
    return Event((SWAP, value), before, invoked, returned)


def lost(value: int, invoked: float) -> Event:
    return Event((SWAP, value), None, invoked, is_optional=True)


def again(value: int, invoked: float, returned: float) -> Event:
    return Event((SWAP, value), None, invoked, returned, is_optional=True)


LINEARIZABLE = {
    "nothing": ([], {0}),
    "one after the other": ([write(1, 1, 2), read(1, 3, 4)], {1}),
    "a read beside a write sees it": ([write(1, 1, 4), read(1, 2, 3)], {1}),
    "a read beside a write does not see it": ([write(1, 1, 4), read(0, 2, 3)], {1}),
    "two writes at once end either way": ([write(1, 1, 3), write(2, 2, 4)], {1, 2}),
    "a read says which was last": ([write(1, 1, 3), write(2, 2, 4), read(1, 5, 6)], {1}),
    "swaps at once, in the order of their answers": (
        [swap(1, 2, 1, 9), swap(2, 0, 2, 8), read(1, 10, 11)],
        {1},
    ),
    "a lost write happened": ([lost(1, 1), read(1, 2, 3)], {1}),
    "a lost write did not happen, or later": ([lost(1, 1), read(0, 2, 3)], {0, 1}),
    "a lost write that comes late": ([lost(1, 1), read(0, 2, 3), read(1, 4, 5)], {1}),
    "what may have happened once more did not": (
        [write(1, 1, 2), again(1, 1, 2), write(2, 3, 4), read(2, 5, 6)],
        {2},
    ),
    "what may have happened once more did": (
        [write(1, 1, 5), again(1, 1, 5), write(2, 2, 3), read(1, 6, 7)],
        {1},
    ),
    # Herlihy and Wing, "Linearizability", 1990: here with a register in place of their queue.
    "three processes": (
        [write(1, 1, 6), read(0, 2, 3), read(1, 4, 5), write(2, 7, 10), read(2, 8, 9)],
        {2},
    ),
}
NOT_LINEARIZABLE = {
    "a read of what nobody wrote": [write(1, 1, 2), read(2, 3, 4)],
    "a read of what was overwritten": [write(1, 1, 2), write(2, 3, 4), read(1, 5, 6)],
    "a read that is too late for the old value": [write(1, 1, 2), read(0, 3, 4)],
    "back to the old value beside one write": [write(1, 1, 9), read(1, 2, 3), read(0, 4, 5)],
    "two swaps that saw the same": [swap(1, 0, 1, 3), swap(2, 0, 2, 4)],
    "swaps in a circle": [swap(1, 2, 1, 5), swap(2, 1, 2, 6)],
    "reads that disagree about the order": [
        write(1, 1, 9),
        write(2, 2, 9),
        read(1, 3, 4),
        read(2, 5, 6),
        read(1, 7, 8),
    ],
    "a lost write that happened twice": [
        lost(1, 1),
        read(1, 2, 3),
        write(2, 4, 5),
        read(1, 6, 7),
    ],
    "once more, but after its return": [
        write(1, 1, 2),
        again(1, 1, 2),
        write(2, 3, 4),
        read(1, 5, 6),
    ],
    "a lost write seen before it was invoked": [read(1, 1, 2), lost(1, 3)],
}


@pytest.mark.parametrize(("events", "ends"), LINEARIZABLE.values(), ids=LINEARIZABLE)
def test_a_linearizable_history_ends_as_its_orders_do(events: list[Event], ends: set[int]) -> None:
    assert Checker(register).ends(events, 0) == ends
    assert Checker(register).ends(events[::-1], 0) == ends


@pytest.mark.parametrize("events", NOT_LINEARIZABLE.values(), ids=NOT_LINEARIZABLE)
def test_a_history_that_is_not_linearizable_has_no_order(events: list[Event]) -> None:
    assert Checker(register).ends(events, 0) == set()


def test_what_was_tried_is_not_tried_again() -> None:
    """Twelve writes at once have 479 million orders, and 12 * 2**11 that differ in what follows."""
    tried = 0

    def counted(value: int, event: Event) -> Iterator[int]:
        nonlocal tried
        tried += 1
        return register(value, event)

    events = [write(number, 1, 2) for number in range(12)]

    assert Checker(counted).ends(events, 0) == set(range(12))
    assert tried < 12**2 * 2**12
