"""Looks at a KMS key before work on many records begins."""

from myorg_secrets_password.aws_errors import translated
from myorg_secrets_password.exceptions import StorageUnusable
from myorg_secrets_password.properties import KEY_ID

from .connection import Connection
from .exceptions import AccessDenied

_ADVICE = "Correct --kms-key-id, or deploy infrastructure/storage.yml."


def require_usable(connection: Connection, key_id: str) -> None:
    """See that a key can encrypt; who may not look at it finds out when it is used.

    Raises:
        InvalidProperty: it is no key ID, no ARN and no alias.
        StorageUnusable: there is no such key, or it is disabled, or pending deletion.
        AwsFailure: KMS did not answer.
    """
    arn = connection.cipher.arn(KEY_ID.parse("--kms-key-id", key_id))
    try:
        with translated("kms:DescribeKey", arn, remedy=_ADVICE):
            key = connection.kms.describe_key(KeyId=key_id).get("KeyMetadata", {})
    except AccessDenied:
        return
    state = key.get("KeyState", "Enabled")
    if state != "Enabled":
        raise StorageUnusable(
            f"The key {arn} is in the state {state}. Enable it (kms:EnableKey; where it is pending"
            f" deletion, kms:CancelKeyDeletion first). {_ADVICE}"
        )
