"""Passwords of MyOrg::Secrets::Password for programs, at run time.

from myorg_secrets import SecretsClient

password = SecretsClient().get("orders", "DBPassword", env="prod")
"""

from .client import Password, SecretsClient
from .exceptions import (
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
    VersionNotFound,
)

__all__ = [
    "AccessDenied",
    "AwsFailure",
    "Damaged",
    "InvalidCredentials",
    "InvalidRequest",
    "NotFound",
    "Password",
    "PasswordError",
    "SecretsClient",
    "ServiceFault",
    "Throttled",
    "Unreachable",
    "VersionNotFound",
]
