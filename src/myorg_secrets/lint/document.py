"""A template, taken apart. Knows nothing of cfn-lint and takes any JSON for a template."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from myorg_secrets_password.cipher import TYPE_NAME

Path = tuple[str | int, ...]

_SUBSTITUTED = re.compile(r"\$\{\s*([^!}\s][^}]*?)\s*\}")

NO_VALUE = {"Ref": "AWS::NoValue"}


@dataclass(frozen=True, slots=True)
class Reference:
    """A Ref, a GetAtt or a substitution.

    Attributes:
        path: the place of the function, without the function's own name.
        name: the logical ID, the parameter or the pseudo parameter.
        attribute: what GetAtt asks for, or "" for a Ref.
        alone: whether the place holds this and no other text.
    """

    path: Path
    name: str
    attribute: str
    alone: bool


class Document:
    """A template as cfn-lint hands it to rules: transformed, with long forms of all functions."""

    def __init__(self, template: object) -> None:
        self._template = _mapping(template)
        self.parameters = _mapping(self._template.get("Parameters"))

    @cached_property
    def resources(self) -> dict[str, Mapping[Any, Any]]:
        """What is declared, by logical ID, as far as it is an object."""
        return {
            name: declared
            for name, declared in _mapping(self._template.get("Resources")).items()
            if isinstance(name, str) and isinstance(declared, dict)
        }

    @cached_property
    def secrets(self) -> dict[str, Mapping[Any, Any]]:
        """The properties of each MyOrg::Secrets::Password, by logical ID."""
        return {
            name: self.properties_of(name)
            for name in self.resources
            if self.type_of(name) == TYPE_NAME
        }

    @cached_property
    def references(self) -> list[Reference]:
        """Every reference to one of the secrets."""
        if not self.secrets:
            return []
        return [found for found in self._walk(self._template, ()) if found.name in self.secrets]

    def type_of(self, name: object) -> str:
        """Return the type of a resource, or "" where there is none."""
        declared = self.resources.get(name, {}) if isinstance(name, str) else {}
        declared_type = declared.get("Type")
        return declared_type if isinstance(declared_type, str) else ""

    def properties_of(self, name: str) -> Mapping[Any, Any]:
        """Return the properties of a resource as they are written."""
        return _mapping(self.resources.get(name, {}).get("Properties"))

    def references_in(self, node: object) -> list[Reference]:
        """Return every reference of a part of the template, whatever it leads to."""
        return list(self._walk(node, ()))

    def hides(self, parameter: str) -> bool:
        """Tell whether a parameter has NoEcho."""
        return is_no_echo(self.parameters.get(parameter))

    def possible(self, node: object) -> frozenset[str] | None:
        """Return the texts that a value can be, or None where the template does not say.

        For a parameter these are its AllowedValues or, without them, its Default: a template is
        expected to work with that.
        """
        if isinstance(node, str):
            return None if is_dynamic(node) else frozenset({node})
        if not isinstance(node, dict) or len(node) != 1:
            return None
        if isinstance(node.get("Ref"), str):
            parameter = _mapping(self.parameters.get(node["Ref"]))
            values = parameter.get("AllowedValues", [parameter.get("Default")])
            texts = values if isinstance(values, list) else []
            return frozenset(texts) if texts and all(isinstance(t, str) for t in texts) else None
        branches = [self.possible(inner) for _, inner in chosen(node)]
        if node.keys() != {"Fn::If"} or not branches:
            return None
        union: frozenset[str] = frozenset()
        for branch in branches:
            if branch is None:
                return None
            union |= branch
        return union

    def _walk(self, node: object, path: Path) -> Iterator[Reference]:
        if isinstance(node, list):
            for number, inner in enumerate(node):
                yield from self._walk(inner, (*path, number))
        elif isinstance(node, dict):
            for key, inner in node.items():
                if key == "Ref" and isinstance(inner, str):
                    yield Reference(path, inner, "", True)
                elif key == "Fn::GetAtt":
                    yield from self._attributes(inner, path)
                elif key == "Fn::Sub":
                    yield from self._substituted(inner, path)
                else:
                    yield from self._walk(inner, (*path, key))

    def _attributes(self, node: object, path: Path) -> Iterator[Reference]:
        if isinstance(node, str):
            node = node.split(".", 1)
        if not isinstance(node, list) or len(node) < 2 or not isinstance(node[0], str):
            return
        rest = node[1:]
        if all(isinstance(part, str) for part in rest):
            yield Reference(path, node[0], ".".join(rest), True)
        elif len(rest) == 1:
            for attribute in sorted(self.possible(rest[0]) or ()):
                yield Reference(path, node[0], attribute, True)

    def _substituted(self, node: object, path: Path) -> Iterator[Reference]:
        text: object = node
        own: Mapping[Any, Any] = {}
        if isinstance(node, list):
            text = node[0] if node else ""
            own = _mapping(node[1]) if len(node) > 1 else {}
            for key, inner in own.items():
                yield from self._walk(inner, (*path, "Fn::Sub", 1, key))
        if isinstance(text, str):
            for match in _SUBSTITUTED.finditer(text):
                if match[1] not in own:
                    name, _, attribute = match[1].partition(".")
                    yield Reference(path, name, attribute, match[0] == text)


def chosen(node: object, path: Path = ()) -> Iterator[tuple[Path, object]]:
    """Yield what a value can be by its Fn::If, each with its place; AWS::NoValue is left out."""
    if isinstance(node, dict) and node.keys() == {"Fn::If"}:
        branches = node["Fn::If"]
        if isinstance(branches, list) and len(branches) == 3:
            for number in (1, 2):
                yield from chosen(branches[number], (*path, "Fn::If", number))
    elif node != NO_VALUE:
        yield path, node


def schema_steps(path: Path) -> tuple[str, ...]:
    """Return the place in the resource's schema; "*" stands for any element of a list.

    Fn::If stands between a property and its value without being part of either. What is within
    another function becomes part of the text of the property that the function serves.
    """
    steps: list[str] = []
    remaining = iter(path)
    for step in remaining:
        if step == "Fn::If":
            next(remaining, None)
        elif isinstance(step, int):
            steps.append("*")
        elif not isinstance(step, str) or step.startswith("Fn::"):
            break
        else:
            steps.append(step)
    return tuple(steps)


def is_function(node: object) -> bool:
    """Tell whether CloudFormation computes this value."""
    if not isinstance(node, dict) or len(node) != 1:
        return False
    [key] = node
    return key in ("Ref", "Condition") or (isinstance(key, str) and key.startswith("Fn::"))


def is_dynamic(node: object) -> bool:
    """Tell whether a text holds a dynamic reference, which CloudFormation resolves."""
    return isinstance(node, str) and "{{resolve:" in node


def is_no_echo(parameter: object) -> bool:
    """Tell whether a declared parameter has NoEcho."""
    return str(_mapping(parameter).get("NoEcho")).lower() == "true"


def _mapping(node: object) -> Mapping[Any, Any]:
    return node if isinstance(node, dict) else {}
