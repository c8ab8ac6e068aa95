"""What a check found. Pure: knows nothing of AWS."""

from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found.

    Attributes:
        check: what was looked at.
        status: how it is.
        message: what was found, in full sentences; never a value.
        remedy: a command, or a permission to add.
        is_absence: whether it is that the secret which the caller named is not there.
    """

    check: str
    status: Status
    message: str
    remedy: str | None = None
    is_absence: bool = False
