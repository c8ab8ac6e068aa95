"""What the search found once, each by name: a way that a crash had, and what is there now."""

from typing import Any

import pytest

from local.events import Account, Operation, live_event
from myorg_secrets_password import handlers
from myorg_secrets_password.handlers import resource
from tests.fuzz.breaking import nested
from tests.fuzz.lab import as_json
from tests.fuzz.targets import REF, STANDING, Bench, live_event_target
from tests.world import ACCOUNT_ID, CREDENTIALS, REGION, answer_with

KEY_ARN = "arn:aws:kms:us-east-1:123456789012:key/mrk-" + "0a" * 16


def event(action: str = "CREATE", **properties: Any) -> dict[str, Any]:
    operation = Operation(action, properties, "t", stack_id="a/orders/1", logical_id="New")
    made = live_event(operation, Account(ACCOUNT_ID, REGION), CREDENTIALS)
    made["requestData"]["providerLogGroupName"] = None
    return made


@pytest.mark.parametrize(
    "field", ["awsAccountId", "bearerToken", "region", "stackId", "nextToken", "logicalResourceId"]
)
@pytest.mark.parametrize("value", [1.5, [], {}, "\ud800", "x" * 5000], ids=ascii)
def test_what_names_something_in_an_event_is_checked_before_any_call(
    at: Bench, field: str, value: Any
) -> None:
    """It ended as InternalFailure, a bearerToken even after kms:Encrypt."""
    sent = event()
    (sent["requestData"] if field == "logicalResourceId" else sent)[field] = value

    served = at.lab.serve(sent)

    assert served.answer["errorCode"] == "InvalidRequest"
    assert field in served.answer["message"]
    assert not served.calls


@pytest.mark.parametrize("region", ["", None, "-", "us_east", "us-east-1\n", "1", "a" * 64, "a.b"])
def test_a_region_that_is_none_is_refused(at: Bench, region: Any) -> None:
    """Botocore raised out of the handlers: a ValueError, which its own check lets pass."""
    served = at.lab.serve({**event(), "region": region})

    assert served.answer["errorCode"] == "InvalidRequest"
    assert served.answer["message"] == "region must be the name of an AWS Region."


@pytest.mark.parametrize("part", ["accessKeyId", "secretAccessKey", "sessionToken"])
@pytest.mark.parametrize("value", ["\ud800", "two\nlines", "", 5, ["x"]], ids=ascii)
def test_credentials_that_cannot_be_signed_with_are_invalid_ones(
    at: Bench, part: str, value: Any
) -> None:
    sent = event()
    sent["requestData"]["callerCredentials"][part] = value

    served = at.lab.serve(sent)

    assert served.answer["errorCode"] == "InvalidCredentials"
    assert not served.calls


@pytest.mark.parametrize("field", ["stackTags", "systemTags"])
@pytest.mark.parametrize("tags", [["a"], "a=b", {"a": None}, {"\ud800": "b"}], ids=ascii)
def test_tags_of_the_request_are_texts_by_their_keys(at: Bench, field: str, tags: Any) -> None:
    sent = event()
    sent["requestData"][field] = tags

    served = at.lab.serve(sent)

    assert served.answer["errorCode"] == "InvalidRequest"
    assert field in served.answer["message"]


@pytest.mark.parametrize("name", ["\ud83d", "a|b", "a#b", "n" * 1023], ids=ascii)
def test_a_logical_id_that_is_no_name_is_refused(at: Bench, name: str) -> None:
    """Defaults went past the check of the properties."""
    sent = event()
    sent["requestData"]["logicalResourceId"] = name

    served = at.lab.serve(sent)

    assert served.answer["errorCode"] == "InvalidRequest"
    assert "Name" in served.answer["message"] or "logicalResourceId" in served.answer["message"]


@pytest.mark.parametrize("where", ["stackId", "region", "requestData", "awsAccountId"])
def test_an_event_that_is_nested_too_deeply_to_print_is_answered(at: Bench, where: str) -> None:
    """A RecursionError left resource() itself, before there was anything to answer it."""
    sent = {**event(), where: nested(50_000)}

    assert resource(sent, None)["status"] == "FAILED"


