"""The encryption of versions, by what reaches KMS and by what its answers become.

What the handlers make of it is in `test_rotation` and `test_failures`.
"""

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

import boto3
import moto
import pytest
from botocore.exceptions import ClientError

from myorg_secrets_password.cipher import Cipher, encryption_context, is_multi_region
from myorg_secrets_password.cleartext import ClearText
from myorg_secrets_password.exceptions import Damaged, ServiceFault, StorageUnusable
from myorg_secrets_password.record import Identity, Source, Version
from tests.answering import Answering

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient

IDENTITY = Identity("passwords", "orders", "dev", "DB")
NOW = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
CLEAR = "correct-horse-battery"
HERE = "arn:aws:kms:us-east-1:123456789012:"
VERSION = Version("v0", b"sealed", f"{HERE}key/1", "2026-01-01T00:00:00.000Z", Source.GENERATED)


class Keys:
    """Two keys in a mocked account, and the requests that reached KMS."""

    def __init__(self) -> None:
        self.kms: KMSClient = boto3.client("kms", "us-east-1")
        self.one, self.other = (
            self.kms.create_key()["KeyMetadata"]["Arn"] for _ in ("one", "other")
        )
        self.requests: list[dict[str, Any]] = []
        self.kms.meta.events.register("before-call.kms", self._note)

    @property
    def cipher(self) -> Cipher:
        return Cipher(self.kms, "123456789012")

    def _note(self, params: Mapping[str, Any], **_: Any) -> None:
        self.requests.append(json.loads(params["body"]))

    def seal(self, clear: str = CLEAR) -> Version:
        return self.cipher.seal(IDENTITY, ClearText(clear), self.one, Source.PROVIDED, NOW)


@pytest.fixture(scope="module")
def account() -> Iterator[Keys]:
    with moto.mock_aws():
        yield Keys()


@pytest.fixture
def keys(account: Keys, quiet_sdk: None) -> Keys:
    account.requests.clear()
    return account


def test_the_context_binds_a_version_to_its_place_but_not_to_its_table() -> None:
    assert encryption_context(IDENTITY, "v0") == {
        "Type": "MyOrg::Secrets::Password",
        "StackName": "orders",
        "Env": "dev",
        "Name": "DB",
        "VersionId": "v0",
    }


def test_a_sealed_password_is_a_new_version_that_can_be_read(keys: Keys) -> None:
    first, second = keys.seal(), keys.seal()

    assert first.id != second.id
    assert (first.key_arn, first.source) == (keys.one, Source.PROVIDED)
    assert first.created_time == "2026-01-02T03:04:05.678Z"
    assert keys.cipher.reveal(IDENTITY, first).reveal() == CLEAR


def test_every_call_names_the_key_and_carries_the_context(keys: Keys) -> None:
    version = keys.seal()
    keys.cipher.re_encrypt(IDENTITY, version, keys.other)

    context = encryption_context(IDENTITY, version.id)
    encrypt, decrypt, re_encrypt = keys.requests
    assert (encrypt["KeyId"], encrypt["EncryptionContext"]) == (keys.one, context)
    assert (decrypt["KeyId"], decrypt["EncryptionContext"]) == (keys.one, context)
    assert re_encrypt == {
        "CiphertextBlob": base64.b64encode(version.ciphertext).decode(),
        "SourceKeyId": keys.one,
        "SourceEncryptionContext": context,
        "DestinationKeyId": keys.other,
        "DestinationEncryptionContext": context,
    }


def test_a_version_under_another_key_is_the_same_version(keys: Keys) -> None:
    version = replace(keys.seal(), restored_time="2026")

    moved = keys.cipher.re_encrypt(IDENTITY, version, keys.other)

    assert moved.ciphertext != version.ciphertext
    assert moved == replace(version, ciphertext=moved.ciphertext, key_arn=keys.other)
    assert keys.cipher.reveal(IDENTITY, moved).reveal() == CLEAR


@pytest.mark.parametrize(
    ("identity", "version_id"),
    [
        (replace(IDENTITY, stack_name="other"), None),
        (replace(IDENTITY, env="other"), None),
        (replace(IDENTITY, name="other"), None),
        (IDENTITY, "other"),
    ],
    ids=["stack", "env", "name", "version"],
)
def test_a_ciphertext_in_another_place_is_damage(
    keys: Keys, identity: Identity, version_id: str | None
) -> None:
    version = keys.seal()

    with pytest.raises(Damaged):
        keys.cipher.reveal(identity, replace(version, id=version_id or version.id))


def test_a_table_restored_under_another_name_stays_readable(keys: Keys) -> None:
    version = keys.seal()

    elsewhere = replace(IDENTITY, table_name="restored")

    assert keys.cipher.reveal(elsewhere, version).reveal() == CLEAR


def answered(**answers: Any) -> Cipher:
    return Cipher(cast(Any, Answering(answers)), "123456789012")


