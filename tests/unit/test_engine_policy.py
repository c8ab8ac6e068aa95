"""What an engine's rule makes of a policy, by rules made up for one claim each.

The rules that ship are in `test_engines`.
"""

import string
from collections.abc import Callable
from typing import Any

import pytest

from myorg_secrets_password.engines import ENGINES, Rule
from myorg_secrets_password.exceptions import InvalidProperty
from myorg_secrets_password.policy import Policy, check_provided, satisfies, suits_engine

LOWER, UPPER, DIGITS = string.ascii_lowercase, string.ascii_uppercase, string.digits
Obey = Callable[..., None]


@pytest.fixture
def obey(monkeypatch: pytest.MonkeyPatch) -> Obey:
    """Let `Engine: mysql` stand for a rule: 8 to 41 letters, unless more is said."""

    def put(minimum: int = 8, maximum: int = 41, **rule: Any) -> None:
        monkeypatch.setitem(ENGINES, "mysql", Rule(minimum, maximum, "letters", "nowhere", **rule))

    return put


def policy(**declared: Any) -> Policy:
    return Policy.of({"Engine": "mysql", **declared})


# --- Length -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("maximum", "length"), [(31, 31), (32, 32), (41, 32)])
def test_the_default_length_is_32_or_what_the_engine_takes_at_most(
    obey: Obey, maximum: int, length: int
) -> None:
    obey(maximum=maximum)

    assert policy().length == length


def test_every_length_within_the_bounds_is_taken_and_no_other(obey: Obey) -> None:
    obey()

    assert [policy(PasswordLength=length).length for length in (8, 9, 40, 41)] == [8, 9, 40, 41]
    for length in (7, 42):
        with pytest.raises(InvalidProperty) as refused:
            policy(PasswordLength=length)
        assert refused.value.name == "PasswordLength"
        assert str(refused.value) == f"PasswordLength {length}: mysql takes 8 to 41 characters."


def test_a_password_of_wide_characters_must_fit_into_what_kms_encrypts(obey: Obey) -> None:
    obey(maximum=4096)

    assert policy(AllowedCharacters="€", PasswordLength=1365).length == 1365
    with pytest.raises(InvalidProperty, match="at most 1365 fit"):
        policy(AllowedCharacters="€", PasswordLength=1366)


# --- Characters ---------------------------------------------------------------------------------


def test_generation_takes_what_is_permitted_and_safe_and_ends_on_letters_and_digits(
    obey: Obey,
) -> None:
    obey(permitted=LOWER + "-$", forbidden="z", never_generated="y")

    made = policy()

    assert set(made.alphabet) == set(LOWER[:-2] + "-")
    assert set(made.ends) == set(LOWER[:-2])


def test_what_is_named_is_taken_save_for_what_the_engine_does_not_take(obey: Obey) -> None:
    obey(permitted=LOWER + "-$", never_generated="y")

    made = policy(AllowedCharacters="xyzA$-")

    assert made.alphabet == made.ends == "xz$-"
    assert policy(AllowedCharacters=LOWER + "$").alphabet == LOWER.replace("y", "") + "$"


@pytest.mark.parametrize(("safe", "avoided"), [(DIGITS, ""), (DIGITS[1:], "$")])
def test_fewer_than_ten_safe_characters_are_no_alphabet_to_prefer(
    obey: Obey, safe: str, avoided: str
) -> None:
    obey(permitted=safe + "$")

    assert set(policy().alphabet) == set(safe + avoided)


@pytest.mark.parametrize(
    ("rule", "declared", "taken"),
    [
        ({}, {}, ""),
        ({}, {"RequireEachIncludedType": False}, ""),
        ({}, {"RequireEachIncludedType": True}, "$%"),
        ({"required": ("ExcludePunctuation",)}, {}, "$%"),
        ({"required": ("ExcludePunctuation",)}, {"RequireEachIncludedType": False}, "$%"),
        ({"required": ("ExcludeNumbers",)}, {}, ""),
    ],
    ids=["nothing", "unwritten", "written", "forced", "forced and unwritten", "another forced"],
)
def test_a_class_without_a_safe_character_is_taken_only_where_it_must_occur(
    obey: Obey, rule: dict[str, Any], declared: dict[str, Any], taken: str
) -> None:
    obey(permitted=LOWER + DIGITS + "$%", **rule)

    assert set(policy(**declared).alphabet) == set(LOWER + DIGITS + taken)


def test_a_class_with_a_safe_character_gets_no_other(obey: Obey) -> None:
    obey(permitted=LOWER + "-$", required=("ExcludePunctuation",))

    assert set(policy().alphabet) == set(LOWER + "-")


