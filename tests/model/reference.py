"""The rule of when a password changes, once more and as plainly as it can be said.

It shares no code with the package: section by section it follows the README's "When the password
changes" and "Deleting and restoring", over values instead of ciphertexts. A reference is a value
itself: what is done to it gives another one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

Predicate = Callable[[str], bool]
StateKey = tuple[str, str, bool]

SECONDS_PER_DAY = 86_400
NO_KEYS: frozenset[str] = frozenset()


@dataclass(frozen=True)
class State:
    """A declared state; `policy` is the name of one of the policies that the test draws from."""

    policy: str = "none"
    token: str = ""
    secret: str | None = None

    @property
    def key(self) -> StateKey:
        """What the record remembers a version for: not the value, only whether there is one."""
        return self.policy, self.token, self.secret is not None


@dataclass(frozen=True)
class Call:
    """One operation on one secret.

    Attributes:
        kind: CREATE, READ, UPDATE, DELETE or LIST.
        token: the clientRequestToken.
        window: days.
        key: the name of the KMS key that is declared.
        now: seconds since the epoch, where the operation settles a time.
    """

    kind: str
    state: State = State()
    previous: State | None = None
    in_stack: bool = True
    token: str = ""
    window: int = 30
    key: str = ""
    now: int = 0


@dataclass(frozen=True)
class Outcome:
    """What an operation answered: an error code, or a value; of a list, whether it is named."""

    code: str = ""
    value: str = field(default="", repr=False)
    named: bool = False


@dataclass(frozen=True)
class Kept:
    """One version; `number` tells it from another one with the same value."""

    number: int
    value: str = field(repr=False)
    provided: bool
    key: str = ""


@dataclass(frozen=True)
class Reference:
    """One secret.

    Attributes:
        satisfied: what each policy asks of a value.
        versions: the current one last.
        memory: for each declared state the number of the version that served it last.
        expires_at: of a tombstone, in seconds since the epoch.
        made: how many versions there have been.
    """

    satisfied: Mapping[str, Predicate] = field(compare=False, repr=False)
    versions: tuple[Kept, ...] = ()
    memory: frozenset[tuple[StateKey, int]] = frozenset()
    alive: bool = False
    declared: State = State()
    key: str = ""
    window: int = 30
    expires_at: int | None = None
    create_token: str = ""
    made: int = 0

    @property
    def current(self) -> Kept:
        return self.versions[-1]

    @property
    def value(self) -> str:
        return self.current.value

    def after(
        self, call: Call, outcome: Outcome, disabled: frozenset[str] = NO_KEYS
    ) -> Reference | None:
        """Return what is there after the call, or None where it must not answer so.

        `disabled` are the keys that KMS refuses to use.
        """
        if outcome.code == "InvalidRequest":
            return self if self._needs(call) & disabled else None
        if call.kind == "LIST":
            return self if not outcome.code and outcome.named == self.alive else None
        if call.kind == "CREATE":
            return self._after_create(call, outcome)
        if outcome.code or not self.alive:
            return self if not self.alive and outcome.code == "NotFound" else None
        if call.kind == "READ":
            is_read = outcome.value == self.value and self.current.key not in disabled
            return self if is_read else None
        if call.kind == "DELETE":
            return self._without() if self.window == 0 else self._deleted(call.now)
        return self._updated(call, outcome.value, disabled)

    def adopted(self) -> Reference:
        """What adoption leaves: the value, and no memory of any state."""
        versions = (*self.versions[:-1], replace(self.current, provided=False))
        return replace(self, versions=versions, memory=frozenset())

    def restored(self, number: int) -> Reference:
        """A tombstone lives again, an earlier version is the current one, or both.

        It serves the state that was declared last, unless nothing is remembered yet.
        """
        alive = replace(self, alive=True, expires_at=None)
        chosen = next(kept for kept in self.versions if kept.number == number)
        if chosen is self.current and self.alive:
            return self
        return alive._serving(chosen, self.declared) if self.memory else alive._ending(chosen)

    def expired(self, now: int) -> Reference:
        """What DynamoDB's time to live leaves."""
        due = self.expires_at is not None and self.expires_at <= now
        return self._without() if due and not self.alive else self

    def _needs(self, call: Call) -> set[str]:
        """The keys without which the call may fail."""
        if call.kind == "CREATE":
            is_retry = self.alive and call.token == self.create_token
            return {call.key, self.current.key} if is_retry else {call.key}
        if call.kind == "READ":
            return {self.current.key} if self.alive else set()
        if call.kind == "UPDATE" and self.alive:
            return {call.key, *(kept.key for kept in self.versions)}
        return set()

    def _after_create(self, call: Call, outcome: Outcome) -> Reference | None:
        if self.alive:
            if call.token == self.create_token:
                return self if not outcome.code and outcome.value == self.value else None
            return self if outcome.code == "AlreadyExists" else None
        history = self.expired(call.now).versions
        if outcome.code or not self._is_new(call.state, outcome.value, history):
            return None
        begun = Reference(
            self.satisfied,
            history,
            alive=True,
            key=call.key,
            window=call.window,
            create_token=call.token,
            made=self.made,
        )
        return begun._with_new(call, outcome.value)

    def _updated(self, call: Call, value: str, disabled: frozenset[str]) -> Reference | None:
        told = self
        if not self.memory:
            asked = (call.previous or call.state).key
            told = replace(self, memory=frozenset({(asked, self.current.number)}))
        chosen = told._chosen(call, disabled)
        moved = replace(told._moved(call.key, disabled), window=call.window)
        if chosen is None:
            is_new = self._is_new(call.state, value, self.versions)
            return moved._with_new(call, value) if is_new else None
        return (
            moved._serving(moved._kept(chosen.number), call.state)
            if value == chosen.value
            else None
        )

    def _chosen(self, call: Call, disabled: frozenset[str]) -> Kept | None:
        """The version that serves the declared state, or None for a new one."""
        state, current = call.state, self.current
        numbers = {number for key, number in self.memory if key == state.key}
        remembered = next((kept for kept in self.versions if kept.number in numbers), None)
        if state.secret is not None:
            # The current version first: a new ID would say that the value had changed. What
            # cannot be read cannot be compared.
            for kept in (current, remembered):
                if kept and kept.key not in disabled and kept.value == state.secret:
                    return kept
            return None
        stays = current if self._stays(call) else None
        if not call.in_stack and current.provided and stays:
            return stays
        return remembered or stays

    def _stays(self, call: Call) -> bool:
        had_token = any(
            number == self.current.number and token == call.state.token
            for (_, token, _), number in self.memory
        )
        if self.current.provided:
            return had_token and not (call.previous and call.previous.secret is not None)
        return had_token and self.satisfied[call.state.policy](self.value)

    def _is_new(self, state: State, value: str, known: tuple[Kept, ...]) -> bool:
        """Whether a new version may hold this value."""
        if state.secret is not None:
            return value == state.secret
        return self.satisfied[state.policy](value) and all(value != kept.value for kept in known)

    def _moved(self, key: str, disabled: frozenset[str]) -> Reference:
        """Every version that can be read goes under another key, if another one is declared."""
        if key == self.key:
            return self
        moved = (k if k.key in disabled else replace(k, key=key) for k in self.versions)
        return replace(self, versions=tuple(moved), key=key)

    def _with_new(self, call: Call, value: str) -> Reference:
        new = Kept(self.made, value, call.state.secret is not None, call.key)
        return replace(self, made=self.made + 1)._serving(new, call.state)

    def _serving(self, kept: Kept, state: State) -> Reference:
        served = self._ending(kept)
        others = {entry for entry in served.memory if entry[0] != state.key}
        memory = frozenset(others | {(state.key, kept.number)})
        return replace(served, memory=memory, declared=state)

    def _ending(self, kept: Kept) -> Reference:
        """The same with this version current; ten are kept, and only these are remembered."""
        others = tuple(other for other in self.versions if other.number != kept.number)
        versions = (*others, kept)[-10:]
        numbers = {version.number for version in versions}
        memory = frozenset(entry for entry in self.memory if entry[1] in numbers)
        return replace(self, versions=versions, memory=memory)

    def _kept(self, number: int) -> Kept:
        return next(kept for kept in self.versions if kept.number == number)

    def _deleted(self, now: int) -> Reference:
        expires_at = now + self.window * SECONDS_PER_DAY
        return replace(self, alive=False, expires_at=expires_at)

    def _without(self) -> Reference:
        return Reference(self.satisfied, made=self.made)


def properties_of(state: State, policies: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The properties by which a template declares the state."""
    declared = dict(policies[state.policy])
    if state.token:
        declared["RotationToken"] = state.token
    if state.secret is not None:
        declared["SecretString"] = state.secret
    return declared
