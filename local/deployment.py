"""One stack's way through create, update and delete, with roll-back, as CloudFormation goes it.

moto's own engine stops where a resource fails. This one keeps what CloudFormation promises:

    update    each resource behind those it refers to; whoever takes a changed attribute is
              updated as well; where a create-only property changed, the new resource is made
              first and the old one removed at the very end
    failure   the same walk through the old template, from the attributes of that moment: what
              was changed gets a second update with the old properties, what was made is removed
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from moto.cloudformation.models import Event, Stack
from moto.cloudformation.parsing import OutputMap

from local.drivers import Driver, Place
from local.importing import reason_against_import
from local.live_resources import Held, LiveResources, Wanted
from local.schema import PropertiesRejected, create_only_properties
from local.template import dependency_order

USER_INITIATED = "User Initiated"
"""The reason in the event that begins an operation."""


class ResourceFailed(Exception):
    """A resource could not be brought into the wanted state; its event says why."""

    def __init__(self, logical_id: str) -> None:
        super().__init__(logical_id)
        self.logical_id = logical_id


class Deployment:
    """Brings a stack about and knows its resources, each through its type's driver."""

    def __init__(self, stack: Stack, driver_for: Callable[[str], Driver]) -> None:
        self._stack = stack
        self._driver_for = driver_for
        self._held: dict[str, Held] = {}
        self._replaced: dict[str, Held] = {}
        self._live = LiveResources(stack, {}, {})

    def declare(
        self, template: str | dict[str, Any], parameters: dict[str, Any], tags: dict[str, str]
    ) -> None:
        """Say what the stack should be.

        Raises:
            CloudFormationError: moto's, where the template and the parameters make no sense.
        """
        stack = self._stack
        stack.template, stack.parameters, stack.tags = template, parameters, tags
        stack._parse_template()
        self._live = LiveResources(stack, stack.template_dict, self._held)
        stack.resource_map = self._live
        stack.description = stack.template_dict.get("Description")
        stack.output_map = OutputMap(self._live, self._live.template, stack.stack_id)

    def create(self) -> None:
        """Make every resource of the declared template, or none."""
        self._status("CREATE_IN_PROGRESS", USER_INITIATED)
        try:
            self._bring_about()
        except ResourceFailed as failed:
            self._status(
                "ROLLBACK_IN_PROGRESS",
                f"The following resource(s) failed to create: [{failed.logical_id}]."
                " Rollback requested by user.",
            )
            gone = self._remove(self._held, "DeletionPolicy")
            self._withdraw_outputs()
            self._status("ROLLBACK_COMPLETE" if gone else "ROLLBACK_FAILED")
        else:
            self._status("CREATE_COMPLETE")

    def update(self, template: str, parameters: dict[str, Any], tags: dict[str, str]) -> None:
        """Bring the stack to what is asked, or back to what it was if that fails."""
        stack = self._stack
        before = (stack.template, stack.parameters, stack.tags)
        held_before = dict(self._held)
        self._replaced = {}
        try:
            self.declare(template, parameters, tags)
        except Exception:  # moto refuses a template by more than one kind of exception
            self.declare(*before)
            raise
        self._status("UPDATE_IN_PROGRESS", USER_INITIATED)
        try:
            self._bring_about()
        except ResourceFailed as failed:
            self._status(
                "UPDATE_ROLLBACK_IN_PROGRESS",
                f"The following resource(s) failed to update: [{failed.logical_id}].",
            )
            self.declare(*before)
            self._roll_back(held_before)
        else:
            self._status("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
            wanted = set(self._live.wanted_ids())
            self._remove(self._replaced, "UpdateReplacePolicy")
            self._remove(
                {name: held for name, held in self._held.items() if name not in wanted},
                "DeletionPolicy",
            )
            self._status("UPDATE_COMPLETE")

    def take_in(
        self,
        template: str,
        parameters: dict[str, Any],
        tags: dict[str, str],
        identifiers: Mapping[str, dict[str, str]],
    ) -> None:
        """Take existing resources into the stack, by logical ID, or none of them."""
        stack = self._stack
        before = (stack.template, stack.parameters, stack.tags)
        self.declare(template, parameters, tags)
        self._status("IMPORT_IN_PROGRESS", USER_INITIATED)
        taken: list[str] = []
        try:
            for logical_id in (name for name in self._live.wanted_ids() if name in identifiers):
                self._take_in(logical_id, identifiers[logical_id])
                taken.append(logical_id)
            self._settle_outputs()
        except ResourceFailed as failed:
            self._status(
                "IMPORT_ROLLBACK_IN_PROGRESS",
                f"The following resource(s) failed to import: [{failed.logical_id}].",
            )
            for logical_id in taken:
                self._forget(logical_id, self._held[logical_id])
            if before[0]:
                self.declare(*before)
            else:
                self._withdraw_outputs()
            self._status("IMPORT_ROLLBACK_COMPLETE")
        else:
            self._status("IMPORT_COMPLETE")

    def reason_against_import(
        self, template: Mapping[str, Any], identifiers: Mapping[str, dict[str, str]]
    ) -> str | None:
        """Say why a template and what it shall take in are no import, or return None."""
        return reason_against_import(template, identifiers, self._held)

    def _take_in(self, logical_id: str, identifier: dict[str, str]) -> None:
        self._event(logical_id, "IMPORT_IN_PROGRESS")
        try:
            wanted = self._live.resolve(logical_id)
            driver = self._driver_for(wanted.resource_type)
            resource = driver.take_in(self._place(logical_id), wanted, identifier)
        except Exception as error:  # as in _bring_about
            self._event(logical_id, "IMPORT_FAILED", str(error))
            raise ResourceFailed(logical_id) from error
        self._settle(logical_id, wanted, resource)
        self._event(logical_id, "IMPORT_COMPLETE")

    def delete(self) -> None:
        """Remove every resource that no policy retains."""
        self._status("DELETE_IN_PROGRESS", USER_INITIATED)
        gone = self._remove(self._held, "DeletionPolicy")
        self._withdraw_outputs()
        self._status("DELETE_COMPLETE" if gone else "DELETE_FAILED")

    def _roll_back(self, held_before: Mapping[str, Held]) -> None:
        superfluous = {name: held for name, held in self._held.items() if name not in held_before}
        for logical_id, old in self._replaced.items():
            superfluous[logical_id] = self._held[logical_id]
            self._hold(logical_id, old)
        self._replaced = {}
        try:
            self._bring_about()
        except ResourceFailed as failed:
            self._status(
                "UPDATE_ROLLBACK_FAILED",
                f"The following resource(s) failed to update: [{failed.logical_id}].",
            )
            return
        self._status("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS")
        self._remove(superfluous, policy=None)
        self._status("UPDATE_ROLLBACK_COMPLETE")

    def _bring_about(self) -> None:
        for logical_id in self._live.wanted_ids():
            held = self._held.get(logical_id)
            verb = "CREATE" if held is None else "UPDATE"
            try:
                wanted = self._live.resolve(logical_id)
                if held is None:
                    self._make(logical_id, wanted)
                elif self._differs(held, wanted):
                    self._change(logical_id, held, wanted)
            except Exception as error:  # whatever a resource type raises is that resource's failure
                self._event(logical_id, f"{verb}_FAILED", str(error))
                raise ResourceFailed(logical_id) from error
        self._settle_outputs()

    def _settle_outputs(self) -> None:
        try:
            dict(self._stack.output_map)
        except Exception as error:  # an attribute that a resource does not have fails the stack
            raise ResourceFailed(f"Outputs: {error}") from error

    def _withdraw_outputs(self) -> None:
        # moto works them out anew whenever somebody asks, from resources that are gone.
        self._stack.output_map = OutputMap(self._live, {}, self._stack.stack_id)

    def _differs(self, held: Held, wanted: Wanted) -> bool:
        follows_tags = self._driver_for(wanted.resource_type).follows_stack_tags
        return held.properties != wanted.properties or (
            follows_tags and held.tags != self._stack.tags
        )

    def _make(self, logical_id: str, wanted: Wanted) -> None:
        self._event(logical_id, "CREATE_IN_PROGRESS")
        driver = self._driver_for(wanted.resource_type)
        self._settle(
            logical_id, wanted, driver.create(self._place(logical_id), wanted, self._stack.tags)
        )
        self._event(logical_id, "CREATE_COMPLETE")

    def _change(self, logical_id: str, held: Held, wanted: Wanted) -> None:
        driver = self._driver_for(wanted.resource_type)
        place = self._place(logical_id)
        if self._is_replacement(held, wanted):
            self._event(
                logical_id,
                "UPDATE_IN_PROGRESS",
                "Requested update requires the creation of a new physical resource;"
                " hence creating one.",
            )
            new = driver.create(place, wanted, self._stack.tags)
            self._replaced[logical_id] = held
        else:
            self._event(logical_id, "UPDATE_IN_PROGRESS")
            try:
                new = driver.update(place, held, wanted, self._stack.tags)
            except PropertiesRejected:
                raise
            except Exception:
                # How far the update came is unknown, so the roll-back has to start from the new
                # properties.
                self._hold(
                    logical_id, replace(held, properties=wanted.properties, tags=self._stack.tags)
                )
                raise
        self._settle(logical_id, wanted, new)
        self._event(logical_id, "UPDATE_COMPLETE")

    def _is_replacement(self, held: Held, wanted: Wanted) -> bool:
        old, new = held.properties, wanted.properties
        changed = {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)}
        if held.declared["Type"] != wanted.resource_type:
            return True
        return bool(changed) and not changed.isdisjoint(
            create_only_properties(wanted.resource_type, self._stack.region_name)
        )

    def _remove(self, held: Mapping[str, Held], policy: str | None) -> bool:
        """Remove resources, each before those it refers to; say whether none failed."""
        failed = False
        for logical_id in reversed(_order(held)):
            resource = held[logical_id]
            if policy and resource.declared.get(policy) == "Retain":
                self._event(logical_id, "DELETE_SKIPPED", of=resource)
                self._forget(logical_id, resource)
                continue
            self._event(logical_id, "DELETE_IN_PROGRESS", of=resource)
            try:
                self._driver_for(resource.declared["Type"]).delete(
                    self._place(logical_id), resource
                )
            except Exception as error:  # as in _bring_about; the others are removed all the same
                self._event(logical_id, "DELETE_FAILED", str(error), of=resource)
                failed = True
            else:
                self._event(logical_id, "DELETE_COMPLETE", of=resource)
                self._forget(logical_id, resource)
        return not failed

    def _settle(self, logical_id: str, wanted: Wanted, resource: Any) -> None:
        declared = self._live.declared(logical_id)
        self._hold(logical_id, Held(declared, wanted.properties, self._stack.tags, resource))

    def _hold(self, logical_id: str, held: Held) -> None:
        self._held[logical_id] = held
        self._live.put(logical_id, held)

    def _forget(self, logical_id: str, held: Held) -> None:
        # A replaced resource leaves its successor under the same logical ID.
        if self._held.get(logical_id) is held:
            del self._held[logical_id]
            self._live.drop(logical_id)

    def _place(self, logical_id: str) -> Place:
        stack = self._stack
        return Place(stack.stack_id, logical_id, stack.account_id, stack.region_name)

    def _status(self, status: str, reason: str | None = None) -> None:
        self._stack.status = status
        self._stack._add_stack_event(status, resource_status_reason=reason)

    def _event(
        self, logical_id: str, status: str, reason: str | None = None, of: Held | None = None
    ) -> None:
        # A replaced resource is no longer the one that is held under its logical ID.
        held = of or self._held.get(logical_id)
        # ResourceProperties stay empty: those of a database would show the password.
        event = Event(
            stack_id=self._stack.stack_id,
            stack_name=self._stack.name,
            logical_resource_id=logical_id,
            physical_resource_id=getattr(held.resource, "physical_resource_id", "") if held else "",
            resource_type=held.declared["Type"]
            if held
            else self._live.declared(logical_id)["Type"],
            resource_status=status,
            resource_status_reason=reason,
            resource_properties=None,
        )
        self._stack.events.append(event)


def _order(held: Mapping[str, Held]) -> list[str]:
    return dependency_order(
        {logical_id: resource.declared for logical_id, resource in held.items()}
    )
