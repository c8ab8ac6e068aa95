"""Operations on one secret at once, through the live entry point, and their history."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import ConnectionClosedError
from moto.core.models import botocore_stubber

from local.events import Operation
from myorg_secrets_password import handlers
from tests.concurrency.history import Event, History
from tests.concurrency.specification import ends
from tests.concurrency.threads import DYNAMODB, Chooser, Threads
from tests.model.reference import Call, Outcome, Reference, properties_of
from tests.model.states import POLICIES, SATISFIED
from tests.table import Table
from tests.world import Fault, World

STACK_ID = "arn:aws:cloudformation:us-east-1:123456789012:stack/orders/1"
IDENTITY = {
    "TableName": "myorg-secrets-password",
    "StackName": "orders",
    "Env": "default",
    "Name": "DB",
}
KEY = ("orders", "default#DB")

UNKNOWN = ("ResourceConflict", "NetworkFailure")
"""Answers that do not say whether the operation happened."""

LOST = ("dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem")
"""Writes, whose answers may be lost."""


class Clock:
    """The handlers' clock: no two of its moments are the same, so no two deletes are."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(milliseconds=1)
        return self.now

    @property
    def seconds(self) -> int:
        return int(self.now.timestamp())


@dataclass
class Lost:
    """Loses the answers of one action's first calls, after AWS has done the work."""

    times: int
    lost: int = 0

    def __call__(self, request: AWSPreparedRequest) -> AWSResponse | None:
        if self.lost == self.times:
            return None
        self.lost += 1
        botocore_stubber("before-send", request)
        raise ConnectionClosedError(endpoint_url=request.url)


class Races:
    """One secret that operations are done to, at once or one after the other.

    Attributes:
        conflicts: how many operations gave up because others always came first.
    """

    def __init__(self, world: World, threads: Threads, monkeypatch: pytest.MonkeyPatch) -> None:
        self._world = world
        self._threads = threads
        self._table = Table(world)
        self._clock = Clock()
        self._tokens = itertools.count()
        self._begun: dict[tuple[Call, ...], tuple[Reference, Any]] = {}
        self.conflicts = 0
        monkeypatch.setattr(handlers, "_now", self._clock)

    def begin(self, *calls: Call) -> Reference:
        """Put into the table what these calls leave, one after the other, and return what that is.

        What a beginning leaves is kept for the next time.
        """
        if calls not in self._begun:
            self._table.clear()
            secret: Reference | None = Reference(SATISFIED)
            for call in calls:
                event = self._done(call, History())
                assert secret is not None
                secret = secret.after(event.call, event.outcome)
            assert secret is not None
            self._begun[calls] = secret, self._table.save()
        secret, saved = self._begun[calls]
        self._table.load(saved)
        return secret

    def race(
        self,
        secret: Reference,
        programs: Sequence[Sequence[Call]],
        choose: Chooser,
        stops: Iterable[str] = DYNAMODB,
        lost: Sequence[dict[str, int]] = (),
        spoil: dict[str, Fault] | None = None,
    ) -> list[Event]:
        """Do each program's calls in a thread of its own, then read, and return the history.

        Args:
            secret: what is there.
            programs: what each thread does, one after the other.
            choose: the schedule.
            stops: the AWS calls before which threads stop.
            lost: for each program, how many answers of an action are lost.
            spoil: what happens to each call of an action besides.
        """
        history = History()
        losses = [{action: Lost(n) for action, n in each.items()} for each in lost]
        losses = losses or [{} for _ in programs]

        def run(program: Sequence[Call], lost: Sequence[Lost]) -> None:
            for call in program:
                before = sum(loss.lost for loss in lost)
                event = self._done(call, history)
                history.add(event)
                # The SDK repeats a call whose answer was lost, and so may do it once more.
                for _ in range(sum(loss.lost for loss in lost) - before):
                    history.add(replace(event, outcome=None, is_optional=True))

        self._threads.run(
            [
                partial(run, program, list(each.values()))
                for program, each in zip(programs, losses, strict=True)
            ],
            choose,
            stops,
            [{**(spoil or {}), **each} for each in losses],
        )
        history.add(self._done(Call("READ"), history))
        return history.events

    def is_explained(self, events: Sequence[Event], beginning: Reference) -> bool:
        """Whether an order of the operations gives these answers and leaves this very record."""
        item = self._table.items().get(KEY, {})
        kept = self._table.versions(KEY)
        return any(
            kept == [version.value for version in secret.versions]
            and secret.alive == (bool(item) and "DeletedTime" not in item)
            for secret in ends(events, beginning, kept)
        )

    def _done(self, call: Call, history: History) -> Event:
        call = replace(call, token=call.token or f"race-{next(self._tokens)}")
        properties: dict[str, Any] = IDENTITY
        if call.kind in ("CREATE", "UPDATE"):
            declared = properties_of(call.state, POLICIES)
            properties = {**IDENTITY, **declared, "RecoveryWindowInDays": call.window}
            if call.key:
                properties["KeyId"] = call.key
        elif call.kind == "LIST":
            properties = {name: IDENTITY[name] for name in ("TableName", "StackName")}
        previous = call.previous and {**IDENTITY, **properties_of(call.previous, POLICIES)}
        invoked = history.tick()
        call = replace(call, now=self._clock.seconds)
        answer = self._world.send(
            Operation(call.kind, properties, call.token, previous, STACK_ID, "DB"),
            providerCredentials=None,
        )
        code = answer.get("errorCode") or ""
        if code in UNKNOWN:
            self.conflicts += code == "ResourceConflict"
            return Event(call, None, invoked, math.inf, is_optional=True)
        model = answer.get("resourceModel") or {}
        listed = answer.get("resourceModels") or []
        outcome = Outcome(code, model.get("Value", ""), IDENTITY in listed)
        return Event(call, outcome, invoked, history.tick())
