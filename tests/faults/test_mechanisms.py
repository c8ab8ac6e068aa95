"""Each mechanism that keeps secrets whole is taken out, and the harness sees it.

A row says which mechanism, how it is taken out (the function of that name), where that shows, and
in what words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest

from myorg_secrets_password import actions, aws_errors, cipher, clients, record
from myorg_secrets_password.cipher import Cipher
from myorg_secrets_password.item import to_item
from myorg_secrets_password.record import Record
from myorg_secrets_password.store import Store, Superseded
from tests.faults.harness import Harness
from tests.faults.kinds import KINDS
from tests.faults.scenarios import SCENARIOS
from tests.world import World

TakeOut = Callable[[pytest.MonkeyPatch], None]


def the_condition_of_a_create(patch: pytest.MonkeyPatch) -> None:
    """PutItem without ConditionExpression."""

    def add(self: Any, record: Record, over: Record | None = None) -> None:
        self._dynamodb.put_item(TableName=self._table_name, Item=to_item(record))

    patch.setattr(Store, "add", add)


def the_condition_of_an_update(patch: pytest.MonkeyPatch) -> None:
    """UpdateItem without ConditionExpression and the values in it."""
    original = Store.update

    def update(self: Any, record: Record, *, deleted: bool = False) -> None:
        unguarded = Unguarded(self._dynamodb)
        original(Store(unguarded, self._table_name, ""), record, deleted=deleted)  # type: ignore[arg-type]

    patch.setattr(Store, "update", update)


def the_condition_of_a_deletion(patch: pytest.MonkeyPatch) -> None:
    """The deletion of whatever stands there, tombstones too."""
    patch.setattr("myorg_secrets_password.store._LIVE", "attribute_exists(StackName)")


def the_token_of_a_create(patch: pytest.MonkeyPatch) -> None:
    """The record keeps no clientRequestToken."""
    original = Record.begin
    patch.setattr(Record, "begin", lambda *given: replace(original(*given), create_token=""))


def the_proof_before_the_write(patch: pytest.MonkeyPatch) -> None:
    """A new version is stored without being decrypted first."""
    patch.setattr(Cipher, "reveal", lambda self, identity, version: Anything())


def what_a_lost_condition_brings_back(patch: pytest.MonkeyPatch) -> None:
    """No ReturnValuesOnConditionCheckFailure: what stands there is not known."""
    original = Store._conditional

    @contextmanager
    def conditional(self: Store, action: str) -> Iterator[None]:
        try:
            with original(self, action):
                yield
        except Superseded:
            raise Superseded(None) from None

    patch.setattr(Store, "_conditional", conditional)


def the_known_time_of_a_repeated_delete(patch: pytest.MonkeyPatch) -> None:
    """A tombstone of this very delete counts as another's."""
    patch.setattr(actions, "iso", lambda moment: "")


def the_check_of_answers(patch: pytest.MonkeyPatch) -> None:
    """Botocore takes a page for an empty answer."""
    patch.setattr(clients, "refuse_malformed_answers", lambda client: None)


def the_retries_of_the_sdk(patch: pytest.MonkeyPatch) -> None:
    """One attempt for each call."""
    patch.setattr(clients.CONFIG, "retries", {"mode": "standard", "total_max_attempts": 1})


def the_memory_of_declared_states(patch: pytest.MonkeyPatch) -> None:
    """No version is remembered for a state."""
    patch.setattr(Record, "remembered", lambda self, declared: None)


def the_one_write_of_an_update(patch: pytest.MonkeyPatch) -> None:
    """First the versions are written, then what they are remembered for."""
    original = Store.update

    def update(self: Store, record: Record) -> None:
        original(self, replace(record, memories=()))
        original(self, replace(record, revision=record.revision + 1))

    patch.setattr(Store, "update", update)


def the_earlier_versions(patch: pytest.MonkeyPatch) -> None:
    """The current version alone is kept."""
    patch.setattr(record, "MAXIMUM_VERSIONS", 1)


def the_place_in_the_encryption_context(patch: pytest.MonkeyPatch) -> None:
    """The context does not say which version it is."""
    patch.setattr(cipher, "encryption_context", lambda identity, version_id: {"Type": "any"})


def the_translation_of_network_failures(patch: pytest.MonkeyPatch) -> None:
    """They become some refusal or other."""
    patch.setattr(aws_errors, "_UNREACHABLE", ())


