"""What a password may look like: the declared properties, filled in, and what keeps to them.

The words of GetRandomPassword's documentation stand here a second time, so that a slip in the
module is not repeated by its tests.
"""

import re
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from myorg_secrets_password.exceptions import InvalidProperty
from myorg_secrets_password.generator import generate
from myorg_secrets_password.policy import POLICY_PROPERTIES, Policy, satisfies

CLASSES = {
    "ExcludeLowercase": "abcdefghijklmnopqrstuvwxyz",
    "ExcludeUppercase": "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "ExcludeNumbers": "0123456789",
    "ExcludePunctuation": "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~",
}
LOWER, UPPER, DIGITS, PUNCTUATION = CLASSES.values()
EVERYTHING = LOWER + UPPER + DIGITS + PUNCTUATION
NO_CLASS = dict.fromkeys(CLASSES, True)


def alphabet(**declared: Any) -> str:
    """Return the characters of the policy in a fixed order."""
    return "".join(sorted(Policy.of(declared).alphabet))


def required(**declared: Any) -> list[str]:
    """Return the parts that the policy requires in a fixed order, each in a fixed order."""
    return sorted("".join(sorted(part)) for part in Policy.of(declared).required)


def refusal(**declared: Any) -> InvalidProperty:
    """Return the refusal of a policy that must be refused."""
    with pytest.raises(InvalidProperty) as refused:
        Policy.of(declared)
    return refused.value


def test_a_password_has_32_characters_unless_a_length_is_declared() -> None:
    assert Policy.of({}).length == 32
    assert Policy.of({"PasswordLength": 20}).length == 20


def test_all_four_classes_may_occur_and_nothing_else() -> None:
    assert alphabet() == "".join(sorted(EVERYTHING))


def test_each_of_the_four_classes_is_required() -> None:
    assert required() == sorted("".join(sorted(members)) for members in CLASSES.values())


@pytest.mark.parametrize("name", CLASSES)
def test_an_excluded_class_neither_occurs_nor_is_required(name: str) -> None:
    policy = Policy.of({name: True})

    assert set(policy.alphabet) == set(EVERYTHING) - set(CLASSES[name])
    assert {frozenset(part) for part in policy.required} == {
        frozenset(members) for excluded, members in CLASSES.items() if excluded != name
    }


@pytest.mark.parametrize(
    "declared",
    [
        {**dict.fromkeys(CLASSES, False)},
        {"IncludeSpace": False},
        {"RequireEachIncludedType": True},
        {"ExcludeCharacters": ""},
        {"PasswordLength": 32},
    ],
    ids=lambda declared: " ".join(declared),
)
def test_a_default_that_is_written_out_changes_nothing(declared: dict[str, Any]) -> None:
    assert Policy.of(declared) == Policy.of({})


def test_excluded_characters_do_not_occur() -> None:
    assert set(alphabet(ExcludeCharacters="aZ0/ €a")) == set(EVERYTHING) - set("aZ0/")


def test_a_space_may_occur_only_where_it_is_included() -> None:
    assert set(alphabet(IncludeSpace=True)) == {*EVERYTHING, " "}
    assert alphabet(IncludeSpace=True, **NO_CLASS) == " "
    assert " " not in alphabet(IncludeSpace=True, ExcludeCharacters=" ")


REQUIRED: dict[str, tuple[dict[str, Any], list[str]]] = {
    "switched off": ({"RequireEachIncludedType": False}, []),
    "some digits left": (
        {**NO_CLASS, "ExcludeNumbers": False, "ExcludeCharacters": "13579"},
        ["02468"],
    ),
    "one letter left": (
        {**NO_CLASS, "ExcludeLowercase": False, "ExcludeCharacters": LOWER[1:]},
        ["a"],
    ),
    "space": ({**NO_CLASS, "IncludeSpace": True}, []),
    "two allowed classes": ({"AllowedCharacters": "b1a"}, ["1", "ab"]),
    "four allowed classes": ({"AllowedCharacters": "aB1!"}, ["!", "1", "B", "a"]),
    "beyond ASCII": ({"AllowedCharacters": "a é Ü € ٣"}, ["a"]),
    "allowed and switched off": (
        {"AllowedCharacters": "aB1!", "RequireEachIncludedType": False},
        [],
    ),
}


