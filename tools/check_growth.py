"""Fails when the schema does more than grow since a release.

Existing stacks are served by the newest schema: what a released one took, each later one must take
in the same way. guard-rail's stateful rules ask less: they miss enumerations within anyOf, handlers
and defaults of an account that are removed, and properties that stop being create-only.

The schemas of the releases are kept in tests/compatibility, a folder for each.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tools.project import ROOT, SCHEMA

RELEASES = "tests/compatibility"
KEPT_SCHEMA = "schema.json"

Schema = Mapping[str, Any]

_WORDS = {"description", "title", "$comment", "examples"}
"""Keywords that are for people alone."""

_LOWER_BOUNDS = {"minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"}
_UPPER_BOUNDS = {"maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"}
_BRANCHES = {"anyOf", "oneOf"}
_COMPARED_APART = {"properties", "required", "items", "enum", "pattern", *_BRANCHES}

_POINTERS = (
    "createOnlyProperties",
    "conditionalCreateOnlyProperties",
    "readOnlyProperties",
    "writeOnlyProperties",
    "deprecatedProperties",
    "nonPublicProperties",
)
_ABSENT = object()


def breaks(old: Schema, new: Schema) -> list[str]:
    """Returns a line for each thing in which a schema is more than a grown older one.

    Args:
        old: the schema of a resource type, as it was released.
        new: a later one of the same type.
    """
    found = [
        *_same(old, new, "typeName"),
        *_same(old, new, "primaryIdentifier"),
        *_object(_Side(old, old), _Side(new, new), ""),
        *_pointers(old, new),
        *(
            f"/handlers/{name}: the handler is removed"
            for name in old.get("handlers", {})
            if name not in new.get("handlers", {})
        ),
        *(
            f"/tagging/{name}: was {value!r}, is {new.get('tagging', {}).get(name)!r}"
            for name, value in old.get("tagging", {}).items()
            if name != "permissions" and new.get("tagging", {}).get(name) != value
        ),
    ]
    if "typeConfiguration" in old:
        configuration = new.get("typeConfiguration", {})
        found += _object(
            _Side(old, old["typeConfiguration"]), _Side(new, configuration), "/typeConfiguration"
        )
    return found


class _Side:
    """A part of a schema, beside the whole of it that references lead into."""

    def __init__(self, whole: Schema, part: Schema) -> None:
        self.whole = whole
        while "$ref" in part:
            target: Any = whole
            for step in part["$ref"].removeprefix("#/").split("/"):
                target = target[step]
            part = {**target, **{key: value for key, value in part.items() if key != "$ref"}}
        self.part = part

    def at(self, *steps: str) -> "_Side":
        part = self.part
        for step in steps:
            part = part[step]
        return _Side(self.whole, part)

    def choices(self) -> set[Any] | None:
        """Returns every value that enumerations allow, or None where any value is."""
        if "enum" in self.part:
            return set(self.part["enum"])
        for branch in _BRANCHES & self.part.keys():
            each = [_Side(self.whole, part).choices() for part in self.part[branch]]
            if None not in each:
                return set().union(*(choices for choices in each if choices))
        return None


def _same(old: Schema, new: Schema, name: str) -> Iterator[str]:
    if old.get(name) != new.get(name):
        yield f"/{name}: was {old.get(name)!r}, is {new.get(name)!r}"


def _object(old: _Side, new: _Side, where: str) -> Iterator[str]:
    """Yields what broke among the properties of an object, and in which it must have."""
    for name in sorted(set(new.part.get("required", [])) - set(old.part.get("required", []))):
        yield f"{where}/required: {name} was not required before"
    before, after = (side.part.get("additionalProperties", True) for side in (old, new))
    if before != after:
        yield f"{where}/additionalProperties: was {before!r}, is {after!r}"
    properties = old.part.get("properties", {})
    for name in properties:
        place = f"{where}/properties/{name}"
        if name in new.part.get("properties", {}):
            yield from _value(old.at("properties", name), new.at("properties", name), place)
        else:
            yield f"{place}: the property is removed"


def _value(old: _Side, new: _Side, where: str) -> Iterator[str]:
    """Yields what broke in the schema of one value."""
    if "properties" in old.part or "properties" in new.part:
        yield from _object(old, new, where)
    if "items" in old.part and "items" in new.part:
        yield from _value(old.at("items"), new.at("items"), f"{where}/items")
    elif "items" in new.part:
        yield f"{where}/items: any item was allowed before"
    yield from _enumeration(old, new, where)
    yield from _pattern(old.part.get("pattern"), new.part.get("pattern"), where)
    for keyword in sorted((old.part.keys() | new.part.keys()) - _WORDS - _COMPARED_APART):
        if keyword == "additionalProperties" and "properties" in {**old.part, **new.part}:
            continue
        before, after = (side.part.get(keyword, _ABSENT) for side in (old, new))
        if not _is_grown(keyword, before, after):
            yield f"{where}/{keyword}: was {_said(before)}, is {_said(after)}"


def _enumeration(old: _Side, new: _Side, where: str) -> Iterator[str]:
    before, after = old.choices(), new.choices()
    if after is not None:
        if before is None:
            yield f"{where}: takes only some values now, and took any before"
        else:
            for value in sorted(before - after, key=str):
                yield f"{where}: the value {value!r} is removed"
        return
    for branch in sorted(_BRANCHES):
        parts = [json.dumps(side.part.get(branch), sort_keys=True) for side in (old, new)]
        if before is None and parts[0] != parts[1]:
            yield f"{where}/{branch}: is another one, and may refuse what was allowed before"


def _pattern(before: str | None, after: str | None, where: str) -> Iterator[str]:
    """Yields a changed pattern: none can be told from a tightened one, save for a further choice.

    ^a$ may become ^a$|^b$.
    """
    if after is not None and after != before and not (before and after.startswith(f"{before}|")):
        yield f"{where}/pattern: was {_said(before or _ABSENT)}, is {after!r}"


def _is_grown(keyword: str, before: Any, after: Any) -> bool:
    if before == after:
        return True
    if keyword in _LOWER_BOUNDS | _UPPER_BOUNDS:
        if after is _ABSENT:
            return True
        if before is _ABSENT:
            return False
        return bool(after <= before if keyword in _LOWER_BOUNDS else after >= before)
    if keyword == "uniqueItems":
        return after in (_ABSENT, False)
    # Of any other keyword nobody knows here what a change does: people have to decide.
    return False


def _pointers(old: Schema, new: Schema) -> Iterator[str]:
    """Yields which released properties became, or are no more, create-only and the like."""
    released = {f"/properties/{name}" for name in old.get("properties", {})}
    for name in _POINTERS:
        before, after = (set(schema.get(name, [])) for schema in (old, new))
        for pointer in sorted(before - after):
            yield f"/{name}: {pointer} is no more in it"
        for pointer in sorted(after - before):
            if "/".join(pointer.split("/")[:3]) in released:
                yield f"/{name}: {pointer} was not in it before"


def _said(value: Any) -> str:
    return "absent" if value is _ABSENT else repr(value)


def main(project: Path) -> int:
    """Prints every break since any release and returns the exit code.

    Args:
        project: the root of the tree with the schema, and with the schemas of the releases.
    """
    new = json.loads((project / SCHEMA).read_text(encoding="utf-8"))
    kept = sorted((project / RELEASES).glob(f"*/{KEPT_SCHEMA}"))
    found = [
        f"{SCHEMA}, since {path.parent.name}: {line}"
        for path in kept
        for line in breaks(json.loads(path.read_text(encoding="utf-8")), new)
    ]
    for line in found:
        print(line)
    if not kept:
        print(f"There is no released schema in {RELEASES}.")
    elif not found:
        print(f"{SCHEMA} only grows: {len(kept)} released schema(s) looked at.")
    return 1 if found or not kept else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT))
