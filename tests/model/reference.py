"""The rule of when a password changes, once more and as plainly as it can be said.

It shares no code with the package: section by section it follows the README's "When the password
changes", over values instead of ciphertexts.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Predicate = Callable[[str], bool]


@dataclass(frozen=True)
class State:
    """A declared state; `policy` is the name of one of the policies that the test draws from."""

    policy: str
    token: str = ""
    secret: str | None = None

    @property
    def key(self) -> tuple[str, str, bool]:
        """What the record remembers a version for: not the value, only whether there is one."""
        return self.policy, self.token, self.secret is not None


@dataclass
class Kept:
    """One version."""

    value: str
    provided: bool


@dataclass
class Reference:
    """One secret: `versions` has the current one last, `memory` the state served last."""

    satisfied: Mapping[str, Predicate]
    versions: list[Kept] = field(default_factory=list)
    memory: dict[tuple[str, str, bool], Kept] = field(default_factory=dict)
    alive: bool = False

    @property
    def value(self) -> str:
        return self.versions[-1].value

    def create(self, state: State, value: str) -> None:
        """A new life: what was kept before is history, and nothing is remembered of it."""
        self.memory = {}
        self.alive = True
        self._serve(Kept(value, state.secret is not None), state)

    def delete(self, window: int) -> None:
        self.alive = False
        self.memory = {}
        if window == 0:
            self.versions = []

    def adopt(self) -> None:
        """What adoption leaves: the value, and no memory of any state."""
        self.memory = {}
        self.versions[-1].provided = False

    def update(self, state: State, previous: State | None, in_stack: bool, value: str) -> bool:
        """Take up what the update answered, and say whether the rule allows it."""
        if not self.memory:
            self.memory[(previous or state).key] = self.versions[-1]
        expected = self._expected(state, previous, in_stack)
        known = {kept.value for kept in self.versions}
        if expected is None:
            allowed = value not in known if state.secret is None else value == state.secret
            expected = Kept(value, state.secret is not None)
        else:
            allowed = value == expected.value
        self._serve(expected, state)
        return allowed

    def _expected(self, state: State, previous: State | None, in_stack: bool) -> Kept | None:
        """The version that serves the state, or None for a new one."""
        current = self.versions[-1]
        if state.secret is not None:
            # The current version first: a new ID would say that the value had changed.
            candidates = (current, self.memory.get(state.key))
            return next((c for c in candidates if c and c.value == state.secret), None)
        taken_away = previous is not None and previous.secret is not None
        had_token = any(
            kept is current and token == state.token for (_, token, _), kept in self.memory.items()
        )
        if current.provided:
            stays = had_token and not taken_away
        else:
            stays = had_token and self.satisfied[state.policy](current.value)
        if not in_stack and current.provided and stays:
            return current
        return self.memory.get(state.key) or (current if stays else None)

    def _serve(self, kept: Kept, state: State) -> None:
        others = [other for other in self.versions if other is not kept]
        self.versions = [*others[-9:], kept]
        self.memory.pop(state.key, None)
        self.memory[state.key] = kept
        self.memory = {
            key: other
            for key, other in self.memory.items()
            if any(other is version for version in self.versions)
        }


def properties_of(state: State, policies: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The properties by which a template declares the state."""
    declared = dict(policies[state.policy])
    if state.token:
        declared["RotationToken"] = state.token
    if state.secret is not None:
        declared["SecretString"] = state.secret
    return declared
