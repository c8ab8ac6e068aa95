"""moto's CloudFormation with the roll-back and the resource type that it lacks.

One thing is changed: moto's backend for one account and Region, while ``plugged_in`` is open, and
what its API hands on of an import. Templates, parameters, conditions, functions, change sets and
the API itself remain moto's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any
from unittest.mock import patch

import moto.cloudformation.urls
from moto.cloudformation.exceptions import AlreadyExistsException, ValidationError
from moto.cloudformation.models import (
    ChangeSet,
    CloudFormationBackend,
    Stack,
    cloudformation_backends,
)
from moto.cloudformation.responses import CloudFormationResponse
from moto.cloudformation.utils import generate_stack_id

from local.deployment import Deployment
from local.drivers import Driver
from local.template import normalized

Identifiers = dict[str, dict[str, str]]
"""Of the resources that a change set imports, by logical ID."""

_identifiers: ContextVar[Identifiers] = ContextVar("identifiers")


class _Backend(CloudFormationBackend):
    """moto's backend, with every change of a stack handed to a ``Deployment``."""

    def __init__(self, region_name: str, account_id: str, drivers: Mapping[str, Driver]) -> None:
        super().__init__(region_name, account_id)
        self._drivers = drivers
        self._deployments: dict[str, Deployment] = {}
        self._imports: dict[str, Identifiers] = {}

    @property
    def _url_module(self) -> Any:
        # moto derives it from the name of the module that the class stands in.
        return moto.cloudformation.urls

    def create_stack(
        self,
        name: str,
        template: str,
        parameters: dict[str, Any],
        notification_arns: list[str] | None = None,
        tags: dict[str, str] | None = None,
        *further: Any,
        **options: Any,
    ) -> Stack:
        if any(stack.name == name for stack in self.stacks.values()):
            raise AlreadyExistsException(f"Stack {name} already exists")
        stack = Stack(  # type: ignore[abstract]  # as moto itself does
            stack_id=generate_stack_id(name, self.region_name, self.account_id),
            name=name,
            template={},
            parameters={},
            account_id=self.account_id,
            region_name=self.region_name,
            notification_arns=notification_arns,
            cross_stack_resources=self.exports,
        )
        deployment = self._deployment(stack)
        deployment.declare(template, parameters, tags or {})
        self.stacks[stack.stack_id] = stack
        deployment.create()
        self._take_exports(stack)
        return stack

    def update_stack(
        self,
        name: str,
        template: str,
        role_arn: str | None,
        parameters: list[dict[str, Any]],
        tags: dict[str, str] | None,
    ) -> Stack:
        stack = self.get_stack(name)
        resolved = self._resolve_update_parameters(stack, parameters)
        wanted_tags = stack.tags if tags is None else tags
        if (
            stack.has_template(template)
            and stack.has_parameters(resolved)
            and stack.tags == wanted_tags
        ):
            raise ValidationError(message="No updates are to be performed.")
        self._deployment(stack).update(template, resolved, wanted_tags)
        self._take_exports(stack)
        return stack

    def create_change_set(
        self,
        stack_name: str,
        change_set_name: str,
        template: str,
        parameters: dict[str, str],
        description: str,
        change_set_type: str,
        *further: Any,
        **options: Any,
    ) -> tuple[str, str]:
        exists = any(stack.name == stack_name for stack in self.stacks.values())
        is_import = change_set_type == "IMPORT"
        if is_import:
            change_set_type = "UPDATE" if exists else "CREATE"
        change_set_id, stack_id = super().create_change_set(
            stack_name,
            change_set_name,
            template,
            parameters,
            description,
            change_set_type,
            *further,
            **options,
        )
        if is_import:
            change_set = self.change_sets[change_set_id]
            change_set.change_set_type = "IMPORT"
            identifiers = _identifiers.get()
            reason = self._deployment(self.stacks[stack_id]).reason_against_import(
                normalized(change_set.template_dict), identifiers
            )
            if reason is not None:
                del self.change_sets[change_set_id]
                if not exists:
                    del self.stacks[stack_id]
                raise ValidationError(message=reason)
            self._imports[change_set_id] = identifiers
        return change_set_id, stack_id

    def execute_change_set(self, change_set_name: str, stack_name: str | None = None) -> None:
        change_set = self._change_set(change_set_name, stack_name)
        stack = self.stacks[change_set.stack_id]
        if stack.status == "ROLLBACK_COMPLETE":
            raise ValidationError(
                message=f"Stack:{stack.stack_id} is in ROLLBACK_COMPLETE state"
                " and can not be updated."
            )
        asked = (change_set.template, change_set.parameters, change_set.tags or stack.tags)
        deployment = self._deployment(stack)
        if change_set.change_set_type == "CREATE":
            deployment.declare(*asked)
            deployment.create()
        elif change_set.change_set_type == "IMPORT":
            deployment.take_in(*asked, self._imports.pop(change_set.change_set_id))
        else:
            deployment.update(*asked)
        change_set.execution_status = "EXECUTE_COMPLETE"
        self._take_exports(stack)

    def delete_stack(self, name_or_stack_id: str) -> None:
        for stack in list(self.stacks.values()):
            if name_or_stack_id in (stack.name, stack.stack_id):
                self._deployment(stack).delete()
                if stack.status == "DELETE_COMPLETE":
                    self.deleted_stacks[stack.stack_id] = self.stacks.pop(stack.stack_id)
                    self._drop_exports(stack)

    def _deployment(self, stack: Stack) -> Deployment:
        if stack.stack_id not in self._deployments:
            self._deployments[stack.stack_id] = Deployment(stack, self._driver_for)
        return self._deployments[stack.stack_id]

    def _driver_for(self, resource_type: str) -> Driver:
        return self._drivers.get(resource_type, Driver())

    def _change_set(self, name: str, stack_name: str | None) -> ChangeSet:
        for change_set_id, change_set in self.change_sets.items():
            if name == change_set_id or (
                name == change_set.change_set_name and stack_name in (None, change_set.stack_name)
            ):
                return change_set
        raise ValidationError(message=f"ChangeSet [{name}] does not exist")

    def _take_exports(self, stack: Stack) -> None:
        self._drop_exports(stack)
        for export in stack.exports:
            self.exports[export.name] = export

    def _drop_exports(self, stack: Stack) -> None:
        for name, export in list(self.exports.items()):
            if export.exporting_stack_id == stack.stack_id:
                del self.exports[name]


@contextmanager
def plugged_in(account_id: str, region: str, drivers: Mapping[str, Driver]) -> Iterator[None]:
    """Have moto's CloudFormation work by ``drivers`` meanwhile, each for its resource type."""
    regions = cloudformation_backends[account_id]
    regions[region] = _Backend(region, account_id, drivers)
    create = _with_identifiers(CloudFormationResponse.create_change_set)
    try:
        with patch.object(CloudFormationResponse, "create_change_set", create):
            yield
    finally:
        del regions[region]


def _with_identifiers(create_change_set: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Hand on what the request wants to import, which moto's response leaves out."""

    def create(response: Any) -> Any:
        imports = response._get_param("ResourcesToImport", [])
        token = _identifiers.set(
            {each["LogicalResourceId"]: each["ResourceIdentifier"] for each in imports}
        )
        try:
            return create_change_set(response)
        finally:
            _identifiers.reset(token)

    return create
