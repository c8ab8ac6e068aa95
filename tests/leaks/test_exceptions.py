"""No exception holds a value, not even where `from None` would hide it."""

import hmac
import secrets
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from myorg_secrets.adoption import credstash
from myorg_secrets.adoption.layouts import Unfit
from myorg_secrets_password.cipher import Cipher
from myorg_secrets_password.exceptions import Damaged
from myorg_secrets_password.record import Identity, Source, Version

NO_TEXT = b"\xff" + secrets.token_bytes(31)


def of_a_version() -> None:
    version = Version("v", b"sealed", "arn:aws:kms:::key/1", "2026-01-01T00:00:00Z", Source.ADOPTED)
    Cipher(kms_with(NO_TEXT), "123456789012").reveal(Identity("t", "s", "e", "n"), version)


def of_credstash() -> None:
    key = secrets.token_bytes(credstash.KEY_SIZE)
    data_key, mac_key = key[: len(key) // 2], key[len(key) // 2 :]
    # The cipher is its own reverse.
    contents = credstash.aes_ctr()(data_key, NO_TEXT)
    mac = hmac.digest(mac_key, contents, "sha256")
    sealed = credstash.Sealed("name", b"wrapped", contents, mac, "SHA256")
    credstash.unseal(kms_with(key), sealed, {})


def kms_with(plaintext: bytes) -> Any:
    return SimpleNamespace(decrypt=lambda **_: {"Plaintext": plaintext})


@pytest.mark.parametrize(
    ("reveal", "kind"),
    [(of_a_version, Damaged), (of_credstash, Unfit)],
    ids=["a version", "credstash"],
)
def test_what_is_no_text_is_not_kept_by_the_exception_that_says_so(
    reveal: Callable[[], None], kind: type[Exception]
) -> None:
    with pytest.raises(kind) as raised:
        reveal()

    assert raised.value.__context__ is None
    assert raised.value.__cause__ is None