SEALED = {"CiphertextBlob": b"sealed", "KeyId": f"{HERE}key/1"}


def sealed(cipher: Cipher) -> Version:
    return cipher.seal(IDENTITY, ClearText(CLEAR), "alias/a", Source.GENERATED, NOW)


def moved(cipher: Cipher) -> Version:
    return cipher.re_encrypt(IDENTITY, VERSION, "alias/a")


def test_a_password_that_comes_back_as_another_is_a_fault_that_quotes_neither() -> None:
    with pytest.raises(
        ServiceFault, match=r"another password .*\. Nothing was stored\. .*\.$"
    ) as fault:
        sealed(answered(encrypt=SEALED, decrypt={"Plaintext": b"another-password"}))

    assert f"{HERE}key/1" in str(fault.value)
    assert CLEAR not in str(fault.value)
    assert "another-password" not in str(fault.value)


@pytest.mark.parametrize("lacking", SEALED)
def test_an_answer_that_lacks_something_is_none_of_aws(lacking: str) -> None:
    answer = {**SEALED, lacking: ""}

    with pytest.raises(ServiceFault, match=f"^kms:Encrypt on {HERE}alias/a "):
        sealed(answered(encrypt=answer))
    with pytest.raises(ServiceFault, match=f"^kms:ReEncrypt to {HERE}alias/a "):
        moved(answered(re_encrypt=answer))


@pytest.mark.parametrize("answer", [{}, {"Plaintext": b""}], ids=["nothing", "an empty text"])
def test_an_answer_without_a_password_is_none_of_aws(answer: dict[str, bytes]) -> None:
    with pytest.raises(ServiceFault, match=f"^kms:Decrypt on {HERE}key/1 "):
        answered(decrypt=answer).reveal(IDENTITY, VERSION)


def test_what_is_no_text_is_no_password() -> None:
    with pytest.raises(Damaged, match=r"v0 of passwords\|orders\|dev\|DB is not a password"):
        answered(decrypt={"Plaintext": b"\xff\xfe"}).reveal(IDENTITY, VERSION)


GONE = ClientError({"Error": {"Code": "NotFoundException"}}, "any")
NO_WAY_BACK = r" RotationToken or SecretString"


def test_a_key_that_is_gone_is_named_with_what_to_do() -> None:
    """Where a version is lost, with another remedy than where nothing is encrypted yet."""
    with pytest.raises(StorageUnusable, match=f"^kms:Encrypt on {HERE}alias/a .*storage.yml"):
        sealed(answered(encrypt=GONE))
    with pytest.raises(
        StorageUnusable,
        match=f"^kms:Decrypt on {HERE}key/1 .* the version's key does.*{NO_WAY_BACK}",
    ):
        answered(decrypt=GONE).reveal(IDENTITY, VERSION)
    with pytest.raises(
        StorageUnusable,
        match=r"^kms:ReEncrypt \(kms:ReEncryptFrom, kms:ReEncryptTo\) on "
        f"{HERE}key/1 to {HERE}alias/a .* one of the two keys does.*{NO_WAY_BACK}.*"
        " Or correct KeyId",
    ):
        moved(answered(re_encrypt=GONE))


@pytest.mark.parametrize(
    ("key_id", "arn"),
    [
        ("arn:aws:kms:eu-west-1:1:key/2", "arn:aws:kms:eu-west-1:1:key/2"),
        ("alias/a", f"{HERE}alias/a"),
        ("1234-abcd", f"{HERE}key/1234-abcd"),
    ],
)
def test_messages_name_a_key_by_its_arn(key_id: str, arn: str) -> None:
    assert answered().arn(key_id) == arn


MULTI_REGION = "arn:aws:kms:eu-west-1:999999999999:key/mrk-1:2"


def test_a_multi_region_key_is_told_by_its_id() -> None:
    assert is_multi_region(MULTI_REGION)
    assert not is_multi_region(f"{HERE}key/1")
    assert not is_multi_region(f"{HERE}alias/mrk-1")


@pytest.mark.parametrize(
    ("written", "asked"),
    [
        (MULTI_REGION, "arn:aws:kms:us-east-1:999999999999:key/mrk-1:2"),
        ("arn:aws:kms:eu-west-1:999999999999:key/1", "arn:aws:kms:eu-west-1:999999999999:key/1"),
    ],
    ids=["multi-Region", "of one Region"],
)
def test_a_multi_region_key_is_asked_for_in_this_region_and_any_other_where_it_is(
    written: str, asked: str
) -> None:
    client = Answering({"decrypt": {"Plaintext": b"x"}, "re_encrypt": SEALED})
    cipher = Cipher(cast(Any, client), "123456789012")
    version = replace(VERSION, key_arn=written)

    cipher.reveal(IDENTITY, version)
    cipher.re_encrypt(IDENTITY, version, "alias/a")

    assert client.asked[0]["KeyId"] == client.asked[1]["SourceKeyId"] == asked
