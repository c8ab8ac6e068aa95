"""What a project says under "compact" in the settings of its .rpdk-config."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rpdk.core.exceptions import InvalidProjectError

_HINT = 'in .rpdk-config, under "settings" and "compact"'
_KNOWN = ("operations", "without", "authorities")


@dataclass(frozen=True)
class Settings:
    """How the package is made small.

    Attributes:
        operations: the operations of AWS that the type calls, by botocore's name of the service.
            Models of others are left out.
        without: distributions that the framework or the SDK asks for and the type runs without,
            by their names on PyPI.
        authorities: words of the names of the certificate authorities that endpoints of AWS
            have; certificates of others are left out. Empty for all.
    """

    operations: Mapping[str, tuple[str, ...]]
    without: tuple[str, ...]
    authorities: tuple[str, ...]

    @classmethod
    def of(cls, raw: object) -> "Settings":
        """Reads the settings.

        Raises:
            InvalidProjectError: they are not of this form.
        """
        if not isinstance(raw, dict) or not set(raw) <= set(_KNOWN):
            raise InvalidProjectError(f"What is known: {', '.join(_KNOWN)} ({_HINT}).")
        operations = raw.get("operations", {})
        if not isinstance(operations, dict):
            raise InvalidProjectError(f'"operations" is an object of lists {_HINT}.')
        return cls(
            {name: _texts("operations", names) for name, names in operations.items()},
            _texts("without", raw.get("without", [])),
            _texts("authorities", raw.get("authorities", [])),
        )


def _texts(name: str, raw: Any) -> tuple[str, ...]:
    if not isinstance(raw, list) or not all(isinstance(text, str) for text in raw):
        raise InvalidProjectError(f'"{name}" takes lists of names {_HINT}.')
    return tuple(raw)
