"""What a property may hold, checked before any AWS call. Pure: knows nothing of AWS.

CloudFormation checks templates against the schema, but not every caller goes through it, it sends
primitives as strings, and the schema cannot count bytes. Every bound here that the schema also
states is compared with it in the tests.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .engines import ENGINES
from .exceptions import InvalidProperty

_HUGE = 10**18
"""No property takes such a number, and Python refuses to print very long ones."""


@dataclass(frozen=True, slots=True)
class Text:
    """A string, with its length in characters (or in UTF-8 bytes) and the form it must have."""

    minimum: int = 0
    maximum: int = 2048
    in_bytes: bool = False
    pattern: str = ""
    form: str = ""

    def parse(self, name: str, value: object) -> str:
        if isinstance(value, bool):
            value = str(value).lower()
        elif isinstance(value, int) and abs(value) < _HUGE:
            value = str(value)
        if not isinstance(value, str):
            raise InvalidProperty(name, "must be a string.")
        try:
            size = len(value.encode()) if self.in_bytes else len(value)
            value.encode()
        except UnicodeEncodeError:
            raise InvalidProperty(
                name, "must be valid Unicode: it holds half of a surrogate pair."
            ) from None
        if not self.minimum <= size <= self.maximum:
            unit = "bytes of UTF-8" if self.in_bytes else "characters"
            raise InvalidProperty(
                name, f"must be {self.minimum} to {self.maximum} {unit} long, not {size}."
            )
        if self.pattern and not re.fullmatch(self.pattern, value):
            raise InvalidProperty(name, f"must be {self.form}.")
        return value


@dataclass(frozen=True, slots=True)
class Integer:
    """A whole number, also where it arrives as a string."""

    minimum: int
    maximum: int
    besides: int | None = None

    def parse(self, name: str, value: object) -> int:
        wanted = f"must be an integer from {self.minimum} to {self.maximum}"
        if self.besides is not None:
            wanted += f", or {self.besides}"
        if isinstance(value, str) and re.fullmatch(r"[+-]?[0-9]{1,18}", value):
            value = int(value)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool) or abs(value) >= _HUGE:
            raise InvalidProperty(name, f"{wanted}.")
        if value != self.besides and not self.minimum <= value <= self.maximum:
            raise InvalidProperty(name, f"{wanted}, not {value}.")
        return value


@dataclass(frozen=True, slots=True)
class Flag:
    """True or false, also where it arrives as a string."""

    def parse(self, name: str, value: object) -> bool:
        if isinstance(value, str):
            value = {"true": True, "false": False}.get(value.lower())
        if not isinstance(value, bool):
            raise InvalidProperty(name, "must be true or false.")
        return value


@dataclass(frozen=True, slots=True)
class Choice:
    """One of some words."""

    known: tuple[str, ...]

    def parse(self, name: str, value: object) -> str:
        if isinstance(value, str) and value in self.known:
            return value
        lowered = value[:64].lower() if isinstance(value, str) else ""
        nearest = _nearest(lowered, self.known, 3)
        hint = f"Did you mean {' or '.join(nearest)}?" if nearest else "It takes: "
        raise InvalidProperty(
            name,
            f"has a value that is not known. {hint}{'' if nearest else ', '.join(self.known)}",
        )


@dataclass(frozen=True, slots=True)
class TagList:
    """A list of tags, at most 50, each key once."""

    maximum: int = 50

    def parse(self, name: str, value: object) -> list[dict[str, str]]:
        if not isinstance(value, list):
            raise InvalidProperty(name, "must be a list of tags, each with a Key and a Value.")
        if len(value) > self.maximum:
            raise InvalidProperty(name, f"takes at most {self.maximum} tags, not {len(value)}.")
        tags = [self._tag(f"{name}[{i}]", tag) for i, tag in enumerate(value)]
        first: dict[str, int] = {}
        for i, tag in enumerate(tags):
            if first.setdefault(tag["Key"], i) != i:
                raise InvalidProperty(
                    f"{name}[{i}]",
                    f"repeats the Key of {name}[{first[tag['Key']]}]. Keep one of the two.",
                )
        return tags

    @staticmethod
    def _tag(name: str, tag: object) -> dict[str, str]:
        if not isinstance(tag, dict) or set(tag) != set(_TAG):
            raise InvalidProperty(name, "must have a Key and a Value and nothing else.")
        return {part: kind.parse(f"{name}.{part}", tag[part]) for part, kind in _TAG.items()}


_TAG = {"Key": Text(1, 128), "Value": Text(0, 256)}

_PART = "^[^|#]+$"
_PART_FORM = "without the characters | and #"
_ALIAS = "alias/[a-zA-Z0-9/_-]{1,250}"
_KEY_ID = "(mrk-[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})"
_KMS_ARN = "arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:"

TABLE_NAME = Text(
    3,
    255,
    pattern="^[a-zA-Z0-9_.-]+$",
    form="a table name of letters, digits, underscores, hyphens and periods",
)
KEY_ID = Text(
    1,
    2048,
    pattern=f"^(({_KMS_ARN})?{_ALIAS}|({_KMS_ARN}key/)?{_KEY_ID})$",
    form="a key ID, a key ARN, an alias name (alias/...) or an alias ARN",
)
RECOVERY_WINDOW_IN_DAYS = Integer(7, 30, besides=0)
"""Days; 7 to 30 as in secretsmanager:DeleteSecret, 0 for no recovery."""

_SORT_KEY_BYTES = 1024
"""DynamoDB's limit for a sort key."""

