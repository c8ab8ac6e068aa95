"""Tables as older recipes made them, and rows that are broken in every way that they can be."""

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from moto.dynamodb.models import dynamodb_backends
from moto.kms.models import kms_backends

import local
from local.environment import ACCOUNT_ID, REGION
from myorg_secrets_password.cipher import encryption_context
from myorg_secrets_password.item import from_item

Item = dict[str, Any]


@dataclass
class OldTable:
    """A table of an older recipe, its key, and what is in it.

    Attributes:
        passwords: of the rows that are as they should be, by stack and environment (or by name).
        broken: what is wrong with the others, by a part of their key.
    """

    aws: local.LocalAws
    name: str
    keys: tuple[str, ...]
    passwords: dict[tuple[str, str], str] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.aws.client("dynamodb").create_table(
            TableName=self.name,
            KeySchema=[
                {"AttributeName": key, "KeyType": kind}
                for key, kind in zip(self.keys, ("HASH", "RANGE"), strict=False)
            ],
            AttributeDefinitions=[
                {"AttributeName": key, "AttributeType": "S"} for key in self.keys
            ],
            BillingMode="PAY_PER_REQUEST",
        )
        self.key_id: str = self.aws.client("kms").create_key()["KeyMetadata"]["KeyId"]
        # Past the network, because some tests fill tables with a thousand rows.
        self._rows = dynamodb_backends[ACCOUNT_ID][REGION].get_table(self.name)
        self._kms = kms_backends[ACCOUNT_ID][REGION]

    def encrypted(self, password: str, context: dict[str, str] | None = None) -> str:
        """Encrypt as the old recipes did."""
        ciphertext, _ = self._kms.encrypt(self.key_id, password.encode(), context or {})
        return base64.b64encode(ciphertext).decode()

    def put(self, item: Item) -> None:
        self._rows.put_item(_as_sent(item))

    def rows(self) -> list[Item]:
        """All rows, as they are now."""
        pages = self.aws.client("dynamodb").get_paginator("scan").paginate(TableName=self.name)
        return [item for page in pages for item in page["Items"]]


def _as_sent(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _as_sent(member) for name, member in value.items()}
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def passwords_in(aws: local.LocalAws, table_name: str, stack_prefix: str) -> dict[Any, str]:
    """Decrypt the current version of every secret of some stacks, by stack, env and name."""
    pages = aws.client("dynamodb").get_paginator("scan").paginate(TableName=table_name)
    kms = kms_backends[ACCOUNT_ID][REGION]
    found = {}
    for item in (item for page in pages for item in page["Items"]):
        record = from_item(table_name, item)
        identity, version = record.identity, record.current
        if identity.stack_name.startswith(stack_prefix):
            context = encryption_context(identity, version.id)
            clear, _ = kms.decrypt(version.ciphertext, context)
            found[identity.stack_name, identity.env, identity.name] = clear.decode()
    return found


def row_2016(table: OldTable, stack: str, env: str, secret: str, /, **more: Any) -> Item:
    """Put a row of 2016."""
    item = {"stackname": {"S": stack}, "env": {"S": env}}
    item["password"] = {"S": table.encrypted(secret)}
    item.update(more)
    table.put({name: value for name, value in item.items() if value is not None})
    table.passwords[stack, env] = secret
    return item


def row_2017(table: OldTable, stack: str, secret: str, /, **more: Any) -> Item:
    """Put a row of 2017."""
    item = {
        table.keys[0]: {"S": hashlib.sha256(stack.encode()).hexdigest()},
        "user_name": {"S": f"u{stack[-8:]}"},
        "b64_password": {"S": table.encrypted(secret)},
    }
    item.update(more)
    table.put({name: value for name, value in item.items() if value is not None})
    table.passwords[stack, "default"] = secret
    return item


def flaws(table: OldTable, attribute: str) -> dict[str, tuple[Callable[[Item], Item], str]]:
    """What can be wrong with a row that holds a KMS ciphertext, and what the report says of it."""

    def without(item: Item) -> Item:
        return {name: value for name, value in item.items() if name != attribute}

    def holding(value: Any) -> Callable[[Item], Item]:
        return lambda item: {**item, attribute: value}

    return {
        "missing": (without, "attribute"),
        "clear text": (holding({"S": "abcdefgh-ijklm-nopqrs"}), "base64 of a KMS ciphertext"),
        "base64 of clear text": (holding({"S": "c2VjcmV0c2VjcmV0c2VjcmV0"}), "KMS ciphertext"),
        "a number": (holding({"N": "12345"}), "KMS ciphertext"),
        "cut off": (
            lambda item: {**item, attribute: {"S": item[attribute]["S"][:-9]}},
            "KMS ciphertext",
        ),
        "changed": (
            lambda item: {**item, attribute: {"S": "AAAA" + item[attribute]["S"][4:]}},
            "ciphertext of a key in this account",
        ),
        "changed at its end": (
            lambda item: {**item, attribute: {"S": item[attribute]["S"][:-8] + "AAAAAAA="}},
            "without an encryption context",
        ),
        "with a context": (
            holding({"S": table.encrypted("with-a-context", {"who": "ever"})}),
            "without an encryption context",
        ),
    }
