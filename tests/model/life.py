"""Several secrets of two stacks, done to through the live entry point beside their references.

Each method is a step; `check` says what holds after every one.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from myorg_secrets.connection import Connection
from myorg_secrets.restore import restore
from tests.concurrency.history import Event, History
from tests.concurrency.specification import ends
from tests.concurrency.threads import Threads, at_random
from tests.model.account import KEYS, PLACES, Account, Settings
from tests.model.invariants import Invariants
from tests.model.reference import Call, Outcome, Reference, State
from tests.model.resource import AS_IT_COMES, Resource
from tests.model.states import SATISFIED


class Life:
    """The secrets, and the time in which they live.

    Args:
        account: where they live.
        threads: two of them, for what happens at once.
        connection: of the command line.
    """

    def __init__(self, account: Account, threads: Threads, connection: Connection) -> None:
        self.account = account
        self.resources = [Resource(n, Reference(SATISFIED)) for n in range(len(PLACES))]
        self._threads = threads
        self._connection = connection
        self._invariants = Invariants(account)
        self._touched: set[int] = set()

    # --- What templates, users and AWS do ---------------------------------------------------------

    def create(self, number: int, state: State, window: int = 30, key: str = "") -> None:
        """A new secret, or a new one over a tombstone."""
        resource = self.resources[number]
        settings: Settings = {"RecoveryWindowInDays": window, "KeyId": key}
        call = self._call(resource, "CREATE", state, settings)
        if self._do(resource, call, settings).code:
            return
        resource.settings, resource.created = settings, call
        resource.declared, resource.before = state, None

    def create_once_more(self, number: int) -> None:
        """A create that is delivered again finds the secret that it made."""
        resource = self.resources[number]
        assert resource.created is not None
        self._do(resource, resource.created)

    def take_an_identifier_that_is_taken(self, number: int, state: State) -> None:
        resource = self.resources[number]
        outcome = self._do(resource, self._call(resource, "CREATE", state))
        assert outcome.code in ("AlreadyExists", "InvalidRequest")

    def ask_for_what_is_not_there(self, number: int, state: State) -> None:
        resource = self.resources[number]
        for kind in ("UPDATE", "DELETE", "READ"):
            assert self._do(resource, self._call(resource, kind, state)).code == "NotFound"

    def update(self, number: int, state: State, previous: str = "true") -> None:
        """An update, whose event may be wrong about the previous properties, or lack them."""
        resource = self.resources[number]
        before = resource.declared, resource.secret.value
        # An adopted record that is not told its previous state cannot be led back to it.
        is_blind = not resource.secret.memory and previous == "absent"
        if self._update(resource, state, self._previous(resource, previous)):
            resource.before = None if is_blind else before

    def roll_back(self, number: int, previous: str = "true") -> None:
        """A stack that rolls back gets back the very password that it had."""
        resource = self.resources[number]
        assert resource.before is not None
        state, value = resource.before
        if self._update(resource, state, self._previous(resource, previous)):
            assert resource.secret.value == value
            resource.before = None

    def deliver_again(self, number: int) -> None:
        """An update that is delivered twice rotates once."""
        resource = self.resources[number]
        assert resource.before is not None
        value = resource.secret.value
        if self._update(resource, resource.declared, resource.before[0]):
            assert resource.secret.value == value

    def change_what_is_unrelated(self, number: int, name: str, index: int) -> None:
        """Description, Tags, KeyId and the like never change a password."""
        resource = self.resources[number]
        value = resource.secret.value
        # SecretString wins over what was restored, and over what cannot be read to be compared.
        is_overruled = resource.declared.secret is not None and (
            resource.declared.secret != value
            or resource.secret.current.key in self.account.disabled
        )
        choices: dict[str, list[Any]] = {
            "Description": ["one", "two"],
            "KeyId": list(KEYS),
            "RecoveryWindowInDays": [0, 7],
            "Tags": [[], [{"Key": "k", "Value": "v"}]],
            "ReturnValue": [True, False],
        }
        settings = {**resource.settings, name: choices[name][index % len(choices[name])]}
        if self._update(resource, resource.declared, resource.declared, settings=settings):
            assert resource.secret.value == value or is_overruled
            resource.before = None

    def patch(self, number: int, state: State) -> None:
        """The Cloud Control API leaves a write-only property out, before and after alike."""
        resource = self.resources[number]
        declared = resource.declared
        seen = State(declared.policy, declared.token)
        state = state if state.secret is not None else State(state.policy, state.token)
        if self._update(resource, state, seen, in_stack=False):
            resource.before = None

    def delete(self, number: int) -> None:
        resource = self.resources[number]
        assert not self._do(resource, self._call(resource, "DELETE")).code
        resource.before = None

    def interrupt(
        self, number: int, kind: str, state: State, action: str, is_done: bool, times: int
    ) -> None:
        """Answers of AWS are lost, before or after the work; CloudFormation sends the event again.

        The SDK makes three attempts.
        """
        resource = self.resources[number]
        value = resource.secret.value if resource.secret.versions else ""
        before = resource.declared, value
        was_alive = resource.secret.alive
        previous = resource.declared if kind == "UPDATE" else None
        call = self._call(resource, kind, state, previous=previous)
        if kind == "CREATE":
            resource.created = call
        with self.account.losing(action, is_done, times):
            outcome = self._do(resource, call)
        again = self._do(resource, call)
        if kind == "DELETE":
            assert not resource.secret.alive
        elif "InvalidRequest" not in (outcome.code, again.code):
            assert not again.code
            resource.declared = state
        resource.before = before if kind == "UPDATE" and was_alive and not again.code else None

    def race(self, number: int, first: State, second: State | None, seed: int) -> None:
        """Two updates at once, or an update and a delete: one after the other, either way."""
        resource = self.resources[number]
        history = History()
        calls = [
            self._call(resource, "UPDATE", first, previous=resource.declared),
            self._call(resource, "UPDATE", second, previous=resource.declared)
            if second is not None
            else self._call(resource, "DELETE"),
        ]

        def act(call: Call) -> None:
            invoked = history.tick()
            call = replace(call, now=self.account.seconds)
            outcome = self.account.send(resource.number, call, resource.settings)
            history.add(Event(call, outcome, invoked, history.tick()))

        self._threads.run([partial(act, call) for call in calls], at_random(seed))
        self._touched.add(resource.number)
        after = [
            secret
            for secret in ends(history.events, resource.secret, kept=())
            if not self._invariants.differences(resource, secret)
        ]
        assert after
        resource.secret, resource.before = after[0], None
        if resource.secret.alive:
            resource.declared = resource.secret.declared

    def adopt(self, number: int) -> None:
        """The record is as adoption leaves it."""
        resource = self.resources[number]
        item = self.account.table.items()[resource.key]
        item["Versions"]["L"][-1]["M"]["Source"] = {"S": "Adopted"}
        item["Memories"] = {"L": []}
        item["Revision"] = {"N": str(int(item["Revision"]["N"]) + 1)}
        self.account.table.put(item)
        self._touched.add(resource.number)
        resource.secret, resource.before = resource.secret.adopted(), None

    def restore(self, number: int, index: int) -> None:
        """The command line brings a deleted secret back, or an earlier version of one."""
        resource = self.resources[number]
        chosen = resource.secret.versions[index % len(resource.secret.versions)]
        versions = self.account.table.items()[resource.key]["Versions"]["L"]
        stack, env, name = PLACES[number]
        restore(
            self._connection,
            self._connection.identity(stack, name, env),
            versions[resource.secret.versions.index(chosen)]["M"]["VersionId"]["S"],
            self.account.tick(),
        )
        self._touched.add(resource.number)
        resource.secret, resource.before = resource.secret.restored(chosen.number), None
        resource.declared = resource.secret.declared

    def wait(self, days: int) -> None:
        """The clock goes on."""
        self.account.wait(days)

    def expire(self) -> None:
        """DynamoDB removes what its time to live says, whoever wrote that."""
        for resource in self.resources:
            item = self.account.table.items().get(resource.key, {})
            if "ExpiresAt" in item and int(item["ExpiresAt"]["N"]) <= self.account.seconds:
                self.account.table.remove(resource.key)
                self._touched.add(resource.number)
            resource.secret = resource.secret.expired(self.account.seconds)

    def disable(self, key: str) -> None:
        """KMS refuses to use a key until it is enabled again."""
        self.account.disabled |= {key}

    def enable(self) -> None:
        self.account.disabled = frozenset()

    # --- What holds after each step ---------------------------------------------------------------

    def check(self) -> None:
        """Every record is what its reference says, is read so, and holds nothing readable."""
        self._invariants.check(self.resources, self._touched)
        for number in self._touched:
            self._do(self.resources[number], self._call(self.resources[number], "READ"))
        self._touched.clear()

    # --- How it is done ---------------------------------------------------------------------------

    def _previous(self, resource: Resource, kind: str) -> State | None:
        stale = resource.before[0] if resource.before else resource.declared
        return {"true": resource.declared, "stale": stale, "absent": None}[kind]

    def _update(
        self,
        resource: Resource,
        state: State,
        previous: State | None,
        in_stack: bool = True,
        settings: Settings | None = None,
    ) -> bool:
        """Update it, and say whether that was done: a key that is disabled may forbid it."""
        settings = resource.settings if settings is None else settings
        call = replace(
            self._call(resource, "UPDATE", state, settings), previous=previous, in_stack=in_stack
        )
        if self._do(resource, call, settings).code:
            return False
        resource.declared, resource.settings = state, settings
        return True

    def _call(
        self,
        resource: Resource,
        kind: str,
        state: State = AS_IT_COMES,
        settings: Settings | None = None,
        previous: State | None = None,
    ) -> Call:
        settings = resource.settings if settings is None else settings
        return Call(
            kind,
            state,
            previous,
            token=self.account.world.token(),
            window=settings.get("RecoveryWindowInDays", 30),
            key=settings.get("KeyId", ""),
        )

    def _do(self, resource: Resource, call: Call, settings: Settings | None = None) -> Outcome:
        """Do it, and take up what it answered, if the rule allows that."""
        settings = resource.settings if settings is None else settings
        seen = self.account.table.items().get(resource.key)
        call = replace(call, now=self.account.seconds)
        outcome = self.account.send(resource.number, call, settings)
        took = outcome
        if outcome.code == "NetworkFailure":
            if self.account.table.items().get(resource.key) == seen:
                return outcome
            took = Outcome(value=(self.account.table.versions(resource.key) or [""])[-1])
        # What is withheld needs no key to be read.
        is_keyless = call.kind == "READ" and settings.get("ReturnValue") is False
        disabled = frozenset() if is_keyless else self.account.disabled
        after = resource.secret.after(call, took, disabled)
        assert after is not None, f"{call.kind} answered {outcome.code or 'a value'} wrongly"
        resource.secret = after
        if call.kind != "READ":
            self._touched.add(resource.number)
        return outcome
