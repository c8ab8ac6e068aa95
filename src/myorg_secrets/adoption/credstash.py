"""credstash's table: finds each name's newest version, checks it, decrypts it.

Layout: partition key `name`, sort key `version` (digits, padded with zeros); `key`, the base64 of a
KMS data key of 64 bytes; `contents`, the base64 of the value under AES-256-CTR with its first half;
`hmac`, the hexadecimal HMAC of that ciphertext with the second half, by the hash in `digest`.
https://github.com/fugue/credstash (credstash.py, open_aes_ctr_legacy)
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from myorg_secrets.exceptions import Damaged, InvalidRequest
from myorg_secrets_password.aws_errors import malformed, translated
from myorg_secrets_password.cipher import decoded
from myorg_secrets_password.cleartext import ClearText
from myorg_secrets_password.item import Item
from myorg_secrets_password.properties import WRITABLE

from .layouts import Unfit

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient

KEYS = ("name", "version")
NONCE = b"\0" * 15 + b"\1"
"""credstash's LEGACY_NONCE: each value has a data key of its own, so that it is not used twice."""

KEY_SIZE = 64  # bytes

_HASHES = {
    "SHA": "sha1",
    "SHA224": "sha224",
    "SHA256": "sha256",
    "SHA384": "sha384",
    "SHA512": "sha512",
    "MD5": "md5",
}
"""By the names that credstash has for them."""

_MAXIMUM: int = WRITABLE["SecretString"].maximum  # type: ignore[union-attr]


@dataclass(frozen=True, slots=True)
class Sealed:
    """A version as credstash keeps it."""

    name: str
    wrapped_key: bytes = field(repr=False)
    contents: bytes = field(repr=False)
    mac: bytes = field(repr=False)
    hash_name: str

    @property
    def digest(self) -> str:
        """What the row is known by after it was adopted; it is not made from the password."""
        return hashlib.sha256(self.wrapped_key + self.contents).hexdigest()


def newest(versions: Iterable[str]) -> str:
    """Return the newest of a name's versions.

    Raises:
        Unfit: it is not clear which one that is.
    """
    ordered = sorted(versions)
    numbers = [int(version) if version.isdecimal() else -1 for version in ordered]
    if numbers != sorted(set(numbers)):
        raise Unfit(
            "has versions that are not padded alike, so that credstash itself takes another one for"
            " the newest. Put it again by `credstash put -a`"
        )
    return ordered[-1]


def read(item: Item) -> Sealed:
    """Return what a row holds.

    Raises:
        Unfit: it is not as credstash writes it.
    """
    try:
        sealed = Sealed(
            name=item["name"]["S"],
            wrapped_key=base64.b64decode(item["key"]["S"], validate=True),
            contents=base64.b64decode(item["contents"]["S"], validate=True),
            mac=binascii.unhexlify(item["hmac"].get("B") or item["hmac"]["S"]),
            hash_name=item.get("digest", {"S": "SHA256"})["S"],
        )
    except KeyError as missing:
        raise Unfit(f"has no {missing} as credstash writes it") from None
    except (ValueError, TypeError):
        raise Unfit("holds something that is neither base64 nor hexadecimal") from None
    if sealed.hash_name not in _HASHES:
        raise Unfit("has a digest that credstash does not know")
    return sealed


def unseal(kms: "KMSClient", sealed: Sealed, context: Mapping[str, str]) -> ClearText:
    """Decrypt a version, in this process's memory.

    Args:
        kms: a KMS client.
        sealed: the version.
        context: the encryption context that it was put with.

    Raises:
        Unfit: it cannot be decrypted, was tampered with, or is no password for our record.
        AwsFailure, StorageUnusable: KMS did not do it.
        InvalidRequest: the extra `credstash` is not installed.
    """
    decrypt = aes_ctr()
    try:
        with translated("kms:Decrypt", "the key of credstash", "its key", "Restore the key."):
            answer = kms.decrypt(CiphertextBlob=sealed.wrapped_key, EncryptionContext=dict(context))
    except Damaged:
        raise Unfit(
            "has a data key that KMS does not decrypt. Was it put with an encryption context"
            " (--context)?"
        ) from None
    both = answer.get("Plaintext")
    if not both:
        raise malformed("kms:Decrypt on the key of credstash")
    if len(both) != KEY_SIZE:
        raise Unfit(f"has a data key that is not {KEY_SIZE} bytes long")
    data_key, mac_key = both[: KEY_SIZE // 2], both[KEY_SIZE // 2 :]
    mac = hmac.digest(mac_key, sealed.contents, _HASHES[sealed.hash_name])
    if not hmac.compare_digest(mac, sealed.mac):
        raise Unfit("was tampered with or damaged: its HMAC is not that of its contents")
    text = decoded(decrypt(data_key, sealed.contents))
    if text is None:
        raise Unfit("holds no text in UTF-8")
    if not 1 <= len(text.encode()) <= _MAXIMUM:
        raise Unfit(f"holds no password of 1 to {_MAXIMUM} bytes of UTF-8")
    return ClearText(text)


def aes_ctr() -> Callable[[bytes, bytes], bytes]:
    """Return what decrypts contents with a data key.

    Raises:
        InvalidRequest: the extra `credstash` is not installed.
    """
    try:
        from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
    except ImportError:
        raise InvalidRequest(
            "credstash's encryption needs another library: pip install 'myorg-secrets[credstash]'."
        ) from None

    def decrypt(key: bytes, contents: bytes) -> bytes:
        decryptor = Cipher(algorithms.AES(key), modes.CTR(NONCE)).decryptor()
        return decryptor.update(contents) + decryptor.finalize()

    return decrypt
