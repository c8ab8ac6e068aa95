"""moto's KMS with what it lacks: states of a key that matter, and ``AWS::KMS::Key`` in full."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.kms.models import KmsBackend, kms_backends

from local.drivers import Driver, Place
from local.live_resources import Held, Wanted


class KeyDriver(Driver):
    """The key's policy is an object in a template, and text at KMS; moto takes it as it comes."""

    def create(self, place: Place, wanted: Wanted, tags: dict[str, str]) -> Any:
        properties = wanted.properties | {"KeyPolicy": _policy(wanted)}
        return super().create(place, replace(wanted, properties=properties), tags)

    def update(self, place: Place, held: Held, wanted: Wanted, tags: dict[str, str]) -> Any:
        key = held.resource
        key.policy = _policy(wanted)
        key.description = wanted.properties.get("Description", "")
        key.key_rotation_status = wanted.properties.get("EnableKeyRotation", False)
        return key


def _policy(wanted: Wanted) -> str:
    return json.dumps(wanted.properties["KeyPolicy"])


class _Backend(KmsBackend):
    """A key that is not enabled encrypts and decrypts nothing, ReEncrypt and data keys included.

    https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html
    """

    def encrypt(
        self, key_id: str, plaintext: bytes, encryption_context: dict[str, str]
    ) -> tuple[bytes, str]:
        self._refuse_unless_enabled(key_id)
        return super().encrypt(key_id, plaintext, encryption_context)

    def decrypt(
        self, ciphertext_blob: bytes, encryption_context: dict[str, str], key_id: str | None = None
    ) -> tuple[bytes, str]:
        plaintext, key_arn = super().decrypt(ciphertext_blob, encryption_context, key_id)
        self._refuse_unless_enabled(key_arn)
        return plaintext, key_arn

    def _refuse_unless_enabled(self, key_id: str) -> None:
        key = self.keys[self.any_id_to_key_id(key_id)]
        if key.key_state == "Disabled":
            raise JsonRESTError("DisabledException", f"{key.arn} is disabled.")
        if key.key_state != "Enabled":
            raise JsonRESTError("KMSInvalidStateException", f"{key.arn} is {key.key_state}.")


@contextmanager
def plugged_in(account_id: str, region: str) -> Iterator[None]:
    """Have moto's KMS mind the state of its keys meanwhile."""
    regions = kms_backends[account_id]
    regions[region] = _Backend(region, account_id)
    try:
        yield
    finally:
        del regions[region]
