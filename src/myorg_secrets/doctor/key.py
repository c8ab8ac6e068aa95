"""The KMS keys: whether they can be used, and whether the caller may use them."""

import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from myorg_secrets.connection import Connection, region_of
from myorg_secrets_password.cipher import Cipher, encryption_context
from myorg_secrets_password.record import Identity, iso

from .asking import Asker, Unanswered
from .finding import Finding, Status

_PROBE = b"probe"
"""What is encrypted to see whether that is allowed; no secret."""

_NEW_KEY = "Ask for a new password under another key: KeyId and a new RotationToken."
_UNUSABLE = {
    "Creating": ("is being created", "Wait until it is enabled."),
    "PendingImport": (
        "waits for its key material",
        "Import the very same key material again (kms:ImportKeyMaterial).",
    ),
    "Unavailable": (
        "cannot be reached in its custom key store",
        "Connect the key store (kms:ConnectCustomKeyStore).",
    ),
}
"""For a key's state: how it is, and what to do."""


class Keys:
    """The keys that were looked at.

    Args:
        connection: the table.
        asker: asks.
        cipher: knows the ARNs.
    """

    def __init__(self, connection: Connection, asker: Asker, cipher: Cipher) -> None:
        self._kms = connection.kms
        self._region = connection.region_name
        self._asker = asker
        self._cipher = cipher
        self._findings: dict[str, Finding] = {}
        self._unanswered: set[str] = set()
        self._told: set[str] = set()

    def look_at(self, key_id: str) -> Finding:
        """Return how a key is, by its ID, ARN or alias. It is asked for once."""
        arn = self._cipher.arn(key_id)
        if arn not in self._findings:
            self._findings[arn] = self._found(key_id, arn)
        return self._findings[arn]

    def is_unfit(self, key_id: str) -> bool:
        """Tell whether KMS says of a key that it cannot be used."""
        finding = self.look_at(key_id)
        answered = self._cipher.arn(key_id) not in self._unanswered
        return answered and finding.status is Status.PROBLEM

    def news(self, key_id: str) -> Iterator[Finding]:
        """Yield how a key is, unless that was yielded before."""
        finding = self.look_at(key_id)
        arn = self._cipher.arn(key_id)
        if arn not in self._told:
            self._told.add(arn)
            yield finding

    def try_out(self, key_id: str, identity: Identity) -> Iterator[Finding]:
        """Yield whether the caller may encrypt and decrypt for a secret, unless the key is unfit.

        Args:
            key_id: the key.
            identity: the secret, real or not: policies may allow some stacks only.
        """
        if self.is_unfit(key_id):
            return
        context = encryption_context(identity, uuid.uuid4().hex)
        try:
            sealed = self._asker.ask(
                "kms:Encrypt",
                self._usable_arn(key_id),
                lambda: self._kms.encrypt(
                    KeyId=key_id, Plaintext=_PROBE, EncryptionContext=context
                ),
            )
        except Unanswered as failure:
            yield self._asker.explain("Encrypt", failure)
            yield Finding(
                "Decrypt",
                Status.UNKNOWN,
                "It was not tried, since it needs something that was encrypted.",
                "Name a secret, so that its own versions are tried.",
            )
            return
        if not sealed.keys() >= {"KeyId", "CiphertextBlob"}:
            arn = self._usable_arn(key_id)
            yield self._asker.explain_answer("Encrypt", "kms:Encrypt", arn)
            return
        arn = sealed["KeyId"]
        yield Finding("Encrypt", Status.OK, f"kms:Encrypt on {arn} is allowed.")
        try:
            opened = self._asker.ask(
                "kms:Decrypt",
                arn,
                lambda: self._kms.decrypt(
                    KeyId=arn, CiphertextBlob=sealed["CiphertextBlob"], EncryptionContext=context
                ),
            )
        except Unanswered as failure:
            yield self._asker.explain("Decrypt", failure)
            return
        if opened.get("Plaintext") == _PROBE:
            yield Finding("Decrypt", Status.OK, f"kms:Decrypt on {arn} is allowed.")
        else:
            message = f"kms:Decrypt on {arn} gave back something else than was encrypted."
            yield Finding("Decrypt", Status.PROBLEM, message, "Is a proxy in between?")

    def _found(self, key_id: str, arn: str) -> Finding:
        try:
            answer = self._asker.ask(
                "kms:DescribeKey", arn, lambda: self._kms.describe_key(KeyId=key_id)
            )
        except Unanswered as failure:
            if failure.code in ("NotFoundException", "InvalidArnException"):
                return missing(arn, self._region)
            self._unanswered.add(arn)
            return self._asker.explain("Key", failure)
        metadata: Mapping[str, Any] = answer["KeyMetadata"]
        if not metadata.keys() >= {"Arn", "KeyState"}:
            self._unanswered.add(arn)
            return self._asker.explain_answer("Key", "kms:DescribeKey", arn)
        finding = judge(metadata, arn, self._region)
        # A version names its key by this ARN, whatever it was asked for by here.
        self._findings.setdefault(metadata["Arn"], finding)
        if arn != metadata["Arn"]:
            self._told.add(metadata["Arn"])
        return finding

    def _usable_arn(self, key_id: str) -> str:
        """Return the ARN that a policy must name, which is never an alias's, where it is known."""
        arn = self._cipher.arn(key_id)
        finding = self._findings.get(arn)
        for known, other in self._findings.items():
            if other is finding and ":key/" in known:
                return known
        return arn


