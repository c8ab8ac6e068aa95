"""KMS: encrypts and decrypts versions, each bound to its place by the encryption context."""

import uuid
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from .aws_errors import malformed, translated
from .cleartext import ClearText
from .exceptions import Damaged, ServiceFault
from .record import Identity, Source, Version, iso

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient

TYPE_NAME = "MyOrg::Secrets::Password"

_NO_KEY = (
    "Without it the version is lost: ask for another password under another key, by KeyId and a new"
    " RotationToken or SecretString."
)


def encryption_context(identity: Identity, version_id: str) -> dict[str, str]:
    """Return what binds a ciphertext to its row and its version.

    It can be derived from the row again. The table's name is not in it: a table that was restored
    under another name must stay readable. CloudTrail shows it in clear text.
    """
    return {
        "Type": TYPE_NAME,
        "StackName": identity.stack_name,
        "Env": identity.env,
        "Name": identity.name,
        "VersionId": version_id,
    }


def decoded(plaintext: bytes) -> str | None:
    """Return what KMS decrypted as text, or None if it is none.

    Whoever raises then has no UnicodeDecodeError behind its own: that one holds the plaintext, and
    `from None` only hides it.
    """
    try:
        return plaintext.decode()
    except UnicodeDecodeError:
        return None


def is_multi_region(key_arn: str) -> bool:
    """Tell whether a key has replicas of the same key material in other Regions.

    https://docs.aws.amazon.com/kms/latest/developerguide/multi-region-keys-overview.html
    """
    return ":key/mrk-" in key_arn


class Cipher:
    """The versions' encryption.

    Args:
        kms: a KMS client.
        account_id: for the ARNs in messages.
    """

    def __init__(self, kms: "KMSClient", account_id: str) -> None:
        self._kms = kms
        self._account_id = account_id

    def seal(
        self, identity: Identity, clear: ClearText, key_id: str, source: Source, now: datetime
    ) -> Version:
        """Encrypt a password as a new version, and see that it can be decrypted again.

        Raises:
            AwsFailure, StorageUnusable: a call failed.
            ServiceFault: KMS gave back another password.
        """
        version_id = uuid.uuid4().hex
        arn = self.arn(key_id)
        with translated("kms:Encrypt", arn):
            answer = self._kms.encrypt(
                KeyId=key_id,
                Plaintext=clear.encode(),
                EncryptionContext=encryption_context(identity, version_id),
            )
        if not answer.get("CiphertextBlob") or not answer.get("KeyId"):
            raise malformed(f"kms:Encrypt on {arn}")
        version = Version(version_id, answer["CiphertextBlob"], answer["KeyId"], iso(now), source)
        if not self.reveal(identity, version).same_as(clear):
            raise ServiceFault(
                f"kms:Decrypt on {version.key_arn} gave back another password than was encrypted."
                " Nothing was stored. The operation can be repeated."
            )
        return version

    def reveal(self, identity: Identity, version: Version) -> ClearText:
        """Decrypt a version.

        Raises:
            Damaged: the ciphertext does not belong to this row and version.
            AwsFailure, StorageUnusable: the call failed.
        """
        key_arn = self._here(version.key_arn)
        with translated("kms:Decrypt", key_arn, "the version's key", _NO_KEY):
            answer = self._kms.decrypt(
                KeyId=key_arn,
                CiphertextBlob=version.ciphertext,
                EncryptionContext=encryption_context(identity, version.id),
            )
        if not answer.get("Plaintext"):
            raise malformed(f"kms:Decrypt on {key_arn}")
        text = decoded(answer["Plaintext"])
        if text is None:
            raise Damaged(f"The version {version.id} of {identity} is not a password.")
        return ClearText(text)

    def re_encrypt(self, identity: Identity, version: Version, key_id: str) -> Version:
        """Return the version encrypted under another key; the clear text does not leave KMS.

        Raises:
            AwsFailure, StorageUnusable: the call failed.
        """
        context = encryption_context(identity, version.id)
        arn, source_arn = self.arn(key_id), self._here(version.key_arn)
        with translated(
            "kms:ReEncrypt (kms:ReEncryptFrom, kms:ReEncryptTo)",
            f"{source_arn} to {arn}",
            "one of the two keys",
            f"{_NO_KEY} Or correct KeyId.",
        ):
            answer = self._kms.re_encrypt(
                CiphertextBlob=version.ciphertext,
                SourceKeyId=source_arn,
                SourceEncryptionContext=context,
                DestinationKeyId=key_id,
                DestinationEncryptionContext=context,
            )
        if not answer.get("CiphertextBlob") or not answer.get("KeyId"):
            raise malformed(f"kms:ReEncrypt to {arn}")
        return replace(version, ciphertext=answer["CiphertextBlob"], key_arn=answer["KeyId"])

    def arn(self, key_id: str) -> str:
        """Return the ARN of a key or alias as IAM and messages name it."""
        if key_id.startswith("arn:"):
            return key_id
        resource = key_id if key_id.startswith("alias/") else f"key/{key_id}"
        meta = self._kms.meta
        return f"arn:{meta.partition}:kms:{meta.region_name}:{self._account_id}:{resource}"

    def _here(self, key_arn: str) -> str:
        """Return the ARN of a multi-Region key in this Region; others are where they are.

        A global table brings records here that were written in another Region.
        """
        parts = key_arn.split(":", 5)
        if not is_multi_region(key_arn) or len(parts) != 6:
            return key_arn
        _, partition, service, _, account, resource = parts
        return f"arn:{partition}:{service}:{self._kms.meta.region_name}:{account}:{resource}"
