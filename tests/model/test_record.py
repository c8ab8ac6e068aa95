"""Any history of several secrets, over the live entry point, against the rule said plainly."""

from collections.abc import Callable

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.model import effort
from tests.model.account import KEYS, PLACES
from tests.model.life import Life
from tests.model.reference import State
from tests.model.resource import Resource
from tests.model.states import POLICIES, SECRETS, TOKENS

STATES = st.builds(
    State,
    st.sampled_from(list(POLICIES)),
    st.sampled_from(TOKENS),
    st.sampled_from([None, None, None, *SECRETS]),
)
NUMBERS = st.integers(0, len(PLACES) - 1)
WINDOWS = st.sampled_from([0, 7, 30])
PREVIOUS = st.sampled_from(["true", "stale", "absent"])
CALLS = {
    "CREATE": ("kms:Encrypt", "kms:Decrypt", "dynamodb:PutItem"),
    "UPDATE": ("dynamodb:GetItem", "kms:Decrypt", "kms:Encrypt", "dynamodb:UpdateItem"),
    "DELETE": ("dynamodb:UpdateItem", "dynamodb:DeleteItem"),
}


def some(which: Callable[[Life, Resource], bool]) -> Callable[["Machine"], bool]:
    return lambda machine: any(which(machine.life, r) for r in machine.life.resources)


def is_alive(life: Life, resource: Resource) -> bool:
    return resource.secret.alive


def is_not_there(life: Life, resource: Resource) -> bool:
    return not resource.secret.alive


def is_updated(life: Life, resource: Resource) -> bool:
    return resource.secret.alive and resource.before is not None


def is_raceable(life: Life, resource: Resource) -> bool:
    return resource.secret.alive and not life.account.disabled and not resource.is_withheld


def is_restorable(life: Life, resource: Resource) -> bool:
    return bool(resource.secret.versions) and not life.account.disabled


class Machine(RuleBasedStateMachine):
    """Draws the steps of a life."""

    def __init__(self, begin: Callable[[], Life]) -> None:
        super().__init__()
        self.life = begin()

    def one(self, number: int, which: Callable[[Life, Resource], bool]) -> int:
        """The number of a resource that it holds for, as near to the drawn one as can be."""
        fit = [r.number for r in self.life.resources if which(self.life, r)]
        return fit[number % len(fit)]

    @precondition(some(is_not_there))
    @rule(number=NUMBERS, state=STATES, window=WINDOWS, key=st.sampled_from(KEYS))
    def create(self, number: int, state: State, window: int, key: str) -> None:
        self.life.create(self.one(number, is_not_there), state, window, key)

    @precondition(some(is_alive))
    @rule(number=NUMBERS)
    def create_once_more(self, number: int) -> None:
        self.life.create_once_more(self.one(number, is_alive))

    @precondition(some(is_alive))
    @rule(number=NUMBERS, state=STATES)
    def take_an_identifier_that_is_taken(self, number: int, state: State) -> None:
        self.life.take_an_identifier_that_is_taken(self.one(number, is_alive), state)

    @precondition(some(is_not_there))
    @rule(number=NUMBERS, state=STATES)
    def ask_for_what_is_not_there(self, number: int, state: State) -> None:
        self.life.ask_for_what_is_not_there(self.one(number, is_not_there), state)

    @precondition(some(is_alive))
    @rule(number=NUMBERS, state=STATES, previous=PREVIOUS)
    def update(self, number: int, state: State, previous: str) -> None:
        self.life.update(self.one(number, is_alive), state, previous)

    @precondition(some(is_updated))
    @rule(number=NUMBERS, previous=st.sampled_from(["true", "stale"]))
    def roll_back(self, number: int, previous: str) -> None:
        self.life.roll_back(self.one(number, is_updated), previous)

    @precondition(some(is_updated))
    @rule(number=NUMBERS)
    def deliver_again(self, number: int) -> None:
        self.life.deliver_again(self.one(number, is_updated))

    @precondition(some(is_alive))
    @rule(
        number=NUMBERS,
        name=st.sampled_from(
            ["Description", "KeyId", "RecoveryWindowInDays", "Tags", "ReturnValue"]
        ),
        index=st.integers(0, 2),
    )
    def change_what_is_unrelated(self, number: int, name: str, index: int) -> None:
        self.life.change_what_is_unrelated(self.one(number, is_alive), name, index)

    @precondition(some(is_alive))
    @rule(number=NUMBERS, state=STATES)
    def patch(self, number: int, state: State) -> None:
        self.life.patch(self.one(number, is_alive), state)

    @precondition(some(is_alive))
    @rule(number=NUMBERS)
    def delete(self, number: int) -> None:
        self.life.delete(self.one(number, is_alive))

    @rule(number=NUMBERS, state=STATES, data=st.data())
    def interrupt(self, number: int, state: State, data: st.DataObject) -> None:
        kinds = ("UPDATE", "DELETE") if self.life.resources[number].secret.alive else ("CREATE",)
        kind = data.draw(st.sampled_from(kinds))
        action = data.draw(st.sampled_from(CALLS[kind]))
        is_done, times = data.draw(st.booleans()), data.draw(st.sampled_from([1, 3]))
        self.life.interrupt(number, kind, state, action, is_done, times)

    @precondition(some(is_raceable))
    @rule(number=NUMBERS, first=STATES, second=st.none() | STATES, seed=st.integers(0, 999))
    def race(self, number: int, first: State, second: State | None, seed: int) -> None:
        self.life.race(self.one(number, is_raceable), first, second, seed)

    @precondition(some(is_alive))
    @rule(number=NUMBERS)
    def adopt(self, number: int) -> None:
        self.life.adopt(self.one(number, is_alive))

    @precondition(some(is_restorable))
    @rule(number=NUMBERS, index=st.integers(0, 9))
    def restore(self, number: int, index: int) -> None:
        self.life.restore(self.one(number, is_restorable), index)

    @rule(days=st.sampled_from([1, 8, 31]))
    def wait(self, days: int) -> None:
        self.life.wait(days)

    @rule()
    def expire(self) -> None:
        self.life.expire()

    @precondition(lambda self: not self.life.account.disabled)
    @rule(key=st.sampled_from(KEYS))
    def disable(self, key: str) -> None:
        self.life.disable(key)

    @precondition(lambda self: self.life.account.disabled)
    @rule()
    def enable(self) -> None:
        self.life.enable()

    @invariant()
    def check(self) -> None:
        self.life.check()


def test_every_history_follows_the_rule(begin: Callable[[], Life]) -> None:
    """Of every operation, with what AWS, other writers and the clock do in between."""
    run_state_machine_as_test(
        lambda: Machine(begin),
        settings=settings(
            max_examples=effort.share(55),
            derandomize=not effort.IS_DRAWN,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            print_blob=effort.IS_DRAWN,
        ),
    )
