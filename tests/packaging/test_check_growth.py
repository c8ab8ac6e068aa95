"""`make schema` sees where a schema does more than grow."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tools import check_growth
from tools.check_growth import KEPT_SCHEMA, RELEASES, breaks
from tools.project import ROOT, SCHEMA

Change = Callable[[dict[str, Any]], object]

RELEASED: dict[str, Any] = json.loads((ROOT / SCHEMA).read_text(encoding="utf-8"))
RELEASED["properties"]["Words"] = {
    "type": "array",
    "items": {"type": "string", "maxLength": 8},
    "minItems": 1,
    "oneOf": [{"maxItems": 3}, {"minItems": 5}],
}


def properties(schema: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = schema["properties"]
    return found


def configuration(schema: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = schema["typeConfiguration"]["properties"]
    return found


def tag(schema: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = schema["definitions"]["Tag"]
    return found


BREAKS: dict[str, tuple[Change, str]] = {
    "a property is removed": (
        lambda s: properties(s).pop("Description"),
        "/properties/Description: the property is removed",
    ),
    "a type is another one": (
        lambda s: properties(s)["Description"].update(type="integer"),
        "/properties/Description/type: was 'string', is 'integer'",
    ),
    "a type is one of two": (
        lambda s: properties(s)["Description"].update(type=["string", "object"]),
        "/properties/Description/type: was 'string', is ['string', 'object']",
    ),
    "a value of an enumeration is removed": (
        lambda s: properties(s)["Engine"]["anyOf"][0]["enum"].remove("mysql"),
        "/properties/Engine: the value 'mysql' is removed",
    ),
    "an enumeration appears": (
        lambda s: properties(s)["Env"].update(enum=["default"]),
        "/properties/Env: takes only some values now, and took any before",
    ),
    "choices are others": (
        lambda s: properties(s)["Words"]["oneOf"].pop(),
        "/properties/Words/oneOf: is another one, and may refuse what was allowed before",
    ),
    "a lower bound rises": (
        lambda s: properties(s)["PasswordLength"].update(minimum=9),
        "/properties/PasswordLength/minimum: was 8, is 9",
    ),
    "an upper bound falls": (
        lambda s: properties(s)["Description"].update(maxLength=2047),
        "/properties/Description/maxLength: was 2048, is 2047",
    ),
    "a bound appears": (
        lambda s: properties(s)["Description"].update(minLength=1),
        "/properties/Description/minLength: was absent, is 1",
    ),
    "a pattern is another one": (
        lambda s: properties(s)["Env"].update(pattern="^[a-z]+$"),
        "/properties/Env/pattern: was '^[^|#]+$', is '^[a-z]+$'",
    ),
    "a pattern appears": (
        lambda s: properties(s)["Description"].update(pattern="^[a-z]+$"),
        "/properties/Description/pattern: was absent, is '^[a-z]+$'",
    ),
    "a default is another one": (
        lambda s: properties(s)["Env"].update(default="dev"),
        "/properties/Env/default: was 'default', is 'dev'",
    ),
    "items must be unique": (
        lambda s: properties(s)["Tags"].update(uniqueItems=True),
        "/properties/Tags/uniqueItems: was absent, is True",
    ),
    "an item is bounded": (
        lambda s: properties(s)["Words"]["items"].update(maxLength=7),
        "/properties/Words/items/maxLength: was 8, is 7",
    ),
    "items are described that could be anything": (
        lambda s: (
            properties(s)["Description"].update(items={"type": "string"}),
            properties(s)["Words"].update(minItems=1),
        ),
        "/properties/Description/items: any item was allowed before",
    ),
    "a keyword changes that nobody knows": (
        lambda s: properties(s)["Description"].update(format="uri"),
        "/properties/Description/format: was absent, is 'uri'",
    ),
    "a part of a definition is removed": (
        lambda s: tag(s)["properties"].pop("Value"),
        "/properties/Tags/items/properties/Value: the property is removed",
    ),
    "a definition's bound falls": (
        lambda s: tag(s)["properties"]["Value"].update(maxLength=255),
        "/properties/Tags/items/properties/Value/maxLength: was 256, is 255",
    ),
    "a property is required": (
        lambda s: s.update(required=["Env"]),
        "/required: Env was not required before",
    ),
    "a definition requires more": (
        lambda s: (
            tag(s)["required"].append("Kind"),
            tag(s)["properties"].update(Kind={"type": "string"}),
        ),
        "/properties/Tags/items/required: Kind was not required before",
    ),
    "other properties are allowed": (
        lambda s: s.update(additionalProperties=True),
        "/additionalProperties: was False, is True",
    ),
    "other parts of a definition are allowed": (
        lambda s: tag(s).pop("additionalProperties"),
        "/properties/Tags/items/additionalProperties: was False, is True",
    ),
    "a property becomes create-only": (
        lambda s: s["createOnlyProperties"].append("/properties/Engine"),
        "/createOnlyProperties: /properties/Engine was not in it before",
    ),
    "a property is create-only no more": (
        lambda s: s["createOnlyProperties"].remove("/properties/Env"),
        "/createOnlyProperties: /properties/Env is no more in it",
    ),
    "a property is read-only no more": (
        lambda s: s["readOnlyProperties"].remove("/properties/Value"),
        "/readOnlyProperties: /properties/Value is no more in it",
    ),
    "a property is write-only no more": (
        lambda s: s["writeOnlyProperties"].remove("/properties/SecretString"),
        "/writeOnlyProperties: /properties/SecretString is no more in it",
    ),
    "a part of a property becomes write-only": (
        lambda s: s["writeOnlyProperties"].append("/properties/Tags/*/Value"),
        "/writeOnlyProperties: /properties/Tags/*/Value was not in it before",
    ),
    "the identifier has another order": (
        lambda s: s["primaryIdentifier"].reverse(),
        "/primaryIdentifier: was ['/properties/TableName', '/properties/StackName',"
        " '/properties/Env', '/properties/Name'], is ['/properties/Name', '/properties/Env',"
        " '/properties/StackName', '/properties/TableName']",
    ),
    "the type has another name": (
        lambda s: s.update(typeName="MyOrg::Secrets::Key"),
        "/typeName: was 'MyOrg::Secrets::Password', is 'MyOrg::Secrets::Key'",
    ),
    "a handler is removed": (
        lambda s: s["handlers"].pop("list"),
        "/handlers/list: the handler is removed",
    ),
    "tags are another property": (
        lambda s: s["tagging"].update(tagProperty="/properties/Labels"),
        "/tagging/tagProperty: was '/properties/Tags', is '/properties/Labels'",
    ),
    "a default of the account is removed": (
        lambda s: configuration(s).pop("KeyId"),
        "/typeConfiguration/properties/KeyId: the property is removed",
    ),
    "the account's defaults are removed": (
        lambda s: s.update(typeConfiguration={"additionalProperties": False, "properties": {}}),
        "/typeConfiguration/properties/KeyId: the property is removed",
    ),
}

GROWTH: dict[str, Change] = {
    "nothing changes": lambda s: None,
    "a property is added": lambda s: properties(s).update(Hint={"type": "string"}),
    "a create-only property is added": lambda s: (
        properties(s).update(Hint={"type": "string"}),
        s["createOnlyProperties"].append("/properties/Hint"),
    ),
    "a part of a definition is added": lambda s: tag(s)["properties"].update(
        Kind={"type": "string"}
    ),
    "a value is added to an enumeration": lambda s: properties(s)["Engine"]["anyOf"][0][
        "enum"
    ].append("neon"),
    "an enumeration is taken away": lambda s: properties(s)["Engine"].pop("anyOf"),
    "enumerations are put together": lambda s: properties(s)["Engine"].update(
        enum=[v for branch in properties(s)["Engine"].pop("anyOf") for v in branch["enum"]]
    ),
    "a lower bound falls": lambda s: properties(s)["PasswordLength"].update(minimum=4),
    "an upper bound rises": lambda s: properties(s)["Description"].update(maxLength=4096),
    "a bound is taken away": lambda s: properties(s)["Description"].pop("maxLength"),
    "a pattern is taken away": lambda s: properties(s)["Env"].pop("pattern"),
    "a pattern has a further choice": lambda s: properties(s)["Env"].update(pattern="^[^|#]+$|^#$"),
    "a description is another one": lambda s: properties(s)["Env"].update(description="Another."),
    "a handler needs another permission": lambda s: s["handlers"]["read"]["permissions"].append(
        "kms:DescribeKey"
    ),
    "a definition has another name": lambda s: (
        s["definitions"].update(Label=s["definitions"].pop("Tag")),
        properties(s)["Tags"].update(items={"$ref": "#/definitions/Label"}),
    ),
    "a default of the account is added": lambda s: configuration(s).update(Env={"type": "string"}),
}


def changed(change: Change) -> dict[str, Any]:
    schema = copy.deepcopy(RELEASED)
    change(schema)
    return schema


@pytest.mark.parametrize("name", BREAKS)
def test_a_break_is_found(name: str) -> None:
    change, line = BREAKS[name]

    assert line in breaks(RELEASED, changed(change))


@pytest.mark.parametrize("name", [name for name in BREAKS if not name.startswith("the account's")])
def test_a_break_is_the_only_thing_that_is_found(name: str) -> None:
    assert len(breaks(RELEASED, changed(BREAKS[name][0]))) == 1


@pytest.mark.parametrize("name", GROWTH)
def test_growth_is_none(name: str) -> None:
    assert breaks(RELEASED, changed(GROWTH[name])) == []


def test_the_schema_itself_only_grows(capsys: pytest.CaptureFixture[str]) -> None:
    """Since every release whose schema is kept."""
    assert check_growth.main(ROOT) == 0
    assert f"{SCHEMA} only grows: " in capsys.readouterr().out


def project(folder: Path, **releases: dict[str, Any]) -> Path:
    (folder / SCHEMA).write_text(json.dumps(RELEASED), encoding="utf-8")
    for version, schema in releases.items():
        (folder / RELEASES / version).mkdir(parents=True)
        (folder / RELEASES / version / KEPT_SCHEMA).write_text(json.dumps(schema), "utf-8")
    return folder


def test_the_release_is_named_since_which_something_broke(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    longer = changed(lambda s: properties(s)["Description"].update(maxLength=5000))

    assert check_growth.main(project(tmp_path, first=RELEASED, second=longer)) == 1
    assert capsys.readouterr().out == (
        f"{SCHEMA}, since second: /properties/Description/maxLength: was 5000, is 2048\n"
    )


def test_a_tree_without_released_schemas_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An empty comparison finds nothing, whatever changed."""
    assert check_growth.main(project(tmp_path)) == 1
    assert capsys.readouterr().out == f"There is no released schema in {RELEASES}.\n"
