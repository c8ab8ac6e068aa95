"""What each property accepts and refuses, and that the schema says the same."""

import contextlib
import json
import re
import traceback
from collections.abc import Mapping
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local.events import Operation
from myorg_secrets_password import properties
from myorg_secrets_password.exceptions import InvalidProperty
from myorg_secrets_password.properties import (
    IDENTITY,
    KEY_ID,
    READ_ONLY,
    RECOVERY_WINDOW_IN_DAYS,
    TABLE_NAME,
    WRITABLE,
    Choice,
    Flag,
    Integer,
    TagList,
    Text,
    check,
    check_identity,
    salvage,
)
from tests.world import World
from tools.project import ROOT, SCHEMA

LOADED: dict[str, Any] = json.loads((ROOT / SCHEMA).read_text(encoding="utf-8"))
SCHEMA_VALIDATOR = jsonschema.Draft7Validator(LOADED)
CONFIGURATION: dict[str, Any] = LOADED["typeConfiguration"]["properties"]

KEY = "1234abcd-12ab-34cd-56ef-1234567890ab"
ARN = "arn:aws:kms:eu-west-1:123456789012:"
SURROGATE = "half \ud83d"
SECRET = "s3cret-and-own"


def tags(count: int) -> list[dict[str, str]]:
    return [{"Key": f"k{n}", "Value": "v"} for n in range(count)]


# Numbers and booleans arrive as strings too: CloudFormation makes them so.
FLAG_ACCEPTED = [(True, True), (False, False), ("true", True), ("FALSE", False), ("True", True)]
FLAG_REFUSED = [(value, "true or false") for value in ("yes", "", "1", 1, 0, [], {}, 1.0)]
TEXT_REFUSED: list[tuple[object, str]] = [
    ([], "string"),
    ({}, "string"),
    (1.5, "string"),
    (10**18, "string"),
    (SURROGATE, "Unicode"),
]
PART_ACCEPTED = [("x", "x"), ("a b/c:d", "a b/c:d"), (7, "7"), ("\u65e5\u672c", "\u65e5\u672c")]
PART_REFUSED = [*TEXT_REFUSED, ("", "1 to"), ("a|b", "| and #"), ("a#b", "| and #"), ("#", "#")]

