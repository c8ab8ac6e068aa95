"""Fills a table of the embedded AWS in its own process, past HTTP: 100,000 records in a minute."""

import base64
import gc
import secrets
from datetime import UTC, datetime
from typing import Any

from moto.dynamodb.models import dynamodb_backends
from moto.kms.models import kms_backends

from bench.account import ACCOUNT_ID, REGION
from local.storage import Storage
from myorg_secrets_password.cipher import encryption_context
from myorg_secrets_password.item import to_item
from myorg_secrets_password.record import (
    DeclaredState,
    Identity,
    Record,
    Settings,
    Source,
    Version,
    iso,
)

OF_A_STACK = 50
HUGE = "huge"
"""The stack that has a tenth of all records."""

TOMBSTONES = 20
"""One record in so many is deleted."""

_THEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
_LATER = 4_102_444_800


def fill(storage: Storage, records: int, versions: int) -> None:
    """Put records into the table, each of which decrypts to a password of its own.

    Args:
        storage: the embedded AWS's.
        records: how many, tombstones included.
        versions: of each.
    """
    table: Any = dynamodb_backends[ACCOUNT_ID][REGION].tables[storage.table_name]
    # Python would look through all of them again and again, in the middle of an answer, too.
    gc.disable()
    for number in range(records):
        stack = HUGE if number % 10 == 0 else f"stack-{number // OF_A_STACK:05}"
        identity = Identity(storage.table_name, stack, "prod", f"Secret{number:06}")
        item = _wired(to_item(_record(storage, identity, versions)))
        if number % TOMBSTONES == 1:
            item |= {"DeletedTime": {"S": iso(_THEN)}, "ExpiresAt": {"N": str(_LATER)}}
        table.put_item(item, overwrite=True)
    gc.freeze()
    gc.enable()


def live(records: int) -> int:
    """Return how many of so many records are no tombstones."""
    return records - len(range(1, records, TOMBSTONES))


def _record(storage: Storage, identity: Identity, versions: int) -> Record:
    kms = kms_backends[ACCOUNT_ID][REGION]
    made = []
    for _ in range(versions):
        version_id = secrets.token_hex(16)
        ciphertext, key_arn = kms.encrypt(
            storage.key_id,
            secrets.token_hex(16).encode(),
            encryption_context(identity, version_id),
        )
        made.append(Version(version_id, ciphertext, key_arn, iso(_THEN), Source.GENERATED))
    states = [DeclaredState({"PasswordLength": 32}, str(number)) for number in range(versions)]
    settings = Settings(tags=(("team", "payments"),))
    record = Record.begin(identity, made[0], states[0], settings, "token")
    for version, state in zip(made[1:], states[1:], strict=True):
        record = record.serving(version, state, _THEN)
    return record


def _wired(value: Any) -> Any:
    """Return attribute values as they are in a request, where bytes are in base64."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, list):
        return [_wired(member) for member in value]
    if isinstance(value, dict):
        return {name: _wired(member) for name, member in value.items()}
    return value
