"""What a consumer may have to catch. No message holds a value.

PasswordError
 ├── InvalidRequest         a name is not valid; the table or the key cannot be used
 ├── NotFound               there is no live secret
 │    └── VersionNotFound   there is one, but it does not keep this version
 ├── Damaged                tampered with: a ciphertext that does not belong to its record
 └── AwsFailure             AWS did not do what was asked
      ├── AccessDenied      names the action and the ARN
      ├── InvalidCredentials
      ├── Throttled         after the SDK's own retries
      ├── Unreachable       time-outs and connection errors
      └── ServiceFault      5xx, or an answer that AWS would not give
"""

from myorg_secrets_password.exceptions import (
    AccessDenied,
    AwsFailure,
    Damaged,
    InvalidCredentials,
    InvalidRequest,
    NotFound,
    PasswordError,
    ServiceFault,
    Throttled,
    Unreachable,
)

__all__ = [
    "AccessDenied",
    "AwsFailure",
    "Damaged",
    "InvalidCredentials",
    "InvalidRequest",
    "NotFound",
    "PasswordError",
    "ServiceFault",
    "Throttled",
    "Unreachable",
    "VersionNotFound",
]


class VersionNotFound(NotFound):
    """The secret is there, and keeps no version with this ID."""


def public_name(error: Exception) -> str:
    """Return the name of the nearest exception above, for an answer or a log."""
    names = [kind.__name__ for kind in type(error).__mro__]
    return next(name for name in names if name in __all__)