# --- What must occur ----------------------------------------------------------------------------


def test_what_the_engine_forces_is_required_whatever_is_written(obey: Obey) -> None:
    obey(permitted=LOWER + DIGITS, required=("ExcludeNumbers",), distinct=3)

    assert policy().required == (LOWER, DIGITS)
    assert policy(RequireEachIncludedType=False).required == (DIGITS,)
    assert policy().distinct == 3


def test_kinds_are_counted_among_the_classes_that_are_left(obey: Obey) -> None:
    obey(permitted=LOWER + UPPER + DIGITS, kinds=2)
    made = policy(ExcludeNumbers=True, RequireEachIncludedType=False)

    assert (made.counted, made.kinds, made.required) == ((LOWER, UPPER), 2, ())


def test_nothing_is_counted_where_the_engine_counts_nothing(obey: Obey) -> None:
    obey()

    assert (policy().counted, policy().kinds, policy().distinct) == ((), 0, 0)


@pytest.mark.parametrize(
    ("rule", "enough", "too_little"),
    [
        ({"distinct": 3}, "abc", "ab"),
        ({"kinds": 2}, "a1", "ab"),
        ({"required": ("ExcludeNumbers", "ExcludeLowercase")}, "a1", "1A"),
        ({"permitted": "a"}, "a", "b"),
    ],
    ids=["different characters", "kinds", "classes", "anything at all"],
)
def test_a_policy_is_refused_just_where_it_leaves_too_little_for_the_engine(
    obey: Obey, rule: dict[str, Any], enough: str, too_little: str
) -> None:
    obey(**rule)

    assert policy(AllowedCharacters=enough).alphabet == enough
    with pytest.raises(InvalidProperty, match=r"^AllowedCharacters cannot be met together with"):
        policy(AllowedCharacters=too_little)


@pytest.mark.parametrize(
    ("rule", "declared", "said"),
    [
        ({"permitted": "ab"}, {"AllowedCharacters": "c"}, "letters"),
        (
            {"permitted": "ab1", "required": ("ExcludeNumbers",), "never_generated": "1"},
            {"AllowedCharacters": "a1"},
            "letters and wants at least one digit (1 is never generated): no digit is left",
        ),
        (
            {"required": ("ExcludeLowercase", "ExcludeNumbers")},
            {"ExcludeNumbers": True, "ExcludeCharacters": ""},
            "letters and wants at least one lower-case letter, one digit: no digit is left",
        ),
        (
            {"distinct": 3},
            {"AllowedCharacters": "ab"},
            "letters and wants at least 3 different characters",
        ),
    ],
    ids=["nothing else", "everything", "a class", "wants alone"],
)
def test_a_refusal_says_what_the_engine_takes_wants_and_lacks_and_no_more(
    obey: Obey, rule: dict[str, Any], declared: dict[str, Any], said: str
) -> None:
    obey(**rule)

    with pytest.raises(InvalidProperty) as refused:
        policy(**declared)

    assert refused.value.name == next(iter(declared))
    assert str(refused.value) == (
        f"{refused.value.name} cannot be met together with Engine mysql, which takes {said}."
        " Exclude less, or name characters that suit both in AllowedCharacters."
    )


# --- A password that is there already -----------------------------------------------------------


def test_a_secret_string_answers_to_the_rule_and_to_nothing_else(obey: Obey) -> None:
    obey(permitted=LOWER)
    declared = {"Engine": "mysql", "PasswordLength": 20, "ExcludeLowercase": True}

    check_provided("lowercase", declared)
    check_provided("UP", {"PasswordLength": 20})
    with pytest.raises(InvalidProperty) as refused:
        check_provided("UPPERCASE", declared)
    assert refused.value.name == "SecretString"
    assert str(refused.value) == "SecretString may hold letters for Engine mysql."


def test_what_generation_avoids_does_not_count_against_a_password(obey: Obey) -> None:
    obey(permitted=LOWER + "$'", never_generated="'")

    assert satisfies("with$and'", {"Engine": "mysql"})
    assert suits_engine("with$and'", {"Engine": "mysql"})
    assert not suits_engine("UPPERCASE", {"Engine": "mysql"})
    assert suits_engine("UPPERCASE", {})


def test_only_classes_that_the_engine_leaves_to_generation_must_occur(obey: Obey) -> None:
    """What is required in writing is required of what may be generated."""
    obey(permitted=LOWER + DIGITS + "$'", never_generated="'")
    written = {"Engine": "mysql", "RequireEachIncludedType": True}

    assert satisfies("lowerx1$", written)
    assert not satisfies("lowerxx1", written)
    assert not satisfies("lowerx1'", written)
