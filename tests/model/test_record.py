"""Any history of a secret, over the live entry point, against the rule said plainly."""

import string
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from local.events import Operation
from tests.model.reference import Predicate, Reference, State, properties_of
from tests.world import World

POLICIES: dict[str, dict[str, Any]] = {
    "none": {},
    "32 characters": {"PasswordLength": 32},
    "10 characters": {"PasswordLength": 10},
    "no digits": {"ExcludeNumbers": True},
    "letters": {"ExcludeNumbers": True, "ExcludePunctuation": True},
    "a to f": {"AllowedCharacters": "abcdef", "RequireEachIncludedType": True},
    "each type": {"RequireEachIncludedType": True},
}
SATISFIED: dict[str, Predicate] = {
    "none": lambda value: True,
    "32 characters": lambda value: len(value) == 32,
    "10 characters": lambda value: len(value) == 10,
    "no digits": lambda value: not any(c in string.digits for c in value),
    "letters": lambda value: not any(c in string.digits + string.punctuation for c in value),
    "a to f": lambda value: all(c in "abcdef" for c in value),
    "each type": lambda value: all(
        any(c in kind for c in value)
        for kind in (
            string.ascii_lowercase,
            string.ascii_uppercase,
            string.digits,
            string.punctuation,
        )
    ),
}
SECRETS = ("first-of-mine", "second-of-mine-2", "aabbccddee")
STATES = st.builds(
    State,
    st.sampled_from(list(POLICIES)),
    st.sampled_from(["", "", "1", "2", "3"]),
    st.sampled_from([None, None, None, *SECRETS]),
)
PLACE = {"StackName": "orders", "Env": "default", "Name": "DB"}
TABLE = {"TableName": "myorg-secrets-password"}
STACK_ID = "arn:aws:cloudformation:us-east-1:123456789012:stack/orders/1"


