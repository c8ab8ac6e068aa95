"""Runs an operation while one of its calls fails, and judges what it leaves and what follows.

The handlers' answers are events of the live entry point; what they leave is read behind their
back. The calls of an operation are those of a run in which nothing fails, so that a call which the
handlers make tomorrow is failed tomorrow.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any
from unittest.mock import patch

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import ReadTimeoutError
from moto.core.models import botocore_stubber

from local.events import Operation, live_event
from myorg_secrets_password import handlers, store
from tests.faults.kinds import Failure, Kind, Times
from tests.faults.scenarios import SECOND_KEY, TOKEN, Scenario
from tests.faults.standing import Form, Key, Standing, Table, problems
from tests.world import Failed, Fault, Secret, World

ATTEMPTS = 3
"""How often the SDK sends a call that fails in a way that it repeats."""
_WRITES = ("dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem")
_BEGIN = datetime(2026, 11, 29, 12, tzinfo=UTC)

Answer = Mapping[str, Any]


@dataclass(frozen=True)
class Call:
    """One call of an operation, however often it is sent.

    Attributes:
        ordinal: its place among all of the operation's calls, from 0.
        action: as IAM writes it.
        before: how many calls of the same action came before it.
    """

    ordinal: int
    action: str
    before: int

    def __str__(self) -> str:
        return f"call {self.ordinal + 1}, {self.action}"


class Wire:
    """Lists an operation's calls, and lets one of them meet a fault.

    Args:
        call: the ordinal of the one, or None.
        fault: what its attempts meet.
        times: how many of them.
    """

    def __init__(
        self, call: int | None = None, fault: Fault | None = None, times: Times = Times.EACH
    ) -> None:
        self.actions: list[str] = []
        self.attempts: Counter[int] = Counter()
        self._latest: object = None
        self._call = call
        self._fault = fault
        self._times = times

    def __call__(self, action: str, request: AWSPreparedRequest) -> AWSResponse | None:
        # The same for all attempts of a call.
        invocation = request.headers["amz-sdk-invocation-id"]
        if invocation != self._latest:
            self._latest = invocation
            self.actions.append(action)
        ordinal = len(self.actions) - 1
        self.attempts[ordinal] += 1
        is_due = self._times is Times.EACH or self.attempts[ordinal] == 1
        if self._fault is None or ordinal != self._call or not is_due:
            return None
        return self._fault(request)


@dataclass(frozen=True)
class Setting:
    """A scenario as it begins, and as it ends when nothing fails.

    Attributes:
        saved: the table before, as `Table.restore` takes it.
        key: of the secret's item.
        operation: what is asked, at each delivery the same.
        calls: what the operation calls.
        answer: its answer.
        done: the form of the record that it leaves.
    """

    scenario: Scenario
    secret: Secret
    saved: Any
    before: Standing
    key: Key
    operation: Operation
    calls: tuple[Call, ...]
    answer: Answer
    done: Form | None

    @property
    def existed(self) -> bool:
        """Whether there was a live secret before."""
        return self.key in self.before.live

    @cached_property
    def untouched(self) -> Form | None:
        """The form of the record before."""
        return self.before.form(self.key, self.before)

    def was_done(self, now: Standing) -> bool:
        """Tell whether the record is no longer the one before."""
        return now.items.get(self.key) != self.before.items.get(self.key)


Course = Callable[[Setting], object]
"""What happens while a write is held on its way."""


class Harness:
    """All cases of one account.

    Args:
        world: the account.
        thorough: whether what follows is tried after every case. Otherwise it is tried once for
            each outcome of a scenario: what CloudFormation meets afterwards is the table alone, and
            the other cases of that outcome left it the same.

    Attributes:
        now: what the handlers take for the time.
    """

    def __init__(self, world: World, thorough: bool = False) -> None:
        self._world = world
        self._table = Table(world)
        self._thorough = thorough
        self._settings: dict[str, Setting] = {}
        self._followed: set[object] = set()
        self._seconds = itertools.count()
        self.now = _BEGIN

    def setting(self, scenario: Scenario) -> Setting:
        """Return the scenario prepared, and run once without a fault."""
        if scenario.name not in self._settings:
            self._settings[scenario.name] = self._prepared(scenario)
        return self._settings[scenario.name]

    def problems(self, scenario: Scenario, kind: Failure) -> list[str]:
        """Return what goes wrong when each call in turn meets the fault; nothing is right."""
        setting = self.setting(scenario)
        return [
            f"{call}, {kind.name} {times}: {problem}"
            for call, times in self.cases(setting, kind)
            for problem in self._failed(setting, call, kind, times)
        ]

    def cases(self, setting: Setting, kind: Kind) -> Iterator[tuple[Call, Times]]:
        """Yield which calls meet a kind of fault, and at how many attempts."""
        for call in setting.calls:
            if kind.befalls(call.action):
                yield from ((call, times) for times in kind.times)

    def problems_of_late_writes(self, scenario: Scenario) -> list[str]:
        """Return what a write changes that reaches AWS when everything is over; nothing is right.

        Each write in turn is held on its way, while the SDK takes it for lost. It arrives once the
        SDK, or else CloudFormation, has repeated it; and a create's also once it was given up, and
        the secret was deleted and created again.
        """
        setting = self.setting(scenario)
        return [
            f"{call}, held {times}: {problem}"
            for call, times, then in self.late_cases(setting)
            for problem in self._late(setting, call, times, then)
        ]

    def late_cases(self, setting: Setting) -> Iterator[tuple[Call, Times, Course]]:
        """Yield which writes are held, at how many attempts, and what happens meanwhile."""
        for call in setting.calls:
            if call.action in _WRITES:
                yield call, Times.ONCE, lambda setting: None
                yield call, Times.EACH, lambda setting: self._sent(setting.operation)
                if setting.scenario.action == "CREATE":
                    yield call, Times.EACH, self._given_up

    def after_death(self, setting: Setting) -> list[str]:
        """Return what is wrong after the operation's process ended without an answer."""
        return list(self._judged(setting, None, {"as before": setting.untouched}))

    def of_success(self, setting: Setting, answer: Answer) -> list[str]:
        """Return what is wrong with an operation that no fault befell."""
        found = list(self._judged(setting, answer, {}))
        return found if answer["status"] == "SUCCESS" else [*found, str(Failed(answer))]

    @contextmanager
    def beginning(self, setting: Setting) -> Iterator[None]:
        """Let the table be as before the operation, and the clock a second further."""
        self._table.restore(setting.saved)
        with self._at_work(setting.scenario):
            self._tick()
            yield

    def event(self, setting: Setting) -> dict[str, Any]:
        """Return the operation's event as CloudFormation delivers it."""
        return live_event(setting.operation, self._world.account, self._world.credentials)

    # --- One case ------------------------------------------------------------------------------

    def _prepared(self, scenario: Scenario) -> Setting:
        self._table.clear()
        aliases = self._world.kms.get_paginator("list_aliases").paginate()
        if SECOND_KEY not in aliases.search("Aliases[].AliasName"):
            key_id = self._world.kms.create_key()["KeyMetadata"]["KeyId"]
            self._world.kms.create_alias(AliasName=SECOND_KEY, TargetKeyId=key_id)
        with self._at_work(scenario):
            for stack, logical_id in (("orders", "Neighbour"), ("billing", "Neighbour")):
                self._world.secret(logical_id, stack=stack).create()
            buried = self._world.secret("Buried")
            buried.create()
            buried.delete()
            secret = scenario.prepare(self._world)
            first = Operation("LIST", scenario.properties, TOKEN)
            next_token = self._sent(first).get("nextToken") if scenario.action == "LIST" else None
            operation = scenario.operation(secret, next_token)
        saved, before = self._table.save(), self._table.standing
        wire = Wire()
        with self._at_work(scenario), self._world.intercepting(wire):
            answer = self._sent(operation)
        if answer["status"] != "SUCCESS":
            raise Failed(answer)
        stack_name, env_name = secret.key.values()
        key = (stack_name["S"], env_name["S"])
        counts: Counter[str] = Counter()
        calls = []
        for ordinal, action in enumerate(wire.actions):
            calls.append(Call(ordinal, action, counts[action]))
            counts[action] += 1
        done = self._table.standing.form(key, before)
        return Setting(scenario, secret, saved, before, key, operation, tuple(calls), answer, done)

    def _failed(self, setting: Setting, call: Call, kind: Failure, times: Times) -> Iterator[str]:
        wire = Wire(call.ordinal, kind.meet, times)
        with self.beginning(setting), self._world.intercepting(wire):
            answer = self._sent(setting.operation)
        yield from self.verdict(setting, call, kind, times, answer, wire.attempts[call.ordinal])

    def verdict(
        self,
        setting: Setting,
        call: Call,
        kind: Kind,
        times: Times,
        answer: Answer,
        sent: int | None = None,
    ) -> Iterator[str]:
        """Yield what is wrong with an answer, with what stands now, and with what follows.

        Args:
            setting: the scenario's.
            call: the one that met the fault.
            kind: the fault.
            times: how many attempts met it.
            answer: the operation's.
            sent: how often the SDK sent the call, where that was counted.
        """
        does_without = kind.lost_key and setting.scenario.may_lose_key(call.action, call.before)
        survives = does_without or times is Times.ONCE or kind.code == "SUCCESS"
        expected = "SUCCESS" if survives else kind.code
        if answer.get("errorCode", answer["status"]) != expected:
            yield f"the answer is {answer.get('errorCode', answer['status'])}, not {expected}"
        if not survives and "resourceModel" in answer:
            yield "a failure has a model"
        told_of = kind.told_of or call.action
        if not survives and not (told_of in answer["message"] and "arn:" in answer["message"]):
            yield "the message does not name the action and the ARN"
        attempts = {Times.ONCE: 2, Times.EACH: ATTEMPTS}[times] if kind.repeated else 1
        if sent not in (None, attempts):
            yield f"the call was sent {sent} times, not {attempts}"
        allowed: dict[str, Form | None] = {}
        if not survives:
            allowed["as before"] = setting.untouched
            if not kind.is_done and setting.was_done(self._table.standing):
                yield "the record changed, though AWS did nothing"
        yield from self._judged(setting, answer, allowed, does_without)

    def _judged(
        self,
        setting: Setting,
        answer: Answer | None,
        allowed: Mapping[str, Form | None],
        does_without: bool = False,
    ) -> Iterator[str]:
        standing = self._table.standing
        done = setting.done
        if does_without:
            done = _with_keys_of(done, standing.form(setting.key, setting.before))
        allowed = {**allowed, "as the operation leaves it": done}
        yield from problems(setting.before, standing, setting.key, allowed)
        if answer is not None and answer["status"] == "SUCCESS":
            yield from _disagreements(setting, answer, standing)
        status = answer and answer["status"]
        outcome = (setting.scenario.name, status, setting.was_done(standing), does_without)
        if self._thorough or outcome not in self._followed:
            self._followed.add(outcome)
            yield from self._follow(setting, answer, done)

    def _given_up(self, setting: Setting) -> None:
        secret = self._secret(setting)
        with suppress(Failed):  # there may be none
            secret.delete()
        secret.create("another-token")

    def _late(self, setting: Setting, call: Call, times: Times, then: Course) -> Iterator[str]:
        held: list[AWSPreparedRequest] = []

        def hold(request: AWSPreparedRequest) -> AWSResponse:
            held.append(request)
            raise ReadTimeoutError(endpoint_url=request.url)

        with self.beginning(setting), self._world.intercepting(Wire(call.ordinal, hold, times)):
            self._sent(setting.operation)
        with self._at_work(setting.scenario):
            then(setting)
            over = self._table.standing
            for request in held:
                botocore_stubber("before-send", request)
            if self._table.standing.items != over.items:
                yield "it changed the record"
            yield from self._agreement(setting)

    # --- What follows --------------------------------------------------------------------------

    def _follow(self, setting: Setting, answer: Answer | None, done: Form | None) -> Iterator[str]:
        left, saved = self._table.standing, self._table.save()
        for name, follow in (("retried", self._retried), ("next", self._next)):
            self._table.restore(saved)
            with self._at_work(setting.scenario):
                try:
                    found = list(follow(setting, answer, left, done))
                except Failed as failed:
                    found = [str(failed)]
            yield from (f"{name}: {problem}" for problem in found)

    def _retried(
        self, setting: Setting, answer: Answer | None, left: Standing, done: Form | None
    ) -> Iterator[str]:
        """The same event again, as CloudFormation delivers it after most failures."""
        again = self._sent(setting.operation)
        is_gone = setting.scenario.action == "DELETE" and setting.key not in left.live
        expected = "NotFound" if is_gone else "SUCCESS"
        if again.get("errorCode", again["status"]) != expected:
            yield f"the answer is {again.get('errorCode', again['status'])}, not {expected}"
            return
        standing = self._table.standing
        yield from problems(setting.before, standing, setting.key, {"as if done once": done})
        if (
            setting.key in left.live
            and not (left.passwords(setting.key).items() <= standing.passwords(setting.key).items())
            and setting.key in standing.items
        ):
            yield "a version of the first delivery was lost"
        if is_gone:
            return
        yield from _disagreements(setting, again, standing)
        if answer is not None and answer["status"] == "SUCCESS" and again != answer:
            yield "it answers otherwise than the first time"
        yield from self._agreement(setting)

    def _next(
        self, setting: Setting, answer: Answer | None, left: Standing, done: Form | None
    ) -> Iterator[str]:
        """What CloudFormation does once it has given up, or goes on."""
        secret = self._secret(setting)
        match setting.scenario.action:
            case "CREATE":
                yield from self._deleted(setting, secret)
                yield from self._created_anew(setting, secret, left)
            case "UPDATE":
                previous = {**setting.scenario.properties}
                before = setting.before.current(setting.key)
                secret.update(previous=previous, **setting.secret.properties)
                if self._table.standing.current(setting.key) != before:
                    yield "the roll-back does not give back the former password"
                yield from self._agreement(setting)
            case "DELETE":
                if setting.key in left.live and secret.read() != setting.secret.model:
                    yield "the secret that was not deleted reads otherwise than before"
                yield from self._deleted(setting, secret)
                yield from self._created_anew(setting, secret, left)
            case _:
                yield from self._agreement(setting)

    def _deleted(self, setting: Setting, secret: Secret) -> Iterator[str]:
        is_live = setting.key in self._table.standing.live
        try:
            secret.delete()
        except Failed as failed:
            if is_live or failed.code != "NotFound":
                raise
            is_live = True
        if not is_live:
            yield "what does not exist was deleted"
        yield from self._agreement(setting)

    def _created_anew(self, setting: Setting, secret: Secret, left: Standing) -> Iterator[str]:
        had = set(left.passwords(setting.key).values())
        secret.create("another-token", **setting.secret.properties)
        if secret.value in had:
            yield "a new secret has an old password"
        if (secret.model["VersionId"], secret.value) != self._table.standing.current(setting.key):
            yield "the new secret is not the one that stands"
        yield from self._agreement(setting)

    def _agreement(self, setting: Setting) -> Iterator[str]:
        """Read and list say what stands."""
        standing = self._table.standing
        secret = self._secret(setting)
        try:
            model = secret.read()
        except Failed as failed:
            if failed.code != "NotFound" or setting.key in standing.live:
                raise
        else:
            if setting.key not in standing.live:
                yield "read finds what is not live"
            elif model["VersionId"] != standing.current(setting.key)[0]:
                yield "read says another version than stands"
            elif model["ReturnValue"] and model["Value"] != standing.current(setting.key)[1]:
                yield "read says another password than stands"
        listed = Counter(
            (model["StackName"], f"{model['Env']}#{model['Name']}") for model in self._world.list()
        )
        if listed != Counter(standing.live):
            yield "the list is not what is live"

    # --- The account ---------------------------------------------------------------------------

    @contextmanager
    def _at_work(self, scenario: Scenario) -> Iterator[None]:
        """Time passes between two invocations, and stands still within one."""
        send = self._world.send

        def send_later(operation: Operation, **overrides: Any) -> dict[str, Any]:
            self._tick()
            # Nothing around a handler is looked at here: no logs, no metrics.
            return send(operation, **{"providerCredentials": None, **overrides})

        with (
            patch.object(self._world, "send", send_later),
            patch.object(handlers, "_now", lambda: self.now),
            patch.object(store, "PAGE_SIZE", scenario.page_size),
        ):
            yield

    def _tick(self) -> None:
        self.now = _BEGIN + timedelta(seconds=next(self._seconds))

    def _sent(self, operation: Operation) -> dict[str, Any]:
        return self._world.send(operation)

    def _secret(self, setting: Setting) -> Secret:
        """Return the resource as CloudFormation knows it: by its identifier."""
        secret = Secret(self._world, setting.secret.logical_id)
        secret.model = setting.secret.identifier
        return secret


def _disagreements(setting: Setting, answer: Answer, standing: Standing) -> Iterator[str]:
    """Yield where an answer says other than what stands."""
    if setting.scenario.action in ("DELETE", "LIST"):
        if answer != setting.answer:
            yield "the answer is not the one without a fault"
        return
    if setting.scenario.action == "READ" and answer != setting.answer:
        yield "the answer is not the one without a fault"
    model = answer["resourceModel"]
    version_id, password = standing.current(setting.key)
    if model["VersionId"] != version_id:
        yield "the answer has another version than stands"
    if model["ReturnValue"] and model["Value"] != password:
        yield "the answer has another password than stands"
    if not model["ReturnValue"] and "Value" in model:
        yield "the answer has the password, though ReturnValue is false"
    if setting.scenario.properties.get("SecretString", password) != password:
        yield "the password is not the one of SecretString"


def _with_keys_of(done: Form | None, form: Form | None) -> Form | None:
    """Return a form in which every version but the current one is under the key of another's."""
    if done is None or form is None:
        return done
    versions = [
        {**version, "KeyArn": other["KeyArn"]}
        for version, other in zip(done["Versions"][:-1], form["Versions"], strict=False)
    ]
    return {**done, "Versions": [*versions, done["Versions"][-1]]}