@pytest.mark.parametrize(("declared", "parts"), REQUIRED.values(), ids=REQUIRED)
def test_only_classes_that_still_have_a_character_are_required(
    declared: dict[str, Any], parts: list[str]
) -> None:
    assert required(**declared) == parts


def test_a_class_of_which_every_character_is_excluded_is_not_required() -> None:
    assert required(ExcludeCharacters=DIGITS) == required(ExcludeNumbers=True)


def test_allowed_characters_are_all_that_may_occur_each_once() -> None:
    assert Policy.of({"AllowedCharacters": "abcabca"}).alphabet == "abc"


def test_allowed_characters_may_lie_beyond_ascii() -> None:
    assert alphabet(AllowedCharacters="ß €🙂") == "".join(sorted("ß €🙂"))


@pytest.mark.parametrize(
    ("name", "value"),
    [*NO_CLASS.items(), ("IncludeSpace", True), ("ExcludeCharacters", "x")],
    ids=lambda value: str(value),
)
def test_what_is_set_beside_allowed_characters_is_refused(name: str, value: object) -> None:
    refused = refusal(AllowedCharacters="abc", **{name: value})

    assert refused.name == name
    assert f"{name} cannot be combined with AllowedCharacters" in str(refused)
    assert str(refused).endswith("Remove one of the two.")


def test_what_is_set_to_false_or_empty_beside_allowed_characters_is_accepted() -> None:
    off = {**dict.fromkeys(CLASSES, False), "IncludeSpace": False, "ExcludeCharacters": ""}

    assert Policy.of({"AllowedCharacters": "ab c", **off}).alphabet == "ab c"


@pytest.mark.parametrize(
    ("declared", "names"),
    [
        (NO_CLASS, ", ".join(CLASSES)),
        ({"ExcludeCharacters": EVERYTHING}, "ExcludeCharacters"),
        (
            {**NO_CLASS, "ExcludeNumbers": False, "ExcludeCharacters": DIGITS},
            "ExcludeCharacters, ExcludeLowercase, ExcludeUppercase, ExcludePunctuation",
        ),
        (
            {**NO_CLASS, "ExcludeCharacters": " ", "IncludeSpace": True},
            "ExcludeCharacters, " + ", ".join(CLASSES),
        ),
    ],
    ids=["four classes", "every character", "three classes and the rest", "space as well"],
)
def test_a_policy_that_leaves_no_character_is_refused_by_the_properties_at_odds(
    declared: dict[str, Any], names: str
) -> None:
    refused = refusal(**declared)

    assert refused.name == names
    assert str(refused).startswith(f"{names} together leave no character")
    assert re.search(r"Exclude less, .* in AllowedCharacters\.$", str(refused))


@pytest.mark.parametrize(
    ("characters", "longest"),
    [("a", 4096), ("aé", 2048), ("a€é", 1365), ("🙂€a", 1024)],
    ids=["1 byte", "2 bytes", "3 bytes", "4 bytes"],
)
def test_a_password_that_might_not_fit_into_4096_bytes_is_refused(
    characters: str, longest: int
) -> None:
    """KMS encrypts no more than that directly, and the widest character may come each time."""
    fits = Policy.of({"AllowedCharacters": characters, "PasswordLength": longest})
    refused = refusal(AllowedCharacters=characters, PasswordLength=longest + 1)

    assert fits.length == longest
    assert refused.name == "PasswordLength"
    assert f"at most {longest} fit" in str(refused)