ACCEPTED: dict[str, list[tuple[object, object]]] = {
    "TableName": [(v, v) for v in ("abc", "A.b-c_9", "t" * 255)] + [(123, "123")],
    "StackName": [*PART_ACCEPTED, ("s" * 2048, "s" * 2048), ("é" * 1024, "é" * 1024)],
    "Env": [*PART_ACCEPTED, ("e" * 1022, "e" * 1022), ("é" * 511, "é" * 511)],
    "Name": [*PART_ACCEPTED, ("n" * 1022, "n" * 1022), ("é" * 511, "é" * 511)],
    "KeyId": [
        (value, value)
        for value in (
            KEY,
            f"mrk-{'0a' * 16}",
            "alias/a/b_c-D",
            "alias/" + "a" * 250,
            f"{ARN}key/{KEY}",
            f"{ARN}key/mrk-{'0a' * 16}",
            f"{ARN}alias/a",
            f"arn:aws-us-gov:kms:us-gov-west-1:123456789012:key/{KEY}",
            "arn:aws-cn:kms:cn-north-1:123456789012:alias/a",
        )
    ],
    "Engine": [(engine, engine) for engine in ("mysql", "aurora-postgresql", "fsx-ontap")],
    "PasswordLength": [(8, 8), ("8", 8), (4096, 4096), ("+020", 20), (20.0, 20)],
    "ExcludeCharacters": [("", ""), ("/@\"' ", "/@\"' "), ("é" * 4096, "é" * 4096), (12, "12")],
    "ExcludeLowercase": FLAG_ACCEPTED,
    "ExcludeUppercase": FLAG_ACCEPTED,
    "ExcludeNumbers": FLAG_ACCEPTED,
    "ExcludePunctuation": FLAG_ACCEPTED,
    "IncludeSpace": FLAG_ACCEPTED,
    "RequireEachIncludedType": FLAG_ACCEPTED,
    "AllowedCharacters": [("a", "a"), ("aab", "aab"), ("🙂" * 4096, "🙂" * 4096), (10, "10")],
    "RotationToken": [("", ""), ("🙂" * 1024, "🙂" * 1024), (2026, "2026"), (True, "true")],
    "SecretString": [("x", "x"), ("x" * 4096, "x" * 4096), ("é" * 2048, "é" * 2048), (-1, "-1")],
    "RecoveryWindowInDays": [(0, 0), ("0", 0), (7, 7), ("30", 30), (30.0, 30)],
    "Description": [("", ""), ("a\nb", "a\nb"), ("é" * 2048, "é" * 2048)],
    "Tags": [
        ([], []),
        (tags(50), tags(50)),
        ([{"Value": "", "Key": "k" * 128}], [{"Key": "k" * 128, "Value": ""}]),
        ([{"Key": 1, "Value": True}], [{"Key": "1", "Value": "true"}]),
        ([{"Key": "aws:x", "Value": "🙂" * 256}], [{"Key": "aws:x", "Value": "🙂" * 256}]),
        ([{"Key": "b", "Value": ""}, {"Key": "B", "Value": ""}],) * 2,
    ],
    "ReturnValue": FLAG_ACCEPTED,
}
REFUSED: dict[str, list[tuple[object, str]]] = {
    "TableName": [
        *TEXT_REFUSED,
        ("ab", "3 to 255 characters"),
        ("t" * 256, "not 256"),
        ("a b", "letters, digits"),
        ("abc\n", "letters, digits"),
        ("tæble", "letters, digits"),
    ],
    "StackName": [*PART_REFUSED, ("s" * 2049, "not 2049"), ("é" * 1025, "bytes of UTF-8")],
    "Env": [*PART_REFUSED, ("e" * 1023, "not 1023"), ("é" * 512, "bytes of UTF-8")],
    "Name": [*PART_REFUSED, ("n" * 1023, "not 1023"), ("é" * 512, "bytes of UTF-8")],
    "KeyId": [
        *TEXT_REFUSED,
        *(
            (value, "a key ID, a key ARN, an alias name")
            for value in (
                "nonsense",
                KEY.upper(),
                KEY + "\n",
                "alias/",
                "alias/a b",
                "alias/" + "a" * 251,
                f"mrk-{'0a' * 15}",
                f"{ARN}{KEY}",
                f"{ARN}key/alias/a",
                f"arn:aws:dynamodb:eu-west-1:123456789012:key/{KEY}",
                f"arn:aws:kms:eu-west-1:12345:key/{KEY}",
            )
        ),
        ("", "1 to 2048 characters"),
        ("k" * 2049, "not 2049"),
    ],
    "Engine": [
        ("MySQL", "Did you mean mysql"),
        ("postgresql", "postgres"),
        *((value, "It takes: aurora-mysql, ") for value in ("neptune", "", SURROGATE, 5, [], {})),
    ],
    "PasswordLength": [
        ("seven", "must be an integer from 8 to 4096."),
        (7, "not 7"),
        ("4097", "not 4097"),
        ("-8", "not -8"),
        *((v, "integer from 8") for v in ("", " 8", "8.0", "1e3", "٨٨", "9" * 5000, 8.5, 10**18)),
        *((v, "integer from 8") for v in (float("nan"), float("inf"), 1e300, True, [], {})),
    ],
    "ExcludeCharacters": [*TEXT_REFUSED, ("x" * 4097, "0 to 4096 characters long, not 4097")],
    "ExcludeLowercase": FLAG_REFUSED,
    "ExcludeUppercase": FLAG_REFUSED,
    "ExcludeNumbers": FLAG_REFUSED,
    "ExcludePunctuation": FLAG_REFUSED,
    "IncludeSpace": FLAG_REFUSED,
    "RequireEachIncludedType": FLAG_REFUSED,
    "AllowedCharacters": [*TEXT_REFUSED, ("", "1 to 4096"), ("é" * 4097, "not 4097")],
    "RotationToken": [*TEXT_REFUSED, ("x" * 1025, "0 to 1024 characters long, not 1025")],
    "SecretString": [
        ([SECRET], "string"),
        ({SECRET: SECRET}, "string"),
        (1.5, "string"),
        (SECRET + SURROGATE, "Unicode"),
        ("", "1 to 4096 bytes"),
        (SECRET * 400, "bytes of UTF-8 long, not 5600"),
        ("é" * 2049, "bytes of UTF-8 long, not 4098"),
    ],
    "RecoveryWindowInDays": [
        ("x", "must be an integer from 7 to 30, or 0."),
        *((days, f"not {days}") for days in (-1, 1, 6, 31)),
        ("-0x1", "or 0"),
        (False, "or 0"),
    ],
    "Description": [*TEXT_REFUSED, ("x" * 2049, "0 to 2048 characters long, not 2049")],
    "Tags": [
        ("text", "a list of tags"),
        ({"Key": "a", "Value": "b"}, "a list of tags"),
        (tags(51), "at most 50 tags, not 51"),
        (tags(2) + tags(1), "Tags[2] repeats the Key of Tags[0]"),
        ([{"Key": 1, "Value": ""}, {"Key": "1", "Value": ""}], "Tags[1] repeats"),
        ([{"Key": "a"}], "Tags[0] must have a Key and a Value"),
        ([{"Key": "a", "Value": "", "Colour": "red"}], "nothing else"),
        ([*tags(1), None], "Tags[1] must have"),
        (["a=b"], "Tags[0] must have"),
        ([{"Key": "", "Value": ""}], "Tags[0].Key must be 1 to 128"),
        ([{"Key": "k" * 129, "Value": ""}], "Tags[0].Key must be 1 to 128"),
        ([{"Key": "k", "Value": "v" * 257}], "Tags[0].Value must be 0 to 256"),
        ([{"Key": "k", "Value": None}], "Tags[0].Value must be a string"),
        ([{"Key": SURROGATE, "Value": ""}], "Tags[0].Key must be valid Unicode"),
    ],
    "ReturnValue": FLAG_REFUSED,
}


