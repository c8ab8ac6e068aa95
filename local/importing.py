"""What CloudFormation demands of a resource import before it begins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local.live_resources import Held


def reason_against_import(
    template: Mapping[str, Any],
    identifiers: Mapping[str, dict[str, str]],
    held: Mapping[str, Held],
) -> str | None:
    """Say why a template is no import, or return None.

    Args:
        template: what the stack shall be.
        identifiers: of the resources that it shall take in, by logical ID.
        held: the resources that it has.
    """
    declared = template.get("Resources", {})
    for logical_id in identifiers:
        if logical_id not in declared:
            return f"Resource {logical_id} is not in the template"
        if logical_id in held:
            return f"Resource {logical_id} is in the stack already"
        if "DeletionPolicy" not in declared[logical_id]:
            return f"Resource {logical_id} must have a DeletionPolicy to be imported"
    others = set(declared) - set(identifiers)
    if others != set(held):
        return "An import neither creates nor removes resources"
    if any(declared[name] != held[name].declared for name in others):
        return "An import changes no resource of the stack"
    return None