DEFAULT_TABLE_NAME = "myorg-secrets-password"
DEFAULT_KEY_ID = "alias/myorg-secrets-password"
DEFAULT_ENV = "default"

IDENTITY: dict[str, Text] = {
    "TableName": TABLE_NAME,
    # DynamoDB's limit for a partition key.
    "StackName": Text(1, 2048, in_bytes=True, pattern=_PART, form=_PART_FORM),
    "Env": Text(1, 1022, in_bytes=True, pattern=_PART, form=_PART_FORM),
    "Name": Text(1, 1022, in_bytes=True, pattern=_PART, form=_PART_FORM),
}
"""The create-only properties, in the order of the primary identifier."""

Kind = Text | Integer | Flag | Choice | TagList

WRITABLE: dict[str, Kind] = {
    **IDENTITY,
    "KeyId": KEY_ID,
    "Engine": Choice(tuple(ENGINES)),
    "PasswordLength": Integer(8, 4096),
    "ExcludeCharacters": Text(0, 4096),
    "ExcludeLowercase": Flag(),
    "ExcludeUppercase": Flag(),
    "ExcludeNumbers": Flag(),
    "ExcludePunctuation": Flag(),
    "IncludeSpace": Flag(),
    "RequireEachIncludedType": Flag(),
    "AllowedCharacters": Text(1, 4096),
    "RotationToken": Text(0, 1024),
    # What one kms:Encrypt takes as Plaintext under a symmetric key.
    "SecretString": Text(1, 4096, in_bytes=True),
    "RecoveryWindowInDays": RECOVERY_WINDOW_IN_DAYS,
    "Description": Text(0, 2048),
    "Tags": TagList(),
    "ReturnValue": Flag(),
}
READ_ONLY = ("Value", "VersionId", "CreatedTime", "LastRotatedTime")


def check(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return the properties with their types mended; null counts as absent.

    Read-only properties are left out: callers that send back what they read are right to do so.

    Raises:
        InvalidProperty: a property is unknown or has a wrong value.
    """
    refuse_unknown(raw, [*WRITABLE, *READ_ONLY], "property")
    return {
        name: kind.parse(name, raw[name])
        for name, kind in WRITABLE.items()
        if raw.get(name) is not None
    }


def check_identity(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return the identifying properties only: all that read, delete and list look at."""
    return {
        name: kind.parse(name, raw[name])
        for name, kind in IDENTITY.items()
        if raw.get(name) is not None
    }


def check_sort_key(env: str, name: str) -> None:
    """See that Env and Name fit into the table's sort key together.

    Raises:
        InvalidProperty: they are longer.
    """
    if len(f"{env}#{name}".encode()) > _SORT_KEY_BYTES:
        raise InvalidProperty(
            "Env and Name",
            f"may together take {_SORT_KEY_BYTES - 1} bytes of UTF-8 at most. Shorten one.",
        )


def salvage(raw: Mapping[str, Any], kinds: Mapping[str, Kind] = WRITABLE) -> dict[str, Any]:
    """Return what is right among the properties of some kinds, and leave out the rest.

    Previous properties may stem from another release of this type, and no user can mend them.
    """
    kept = {}
    for name, kind in kinds.items():
        if raw.get(name) is not None:
            try:
                kept[name] = kind.parse(name, raw[name])
            except InvalidProperty:
                continue
    return kept


def refuse_unknown(raw: Mapping[str, Any], known: Iterable[str], what: str) -> None:
    """Refuse a name that is not known, and suggest the nearest.

    Raises:
        InvalidProperty: names the first unknown one.
    """
    known = list(known)
    for name in raw:
        if name not in known:
            shown = str(name)[:64]
            nearest = _nearest(shown, known, 1)
            hint = f" Did you mean {nearest[0]}?" if nearest else " Remove it."
            raise InvalidProperty(repr(shown), f"is not a {what} of this type.{hint}")


def _nearest(word: str, known: Iterable[str], number: int) -> list[str]:
    # Only a wrong request needs it, and each cold start would pay for it.
    import difflib

    return difflib.get_close_matches(word, list(known), n=number)
