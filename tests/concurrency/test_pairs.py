"""Two writers and readers at once, in every order of their calls to DynamoDB.

Calls to KMS change nothing that another operation sees, so an order that differs in them alone is
the same. That reads are consistent is not seen here: the emulator's reads always are
(`tests/unit` looks at the request).
"""

from itertools import combinations_with_replacement

import pytest

from tests.concurrency.race import Races
from tests.concurrency.threads import every_schedule
from tests.model.reference import Call, State

AT_ONCE = 0
CREATE = Call("CREATE")
CREATE_WITHOUT_WINDOW = Call("CREATE", window=AT_ONCE)
DELETE = Call("DELETE")
ROTATED = State(token="2")

BEGINNINGS = {
    "nothing": (),
    "a secret": (CREATE,),
    "a secret without a window": (CREATE_WITHOUT_WINDOW,),
    "a tombstone": (CREATE, DELETE),
}
PROGRAMS = {
    "create": (CREATE,),
    "create by one request": (Call("CREATE", token="one-request"),),
    "rotate": (Call("UPDATE", ROTATED, State()),),
    "rotate without a window": (Call("UPDATE", State(token="3"), State(), window=AT_ONCE),),
    "delete": (DELETE,),
    "delete and create": (DELETE, CREATE_WITHOUT_WINDOW),
    "read and list": (Call("READ"), Call("LIST")),
}
READER = "read and list"
PAIRS = [pair for pair in combinations_with_replacement(PROGRAMS, 2) if pair != (READER, READER)]


@pytest.mark.parametrize("beginning", BEGINNINGS)
def test_every_order_of_two_operations_is_one_after_the_other(races: Races, beginning: str) -> None:
    """And neither gives up: to be first once, each needs no more than the other one's writes."""
    for first, second in PAIRS:
        for number, choose in enumerate(every_schedule()):
            secret = races.begin(*BEGINNINGS[beginning])
            events = races.race(secret, (PROGRAMS[first], PROGRAMS[second]), choose)
            which = f"{beginning}: {first}, {second}, schedule {number}"
            assert races.is_explained(events, secret), which
            assert not races.conflicts, which