def judge(metadata: Mapping[str, Any], arn: str, region: str) -> Finding:
    """Judge what DescribeKey says of a key.

    Args:
        metadata: KeyMetadata of its answer.
        arn: by which it was asked for: the key's or an alias's.
        region: for the remedy.
    """
    key_arn, state = metadata["Arn"], metadata["KeyState"]
    name = key_arn if arn == key_arn else f"{key_arn}, by {arn.rpartition(':')[2]},"
    target = f"--key-id {key_arn} --region {region}"
    enable = f"aws kms enable-key {target}"
    specification = (metadata.get("KeyUsage"), metadata.get("KeySpec", "SYMMETRIC_DEFAULT"))
    if specification != ("ENCRYPT_DECRYPT", "SYMMETRIC_DEFAULT"):
        return _problem(
            f"{name} is for {specification[0]} with {specification[1]}. This type needs one for"
            " symmetric encryption (ENCRYPT_DECRYPT, SYMMETRIC_DEFAULT).",
            "Name another key: --kms-key-id KEY",
        )
    if metadata.get("KeyManager") == "AWS":
        return _problem(
            f"{name} is a key that AWS manages for one of its services.",
            "Name a customer managed key: --kms-key-id KEY",
        )
    if state == "Disabled":
        return _problem(f"{name} is disabled.", enable)
    if state in ("PendingDeletion", "PendingReplicaDeletion"):
        when = ""
        if "DeletionDate" in metadata:
            date = iso(metadata["DeletionDate"])
            when = f" KMS deletes it at {date}, and with it every password under it."
        cancel = f"aws kms cancel-key-deletion {target} && {enable}"
        return _problem(f"{name} is pending deletion.{when}", cancel)
    if state in _UNUSABLE:
        how, remedy = _UNUSABLE[state]
        return _problem(f"{name} {how}.", remedy)
    return Finding("Key", Status.OK, f"{name} is {state.lower()}.")


def missing(arn: str, region: str) -> Finding:
    """Say that there is no such key."""
    of_arn = region_of(arn)
    if of_arn not in ("", region):
        return _problem(
            f"{arn} is a key of the Region {of_arn}, which {region} cannot use.",
            f"Read it there: --region {of_arn}",
        )
    if ":alias/" in arn:
        return _problem(
            f"There is no alias {arn}. What is created without a KeyId fails, unless the type"
            " configuration names another key.",
            "Deploy infrastructure/storage.yml in this Region, or name the key: --kms-key-id KEY",
        )
    return _problem(f"There is no key {arn}.", _NEW_KEY)


def _problem(message: str, remedy: str) -> Finding:
    return Finding("Key", Status.PROBLEM, message, remedy)
