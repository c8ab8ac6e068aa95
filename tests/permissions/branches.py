"""What every handler does, branch by branch, ready to be done with other credentials."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from local.events import Operation
from myorg_secrets_password.next_token import encode_token
from tests.world import World

Act = Callable[[], object]


@dataclass(frozen=True)
class Branch:
    """One way through a handler.

    Attributes:
        handler: its name in the schema.
        prepare: makes what the handler finds, and returns the one operation.
    """

    handler: str
    prepare: Callable[[World], Act]


def _create(**properties: Any) -> Callable[[World], Act]:
    return lambda world: lambda: world.secret().create(**properties)


def _create_again(world: World) -> Act:
    world.secret().create(token="one")
    return lambda: world.secret().create(token="one")


def _create_over_a_tombstone(world: World) -> Act:
    secret = world.secret()
    secret.create()
    secret.delete()
    return secret.create


def _read(**properties: Any) -> Callable[[World], Act]:
    def prepare(world: World) -> Act:
        secret = world.secret()
        secret.create(**properties)
        return secret.read

    return prepare


def _update(*states: dict[str, Any]) -> Callable[[World], Act]:
    """From state to state; the last one is the operation. KEY stands for the key's ARN."""

    def prepare(world: World) -> Act:
        secret = world.secret()
        first, *others = (
            {name: world.storage.key_arn if value == "KEY" else value for name, value in s.items()}
            for s in states
        )
        secret.create(**first)
        for state in others[:-1]:
            secret.update(**state)
        return lambda: secret.update(**others[-1])

    return prepare


def _delete(days: int) -> Callable[[World], Act]:
    def prepare(world: World) -> Act:
        secret = world.secret()
        secret.create(RecoveryWindowInDays=days)
        return secret.delete

    return prepare


def _list(model: dict[str, str]) -> Callable[[World], Act]:
    def prepare(world: World) -> Act:
        world.secret().create()
        return lambda: world.list(model)

    return prepare


def _list_on(stack: str | None) -> Callable[[World], Act]:
    """The page after a first one."""

    def prepare(world: World) -> Act:
        token = encode_token(("orders", "default#A"), (world.storage.table_name, stack))
        model = {} if stack is None else {"StackName": stack}
        return lambda: world.succeed(Operation("LIST", model, world.token(), next_token=token))

    return prepare


BRANCHES = {
    "create": Branch("create", _create()),
    "create with tags": Branch("create", _create(Tags=[{"Key": "team", "Value": "blue"}])),
    "create with SecretString": Branch("create", _create(SecretString="Own-password-1")),
    "create without Value": Branch("create", _create(ReturnValue=False)),
    "create again": Branch("create", _create_again),
    "create over a tombstone": Branch("create", _create_over_a_tombstone),
    "read": Branch("read", _read()),
    "read without Value": Branch("read", _read(ReturnValue=False)),
    "update of nothing": Branch("update", _update({}, {})),
    "update of nothing without Value": Branch(
        "update", _update({"ReturnValue": False}, {"ReturnValue": False})
    ),
    "update of the description": Branch("update", _update({}, {"Description": "other"})),
    "update of tags without Value": Branch(
        "update",
        _update(
            {"ReturnValue": False},
            {"ReturnValue": False, "Tags": [{"Key": "team", "Value": "blue"}]},
        ),
    ),
    "update to a new password": Branch("update", _update({}, {"RotationToken": "2"})),
    "update to an earlier password": Branch("update", _update({}, {"RotationToken": "2"}, {})),
    "update to SecretString": Branch("update", _update({}, {"SecretString": "Own-password-1"})),
    "update away from SecretString": Branch(
        "update", _update({"SecretString": "Own-password-1"}, {})
    ),
    "update of KeyId": Branch("update", _update({}, {"RotationToken": "2"}, {"KeyId": "KEY"})),
    "update of KeyId without Value": Branch(
        "update", _update({"ReturnValue": False}, {"ReturnValue": False, "KeyId": "KEY"})
    ),
    "update of KeyId to a new password": Branch(
        "update", _update({}, {"KeyId": "KEY", "RotationToken": "2"})
    ),
    "delete": Branch("delete", _delete(30)),
    "delete at once": Branch("delete", _delete(0)),
    "list": Branch("list", _list({})),
    "list, a further page": Branch("list", _list_on(None)),
    "list of a stack": Branch("list", _list({"StackName": "orders"})),
    "list of a stack, a further page": Branch("list", _list_on("orders")),
}