def the_rest_of_the_list(patch: pytest.MonkeyPatch) -> None:
    """A list ends with its first page, empty."""
    patch.setattr(Store, "page", lambda *_: ([], None))


def the_limits_of_a_write(patch: pytest.MonkeyPatch) -> None:
    """A create leaves a second item behind."""
    original = Store.add

    def add(self: Store, record: Record, over: Record | None = None) -> None:
        beside = replace(record.identity, name=f"{record.identity.name}-too")
        original(self, replace(record, identity=beside))
        original(self, record, over)

    patch.setattr(Store, "add", add)


@dataclass(frozen=True)
class Without:
    """Where it shows that a mechanism is not there. Without `kind` it is late writes."""

    take_out: TakeOut
    scenario: str
    kind: str | None
    words: str


LOST = "done, but no answer in time"
WITHOUT = (
    Without(the_condition_of_a_create, "create", LOST, "answers otherwise than the first time"),
    Without(the_condition_of_a_create, "create", None, "it changed the record"),
    Without(the_condition_of_an_update, "update that rotates", None, "it changed the record"),
    Without(the_condition_of_a_deletion, "delete", LOST, "retried: the answer is SUCCESS"),
    Without(the_condition_of_a_deletion, "delete", None, "it changed the record"),
    Without(the_token_of_a_create, "create", LOST, "retried: the answer is AlreadyExists"),
    Without(
        the_proof_before_the_write,
        "create with SecretString",
        "another's ciphertext",
        "a version cannot be decrypted",
    ),
    Without(what_a_lost_condition_brings_back, "create", LOST, "not SUCCESS"),
    Without(what_a_lost_condition_brings_back, "update that rotates", LOST, "not SUCCESS"),
    Without(the_known_time_of_a_repeated_delete, "delete", LOST, "the answer is NotFound"),
    Without(the_check_of_answers, "read", "a page with 200", "the answer is NotFound"),
    Without(the_retries_of_the_sdk, "read", "throttled", "the answer is Throttling, not SUCCESS"),
    Without(the_memory_of_declared_states, "update that rotates", LOST, "the roll-back does not"),
    Without(the_one_write_of_an_update, "update that rotates", "denied", "the record is none of"),
    Without(the_earlier_versions, "update that rotates", LOST, "a version was lost"),
    Without(the_place_in_the_encryption_context, "create", LOST, "cannot be decrypted"),
    Without(the_translation_of_network_failures, "read", "connection refused", "not NetworkFail"),
    Without(the_rest_of_the_list, "read", LOST, "the list is not what is live"),
    Without(the_limits_of_a_write, "create", "denied", "an item beside the secret's own"),
)


class Unguarded:
    """A DynamoDB client that drops the conditions of updates."""

    def __init__(self, dynamodb: Any) -> None:
        self.meta = dynamodb.meta
        self._dynamodb = dynamodb

    def update_item(self, **how: Any) -> Any:
        del how["ConditionExpression"]
        # DynamoDB refuses values that no expression names.
        values = how["ExpressionAttributeValues"].items()
        used = {name: value for name, value in values if name in how["UpdateExpression"]}
        return self._dynamodb.update_item(**{**how, "ExpressionAttributeValues": used})


class Anything:
    """A password that is any other, too."""

    def same_as(self, other: object) -> bool:
        return True


@pytest.fixture
def fresh_clients(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """What has the handlers build their clients anew, and gives them the old ones afterwards."""

    def build() -> None:
        monkeypatch.setattr(clients._kept, "clients", {}, raising=False)
        world._watch()

    yield build


@pytest.mark.parametrize(
    "without",
    WITHOUT,
    ids=lambda without: f"{without.take_out.__name__}-{without.scenario}-{without.kind or 'late'}",
)
def test_without_a_mechanism_the_harness_reports_what_it_keeps(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    fresh_clients: Callable[[], None],
    without: Without,
) -> None:
    [scenario] = [scenario for scenario in SCENARIOS if scenario.name == without.scenario]
    without.take_out(monkeypatch)
    fresh_clients()
    harness = Harness(world)

    if without.kind is None:
        found = harness.problems_of_late_writes(scenario)
    else:
        [kind] = [kind for kind in KINDS if kind.name == without.kind]
        found = harness.problems(scenario, kind)

    assert [problem for problem in found if without.words in problem], found