def rows(table: Mapping[str, list[tuple[Any, Any]]]) -> list[Any]:
    """Return a table's rows for parametrize, each under its property and its value."""
    return [
        pytest.param(name, *row, id=f"{name} {shown(row[0])}")
        for name, cases in table.items()
        for row in cases
    ]


def shown(value: object) -> str:
    """Return a value as an id: both ends, and how long it is."""
    text = ascii(value)
    return text if len(text) <= 40 else f"{text[:12]}...{text[-20:]} ({len(text)})"


def refusal(raw: Mapping[str, Any]) -> InvalidProperty:
    """Return the refusal of properties that must be refused."""
    with pytest.raises(InvalidProperty) as refused:
        check(raw)
    return refused.value


def test_every_property_stands_in_both_tables() -> None:
    assert ACCEPTED.keys() == REFUSED.keys() == WRITABLE.keys()


@pytest.mark.parametrize(("name", "raw", "parsed"), rows(ACCEPTED))
def test_a_right_value_is_accepted_and_its_type_mended(
    name: str, raw: object, parsed: object
) -> None:
    assert typed(check({name: raw})) == typed({name: parsed})
    assert check({name: parsed}) == {name: parsed}


def typed(value: object) -> str:
    """Return a form in which True and 1, or 8 and 8.0, are not equal."""
    return json.dumps(value, sort_keys=True)


@pytest.mark.parametrize(("name", "raw", "words"), rows(REFUSED))
def test_a_wrong_value_is_refused_by_the_property_s_name(
    name: str, raw: object, words: str
) -> None:
    refused = refusal({name: raw})

    assert refused.name.startswith(name)
    assert str(refused).startswith(f"{refused.name} ")
    assert words in str(refused)


@pytest.mark.parametrize("name", WRITABLE)
@pytest.mark.parametrize("action", ["CREATE", "UPDATE"])
def test_a_wrong_value_is_refused_before_any_call_to_aws(
    world: World, action: str, name: str
) -> None:
    wrong, _ = REFUSED[name][0]
    properties = {"StackName": "orders", "Name": "DB", name: wrong}

    answer = world.send(Operation(action, properties, "t", previous={}))

    assert answer["errorCode"] == "InvalidRequest"
    assert answer["message"].startswith(f"{name} ")
    assert world.calls == []


