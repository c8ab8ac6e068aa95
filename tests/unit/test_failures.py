"""AWS failures have words to act on. Their codes, and what they leave, are in tests/faults."""

import json

import botocore.exceptions as botocore_exceptions
import pytest

from myorg_secrets_password.clients import CONFIG
from tests.world import (
    CREDENTIALS,
    Failed,
    Operation,
    World,
    answer_with,
    break_with,
    live_event,
    refuse_with,
)

URL = {"endpoint_url": "https://kms.us-east-1.amazonaws.com"}
TABLE_ARN = "arn:aws:dynamodb:us-east-1:123456789012:table/myorg-secrets-password"
ALIAS_ARN = "arn:aws:kms:us-east-1:123456789012:alias/myorg-secrets-password"

KEY_CODES: list[tuple[str, str, str]] = [
    ("NotFoundException", "InvalidRequest", "does not exist"),
    ("DisabledException", "InvalidRequest", "kms:EnableKey"),
    ("KMSInvalidStateException", "InvalidRequest", "kms:CancelKeyDeletion"),
    ("InvalidKeyUsageException", "InvalidRequest", "symmetric"),
    ("KeyUnavailableException", "ServiceInternalError", "repeated"),
    ("DependencyTimeoutException", "ServiceInternalError", "repeated"),
]


def test_what_is_throttled_is_told_after_the_sdk_s_own_adaptive_retries(world: World) -> None:
    fault = refuse_with("ThrottlingException")
    with world.failing("kms:Encrypt", fault), pytest.raises(Failed):
        world.secret().create()

    assert world.calls == ["kms:Encrypt"] * 3
    assert CONFIG.retries["mode"] == "adaptive"


@pytest.mark.parametrize(("aws", "code", "remedy"), KEY_CODES, ids=[k[0] for k in KEY_CODES])
def test_a_key_that_cannot_be_used_is_told_with_the_remedy(
    world: World, aws: str, code: str, remedy: str
) -> None:
    with world.failing("kms:Encrypt", refuse_with(aws)), pytest.raises(Failed) as failed:
        world.secret().create()

    assert failed.value.code == code
    assert f"kms:Encrypt on {ALIAS_ARN}" in failed.value.message
    assert remedy in failed.value.message
    assert world.list() == []


@pytest.mark.parametrize(
    ("message", "remedy"),
    [
        ("The provided key element does not match the schema", "StackName and EnvName"),
        ("Item size has exceeded the maximum allowed size", "400 KB"),
    ],
)
def test_a_refusal_of_dynamodb_that_a_user_can_mend_says_how(
    world: World, message: str, remedy: str
) -> None:
    fault = refuse_with("ValidationException", message=message)
    with world.failing("dynamodb:PutItem", fault), pytest.raises(Failed) as failed:
        world.secret().create()

    assert failed.value.code == "InvalidRequest"
    assert remedy in failed.value.message


def test_a_missing_table_is_told_by_its_arn_and_the_remedy(world: World) -> None:
    with pytest.raises(Failed) as failed:
        world.secret().create(TableName="missing")

    assert failed.value.code == "InvalidRequest"
    assert "table/missing" in failed.value.message
    assert "infrastructure/storage.yml" in failed.value.message


def test_a_request_without_credentials_is_told_so(world: World) -> None:
    event = live_event(Operation("READ", {}, "t", stack_id=None), world.account, CREDENTIALS)
    event["requestData"]["resourceProperties"] = {"StackName": "s", "Name": "n"}
    for absent in (None, {}, {"accessKeyId": ""}, "text"):
        event["requestData"]["callerCredentials"] = absent
        assert world.send_event(event)["errorCode"] == "InvalidCredentials"


def test_kms_giving_back_another_password_stores_nothing(world: World) -> None:
    wrong = answer_with(200, {"Plaintext": "d3Jvbmc=", "KeyId": world.storage.key_arn})
    with world.failing("kms:Decrypt", wrong), pytest.raises(Failed) as failed:
        world.secret().create()

    assert failed.value.code == "ServiceInternalError"
    assert world.list() == []


@pytest.mark.parametrize("member", ["CiphertextBlob", "KeyId"])
@pytest.mark.parametrize("action", ["kms:Encrypt", "kms:ReEncrypt"])
def test_an_answer_of_kms_that_lacks_a_member_is_told_as_malformed(
    world: World, action: str, member: str
) -> None:
    secret = world.secret()
    secret.create()
    answer = {"CiphertextBlob": "Zm9v", "KeyId": "k"}
    del answer[member]
    properties = {"RotationToken": "2"} if action == "kms:Encrypt" else {"KeyId": ALIAS_ARN}

    with world.failing(action, answer_with(200, answer)), pytest.raises(Failed) as failed:
        secret.update(**properties)

    assert failed.value.code == "ServiceInternalError"


def test_a_decrypted_value_that_is_no_text_is_told_as_damage(world: World) -> None:
    secret = world.secret()
    secret.create()
    binary = answer_with(200, {"Plaintext": "/////w==", "KeyId": world.storage.key_arn})

    with world.failing("kms:Decrypt", binary), pytest.raises(Failed) as failed:
        secret.read()

    assert failed.value.code == "GeneralServiceException"


def test_a_member_that_botocore_does_not_know_yet_is_no_fault(world: World) -> None:
    secret = world.secret()
    secret.create(ReturnValue=False)
    item = json.loads(json.dumps(world.item(secret), default=lambda b: "eA=="))

    with world.failing("dynamodb:GetItem", answer_with(200, {"Item": item, "New": 1})):
        assert secret.read() == secret.model


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (botocore_exceptions.NoCredentialsError(), "InvalidCredentials", "without credentials"),
        (botocore_exceptions.UnknownRegionError(region_name="r", error_msg=""), *("",) * 2),
    ],
    ids=["no credentials", "another error of the SDK"],
)
def test_an_error_of_the_sdk_is_told_without_its_text(
    world: World, error: Exception, code: str, words: str
) -> None:
    with world.failing("dynamodb:GetItem", break_with(error)), pytest.raises(Failed) as failed:
        world.succeed(Operation("READ", {"StackName": "s", "Name": "n"}, "t"))

    assert failed.value.code == (code or "GeneralServiceException")
    assert (words or "could not be sent: UnknownRegionError") in failed.value.message


@pytest.mark.parametrize(
    ("action", "answer"),
    [("kms:Decrypt", {"KeyId": "k"}), ("dynamodb:Scan", {"Count": 0})],
    ids=["kms:Decrypt", "dynamodb:Scan"],
)
def test_an_answer_that_lacks_what_matters_is_told_as_malformed(
    world: World, action: str, answer: dict[str, object]
) -> None:
    secret = world.secret()
    secret.create()
    act = secret.read if action == "kms:Decrypt" else world.list

    with world.failing(action, answer_with(200, answer)), pytest.raises(Failed) as failed:
        act()

    assert failed.value.code == "ServiceInternalError"