@pytest.mark.parametrize(
    ("policy", "met", "unmet"),
    [
        (Policy(4, "ab", ()), ["aaaa"], []),
        (Policy(4, "aB1", ("a", "B")), ["aB11", "aaBB"], ["a111", "B111", "1111"]),
        (
            Policy(4, "aB1!", counted=("a", "B", "1"), kinds=2),
            ["aBaB", "aB1!"],
            ["aaaa", "a!!!", "!!!!"],
        ),
        (Policy(4, "abcd", distinct=3), ["abca", "abcd"], ["abab", "aaaa"]),
        (
            Policy(4, "aB1!", ("!",), counted=("a", "B", "1"), kinds=2, distinct=4),
            ["aB1!"],
            ["aB!!", "aaB!", "aB1a"],
        ),
    ],
    ids=["nothing", "required", "kinds", "distinct", "everything"],
)
def test_a_string_meets_a_policy_where_it_has_just_what_must_occur(
    policy: Policy, met: list[str], unmet: list[str]
) -> None:
    assert [text for text in met if not policy.is_met_by(text)] == []
    assert [text for text in unmet if policy.is_met_by(text)] == []


SATISFIED: list[tuple[str, dict[str, Any]]] = [
    ("", {}),
    ("short ünd odd", {}),
    ("12345678", {"PasswordLength": 8}),
    ("€€€€€€€€", {"PasswordLength": 8}),
    ("aaa", dict.fromkeys(CLASSES, False)),
    ("a b", {"IncludeSpace": True}),
    ("abc", {"IncludeSpace": True}),
    ("a b", {"ExcludeLowercase": False}),
    ("a b", {"AllowedCharacters": "ab ", "IncludeSpace": False}),
    ("aaa", {"AllowedCharacters": "abc"}),
    ("aaa", {"RequireEachIncludedType": False}),
    ("aA1!é", {"RequireEachIncludedType": True}),
    ("aA!", {"RequireEachIncludedType": True, "ExcludeNumbers": True}),
    ("aA!", {"RequireEachIncludedType": True, "ExcludeCharacters": DIGITS}),
    ("a1", {"RequireEachIncludedType": True, "AllowedCharacters": "ab12é"}),
    ("é", {"ExcludeCharacters": "ab", **NO_CLASS}),
]
BROKEN: list[tuple[str, dict[str, Any]]] = [
    ("1234567", {"PasswordLength": 8}),
    ("123456789", {"PasswordLength": 8}),
    ("€€€", {"PasswordLength": 9}),
    ("é", {"ExcludeCharacters": "ab é"}),
    ("ABc", {"ExcludeLowercase": True}),
    ("abC", {"ExcludeUppercase": True}),
    ("ab1", {"ExcludeNumbers": True}),
    ("ab~", {"ExcludePunctuation": True}),
    ("a b", {"IncludeSpace": False}),
    ("a b", {"IncludeSpace": True, "ExcludeCharacters": " "}),
    ("abd", {"AllowedCharacters": "abc"}),
    ("aA1", {"RequireEachIncludedType": True}),
    ("aA1é", {"RequireEachIncludedType": True, "ExcludeCharacters": "!"}),
    ("a", {"RequireEachIncludedType": True, "AllowedCharacters": "ab12é"}),
    ("with@sign", {"Engine": "mysql"}),
]


@pytest.mark.parametrize(
    ("text", "declared", "kept"),
    [(*case, True) for case in SATISFIED] + [(*case, False) for case in BROKEN],
    ids=lambda value: " ".join(value) if isinstance(value, dict) else str(value),
)
def test_a_password_keeps_to_all_that_is_written_and_to_nothing_else(
    text: str, declared: dict[str, Any], kept: bool
) -> None:
    assert satisfies(text, declared) is kept


@pytest.mark.parametrize("name", POLICY_PROPERTIES)
def test_a_property_that_is_not_written_demands_nothing(name: str) -> None:
    """The same password breaks a policy that writes the property, and no policy that does not."""
    text, written = next((text, case) for text, case in BROKEN if name in case)
    others = {key: value for key, value in written.items() if key != name}

    assert satisfies(text, others)


