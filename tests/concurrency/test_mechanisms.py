"""Each mechanism against concurrent writers, taken out: the races notice.

A condition is taken out on its way to DynamoDB, by an alternative that holds always.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from botocore.awsrequest import AWSPreparedRequest

from myorg_secrets_password import actions
from tests.concurrency.race import Races
from tests.concurrency.test_pairs import (
    AT_ONCE,
    CREATE,
    CREATE_WITHOUT_WINDOW,
    DELETE,
    ROTATED,
)
from tests.concurrency.threads import every_schedule
from tests.model.reference import Call, State

ROTATE = Call("UPDATE", ROTATED)
KEEP = Call("UPDATE", ROTATED, window=7)
ROTATE_WITHOUT_WINDOW = Call("UPDATE", ROTATED, window=AT_ONCE)


@dataclass(frozen=True)
class Mechanism:
    """A condition of a call, and what goes wrong without it."""

    action: str
    condition: str
    beginning: tuple[Call, ...]
    programs: tuple[tuple[Call, ...], ...]


MECHANISMS = {
    "a create where nothing is": Mechanism(
        "dynamodb:PutItem", "attribute_not_exists(StackName)", (), ((CREATE,), (CREATE,))
    ),
    "a create over the tombstone that it saw": Mechanism(
        "dynamodb:PutItem",
        "Revision = :was AND CreatedTime = :began",
        (CREATE, DELETE),
        ((CREATE,), (CREATE, DELETE)),
    ),
    "an update of the revision that it read": Mechanism(
        "dynamodb:UpdateItem",
        "Revision = :was",
        (CREATE,),
        ((ROTATE,), (Call("UPDATE", State(token="3")),)),
    ),
    "an update of the life that it read": Mechanism(
        "dynamodb:UpdateItem",
        "CreatedTime = :began",
        (CREATE_WITHOUT_WINDOW,),
        ((ROTATE_WITHOUT_WINDOW,), (DELETE, CREATE)),
    ),
    "a tombstone of what lives": Mechanism(
        "dynamodb:UpdateItem",
        "attribute_not_exists(DeletedTime)",
        (CREATE,),
        ((DELETE,), (DELETE,)),
    ),
    "a removal of the revision that was seen": Mechanism(
        "dynamodb:DeleteItem",
        "Revision = :was",
        (CREATE_WITHOUT_WINDOW,),
        ((DELETE,), (KEEP,)),
    ),
    "a removal of the life that was seen": Mechanism(
        "dynamodb:DeleteItem",
        "CreatedTime = :began",
        (CREATE_WITHOUT_WINDOW,),
        ((DELETE,), (DELETE, CREATE)),
    ),
}


def unexplained(races: Races, mechanism: Mechanism, is_out: bool) -> Iterator[bool]:
    """Whether each schedule's history has no order that explains it."""

    def take_out(request: AWSPreparedRequest) -> None:
        condition = mechanism.condition
        always = f"({condition} OR attribute_exists(StackName))"
        request.body = request.body.replace(condition.encode(), always.encode())

    spoil = {mechanism.action: take_out} if is_out else {}
    for choose in every_schedule():
        secret = races.begin(*mechanism.beginning)
        events = races.race(secret, mechanism.programs, choose, spoil=spoil)
        yield not races.is_explained(events, secret)


@pytest.mark.parametrize("mechanism", MECHANISMS.values(), ids=MECHANISMS)
def test_without_its_condition_a_race_is_lost(races: Races, mechanism: Mechanism) -> None:
    assert any(unexplained(races, mechanism, is_out=True))
    assert not any(unexplained(races, mechanism, is_out=False))


def test_without_a_second_try_a_race_makes_an_update_give_up(
    races: Races, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which loses nothing, but is no answer to a template that is right."""
    monkeypatch.setattr(actions, "TRIES", 1)
    mechanism = MECHANISMS["an update of the revision that it read"]

    assert not any(unexplained(races, mechanism, is_out=False))
    assert races.conflicts
