"""The resources of a stack as they are, beside the template that says how they should be."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from moto.cloudformation.models import Stack
from moto.cloudformation.parsing import (
    ResourceMap,
    parse_resource_and_generate_name,
    resource_class_from_type,
)
from moto.core.common_models import CloudFormationModel

from local.template import check_references, dependency_order, normalized


@dataclass(frozen=True)
class Wanted:
    """What a template asks for one resource, all functions resolved."""

    kind: type[CloudFormationModel]
    resource_type: str
    properties: dict[str, Any]
    name: str

    def __repr__(self) -> str:
        """Leave the properties out: one of them may be a password."""
        return f"<{self.resource_type} {self.name}>"


@dataclass(frozen=True)
class Held:
    """A resource that exists, and what it was made from."""

    declared: dict[str, Any]
    properties: dict[str, Any]
    tags: dict[str, str]
    resource: Any

    def __repr__(self) -> str:
        """Leave the properties out: one of them may be a password."""
        return f"<held {self.declared['Type']}>"


class LiveResources(ResourceMap):
    """The resources that exist; moto's own map makes one whenever somebody looks for it.

    One serves one template with its parameters and conditions; what exists is carried over from one
    to the next.
    """

    def __init__(self, stack: Stack, template: dict[str, Any], held: Mapping[str, Held]) -> None:
        self.template: dict[str, Any] = normalized(template)
        self._declared: dict[str, Any] = self.template.get("Resources", {})
        super().__init__(
            stack.stack_id,
            stack.name,
            stack.parameters,
            stack.tags,
            region_name=stack.region_name,
            account_id=stack.account_id,
            template=self.template,
            cross_stack_resources=stack.cross_stack_resources,
        )
        self.load()
        self._order = dependency_order(self._declared)
        self._resource_json_map = {}
        for logical_id, resource in held.items():
            self.put(logical_id, resource)

    def validate_outputs(self) -> None:
        """Check every reference, and the outputs' attributes where moto knows every type.

        A type that it does not know fails when its turn comes, with a reason that says so.
        """
        # moto's own check looks at outputs alone, and falls over a resource that is not there.
        check_references(self.template, self._parsed_resources)
        if all(_is_known(declared) for declared in self._declared.values()):
            super().validate_outputs()

    def wanted_ids(self) -> list[str]:
        """Return the resources that the template asks for, each behind those that it refers to."""
        return [logical_id for logical_id in self._order if self._condition_holds(logical_id)]

    def declared(self, logical_id: str) -> dict[str, Any]:
        """Return the template's own text for a resource."""
        declared: dict[str, Any] = self._declared[logical_id]
        return declared

    def resolve(self, logical_id: str) -> Wanted:
        """Return what the template asks, given the attributes that the others have by then."""
        declared = copy.deepcopy(self._declared[logical_id])
        if not _is_known(declared):
            raise NotImplementedError(f"The local CloudFormation does not know {declared['Type']}")
        kind, resolved, name = parse_resource_and_generate_name(logical_id, declared, self)
        return Wanted(kind, declared["Type"], without_no_value(resolved["Properties"]), name)

    def put(self, logical_id: str, held: Held) -> None:
        """Let the other resources and whoever describes the stack find ``held``."""
        held.resource.logical_resource_id = logical_id
        held.resource.cf_resource_type = held.declared["Type"]
        self._parsed_resources[logical_id] = held.resource
        self._resource_json_map[logical_id] = held.declared

    def drop(self, logical_id: str) -> None:
        """Forget a resource that is gone."""
        self._parsed_resources.pop(logical_id, None)
        self._resource_json_map.pop(logical_id, None)

    def _condition_holds(self, logical_id: str) -> bool:
        condition = self._declared[logical_id].get("Condition")
        return condition is None or bool(self.lazy_condition_map[condition])


def _is_known(declared: Mapping[str, Any]) -> bool:
    return resource_class_from_type(declared["Type"]) is not None


def without_no_value(value: Any) -> Any:
    """Leave out of lists what AWS::NoValue stands for, as moto does for objects alone."""
    if isinstance(value, list):
        return [without_no_value(member) for member in value if member is not None]
    if isinstance(value, dict):
        return {name: without_no_value(member) for name, member in value.items()}
    return value
