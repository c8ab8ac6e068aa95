"""Whether a record is what its reference says."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tests.model.reference import Reference, State
from tests.model.states import POLICIES


def differences(
    item: Mapping[str, Any] | None,
    passwords: list[str],
    secret: Reference,
    arns: Mapping[str, str],
) -> list[str]:
    """Return in what a record differs, by name.

    Args:
        item: the record, or None where there is none.
        passwords: what its versions decrypt to.
        secret: what it must be.
        arns: of the keys, by their names.
    """
    if item is None:
        return ["it is gone"] if secret.versions else []
    members = [version["M"] for version in item["Versions"]["L"]]
    expires_at = int(item["ExpiresAt"]["N"]) if "ExpiresAt" in item else None
    is_so = {
        "passwords": passwords == [kept.value for kept in secret.versions],
        "keys": [m["KeyArn"]["S"] for m in members] == [arns[k.key] for k in secret.versions],
        "sources": [m["Source"]["S"] == "Provided" for m in members]
        == [kept.provided for kept in secret.versions],
        "whether it lives": ("DeletedTime" not in item) == secret.alive,
        "when it expires": expires_at == secret.expires_at,
        "what is remembered": _remembered(item) == _expected(secret),
        "what is declared": not secret.versions or _declares(item, secret.declared),
    }
    return [name for name, holds in is_so.items() if not holds]


def _remembered(item: Mapping[str, Any]) -> list[int]:
    """The place among the versions of each one that is remembered."""
    ids = [version["M"]["VersionId"]["S"] for version in item["Versions"]["L"]]
    return sorted(ids.index(memory["M"]["VersionId"]["S"]) for memory in item["Memories"]["L"])


def _expected(secret: Reference) -> list[int]:
    numbers = [kept.number for kept in secret.versions]
    return sorted(numbers.index(number) for _, number in secret.memory)


def _declares(item: Mapping[str, Any], state: State) -> bool:
    return (
        json.loads(item["Declared"]["S"]) == POLICIES[state.policy]
        and item.get("RotationToken", {}).get("S", "") == state.token
        and item["Provided"]["BOOL"] == (state.secret is not None)
    )