SIMPLE = "abzABZ019!~ é🙂"
"""Few characters, so that chance meets the corners."""

LENGTHS = st.integers(8, 12)
SHARED = {"PasswordLength": LENGTHS, "RequireEachIncludedType": st.booleans()}
EXCLUDING = st.fixed_dictionaries(
    {},
    optional={
        **SHARED,
        "ExcludeCharacters": st.text(SIMPLE, max_size=6),
        **dict.fromkeys(CLASSES, st.booleans()),
        "IncludeSpace": st.booleans(),
    },
)
ALLOWING = st.fixed_dictionaries(
    {"AllowedCharacters": st.text(SIMPLE, min_size=1, max_size=6)},
    optional={
        **SHARED,
        "ExcludeCharacters": st.just(""),
        **dict.fromkeys((*CLASSES, "IncludeSpace"), st.just(False)),
    },
)


DEFAULTS = {"PasswordLength": 32, "IncludeSpace": False, "RequireEachIncludedType": True}


def accepted(declared: Mapping[str, Any]) -> bool:
    """Tell whether a character is left: six that are excluded do not use up a class."""
    spaced = declared.get("IncludeSpace") and " " not in declared.get("ExcludeCharacters", "")
    allowing = "AllowedCharacters" in declared
    return allowing or spaced or not all(declared.get(name) for name in CLASSES)


DECLARED = st.one_of(EXCLUDING, ALLOWING).filter(accepted)


@settings(max_examples=300, deadline=None)
@given(declared=DECLARED)
def test_what_is_generated_for_a_policy_satisfies_it(declared: dict[str, Any]) -> None:
    password = generate(Policy.of(declared))

    assert satisfies(password, declared)
    assert kept_by_the_letter(password, DEFAULTS | declared)


@settings(max_examples=500, deadline=None)
@given(declared=DECLARED, text=st.text(SIMPLE, min_size=8, max_size=12))
def test_satisfies_agrees_with_a_reading_by_the_letter(declared: dict[str, Any], text: str) -> None:
    assert satisfies(text, declared) is kept_by_the_letter(text, declared)


@settings(max_examples=200, deadline=None)
@given(first=DECLARED, second=DECLARED)
def test_satisfies_agrees_about_what_another_policy_generated(
    first: dict[str, Any], second: dict[str, Any]
) -> None:
    text = generate(Policy.of(first))

    assert satisfies(text, second) is kept_by_the_letter(text, second)


def test_these_policies_write_every_policy_property() -> None:
    """So that a property that is added later is not left out here; Engine has its own tests."""
    written = {
        "Engine",
        "AllowedCharacters",
        "ExcludeCharacters",
        "IncludeSpace",
        *SHARED,
        *CLASSES,
    }

    assert written == set(POLICY_PROPERTIES)


def kept_by_the_letter(text: str, declared: Mapping[str, Any]) -> bool:
    """Tell what `satisfies` should, one sentence of the documentation after the other."""
    if "PasswordLength" in declared and len(text) != declared["PasswordLength"]:
        return False
    for character in text:
        if "AllowedCharacters" in declared:
            if character not in declared["AllowedCharacters"]:
                return False
            continue
        if character in declared.get("ExcludeCharacters", ""):
            return False
        if character == " " and "IncludeSpace" in declared and not declared["IncludeSpace"]:
            return False
        for name, members in CLASSES.items():
            if character in members and declared.get(name, False):
                return False
    if declared.get("RequireEachIncludedType", False):
        for name, members in CLASSES.items():
            left = [c for c in members if may_occur(c, name, declared)]
            if left and not [c for c in text if c in left]:
                return False
    return True


def may_occur(character: str, excluding: str, declared: Mapping[str, Any]) -> bool:
    if "AllowedCharacters" in declared:
        return character in declared["AllowedCharacters"]
    return not declared.get(excluding) and character not in declared.get("ExcludeCharacters", "")
