"""What a template says: who refers to whom, and in which order that can be done."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Any

from moto.cloudformation.exceptions import ValidationError

_SUBSTITUTED = re.compile(r"\$\{([A-Za-z0-9]+)[.}]")


def dependency_order(resources: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return the logical IDs so that each stands behind all that it refers to."""
    graph = {
        logical_id: {
            name for name in _references(declared) if name in resources and name != logical_id
        }
        for logical_id, declared in resources.items()
    }
    try:
        return list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        cycle = ", ".join(sorted(set(error.args[1])))
        raise ValidationError(message=f"Circular dependency between resources: [{cycle}]") from None


def check_references(template: Mapping[str, Any], known: Container[str]) -> None:
    """Refuse a template that refers to what neither it nor ``known`` has.

    Raises:
        ValidationError: moto's, in the words of CloudFormation.
    """
    resources = template.get("Resources", {})
    for block in ("Resources", "Outputs"):
        names = set(_references(list(template.get(block, {}).values())))
        if unresolved := sorted(n for n in names if n not in resources and n not in known):
            raise ValidationError(
                message="Template format error: Unresolved resource dependencies"
                f" [{', '.join(unresolved)}] in the {block} block of the template"
            )


def normalized(node: Any) -> Any:
    """Write every ``Fn::GetAtt`` as the pair of resource and attribute.

    moto splits ``!GetAtt Database.Endpoint.Address`` at each period and leaves the long form's
    string whole.
    """
    if isinstance(node, list):
        return [normalized(inner) for inner in node]
    if not isinstance(node, dict):
        return node
    if set(node) == {"Fn::GetAtt"}:
        target = node["Fn::GetAtt"]
        resource, *attribute = target.split(".") if isinstance(target, str) else target
        return {"Fn::GetAtt": [resource, ".".join(attribute)]}
    return {key: normalized(inner) for key, inner in node.items()}


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, list):
        for inner in node:
            yield from _references(inner)
    elif isinstance(node, dict):
        for key, inner in node.items():
            if key in ("Ref", "DependsOn"):
                yield from [inner] if isinstance(inner, str) else inner
            elif key == "Fn::GetAtt":
                yield inner[0]
            elif key == "Fn::Sub":
                text, *values = [inner] if isinstance(inner, str) else inner
                own = {name for mapping in values for name in mapping}
                yield from (name for name in _SUBSTITUTED.findall(text) if name not in own)
                yield from _references(values)
            else:
                yield from _references(inner)
