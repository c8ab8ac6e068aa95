"""The policies that the model draws from, and what each asks of a value."""

from __future__ import annotations

import string
from typing import Any

from tests.model.reference import Predicate

POLICIES: dict[str, dict[str, Any]] = {
    "none": {},
    "32 characters": {"PasswordLength": 32},
    "10 characters": {"PasswordLength": 10},
    "no digits": {"ExcludeNumbers": True},
    "letters": {"ExcludeNumbers": True, "ExcludePunctuation": True},
    "a to f": {"AllowedCharacters": "abcdef", "RequireEachIncludedType": True},
    "each type": {"RequireEachIncludedType": True},
}
_TYPES = (string.ascii_lowercase, string.ascii_uppercase, string.digits, string.punctuation)


def _has_none_of(characters: str) -> Predicate:
    return lambda value: not any(c in characters for c in value)


SATISFIED: dict[str, Predicate] = {
    "none": lambda value: True,
    "32 characters": lambda value: len(value) == 32,
    "10 characters": lambda value: len(value) == 10,
    "no digits": _has_none_of(string.digits),
    "letters": _has_none_of(string.digits + string.punctuation),
    "a to f": lambda value: all(c in "abcdef" for c in value),
    "each type": lambda value: all(any(c in kind for c in value) for kind in _TYPES),
}
TOKENS = ("", "", "1", "2", "3")
SECRETS = ("first-of-mine", "second-of-mine-2", "aabbccddee")


def like_generated(policy: str, number: int) -> str:
    """Return a value that satisfies just the policies that one generated under this policy does."""
    letters = "".join("abcdef"[number // 6**place % 6] for place in range(5))
    if policy == "a to f":
        return letters.ljust(32, "a")
    length = 10 if policy == "10 characters" else 32
    end = {"letters": "", "no digits": "!"}.get(policy, "0!")
    return letters.ljust(length - len(end), "X") + end
