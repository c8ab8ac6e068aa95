"""What the schema says is valid, made and judged; and the rules that a schema cannot say."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import jsonschema
from hypothesis import strategies as st
from hypothesis_jsonschema import from_schema

from myorg_secrets_password.exceptions import InvalidRequest
from myorg_secrets_password.policy import POLICY_PROPERTIES, Policy, check_provided
from tools.project import ROOT, SCHEMA

LOADED: dict[str, Any] = json.loads((ROOT / SCHEMA).read_text(encoding="utf-8"))
IDENTIFIERS = tuple(pointer.rpartition("/")[2] for pointer in LOADED["primaryIdentifier"])
READ_ONLY = tuple(pointer.rpartition("/")[2] for pointer in LOADED["readOnlyProperties"])
WRITE_ONLY = tuple(pointer.rpartition("/")[2] for pointer in LOADED["writeOnlyProperties"])
PROPERTIES: dict[str, Any] = LOADED["properties"]

MODEL = {
    "type": "object",
    "additionalProperties": False,
    "properties": PROPERTIES,
    "definitions": LOADED["definitions"],
}
CONFIGURATION = {"type": "object", **LOADED["typeConfiguration"]}

Model = Mapping[str, Any]


# --- What is valid ---


def valid(schema: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    """Return what makes values of a schema: objects and lists here, all else by the library."""
    if "$ref" in schema:
        return valid(LOADED["definitions"][schema["$ref"].rpartition("/")[2]])
    if schema.get("type") == "object":
        parts = {name: valid(inner) for name, inner in schema["properties"].items()}
        required = schema.get("required", ())
        return st.fixed_dictionaries({name: parts.pop(name) for name in required}, optional=parts)
    if schema.get("type") == "array":
        return st.lists(valid(schema["items"]), max_size=min(schema["maxItems"], 3))
    return from_schema({name: said for name, said in schema.items() if name != "default"})


def as_sent(value: Any) -> Any:
    """Return a value with numbers and booleans as text, as CloudFormation sends them."""
    if isinstance(value, dict):
        return {name: as_sent(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [as_sent(inner) for inner in value]
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int) else value


# --- What is not ---


def _pattern(
    validator: Any, pattern: str, instance: Any, schema: Any
) -> Iterator[jsonschema.ValidationError]:
    # JSON Schema means ECMA's $, which is no match before a line break at the end.
    if isinstance(instance, str) and not re.search(re.sub(r"\$$", r"\\Z", pattern), instance):
        yield jsonschema.ValidationError("does not match")


Validator = jsonschema.validators.extend(jsonschema.Draft7Validator, {"pattern": _pattern})
_OF_MODEL = Validator(MODEL)
_OF_CONFIGURATION = Validator(CONFIGURATION)


def settled(schema: Mapping[str, Any], value: Any) -> Any:
    """Return a value with its types mended, where it was written as CloudFormation does."""
    if "$ref" in schema:
        return settled(LOADED["definitions"][schema["$ref"].rpartition("/")[2]], value)
    kind = schema.get("type")
    if kind == "object" and isinstance(value, dict):
        known = schema["properties"]
        return {
            name: settled(known[name], inner) if name in known else inner
            for name, inner in value.items()
        }
    if kind == "array" and isinstance(value, list):
        return [settled(schema["items"], inner) for inner in value]
    if kind == "boolean" and isinstance(value, str):
        return {"true": True, "false": False}.get(value.lower(), value)
    if kind == "integer" and isinstance(value, str) and re.fullmatch("[+-]?[0-9]{1,18}", value):
        return int(value)
    if kind == "integer" and isinstance(value, float) and value.is_integer():
        return int(value)
    if kind == "string" and isinstance(value, bool):
        return str(value).lower()
    if kind == "string" and isinstance(value, int) and abs(value) < 10**18:
        return str(value)
    return value


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for inner in (
        value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    ):
        yield from _texts(inner)


def is_unicode(value: Any) -> bool:
    """Tell whether no text in a JSON value holds half of a surrogate pair."""
    return not any("\ud800" <= char <= "\udfff" for text in _texts(value) for char in text)


def _size(model: Model, name: str) -> int:
    return len(model.get(name, "").encode())


def _repeats(model: Model) -> bool:
    keys = [tag["Key"] for tag in model.get("Tags", ())]
    return len(keys) != len(set(keys))


def _refused(check: Callable[[], object]) -> bool:
    try:
        check()
    except InvalidRequest:
        return True
    return False


def _policy(model: Model) -> dict[str, Any]:
    return {name: model[name] for name in POLICY_PROPERTIES if name in model}


_BESIDE_ALLOWED = (
    "ExcludeCharacters",
    "ExcludeLowercase",
    "ExcludeUppercase",
    "ExcludeNumbers",
    "ExcludePunctuation",
    "IncludeSpace",
)

OF_IDENTIFIERS: dict[str, Callable[[Model], bool]] = {
    "StackName takes 2048 bytes of UTF-8": lambda m: _size(m, "StackName") > 2048,
    "Env takes 1022 bytes of UTF-8": lambda m: _size(m, "Env") > 1022,
    "Name takes 1022 bytes of UTF-8": lambda m: _size(m, "Name") > 1022,
}
OF_MODELS: dict[str, Callable[[Model], bool]] = {
    "SecretString takes 4096 bytes of UTF-8": lambda m: _size(m, "SecretString") > 4096,
    "a recovery window is 0 or a week at least": lambda m: 0 < m.get("RecoveryWindowInDays", 0) < 7,
    "a tag's key occurs once": _repeats,
    "AllowedCharacters stands alone": lambda m: (
        "AllowedCharacters" in m and any(m.get(name) for name in _BESIDE_ALLOWED)
    ),
    "something satisfies the policy": lambda m: _refused(lambda: Policy.of(_policy(m))),
    "SecretString keeps to the engine's rule": lambda m: (
        "SecretString" in m and _refused(lambda: check_provided(m["SecretString"], _policy(m)))
    ),
}
"""The documented rules that a schema cannot say, by name: each tells whether it is broken."""


def problems_of_model(raw: Model, *, create: bool) -> list[str]:
    """Return why a create or an update must be refused for its properties.

    A read-only property is refused on create, and left out on update.
    """
    written = {name: value for name, value in raw.items() if value is not None}
    if create and any(name in written for name in READ_ONLY):
        return ["read-only properties are not written"]
    model = settled(MODEL, {n: value for n, value in written.items() if n not in READ_ONLY})
    if not _OF_MODEL.is_valid(model):
        return ["the schema"]
    if not is_unicode(model):
        return ["text is Unicode"]
    return [name for name, breaks in (OF_IDENTIFIERS | OF_MODELS).items() if breaks(model)]


def problems_of_identifier(raw: Model) -> list[str]:
    """Return why a read, delete or list must be refused: it looks at identifiers alone."""
    written = {name: raw[name] for name in IDENTIFIERS if raw.get(name) is not None}
    model = settled(MODEL, written)
    if not _OF_MODEL.is_valid(model):
        return ["the schema"]
    if not is_unicode(model):
        return ["text is Unicode"]
    return [name for name, breaks in OF_IDENTIFIERS.items() if breaks(model)]


def problems_of_configuration(raw: Model, *, names_alone: bool = False) -> list[str]:
    """Return why every operation must be refused for the account's type configuration."""
    if not set(raw) <= set(CONFIGURATION["properties"]):
        return ["the type configuration has no such key"]
    written = {name: value for name, value in raw.items() if value is not None}
    if names_alone:
        return []
    model = settled(CONFIGURATION, written)
    for name, kind in (("ReturnValue", "boolean"), ("RecoveryWindowInDays", "integer")):
        # The handlers read them as they read the property of the same name.
        if name in written:
            value = settled({"type": kind}, written[name])
            fits = isinstance(value, bool) == (kind == "boolean") and isinstance(value, int)
            model[name] = str(value).lower() if fits else value
    return [] if _OF_CONFIGURATION.is_valid(model) else ["the type configuration"]
