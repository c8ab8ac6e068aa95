"""Records as they are written, small and large, without AWS."""

import uuid
from collections.abc import Iterable
from datetime import UTC, datetime

from myorg_secrets_password.item import Item, to_item
from myorg_secrets_password.record import (
    MAXIMUM_MEMORIES,
    MAXIMUM_VERSIONS,
    DeclaredState,
    Identity,
    Record,
    Settings,
    Source,
    Version,
    iso,
)

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

OVERHEAD = 152
"""Bytes that KMS adds to a clear text under a symmetric key, as seen; it documents none."""

MOST_CIPHERTEXT = 6_144
"""Bytes of a CiphertextBlob at most, by the API of KMS. Of 4,096 bytes it is as seen 4,248."""

_KEY_ARN = "arn:aws:kms:ap-southeast-1:123456789012:key/mrk-0123456789abcdef0123456789abcdef"
_STACK_ID = (
    "arn:aws:cloudformation:eu-central-1:123456789012:stack/orders-production/"
    "01234567-89ab-cdef-0123-456789abcdef"
)
_SYSTEM_TAGS = {
    "aws:cloudformation:stack-name": "orders-production",
    "aws:cloudformation:stack-id": _STACK_ID,
    "aws:cloudformation:logical-id": "DBPassword",
}


def typical(versions: int = 1) -> Item:
    """Return an item of a template with an engine, a tag and a token for each version.

    Args:
        versions: passwords of 32 characters, as many as it keeps.
    """
    states = [
        DeclaredState({"Engine": "mysql", "PasswordLength": 32}, f"2026-{number:02}")
        for number in range(versions)
    ]
    settings = Settings(tags=(("team", "payments"),), stack_tags={}, system_tags=_SYSTEM_TAGS)
    identity = Identity("myorg-secrets-password", "orders-production", "prod", "DBPassword")
    return to_item(_record(identity, states, states, settings, 32 + OVERHEAD))


def largest(character: str = "x", ciphertext: int = 4_096 + OVERHEAD) -> Item:
    """Return the largest item that the properties allow, every text of one character.

    Args:
        character: takes 1 to 4 bytes of UTF-8.
        ciphertext: bytes of each of the ten.
    """
    size = len(character.encode())
    tags = [(f"{number:02}{character * 126}", character * 256) for number in range(50)]
    states = [
        DeclaredState(
            {"AllowedCharacters": character * 4_096, "PasswordLength": 4_096},
            f"{number:02}{character * 1_022}",
        )
        for number in range(MAXIMUM_MEMORIES)
    ]
    settings = Settings(
        key_id=_KEY_ARN,
        description=character * 2_048,
        tags=tuple(tags),
        stack_tags=dict(tags),
        system_tags=_SYSTEM_TAGS,
    )
    identity = Identity("t" * 255, character * (2_048 // size), "e", character * (1_022 // size))
    return to_item(_record(identity, states[:MAXIMUM_VERSIONS], states, settings, ciphertext))


def buried(item: Item) -> Item:
    """Return the tombstone that a delete makes of an item."""
    then = str(int(NOW.timestamp()))
    return {**item, "DeletedTime": {"S": iso(NOW)}, "ExpiresAt": {"N": then}}


def _record(
    identity: Identity,
    rotated: Iterable[DeclaredState],
    declared: Iterable[DeclaredState],
    settings: Settings,
    ciphertext: int,
) -> Record:
    """Return the record with a version for each state of `rotated`, and every state remembered."""
    record: Record | None = None
    for number, state in enumerate(rotated):
        version = Version(f"{number:032x}", bytes(ciphertext), _KEY_ARN, iso(NOW), Source.GENERATED)
        if record is None:
            record = Record.begin(identity, version, state, settings, str(uuid.UUID(int=0)))
        else:
            record = record.serving(version, state, NOW)
    if record is None:
        raise ValueError("a record has at least one version")
    for state in declared:
        record = record.serving(record.remembered(state) or record.current, state, NOW)
    return record
