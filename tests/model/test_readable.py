"""The look for what can be read in a record finds what is put there."""

import base64
import hashlib
import json
from collections.abc import Callable

import pytest

from tests.model.readable import found

VALUE = 'correct "horse" & <battery> \\ staple'

PUT: dict[str, Callable[[bytes], str | bytes]] = {
    "the value": lambda raw: raw.decode(),
    "the value within a text": lambda raw: f"was {raw.decode()}, now",
    "the value in JSON": lambda raw: json.dumps({"Password": raw.decode()}),
    "its bytes": lambda raw: b"\0" + raw + b"\0",
    "its bytes in base64": lambda raw: base64.b64encode(raw).decode(),
    "its bytes in hexadecimal": bytes.hex,
    "a hash": lambda raw: hashlib.sha256(raw).hexdigest(),
    "the beginning of a hash": lambda raw: hashlib.sha256(raw).hexdigest()[:32],
    "a hash in bytes": lambda raw: hashlib.sha1(raw, usedforsecurity=False).digest(),
    "a hash in base64": lambda raw: base64.b64encode(hashlib.sha512(raw).digest()).decode(),
}


@pytest.mark.parametrize("put", PUT.values(), ids=PUT)
def test_what_is_readable_is_found(put: Callable[[bytes], str | bytes]) -> None:
    written = put(VALUE.encode())
    leaf = {"B": written} if isinstance(written, bytes) else {"S": written}

    assert found({"Versions": {"L": [{"M": {"Note": leaf}}]}}, {"another-one", VALUE})


def test_a_value_in_a_name_is_found() -> None:
    assert found({"StackTags": {"M": {VALUE: {"S": ""}}}}, {VALUE})


def test_what_says_nothing_of_the_value_is_left_alone() -> None:
    salted = hashlib.sha256(b"salt" + VALUE.encode()).hexdigest()

    assert found({"Note": {"S": salted}, "Revision": {"N": "12"}}, {VALUE}) == []