@pytest.mark.parametrize(
    "sent", [None, [], "text", {"request": []}, {"action": "LIST", "request": [{}]}], ids=str
)
def test_a_test_event_that_is_none_is_answered(at: Bench, sent: Any) -> None:
    assert handlers.test_entrypoint(sent, None)["errorCode"] == "InvalidRequest"


@pytest.mark.parametrize("arn", ["x:key/mrk-1", ":key/mrk-", "arn:key/mrk-1", "", "arn:", "arn:x"])
def test_a_version_whose_key_is_no_arn_is_no_defect(at: Bench, arn: str) -> None:
    """Taking the ARN apart failed, in the handlers as in `get` and in `doctor`."""
    item = as_json(at.item)
    for version in item["Versions"]["L"]:
        version["M"]["KeyArn"] = {"S": arn}
    raw = {**at.item, "Versions": item["Versions"]}
    for version, was in zip(raw["Versions"]["L"], at.item["Versions"]["L"], strict=True):
        version["M"]["Ciphertext"] = was["M"]["Ciphertext"]

    at.reset(raw)
    served = at.lab.serve(event("READ", **STANDING))
    lines = [at.lab.run(*line) for line in (("get", REF), ("doctor", REF), ("history", REF))]

    assert served.answer["errorCode"] != "InternalFailure"
    assert [ended.defect for ended in lines] == [None, None, None]


@pytest.mark.parametrize("region", ["no region", "us-east-1\n", "-", "a.b"], ids=ascii)
def test_a_version_whose_key_is_in_no_region_is_damaged(at: Bench, region: str) -> None:
    item = as_json(at.item)
    item["Versions"]["L"][-1]["M"]["KeyArn"] = {"S": KEY_ARN.replace("us-east-1", region)[:-20]}
    for version, was in zip(item["Versions"]["L"], at.item["Versions"]["L"], strict=True):
        version["M"]["Ciphertext"] = was["M"]["Ciphertext"]
    item["Versions"]["L"][-1]["M"]["KeyArn"]["S"] = f"arn:aws:kms:{region}:123456789012:key/1"
    at.reset({**at.item, "Versions": item["Versions"]})

    ended = at.lab.run("get", REF)

    assert (ended.code, ended.defect) == (3, None)
    assert "is no ARN of a key" in ended.err


DECLARED = ['{"PasswordLength": NaN}', '{"Engine": {"a": 1}}', '{"ExcludeCharacters": "\\ud800"}']


@pytest.mark.parametrize("declared", DECLARED)
def test_a_declared_policy_that_nobody_could_declare_stays_out_of_the_answer(
    at: Bench, declared: str
) -> None:
    """The answer was no JSON, or had a property of another type than the schema's."""
    at.reset({**at.item, "Declared": {"S": declared}})

    served = at.lab.serve(event("READ", **STANDING))

    assert served.answer["status"] == "SUCCESS"
    assert not {"PasswordLength", "Engine", "ExcludeCharacters"} & set(
        served.answer["resourceModel"]
    )


@pytest.mark.parametrize(
    "body", [{"Item": []}, {"Item": {"a": "text"}}, {"Item": {"a": {"M": 5}}}, {"Item": "x"}]
)
def test_an_answer_with_another_shape_inside_is_none_of_aws(at: Bench, body: Any) -> None:
    """The parser of botocore raised an AttributeError, which is no failure that anybody knows."""
    with at.lab.world.failing("dynamodb:GetItem", answer_with(200, body)):
        served = at.lab.serve(event("READ", **STANDING))

    assert served.answer["errorCode"] == "ServiceInternalError"


def test_a_broken_event_is_as_good_as_a_whole_one_for_the_search(at: Bench) -> None:
    """Nothing above is refused for what the event itself is."""
    live_event_target(at, event())
