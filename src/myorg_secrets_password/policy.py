"""What a password may look like. Pure: knows nothing of AWS.

The properties keep the names and the meaning of `GenerateSecretString` of
AWS::SecretsManager::Secret; the four classes of characters are those of its GetRandomPassword.
"""

import string
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from .exceptions import InvalidProperty

CLASSES = {
    "ExcludeLowercase": string.ascii_lowercase,
    "ExcludeUppercase": string.ascii_uppercase,
    "ExcludeNumbers": string.digits,
    "ExcludePunctuation": string.punctuation,
}
"""The four classes of characters, each under the property that excludes it."""

SPACE = " "
DEFAULT_LENGTH = 32
"""Characters, as GetRandomPassword's PasswordLength."""

MAXIMUM_BYTES = 4096
"""What one kms:Encrypt takes as Plaintext under a symmetric key."""

POLICY_PROPERTIES = (
    "PasswordLength",
    "ExcludeCharacters",
    *CLASSES,
    "IncludeSpace",
    "RequireEachIncludedType",
    "AllowedCharacters",
)
"""The properties that say what a generated password looks like."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What a generated password looks like, with every default filled in.

    Attributes:
        length: in characters.
        alphabet: every character that may occur, each once.
        required: disjoint parts of the alphabet, each of which must occur at least once.
    """

    length: int
    alphabet: str
    required: tuple[str, ...]

    @classmethod
    def of(cls, declared: Mapping[str, Any]) -> Self:
        """Fill in the defaults of the declared policy properties.

        Args:
            declared: policy properties by name, of the right types; those not written are absent.

        Raises:
            InvalidProperty: nothing satisfies the properties, or two of them exclude each other.
        """
        alphabet = _alphabet(declared)
        length = declared.get("PasswordLength", DEFAULT_LENGTH)
        _check_bytes(length, alphabet)
        required: list[str] = []
        if declared.get("RequireEachIncludedType", True):
            parts = ("".join(c for c in members if c in alphabet) for members in CLASSES.values())
            required.extend(part for part in parts if part)
        return cls(length, alphabet, tuple(required))


def satisfies(text: str, declared: Mapping[str, Any]) -> bool:
    """Tell whether a password keeps to everything that the declared policy properties say.

    A property that is not written demands nothing: defaults steer the generation of a new
    password and never condemn an existing one.
    """
    if len(text) != declared.get("PasswordLength", len(text)):
        return False
    characters = set(text)
    if "AllowedCharacters" in declared:
        permitted = set(declared["AllowedCharacters"])
    else:
        permitted = characters - _excluded(declared)
        if declared.get("IncludeSpace") is False:
            permitted.discard(SPACE)
    if not characters <= permitted:
        return False
    if not declared.get("RequireEachIncludedType", False):
        return True
    return all(not characters.isdisjoint(part) for part in Policy.of(declared).required)


def _alphabet(declared: Mapping[str, Any]) -> str:
    if "AllowedCharacters" in declared:
        for name in ("ExcludeCharacters", *CLASSES, "IncludeSpace"):
            if declared.get(name):
                raise InvalidProperty(
                    name,
                    "cannot be combined with AllowedCharacters, which already says every"
                    " character that may occur. Remove one of the two.",
                )
        return "".join(dict.fromkeys(declared["AllowedCharacters"]))
    candidates = "".join(CLASSES.values()) + SPACE * bool(declared.get("IncludeSpace"))
    excluded = _excluded(declared)
    alphabet = "".join(c for c in candidates if c not in excluded)
    if not alphabet:
        written = [name for name in ("ExcludeCharacters", *CLASSES) if declared.get(name)]
        raise InvalidProperty(
            ", ".join(written),
            "together leave no character to make a password of. Exclude less, or name the"
            " characters you want in AllowedCharacters.",
        )
    return alphabet


def _excluded(declared: Mapping[str, Any]) -> set[str]:
    excluded = set(declared.get("ExcludeCharacters", ""))
    for name, members in CLASSES.items():
        if declared.get(name):
            excluded.update(members)
    return excluded


def _check_bytes(length: int, alphabet: str) -> None:
    widest = max(len(c.encode()) for c in alphabet)
    if length * widest > MAXIMUM_BYTES:
        raise InvalidProperty(
            "PasswordLength",
            f"is too long for AllowedCharacters: with characters of {widest} bytes in UTF-8 at"
            f" most {MAXIMUM_BYTES // widest} fit into the {MAXIMUM_BYTES} bytes that KMS encrypts"
            " directly.",
        )
