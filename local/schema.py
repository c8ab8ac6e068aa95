"""What the registry knows of a type: our own schema, and AWS's as cfn-lint brings them."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator

from local.events import TYPE_NAME

SCHEMA_FILE = Path(__file__).parent.parent / "myorg-secrets-password.json"

_INTEGER = re.compile(r"-?[0-9]{1,18}")


class PropertiesRejected(Exception):
    """The properties break the schema. No handler was called; the text quotes no value."""


@lru_cache
def type_schema() -> dict[str, Any]:
    """Return the schema of ``MyOrg::Secrets::Password``."""
    schema: dict[str, Any] = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
    return schema


def property_names(keyword: str, schema: dict[str, Any] | None = None) -> list[str]:
    """Return the top-level properties under a keyword such as ``readOnlyProperties``."""
    pointers = (schema or type_schema()).get(keyword, [])
    return [pointer.split("/")[2] for pointer in pointers if pointer.count("/") == 2]


@lru_cache
def create_only_properties(type_name: str, region: str) -> frozenset[str]:
    """Return the properties of ``type_name`` whose change replaces the resource."""
    if type_name == TYPE_NAME:
        return frozenset(property_names("createOnlyProperties"))
    # Half a second to import, and needed by the first update only.
    from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema(region, type_name).schema
    return frozenset(property_names("createOnlyProperties", schema))


def checked(properties: dict[str, Any]) -> dict[str, Any]:
    """Return the properties with the kinds that the schema declares.

    CloudFormation takes "32" for an integer and "true" for a boolean.

    Raises:
        PropertiesRejected: with the place and the broken keyword, as CloudFormation says it.
    """
    schema = type_schema()
    if computed := sorted(set(properties) & set(property_names("readOnlyProperties"))):
        raise PropertiesRejected(
            f"Encountered unsupported property {computed[0]}: it is read-only and cannot be set"
        )
    converted = {
        name: _converted(value, schema["properties"].get(name, {}))
        for name, value in properties.items()
    }
    validator = Draft7Validator(
        {
            "additionalProperties": False,
            **{key: schema[key] for key in ("definitions", "properties")},
        }
    )
    if broken := sorted(_complaint(error) for error in validator.iter_errors(converted)):
        raise PropertiesRejected("Properties validation failed with message: " + "; ".join(broken))
    return converted


def _converted(value: Any, rule: dict[str, Any]) -> Any:
    if isinstance(value, list):
        item_rule = _resolved(rule.get("items", {}))
        return [_converted(item, item_rule) for item in value]
    if isinstance(value, dict):
        inner = rule.get("properties", {})
        return {key: _converted(item, inner.get(key, {})) for key, item in value.items()}
    kind = rule.get("type")
    if kind == "string" and isinstance(value, bool | int | float):
        return str(value).lower() if isinstance(value, bool) else str(value)
    if kind == "boolean" and value in ("true", "false"):
        return value == "true"
    if kind == "integer" and isinstance(value, str) and _INTEGER.fullmatch(value):
        return int(value)
    return value


def _resolved(rule: dict[str, Any]) -> dict[str, Any]:
    name = rule.get("$ref", "").rpartition("/")[2]
    resolved: dict[str, Any] = type_schema()["definitions"][name] if name else rule
    return resolved


def _complaint(error: Any) -> str:
    place = "/".join(["#", *map(str, error.absolute_path)])
    if error.validator == "additionalProperties":
        allowed = error.schema.get("properties", {})
        extraneous = ", ".join(sorted(set(error.instance) - set(allowed)))
        return f"{place}: extraneous key [{extraneous}] is not permitted"
    return f"{place}: failed validation constraint for keyword [{error.validator}]"