@pytest.mark.parametrize(
    ("declared", "name"),
    [
        ({"AllowedCharacters": "abc", "ExcludeNumbers": True}, "ExcludeNumbers"),
        ({"AllowedCharacters": "€", "PasswordLength": 1366}, "PasswordLength"),
        ({n: True for n in WRITABLE if re.match("Exclude[LUNP]", n)}, "ExcludeLowercase"),
        ({"PaswordLength": 20}, "'PaswordLength'"),
    ],
    ids=["at odds", "too long", "nothing left", "unknown"],
)
@pytest.mark.parametrize("action", ["CREATE", "UPDATE"])
def test_properties_at_odds_are_refused_before_any_call_to_aws(
    world: World, action: str, declared: dict[str, object], name: str
) -> None:
    properties = {"StackName": "orders", "Name": "DB", **declared}

    answer = world.send(Operation(action, properties, "t", previous={}))

    assert answer["errorCode"] == "InvalidRequest"
    assert answer["message"].startswith(name)
    assert world.calls == []


REFUSED_SECRETS = [raw for raw, _ in REFUSED["SecretString"] if SECRET in str(raw)]


@pytest.mark.parametrize("raw", REFUSED_SECRETS, ids=shown)
def test_no_refusal_repeats_a_secret_string(raw: object) -> None:
    refused = refusal({"SecretString": raw})

    assert SECRET not in "".join(traceback.format_exception(refused))


@pytest.mark.parametrize("raw", REFUSED_SECRETS, ids=shown)
@pytest.mark.parametrize("action", ["CREATE", "UPDATE"])
def test_no_answer_and_no_log_repeats_a_secret_string_that_is_refused(
    world: World, caplog: pytest.LogCaptureFixture, action: str, raw: object
) -> None:
    properties = {"StackName": "orders", "Name": "DB", "SecretString": raw}

    answer = world.send(Operation(action, properties, "t", previous=properties))

    assert answer["errorCode"] == "InvalidRequest"
    assert SECRET not in json.dumps(answer) + caplog.text


@pytest.mark.parametrize(
    ("unknown", "advice"),
    [
        ("PaswordLength", "Did you mean PasswordLength?"),
        ("secretString", "Did you mean SecretString?"),
        ("Tag", "Did you mean Tags?"),
        ("Colour", "Remove it."),
        ("", "Remove it."),
        ("\ud83d", "Remove it."),
    ],
    ids=ascii,
)
def test_an_unknown_property_is_refused_with_advice(unknown: str, advice: str) -> None:
    refused = refusal({"Env": "dev", unknown: "x"})

    assert str(refused) == f"{unknown!r} is not a property of this type. {advice}"


def test_a_very_long_unknown_name_is_cut() -> None:
    assert len(str(refusal({"x" * 10**6: "x"}))) < 150


def test_nulls_count_as_absent() -> None:
    assert check({**dict.fromkeys(WRITABLE), "Env": "dev"}) == {"Env": "dev"}
    assert check_identity({**dict.fromkeys(WRITABLE), "Env": "dev"}) == {"Env": "dev"}
    assert salvage({**dict.fromkeys(WRITABLE), "Env": "dev"}) == {"Env": "dev"}


def test_read_only_properties_are_left_out() -> None:
    assert check({**dict.fromkeys(READ_ONLY, "x"), "Env": "dev"}) == {"Env": "dev"}


def test_of_the_identity_nothing_else_is_looked_at() -> None:
    identity = {"TableName": "table", "StackName": "s", "Env": "e", "Name": 7}

    assert check_identity({"Colour": 1, "PasswordLength": "x", **identity}) == {
        **identity,
        "Name": "7",
    }


@pytest.mark.parametrize("name", IDENTITY)
def test_a_wrong_identity_is_refused_by_the_property_s_name(name: str) -> None:
    with pytest.raises(InvalidProperty, match=f"^{name} "):
        check_identity({name: "a|b"})


def test_what_is_right_is_salvaged_and_the_rest_left_out() -> None:
    right = {name: cases[-1][0] for name, cases in ACCEPTED.items() if name != "Env"}
    wrong = {"Env": "a|b", "Colour": "red", "Value": "x"}

    assert salvage({**right, **wrong}) == check(right)


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
ANY_PROPERTIES = st.dictionaries(
    st.sampled_from([*WRITABLE, *READ_ONLY]) | st.text(), ANY_JSON, max_size=4
)