class Life(RuleBasedStateMachine):
    """One secret of a stack, which is also patched through the Cloud Control API."""

    def __init__(self, world: World) -> None:
        super().__init__()
        world.reset()
        self.world = world
        self.reference = Reference(SATISFIED)
        self.declared = State("none")
        self.before: tuple[State, str] | None = None
        self.settings: dict[str, Any] = {}
        keys = world.kms.list_keys()["Keys"]
        if len(keys) < 2:
            world.kms.create_key()
        self.keys = [key["KeyArn"] for key in world.kms.list_keys()["Keys"]]

    @initialize(state=STATES)
    def begin(self, state: State) -> None:
        self._create(state)

    @precondition(lambda self: not self.reference.alive)
    @rule(state=STATES)
    def create_again(self, state: State) -> None:
        self._create(state)

    @precondition(lambda self: self.reference.alive)
    @rule(state=STATES, previous=st.sampled_from(["true", "stale", "absent"]))
    def update(self, state: State, previous: str) -> None:
        before = self.declared, self.reference.value
        # An adopted record that is not told its previous state cannot be led back to it.
        is_blind = not self.reference.memory and previous == "absent"
        self._update(state, self._previous(previous))
        self.before = None if is_blind else before

    @precondition(lambda self: self.before is not None)
    @rule(previous=st.sampled_from(["true", "stale"]))
    def roll_back(self, previous: str) -> None:
        """A stack that rolls back gets back the very password that it had."""
        assert self.before is not None
        state, value = self.before

        self._update(state, self._previous(previous))

        assert self.reference.value == value
        self.before = None

    @precondition(lambda self: self.before is not None)
    @rule()
    def deliver_again(self) -> None:
        """An update that is delivered twice rotates once."""
        assert self.before is not None
        value = self.reference.value

        self._update(self.declared, self.before[0])

        assert self.reference.value == value

    @precondition(lambda self: self.reference.alive)
    @rule(
        name=st.sampled_from(
            ["Description", "KeyId", "RecoveryWindowInDays", "Tags", "ReturnValue"]
        ),
        index=st.integers(0, 1),
    )
    def change_what_is_unrelated(self, name: str, index: int) -> None:
        """Description, Tags, KeyId and the like never change a password."""
        value = self.reference.value
        self.settings[name] = {
            "Description": ["one", "two"],
            "KeyId": self.keys[:2],
            "RecoveryWindowInDays": [0, 7],
            "Tags": [[], [{"Key": "k", "Value": "v"}]],
            "ReturnValue": [True, True],
        }[name][index]

        self._update(self.declared, self.declared)

        assert self.reference.value == value
        self.before = None

    @precondition(lambda self: self.reference.alive)
    @rule(state=STATES)
    def patch(self, state: State) -> None:
        """The Cloud Control API leaves a write-only property out, before and after alike."""
        if state.secret is None:
            state = State(state.policy, state.token)
        seen = State(self.declared.policy, self.declared.token)

        self._update(state, seen, in_stack=False)
        self.before = None

    @precondition(lambda self: self.reference.alive)
    @rule()
    def delete(self) -> None:
        self.world.succeed(Operation("DELETE", {**PLACE, **TABLE}, self.world.token()))
        self.reference.delete(self.settings.get("RecoveryWindowInDays", 30))
        self.before = None

    @precondition(lambda self: self.reference.alive)
    @rule()
    def adopt(self) -> None:
        item = self._item()
        item["Versions"]["L"][-1]["M"]["Source"] = {"S": "Adopted"}
        item["Memories"] = {"L": []}
        self.world.dynamodb.put_item(**TABLE, Item=item)
        self.reference.adopt()
        self.before = None

    @invariant()
    def a_live_secret_is_read_as_it_is_and_a_deleted_one_is_not_found(self) -> None:
        answer = self.world.send(Operation("READ", {**PLACE, **TABLE}, "t"))

        if self.reference.alive:
            assert answer["resourceModel"]["Value"] == self.reference.value
        else:
            assert answer["errorCode"] == "NotFound"

    def teardown(self) -> None:
        """Every version that the rule keeps can still be decrypted, in its order."""
        if not self.reference.versions:
            return
        kept = [self._decrypted(version["M"]) for version in self._item()["Versions"]["L"]]
        assert kept == [version.value for version in self.reference.versions]

    def _create(self, state: State) -> None:
        self.settings = {}
        answer = self._send("CREATE", state, None, in_stack=True)
        value = answer["Value"]
        assert value == state.secret or state.secret is None
        assert value not in [version.value for version in self.reference.versions] or state.secret
        self.reference.create(state, value)
        self.declared = state

    def _update(self, state: State, previous: State | None, in_stack: bool = True) -> None:
        answer = self._send("UPDATE", state, previous, in_stack)
        assert self.reference.update(state, previous, in_stack, answer["Value"])
        self.declared = state

    def _send(
        self, action: str, state: State, previous: State | None, in_stack: bool
    ) -> dict[str, Any]:
        operation = Operation(
            action,
            {**PLACE, **TABLE, **properties_of(state, POLICIES), **self.settings},
            self.world.token(),
            previous=previous and {**PLACE, **TABLE, **properties_of(previous, POLICIES)},
            stack_id=STACK_ID if in_stack else None,
            logical_id="DB",
        )
        model: dict[str, Any] = self.world.succeed(operation)["resourceModel"]
        return model

    def _previous(self, kind: str) -> State | None:
        stale = self.before[0] if self.before else self.declared
        return {"true": self.declared, "stale": stale, "absent": None}[kind]

    def _item(self) -> dict[str, Any]:
        key = {"StackName": {"S": "orders"}, "EnvName": {"S": "default#DB"}}
        return self.world.dynamodb.get_item(**TABLE, Key=key)["Item"]

    def _decrypted(self, version: dict[str, Any]) -> str:
        context = {
            "Type": "MyOrg::Secrets::Password",
            **PLACE,
            "VersionId": version["VersionId"]["S"],
        }
        answer = self.world.kms.decrypt(
            CiphertextBlob=version["Ciphertext"]["B"], EncryptionContext=context
        )
        return answer["Plaintext"].decode()


def test_every_history_follows_the_rule(world: World) -> None:
    """Updates, repeated deliveries, roll-backs, patches, adoption, deletion and re-creation."""
    run_state_machine_as_test(
        lambda: Life(world),
        settings=settings(
            max_examples=20,
            # The same histories at every run: raise the number and take this away to explore.
            derandomize=True,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
