"""A resource of a template, beside the reference of its record."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.model.account import PLACES, Settings
from tests.model.reference import Call, Reference, State
from tests.table import Key

AS_IT_COMES = State()
"""What a template without any property declares."""


@dataclass
class Resource:
    """A resource of a template.

    Attributes:
        number: of its place.
        secret: what its record must be.
        declared: what the template says of the password.
        before: the state that an update left, and the password that was current then.
        settings: what the template says besides.
        created: the latest create, by which it is repeated.
    """

    number: int
    secret: Reference
    declared: State = AS_IT_COMES
    before: tuple[State, str] | None = None
    settings: Settings = field(default_factory=dict)
    created: Call | None = None

    @property
    def key(self) -> Key:
        stack, env, name = PLACES[self.number]
        return stack, f"{env}#{name}"

    @property
    def is_withheld(self) -> bool:
        return self.settings.get("ReturnValue") is False
