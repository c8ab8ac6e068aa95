"""What a password may look like. Pure: knows nothing of AWS.

The properties keep the names and the meaning of `GenerateSecretString` of
AWS::SecretsManager::Secret; the four classes of characters are those of its GetRandomPassword.
With an `Engine` its rule is added to what they say.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from .engines import CLASS_NAMES, CLASSES, ENDS, ENGINES, EVERYWHERE_SAFE, SPACE, Rule
from .exceptions import InvalidProperty

DEFAULT_LENGTH = 32
"""Characters, as GetRandomPassword's PasswordLength."""

MAXIMUM_BYTES = 4096
"""What one kms:Encrypt takes as Plaintext under a symmetric key."""

_FEW = 10
"""As many characters as there are digits: fewer are no alphabet to prefer."""

POLICY_PROPERTIES = (
    "Engine",
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
        length: in characters, 2 at least.
        alphabet: every character that may occur, each once.
        required: disjoint parts of the alphabet, each of which must occur at least once.
        ends: the part of the alphabet that may stand at the beginning and at the end.
        counted, kinds: disjoint parts of the alphabet, and how many of them must occur. A part
            that is required, too, is the same string in both.
        distinct: how many different characters there must be.
    """

    length: int
    alphabet: str
    required: tuple[str, ...] = ()
    ends: str = ""
    counted: tuple[str, ...] = ()
    kinds: int = 0
    distinct: int = 0

    def __post_init__(self) -> None:
        if not self.ends:
            object.__setattr__(self, "ends", self.alphabet)

    @classmethod
    def of(cls, declared: Mapping[str, Any]) -> Self:
        """Fill in the defaults of the declared policy properties.

        Args:
            declared: policy properties by name, of the right types; those not written are absent.

        Raises:
            InvalidProperty: nothing satisfies the properties, or two of them exclude each other.
        """
        if "Engine" in declared:
            return cls._for(declared["Engine"], declared)
        alphabet = _wish(declared)
        length = declared.get("PasswordLength", DEFAULT_LENGTH)
        _check_bytes(length, alphabet)
        return cls(length, alphabet, _required(declared, alphabet))

    @classmethod
    def _for(cls, engine: str, declared: Mapping[str, Any]) -> Self:
        rule = ENGINES[engine]
        length = declared.get("PasswordLength", min(DEFAULT_LENGTH, rule.maximum))
        if not rule.minimum <= length <= rule.maximum:
            raise InvalidProperty(
                "PasswordLength",
                f"{length}: {engine} takes {rule.minimum} to {rule.maximum} characters.",
            )
        named = "AllowedCharacters" in declared
        alphabet = _permitted(declared) if named else _preferred(rule, declared)
        if not _suffices(rule, alphabet):
            raise _at_odds(engine, rule, declared, alphabet)
        _check_bytes(length, alphabet)
        parts = {name: part for name, part in _parts(alphabet).items() if part}
        required = (*_required(declared, alphabet), *(parts[name] for name in rule.required))
        return cls(
            length=length,
            alphabet=alphabet,
            required=tuple(dict.fromkeys(required)),
            ends="" if named else "".join(c for c in alphabet if c in ENDS),
            counted=tuple(parts.values()) if rule.kinds else (),
            kinds=rule.kinds,
            distinct=rule.distinct,
        )

    def is_met_by(self, text: str) -> bool:
        """Tell whether a string of this alphabet and length has everything that must occur."""
        characters = set(text)
        return (
            not any(characters.isdisjoint(part) for part in self.required)
            and sum(not characters.isdisjoint(part) for part in self.counted) >= self.kinds
            and len(characters) >= self.distinct
        )


def satisfies(text: str, declared: Mapping[str, Any]) -> bool:
    """Tell whether a password keeps to everything that the declared policy properties say.

    A property that is not written demands nothing: defaults steer the generation of a new
    password and never condemn an existing one. Of the engine, its documented rule counts.
    """
    if not suits_engine(text, declared):
        return False
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
    if not declared.get("RequireEachIncludedType"):
        return True
    required = _required(declared, _permitted(declared))
    return not any(characters.isdisjoint(part) for part in required)


def suits_engine(text: str, declared: Mapping[str, Any]) -> bool:
    """Tell whether a password keeps to the documented rule of the declared engine, if any."""
    return "Engine" not in declared or ENGINES[declared["Engine"]].problem(text) is None


def check_provided(text: str, declared: Mapping[str, Any]) -> None:
    """Check a SecretString against the declared engine's documented rule, and nothing else.

    Raises:
        InvalidProperty: says what the engine takes, and quotes nothing.
    """
    engine = declared.get("Engine")
    if engine is not None and (problem := ENGINES[engine].problem(text)):
        raise InvalidProperty("SecretString", f"{problem} for Engine {engine}.")


def _wish(declared: Mapping[str, Any]) -> str:
    """Return the characters that the properties besides Engine leave."""
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
        raise InvalidProperty(
            _written(declared),
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


def _parts(alphabet: str) -> dict[str, str]:
    """Return what the alphabet has of each class."""
    return {name: "".join(c for c in members if c in alphabet) for name, members in CLASSES.items()}


def _required(declared: Mapping[str, Any], alphabet: str) -> tuple[str, ...]:
    if not declared.get("RequireEachIncludedType", True):
        return ()
    return tuple(part for part in _parts(alphabet).values() if part)


def _permitted(declared: Mapping[str, Any]) -> str:
    """Return the characters that the properties and the engine's rule leave to generation."""
    wish = _wish(declared)
    if "Engine" not in declared:
        return wish
    rule = ENGINES[declared["Engine"]]
    return "".join(c for c in wish if rule.permits(c) and c not in rule.never_generated)


def _preferred(rule: Rule, declared: Mapping[str, Any]) -> str:
    """Return what is safe everywhere, and what else is needed to keep to the properties.

    Where so little is safe that a password could be guessed, safety gives way.
    """
    permitted = _permitted(declared)
    safe = "".join(c for c in permitted if c in EVERYWHERE_SAFE)
    if len(safe) < _FEW:
        return permitted
    written = declared.get("RequireEachIncludedType")
    kept = _parts(safe)
    lacking = {
        c
        for name, part in _parts(permitted).items()
        if not kept[name] and (written or name in rule.required)
        for c in part
    }
    return "".join(c for c in permitted if c in safe or c in lacking)


def _suffices(rule: Rule, alphabet: str) -> bool:
    parts = [name for name, part in _parts(alphabet).items() if part]
    return (
        len(alphabet) >= max(rule.distinct, 1)
        and len(parts) >= rule.kinds
        and set(parts).issuperset(rule.required)
    )


def _at_odds(
    engine: str, rule: Rule, declared: Mapping[str, Any], alphabet: str
) -> InvalidProperty:
    parts = _parts(alphabet)
    missing = [CLASS_NAMES[name] for name in rule.required if not parts[name]]
    lacks = f": no {missing[0]} is left" if missing else ""
    wants = f" and wants {rule.wants}" if rule.wants else ""
    if rule.never_generated:
        wants += f" ({rule.never_generated} is never generated)"
    return InvalidProperty(
        _written(declared),
        f"cannot be met together with Engine {engine}, which takes {rule.characters}{wants}"
        f"{lacks}. Exclude less, or name characters that suit both in AllowedCharacters.",
    )


def _written(declared: Mapping[str, Any]) -> str:
    """Return the names of the written properties that narrow the alphabet."""
    names = ("AllowedCharacters", "ExcludeCharacters", *CLASSES)
    return ", ".join(name for name in names if declared.get(name))


def _check_bytes(length: int, alphabet: str) -> None:
    widest = max(len(c.encode()) for c in alphabet)
    if length * widest > MAXIMUM_BYTES:
        raise InvalidProperty(
            "PasswordLength",
            f"is too long for AllowedCharacters: with characters of {widest} bytes in UTF-8 at"
            f" most {MAXIMUM_BYTES // widest} fit into the {MAXIMUM_BYTES} bytes that KMS encrypts"
            " directly.",
        )
