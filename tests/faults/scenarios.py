"""What is asked of the handlers when a call fails: the table of scenarios."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from local.events import Operation
from tests.world import Secret, World

TOKEN = "the-operation"
"""The operation's clientRequestToken, at every delivery."""
PROVIDED = "provided-by-the-template"
SECOND_KEY = "alias/second"

Properties = Mapping[str, Any]


@dataclass(frozen=True)
class Scenario:
    """One operation on a table that holds what `prepare` left there.

    Attributes:
        prepare: brings the table to the state before, and returns the operation's resource.
        properties: what the operation declares.
        page_size: how many items a page of a list looks at.
        may_lose_key: tells of a call, by its action and how many of the same action came before
            it, whether the operation succeeds without the key that the call needs.
    """

    name: str
    action: str
    prepare: Callable[[World], Secret]
    properties: Properties = field(default_factory=dict)
    page_size: int = 100
    may_lose_key: Callable[[str, int], bool] = lambda action, before: False

    def operation(self, secret: Secret, next_token: str | None) -> Operation:
        """Return what CloudFormation asks for, at each delivery the same.

        Args:
            secret: with the identifier that it has, or will have.
            next_token: of the page that a list goes on with.
        """
        declared, previous = dict(self.properties), None
        if self.action in ("READ", "DELETE"):
            declared = secret.identifier
        if self.action == "UPDATE":
            previous = secret.identifier | secret.properties
            declared |= secret.identifier
        return Operation(
            self.action,
            declared,
            TOKEN,
            previous=previous,
            stack_id=None if self.action == "LIST" else secret.stack_id,
            logical_id=None if self.action == "LIST" else secret.logical_id,
            next_token=next_token,
        )


def _absent(world: World) -> Secret:
    secret = world.secret()
    secret.model = {
        "TableName": world.storage.table_name,
        "StackName": "orders",
        "Env": "default",
        "Name": secret.logical_id,
    }
    return secret


def _created(token: str | None = None, **properties: Any) -> Callable[[World], Secret]:
    def prepare(world: World) -> Secret:
        secret = world.secret()
        secret.create(token, **properties)
        return secret

    return prepare


def _updated(*states: Properties) -> Callable[[World], Secret]:
    def prepare(world: World) -> Secret:
        secret = world.secret()
        first, *rest = states
        secret.create(**first)
        for state in rest:
            secret.update(**state)
        return secret

    return prepare


def _tombstone(world: World) -> Secret:
    secret = _updated({}, {"RotationToken": "2"})(world)
    secret.delete()
    return secret


_THREE_VERSIONS = _updated({}, {"RotationToken": "2"}, {"RotationToken": "3"})
"""An update that takes 3 back has somewhere to go, and one that moves the key has three to move."""

SCENARIOS = (
    Scenario("create", "CREATE", _absent),
    Scenario("create over a tombstone", "CREATE", _tombstone),
    Scenario("create again, with the same token", "CREATE", _created(TOKEN)),
    Scenario("create with SecretString", "CREATE", _absent, {"SecretString": PROVIDED}),
    Scenario("read", "READ", _THREE_VERSIONS),
    Scenario("read without Value", "READ", _created(ReturnValue=False)),
    Scenario("update that changes nothing", "UPDATE", _created()),
    Scenario("update that rotates", "UPDATE", _THREE_VERSIONS, {"RotationToken": "4"}),
    Scenario("update that is satisfied", "UPDATE", _created(), {"PasswordLength": 32}),
    Scenario(
        "update back to a remembered version", "UPDATE", _THREE_VERSIONS, {"RotationToken": "2"}
    ),
    Scenario(
        "update to SecretString",
        "UPDATE",
        _created(),
        {"SecretString": PROVIDED},
        # A version that cannot be read is one that does not hold the value.
        may_lose_key=lambda action, before: (action, before) == ("kms:Decrypt", 0),
    ),
    Scenario(
        "update to another KeyId",
        "UPDATE",
        _THREE_VERSIONS,
        {"RotationToken": "3", "KeyId": SECOND_KEY},
        # An earlier version whose key is gone stays under it.
        may_lose_key=lambda action, before: action == "kms:ReEncrypt" and before > 0,
    ),
    Scenario(
        "update to ReturnValue false", "UPDATE", _THREE_VERSIONS,
        {"RotationToken": "3", "ReturnValue": False},
    ),
    Scenario("delete", "DELETE", _THREE_VERSIONS),
    Scenario("delete with a window of 0", "DELETE", _created(RecoveryWindowInDays=0)),
    Scenario("list", "LIST", _created()),
    Scenario("list of one stack", "LIST", _created(), {"StackName": "orders"}),
    Scenario("list, second page", "LIST", _created(), page_size=2),
    Scenario(
        "list of one stack, second page", "LIST", _created(), {"StackName": "orders"}, page_size=1
    ),
)  # fmt: skip
