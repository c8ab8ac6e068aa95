"""``MyOrg::Secrets::Password`` in moto's CloudFormation: the resource and its driver."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from moto.cloudformation.exceptions import UnformattedGetAttTemplateException
from moto.core.common_models import CloudFormationModel

from local.drivers import Driver, Place
from local.events import TYPE_NAME, Operation
from local.handler import Handler, HandlerFailed
from local.live_resources import Held, Wanted
from local.schema import PropertiesRejected, checked, property_names


class Password(CloudFormationModel):
    """What CloudFormation keeps of a secret: the model that the handler answered with.

    moto finds the class among the subclasses of ``CloudFormationModel`` and asks it for ``Ref`` and
    ``Fn::GetAtt``.
    """

    def __init__(self, model: Mapping[str, Any]) -> None:
        self._model = dict(model)

    @staticmethod
    def cloudformation_name_type() -> str:
        return ""

    @staticmethod
    def cloudformation_type() -> str:
        return TYPE_NAME

    @classmethod
    def has_cfn_attr(cls, attr: str) -> bool:
        return attr in property_names("readOnlyProperties")

    @property
    def identifier(self) -> dict[str, str]:
        """The four properties that find the secret."""
        return {name: self._model[name] for name in property_names("primaryIdentifier")}

    @property
    def physical_resource_id(self) -> str:
        """What ``Ref`` gives."""
        return "|".join(self.identifier.values())

    def get_cfn_attribute(self, attribute_name: str) -> str:
        if not self.has_cfn_attr(attribute_name):
            raise UnformattedGetAttTemplateException
        if attribute_name not in self._model:
            raise AttributeMissing(f"Attribute '{attribute_name}' does not exist")
        value: str = self._model[attribute_name]
        return value

    def is_created(self) -> bool:
        return True


class AttributeMissing(Exception):
    """The handler left an attribute out, as it does ``Value`` with ``ReturnValue: false``."""


class PasswordDriver(Driver):
    """Checks the properties as CloudFormation does, then calls the handler with the live event."""

    follows_stack_tags = True

    def __init__(self, handler: Handler) -> None:
        self._handler = handler

    def create(self, place: Place, wanted: Wanted, tags: dict[str, str]) -> Password:
        model = self._perform(
            "CREATE", place, properties=checked(wanted.properties), stack_tags=tags
        )
        return _resource(model)

    def update(self, place: Place, held: Held, wanted: Wanted, tags: dict[str, str]) -> Password:
        # CloudFormation adds the identifier to what the template says, before and after alike.
        identifier = held.resource.identifier
        model = self._perform(
            "UPDATE",
            place,
            properties=checked(wanted.properties) | identifier,
            previous=held.properties | identifier,
            stack_tags=tags,
            previous_stack_tags=held.tags,
        )
        return _resource(model)

    def take_in(self, place: Place, wanted: Wanted, identifier: dict[str, str]) -> Password:
        properties = checked(wanted.properties)
        for name, value in identifier.items():
            if properties.get(name, value) != value:
                raise PropertiesRejected(
                    f"{name} in the template is not that of the resource identifier"
                )
        # An import reads, and nothing else: it neither compares nor changes.
        return _resource(self._perform("READ", place, properties=identifier))

    def delete(self, place: Place, held: Held) -> None:
        properties = held.properties | held.resource.identifier
        try:
            self._perform("DELETE", place, properties=properties, stack_tags=held.tags)
        except HandlerFailed as failed:
            # What is gone already is what was asked for.
            if failed.code != "NotFound":
                raise

    def _perform(self, action: str, place: Place, **details: Any) -> dict[str, Any]:
        operation = Operation(
            action,
            token=str(uuid.uuid4()),
            stack_id=place.stack_id,
            logical_id=place.logical_id,
            **details,
        )
        model: dict[str, Any] = self._handler.perform(operation).get("resourceModel") or {}
        return model


def _resource(model: Mapping[str, Any]) -> Password:
    # The methods that moto calls abstract are those by which its own engine would make a resource.
    return Password(model)  # type: ignore[abstract]
