"""An example as its template says it: the secret, and the place that its password goes to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

from cfnlint.decode.cfn_yaml import load
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

from local.environment import REGION
from local.events import TYPE_NAME

FOLDER = Path(__file__).parents[2] / "examples"

PathInTemplate = tuple[str | int, ...]

_SUBSTITUTED = re.compile(r"\$\{([^!}.]+)(?:\.([^}]+))?\}")

# What a user has to say, by the parameter's type.
_SAID = {
    "AWS::EC2::VPC::Id": "vpc-0123456789abcdef0",
    "AWS::EC2::Subnet::Id": "subnet-0123456789abcdef0",
    "AWS::EC2::SecurityGroup::Id": "sg-0123456789abcdef0",
    "List<AWS::EC2::Subnet::Id>": "subnet-0123456789abcdef0,subnet-0123456789abcdef1",
}


class Example:
    """One of the templates, which declares one secret and hands it to one resource."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.template: dict[str, Any] = load(str(path))
        self.parameters: dict[str, Any] = self.template["Parameters"]
        self.resources: dict[str, Any] = self.template["Resources"]

    @property
    def said(self) -> dict[str, str]:
        """Values for the parameters that have no default."""
        return {
            name: _SAID[parameter["Type"]]
            for name, parameter in self.parameters.items()
            if "Default" not in parameter
        }

    @cached_property
    def secret(self) -> str:
        """The secret's logical ID."""
        [logical_id] = [
            name for name, declared in self.resources.items() if declared["Type"] == TYPE_NAME
        ]
        return logical_id

    @property
    def secret_properties(self) -> dict[str, Any]:
        properties: dict[str, Any] = self.resolved(self.resources[self.secret]["Properties"])
        return properties

    @property
    def sort_key(self) -> str:
        """Under what the secret's record is kept in its stack."""
        return f"{self.secret_properties.get('Env', 'default')}#{self.secret}"

    @cached_property
    def places(self) -> list[PathInTemplate]:
        """Where the template writes the password."""
        return [
            path
            for path, name, attribute in references(self.template)
            if (name, attribute) == (self.secret, "Value")
        ]

    @property
    def taker(self) -> str:
        """The logical ID of the resource that takes the password."""
        return str(self.places[0][1])

    @property
    def taker_type(self) -> str:
        return str(self.resources[self.taker]["Type"])

    @property
    def property_path(self) -> PathInTemplate:
        """The place within the properties of that resource."""
        return self.places[0][3:]

    @property
    def taker_schema(self) -> dict[str, Any]:
        """AWS's schema of that resource's type."""
        schema: dict[str, Any] = PROVIDER_SCHEMA_MANAGER.get_resource_schema(
            REGION, self.taker_type
        ).schema
        return schema

    def resolved(self, node: Any) -> Any:
        """Put in the parameters' values."""
        if isinstance(node, list):
            return [self.resolved(inner) for inner in node]
        if not isinstance(node, dict):
            return node
        if set(node) == {"Ref"} and node["Ref"] in self.parameters:
            return self.said.get(node["Ref"], self.parameters[node["Ref"]].get("Default"))
        return {key: self.resolved(inner) for key, inner in node.items()}


def references(
    node: Any, path: PathInTemplate = ()
) -> Iterator[tuple[PathInTemplate, str, str | None]]:
    """Find every Ref, GetAtt and substitution: its place, the name and, if any, the attribute."""
    if isinstance(node, list):
        for number, inner in enumerate(node):
            yield from references(inner, (*path, number))
    elif isinstance(node, dict):
        for key, inner in node.items():
            if key == "Ref":
                yield path, inner, None
            elif key == "Fn::GetAtt":
                yield path, inner[0], ".".join(inner[1:])
            elif key == "Fn::Sub":
                assert isinstance(inner, str), "the form with values of its own is not read here"
                for name, attribute in _SUBSTITUTED.findall(inner):
                    yield path, name, attribute or None
            else:
                yield from references(inner, (*path, key))