@settings(max_examples=300, deadline=None)
@given(raw=ANY_PROPERTIES)
def test_whatever_is_sent_is_accepted_as_the_schema_says_or_refused(raw: dict[str, Any]) -> None:
    kept = salvage(raw)

    assert SCHEMA_VALIDATOR.is_valid(kept)
    with contextlib.suppress(InvalidProperty):
        assert check(raw) == kept


def pointers(names: Mapping[str, Any] | tuple[str, ...]) -> list[str]:
    return [f"/properties/{name}" for name in names]


def bounds(kind: Text | Integer | Flag | Choice | TagList) -> dict[str, Any]:
    """Return what the schema must state of a property besides its description."""
    match kind:
        case Text():
            stated: dict[str, Any] = {"type": "string", "maxLength": kind.maximum}
            if kind.minimum:
                stated["minLength"] = kind.minimum
            if kind.pattern:
                stated["pattern"] = kind.pattern
            return stated
        case Integer():
            least = kind.minimum if kind.besides is None else min(kind.minimum, kind.besides)
            return {"type": "integer", "minimum": least, "maximum": kind.maximum}
        case Flag():
            return {"type": "boolean"}
        case Choice():
            return {"type": "string", "enum": {*kind.known}}
        case TagList():
            items = {"$ref": "#/definitions/Tag"}
            return {
                "type": "array",
                "maxItems": kind.maximum,
                "items": items,
                "insertionOrder": True,
            }


def stated(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return an entry of the schema without what states no bound; several lists are one."""
    if "anyOf" in entry:
        known = {value for part in entry["anyOf"] for value in part["enum"]}
        entry = {key: entry[key] for key in entry if key != "anyOf"} | {"enum": known}
    dull = ("description", "default")
    return {
        key: value
        for key, value in entry.items()
        if key not in dull and (key, value) != ("minLength", 0)
    }


@pytest.mark.parametrize("name", WRITABLE)
def test_every_bound_is_the_schema_s(name: str) -> None:
    assert stated(LOADED["properties"][name]) == bounds(WRITABLE[name])


def test_the_bounds_of_tags_are_the_schema_s() -> None:
    tag = LOADED["definitions"]["Tag"]

    assert {name: stated(entry) for name, entry in tag["properties"].items()} == {
        name: bounds(kind) for name, kind in properties._TAG.items()
    }
    assert tag["required"] == [*properties._TAG]
    assert tag["additionalProperties"] is False


def test_the_schema_knows_the_same_properties() -> None:
    assert [*LOADED["properties"]] == [*WRITABLE, *READ_ONLY]
    assert LOADED["additionalProperties"] is False


def test_the_schema_lists_the_same_read_only_and_identifying_properties() -> None:
    assert LOADED["readOnlyProperties"] == pointers(READ_ONLY)
    assert LOADED["primaryIdentifier"] == pointers(IDENTITY)
    assert LOADED["createOnlyProperties"] == pointers(IDENTITY)


@pytest.mark.parametrize(("name", "raw", "parsed"), rows(ACCEPTED))
def test_what_is_accepted_is_valid_under_the_schema(name: str, raw: object, parsed: object) -> None:
    """The raw value is of another type where CloudFormation sends a string."""
    SCHEMA_VALIDATOR.validate({name: parsed})


@pytest.mark.parametrize(("name", "kind"), [("TableName", TABLE_NAME), ("KeyId", KEY_ID)])
def test_the_type_configuration_states_the_same_bounds(name: str, kind: Text) -> None:
    """So that a wrong default is refused when it is set, and not at every stack."""
    assert stated(CONFIGURATION[name]) == bounds(kind)


@pytest.mark.parametrize(
    ("name", "kind", "values"),
    [
        ("RecoveryWindowInDays", RECOVERY_WINDOW_IN_DAYS, [str(n) for n in range(-40, 400)]),
        ("ReturnValue", Flag(), ["true", "false", "yes", "", "0", "1", "truefalse"]),
    ],
    ids=["RecoveryWindowInDays", "ReturnValue"],
)
def test_the_type_configuration_accepts_the_same_strings(
    name: str, kind: Integer | Flag, values: list[str]
) -> None:
    configured = jsonschema.Draft7Validator(CONFIGURATION[name])

    for value in values:
        try:
            kind.parse(name, value)
            accepted = True
        except InvalidProperty:
            accepted = False
        assert configured.is_valid(value) is accepted, value
