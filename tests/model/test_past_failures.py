"""Histories that an earlier version of the package or of the rule did not get through."""

from collections.abc import Callable
from functools import partial

import pytest

from tests.model.life import Life
from tests.model.reference import State

Step = Callable[[Life], None]

ANY = State()
TEN = State("10 characters")
ROTATED = State(token="1")
PROVIDED = State(secret="first-of-mine")


def step(does: Callable[..., None], *arguments: object, **named: object) -> Step:
    """A step of the first secret."""
    return lambda life: does(life, 0, *arguments, **named)


def serves(version: int) -> Step:
    """The version with this number is current: they are counted from the first create on."""

    def check(life: Life) -> None:
        assert life.resources[0].secret.current.number == version

    return check


create, update, delete = (partial(step, d) for d in (Life.create, Life.update, Life.delete))
interrupt = partial(step, Life.interrupt)
unrelated = partial(step, Life.change_what_is_unrelated)

HISTORIES: dict[str, list[Step]] = {
    "a create under another key, over a tombstone": [
        create(ANY, key="second"),
        delete(),
        create(ANY, key="third"),
        serves(1),
        unrelated("KeyId", 1),
        serves(1),
    ],
    "a tightened policy is rolled back, and the new password would satisfy the old one": [
        create(ANY),
        update(TEN),
        serves(1),
        step(Life.roll_back),
        serves(0),
    ],
    "back to a state that the first password had served": [
        create(ANY),
        update(State("32 characters")),
        serves(0),
        update(State("letters")),
        serves(1),
        update(State("32 characters")),
        serves(0),
    ],
    "an adopted record keeps its password at an unrelated update, and then rotates": [
        create(TEN),
        step(Life.adopt),
        unrelated("Description", 0),
        serves(0),
        update(State("10 characters", "1")),
        serves(1),
        step(Life.roll_back),
        serves(0),
    ],
    "an adopted record rotates at its first update": [
        create(ANY),
        step(Life.adopt),
        update(ROTATED),
        serves(1),
        step(Life.roll_back),
        serves(0),
    ],
    "SecretString is taken away, and the generated password comes back": [
        create(ANY),
        update(PROVIDED),
        serves(1),
        update(ANY),
        serves(0),
    ],
    "SecretString is taken away where nothing was generated": [
        create(PROVIDED),
        update(ANY),
        serves(1),
        step(Life.roll_back),
        serves(0),
    ],
    "an update is delivered twice": [
        create(ANY),
        update(ROTATED),
        step(Life.deliver_again),
        serves(1),
        step(Life.roll_back, previous="stale"),
        serves(0),
        step(Life.update, ROTATED, previous="stale"),
        serves(1),
    ],
    "a patch leaves a provided password alone": [
        create(PROVIDED),
        step(Life.patch, ANY),
        serves(0),
        step(Life.patch, TEN),
        serves(0),
        step(Life.patch, ROTATED),
        serves(1),
    ],
    "the answer of a removal is lost": [
        create(ANY, window=0),
        interrupt("DELETE", ANY, "dynamodb:DeleteItem", is_done=True, times=1),
        create(ANY, window=0),
        interrupt("DELETE", ANY, "dynamodb:DeleteItem", is_done=True, times=3),
    ],
    "the answer of a deletion is lost": [
        create(ANY),
        interrupt("DELETE", ANY, "dynamodb:UpdateItem", is_done=True, times=1),
        create(ANY),
        interrupt("DELETE", ANY, "dynamodb:UpdateItem", is_done=True, times=3),
    ],
    "the answer of a create is lost, over a tombstone too": [
        interrupt("CREATE", ANY, "dynamodb:PutItem", is_done=True, times=1),
        delete(),
        interrupt("CREATE", ANY, "dynamodb:PutItem", is_done=True, times=3),
        serves(1),
    ],
    "the answer of a rotation is lost": [
        create(ANY),
        interrupt("UPDATE", ROTATED, "dynamodb:UpdateItem", is_done=True, times=1),
        serves(1),
        interrupt("UPDATE", State(token="2"), "dynamodb:UpdateItem", is_done=True, times=3),
        serves(2),
    ],
    "what was restored outlives its time to live": [
        create(ANY, window=7),
        delete(),
        step(Life.restore, 0),
        lambda life: life.wait(8),
        Life.expire,
        unrelated("Tags", 1),
        serves(0),
    ],
    "an earlier version that was restored stays": [
        create(ANY),
        update(ROTATED),
        step(Life.restore, 0),
        unrelated("Description", 1),
        serves(0),
    ],
    "what the recovery window should have removed is no history": [
        create(ANY, window=7),
        delete(),
        lambda life: life.wait(8),
        create(ANY),
        step(Life.restore, 0),
        serves(1),
    ],
    "a secret does not move away from a key that is disabled, and does once it is enabled": [
        create(ANY),
        lambda life: life.disable(""),
        unrelated("KeyId", 1),
        serves(0),
        Life.enable,
        unrelated("KeyId", 1),
        serves(0),
        lambda life: life.disable(""),
        update(ROTATED),
        serves(1),
    ],
    "two updates at once to one password of the template's own": [
        create(ANY),
        step(Life.race, PROVIDED, State("10 characters", "1", "first-of-mine"), seed=0),
        step(Life.restore, 0),
        unrelated("Tags", 0),
    ],
}


@pytest.mark.parametrize("history", HISTORIES.values(), ids=HISTORIES)
def test_what_failed_once_does_not_fail_again(
    begin: Callable[[], Life], history: list[Step]
) -> None:
    life = begin()

    for does in history:
        does(life)
        life.check()
