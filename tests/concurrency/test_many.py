"""Many operations on one secret at once, in schedules that are drawn."""

import random

import pytest

from tests.concurrency.conftest import MOST
from tests.concurrency.race import LOST, Races
from tests.concurrency.test_pairs import BEGINNINGS
from tests.concurrency.threads import DYNAMODB, KMS, at_random
from tests.model import effort
from tests.model.reference import Call, Reference, State

STATES = [State(), State(token="1"), State(token="2"), State("10 characters"), State("no digits")]
OWN = State(secret="first-of-mine")


@pytest.mark.parametrize("beginning", ["nothing", "a tombstone"])
@pytest.mark.parametrize("seed", effort.seeds(4))
def test_of_many_creates_of_one_identifier_exactly_one_wins(
    races: Races, beginning: str, seed: int
) -> None:
    secret = races.begin(*BEGINNINGS[beginning])

    events = races.race(secret, [[Call("CREATE")]] * MOST, at_random(seed))

    codes = sorted(event.outcome.code for event in events if event.call.kind == "CREATE")
    assert codes == ["", *["AlreadyExists"] * (MOST - 1)]
    assert races.is_explained(events, secret)


@pytest.mark.parametrize("seed", effort.seeds(4))
def test_many_deliveries_of_one_create_make_one_secret(races: Races, seed: int) -> None:
    secret = races.begin()

    events = races.race(secret, [[Call("CREATE", token="one-request")]] * MOST, at_random(seed))

    assert {event.outcome.code for event in events} == {""}
    assert len({event.outcome.value for event in events}) == 1
    assert races.is_explained(events, secret)


@pytest.mark.parametrize("seed", effort.seeds(30))
def test_operations_in_any_order_are_linearizable(races: Races, seed: int) -> None:
    secret, programs, _ = _drawn(races, seed)

    events = races.race(secret, programs, at_random(seed), (*DYNAMODB, *KMS))

    assert races.is_explained(events, secret)


@pytest.mark.parametrize("seed", effort.seeds(20))
def test_operations_whose_answers_are_lost_happen_once_for_each_answer_at_most(
    races: Races, seed: int
) -> None:
    """The SDK repeats a call that was answered by nobody; a third time lost, the operation fails.

    Each lost answer counts as one more operation that may have happened.
    """
    secret, programs, draw = _drawn(races, seed)
    lost = [{draw.choice(LOST): draw.choice((0, 1, 3))} for _ in programs]

    events = races.race(secret, programs, at_random(seed), lost=lost)

    assert races.is_explained(events, secret)


def _drawn(races: Races, seed: int) -> tuple[Reference, list[list[Call]], random.Random]:
    draw = random.Random(seed)  # noqa: S311  # what is drawn is no secret
    secret = races.begin(*draw.choice(list(BEGINNINGS.values())))
    programs = [
        [_operation(draw) for _ in range(draw.choice((1, 1, 2)))]
        for _ in range(draw.choice((2, 3, 4)))
    ]
    return secret, programs, draw


def _operation(draw: random.Random) -> Call:
    kind = draw.choice(("CREATE", "READ", "UPDATE", "UPDATE", "UPDATE", "DELETE", "LIST"))
    return Call(
        kind,
        draw.choice([*STATES, OWN]),
        previous=draw.choice([None, State(), OWN]),
        window=draw.choice((0, 7)),
        token=draw.choice(("", "one-request")) if kind == "CREATE" else "",
    )
