"""Every AWS failure has its handler error code, words to act on, and leaves nothing half-done."""

import json

import botocore.exceptions as botocore_exceptions
import pytest

from myorg_secrets_password.clients import CONFIG
from tests.world import (
    CREDENTIALS,
    Failed,
    Fault,
    Operation,
    World,
    answer_with,
    break_with,
    live_event,
    lose_answer,
    refuse_with,
)

URL = {"endpoint_url": "https://kms.us-east-1.amazonaws.com"}
TABLE_ARN = "arn:aws:dynamodb:us-east-1:123456789012:table/myorg-secrets-password"
ALIAS_ARN = "arn:aws:kms:us-east-1:123456789012:alias/myorg-secrets-password"

CODES: list[tuple[str, Fault, str]] = [
    ("throttled", refuse_with("ThrottlingException"), "Throttling"),
    ("capacity", refuse_with("ProvisionedThroughputExceededException"), "Throttling"),
    ("denied", refuse_with("AccessDeniedException"), "AccessDenied"),
    ("expired", refuse_with("ExpiredTokenException"), "InvalidCredentials"),
    ("unknown token", refuse_with("UnrecognizedClientException"), "InvalidCredentials"),
    ("signature", refuse_with("InvalidSignatureException"), "InvalidCredentials"),
    ("quota", refuse_with("LimitExceededException"), "ServiceLimitExceeded"),
    ("5xx", refuse_with("InternalServerError", 500), "ServiceInternalError"),
    ("5xx of a proxy", answer_with(502, b"<html>Bad Gateway</html>"), "ServiceInternalError"),
    ("a page for an answer", answer_with(200, b"<html>Welcome</html>"), "ServiceInternalError"),
    ("nothing for an answer", answer_with(200, b""), "ServiceInternalError"),
    ("half an answer", answer_with(200, b'{"Ite'), "ServiceInternalError"),
    ("a list for an answer", answer_with(200, b"[]"), "ServiceInternalError"),
    ("another's answer", answer_with(200, {"login": "please"}), "ServiceInternalError"),
    ("refused", break_with(botocore_exceptions.EndpointConnectionError(**URL)), "NetworkFailure"),
    ("connect", break_with(botocore_exceptions.ConnectTimeoutError(**URL)), "NetworkFailure"),
    ("read", break_with(botocore_exceptions.ReadTimeoutError(**URL)), "NetworkFailure"),
    ("reset", break_with(botocore_exceptions.ConnectionClosedError(**URL)), "NetworkFailure"),
    ("odd refusal", refuse_with("SomethingNewException"), "GeneralServiceException"),
    ("validation", refuse_with("ValidationException"), "GeneralServiceException"),
    ("conflict", refuse_with("TransactionConflictException"), "ResourceConflict"),
]
KEY_CODES: list[tuple[str, str, str]] = [
    ("NotFoundException", "InvalidRequest", "does not exist"),
    ("DisabledException", "InvalidRequest", "kms:EnableKey"),
    ("KMSInvalidStateException", "InvalidRequest", "kms:CancelKeyDeletion"),
    ("InvalidKeyUsageException", "InvalidRequest", "symmetric"),
    ("KeyUnavailableException", "ServiceInternalError", "repeated"),
    ("DependencyTimeoutException", "ServiceInternalError", "repeated"),
]
STEPS = [
    ("create", "kms:Encrypt"),
    ("create", "kms:Decrypt"),
    ("create", "dynamodb:PutItem"),
    ("read", "dynamodb:GetItem"),
    ("read", "kms:Decrypt"),
    ("update", "dynamodb:GetItem"),
    ("update", "kms:Encrypt"),
    ("update", "kms:Decrypt"),
    ("update", "dynamodb:UpdateItem"),
    ("delete", "dynamodb:UpdateItem"),
    ("list", "dynamodb:Scan"),
]


@pytest.mark.parametrize(
    ("fault", "code"), [(f, c) for _, f, c in CODES], ids=[n for n, *_ in CODES]
)
@pytest.mark.parametrize(("operation", "action"), STEPS, ids=[" ".join(step) for step in STEPS])
def test_every_failure_of_every_call_has_its_code_and_changes_nothing(
    world: World, operation: str, action: str, fault: Fault, code: str
) -> None:
    secret = world.secret()
    if operation != "create":
        secret.create()
    act = {
        "create": lambda: secret.create(token="again"),
        "read": secret.read,
        "update": lambda: secret.update(RotationToken="2"),
        "delete": secret.delete,
        "list": world.list,
    }[operation]
    before = world.dynamodb.scan(TableName="myorg-secrets-password")["Items"]

    with world.failing(action, fault), pytest.raises(Failed) as failed:
        act()

    assert failed.value.code == code
    assert action in failed.value.message
    assert "arn:aws:" in failed.value.message
    assert world.dynamodb.scan(TableName="myorg-secrets-password")["Items"] == before
    act()


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


LOST = botocore_exceptions.ReadTimeoutError(**URL)


def test_a_create_whose_answer_was_lost_finds_its_own_secret(world: World) -> None:
    secret = world.secret()
    with world.failing("dynamodb:PutItem", lose_answer(LOST)):
        secret.create()

    assert secret.read() == secret.model
    assert len(world.item(secret)["Versions"]["L"]) == 1


def test_an_update_whose_answer_was_lost_rotates_once(world: World) -> None:
    secret = world.secret()
    secret.create()
    with world.failing("dynamodb:UpdateItem", lose_answer(LOST)):
        secret.update(RotationToken="2")

    assert secret.read() == secret.model
    assert len(world.item(secret)["Versions"]["L"]) == 2


@pytest.mark.parametrize("window", [0, 7])
def test_a_delete_whose_answer_was_lost_is_a_success(world: World, window: int) -> None:
    secret = world.secret()
    secret.create(RecoveryWindowInDays=window)
    action = "dynamodb:DeleteItem" if window == 0 else "dynamodb:UpdateItem"

    with world.failing(action, lose_answer(LOST)):
        secret.delete()

    assert world.list() == []


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
