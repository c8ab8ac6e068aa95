"""How CloudFormation makes, changes and removes a resource, by its type."""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from typing import Any

from moto.dynamodb.models import dynamodb_backends

from local.live_resources import Held, Wanted


@dataclass(frozen=True)
class Place:
    """Which resource of which stack is meant."""

    stack_id: str
    logical_id: str
    account_id: str
    region: str


class Driver:
    """Every type that moto's CloudFormation knows, by moto's own models."""

    follows_stack_tags = False

    def create(self, place: Place, wanted: Wanted, tags: dict[str, str]) -> Any:
        """Return the new resource."""
        return wanted.kind.create_from_cloudformation_json(
            wanted.name,
            _as_declared(wanted),
            place.account_id,
            place.region,
            LogicalId=place.logical_id,
            StackId=place.stack_id,
            ResourceType=wanted.resource_type,
        )

    def update(self, place: Place, held: Held, wanted: Wanted, tags: dict[str, str]) -> Any:
        """Return the resource after its change in place."""
        if hasattr(wanted.kind.update_from_cloudformation_json, "__isabstractmethod__"):
            raise NotImplementedError(
                f"The local CloudFormation cannot update {wanted.resource_type}"
            )
        return wanted.kind.update_from_cloudformation_json(
            held.resource,
            wanted.name,
            _as_declared(wanted),
            place.account_id,
            place.region,
        )

    def take_in(self, place: Place, wanted: Wanted, identifier: dict[str, str]) -> Any:
        """Return a resource that exists already, by its primary identifier."""
        raise NotImplementedError(f"The local CloudFormation cannot import {wanted.resource_type}")

    def delete(self, place: Place, held: Held) -> None:
        """Remove the resource."""
        resource = held.resource
        if hasattr(resource, "delete_from_cloudformation_json") and not hasattr(
            resource.delete_from_cloudformation_json, "__isabstractmethod__"
        ):
            resource.delete_from_cloudformation_json(
                resource.physical_resource_id,
                {"Type": held.declared["Type"], "Properties": held.properties},
                place.account_id,
                place.region,
            )
        elif hasattr(resource, "delete"):
            resource.delete(place.account_id, place.region)


def _as_declared(wanted: Wanted) -> dict[str, Any]:
    # moto's models take things out of what they are given, and the next update compares with it.
    return {"Type": wanted.resource_type, "Properties": copy.deepcopy(wanted.properties)}


class TableDriver(Driver):
    """``AWS::DynamoDB::Table`` with the three properties that moto's model passes over."""

    def create(self, place: Place, wanted: Wanted, tags: dict[str, str]) -> Any:
        properties = dict(wanted.properties)
        if encryption := properties.get("SSESpecification"):
            # DynamoDB's own API, and so moto, calls the flag by another name.
            properties["SSESpecification"] = encryption | {"Enabled": encryption["SSEEnabled"]}
        table = super().create(place, replace(wanted, properties=properties), tags)
        backend = dynamodb_backends[place.account_id][place.region]
        if recovery := wanted.properties.get("PointInTimeRecoverySpecification"):
            backend.update_continuous_backups(table.name, recovery)
        if expiry := wanted.properties.get("TimeToLiveSpecification"):
            backend.update_time_to_live(table.name, expiry)
        return table
