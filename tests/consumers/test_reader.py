"""What whoever invokes the reader function can rely on."""

import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

import myorg_secrets
from myorg_secrets import reader
from myorg_secrets.reader import handler
from myorg_secrets_password.exceptions import LimitExceeded
from myorg_secrets_password.properties import DEFAULT_TABLE_NAME
from tests.world import Fault, Secret, World, answer_with, break_with, refuse_with

READ = ["dynamodb:GetItem", "kms:Decrypt"]
EVENT = {"StackName": "orders", "Name": "DBPassword"}


@pytest.fixture
def calls(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The calls of a new execution environment."""
    made: list[str] = []

    class Watched(myorg_secrets.SecretsClient):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            world.watch(self._connection.dynamodb.meta.events, "dynamodb", made)
            world.watch(self._connection.kms.meta.events, "kms", made)

    monkeypatch.setattr(reader, "SecretsClient", Watched)
    reader._client.cache_clear()
    yield made
    reader._client.cache_clear()


@pytest.fixture
def secret(world: World) -> Secret:
    secret = world.secret("DBPassword", stack="orders")
    secret.create()
    return secret


def invoke(event: Any) -> dict[str, str]:
    """Invoke the function as Lambda does, with JSON both ways."""
    answer: dict[str, str] = json.loads(json.dumps(handler(json.loads(json.dumps(event)), None)))
    return answer


def test_a_password_is_answered_with_its_version(calls: list[str], secret: Secret) -> None:
    assert invoke(EVENT) == {"Value": secret.value, "VersionId": secret.model["VersionId"]}


def test_two_calls_serve_the_first_invocation_and_none_the_next(
    calls: list[str], secret: Secret
) -> None:
    """What was read outlives the invocation."""
    invoke(EVENT)
    assert calls == READ
    invoke(EVENT)
    assert calls == READ


def test_the_environment_is_part_of_the_name(calls: list[str], world: World) -> None:
    prod, default = world.secret(), world.secret()
    prod.create(Env="prod")
    default.create()

    assert invoke({**EVENT, "Env": "prod"})["Value"] == prod.value
    assert invoke(EVENT)["Value"] == default.value


def test_an_earlier_version_can_be_asked_for(calls: list[str], secret: Secret) -> None:
    before = {"Value": secret.value, "VersionId": secret.model["VersionId"]}
    secret.update(RotationToken="2")

    assert invoke({**EVENT, "VersionId": before["VersionId"]}) == before
    assert invoke(EVENT) == {"Value": secret.value, "VersionId": secret.model["VersionId"]}


def test_max_age_is_taken_from_the_environment(
    calls: list[str], secret: Secret, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With 0 seconds every invocation looks at the table, and sees a rotation at once."""
    monkeypatch.setenv("MAX_AGE", "0")
    invoke(EVENT)
    secret.update(RotationToken="2")

    assert invoke(EVENT)["Value"] == secret.value
    assert calls == [*READ, *READ]


@pytest.mark.parametrize("max_age", ["soon", "-1", "nan", "inf", "86401", "1e400"])
def test_a_max_age_that_is_none_is_told(
    calls: list[str], monkeypatch: pytest.MonkeyPatch, max_age: str
) -> None:
    monkeypatch.setenv("MAX_AGE", max_age)

    assert_invalid(EVENT, "MAX_AGE must be a number of seconds from 0 to 86400.")
    assert calls == []


def test_another_table_in_the_environment_is_read_from_there(
    calls: list[str], world: World, secret: Secret, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even by an environment that has read from the first one already."""
    invoke(EVENT)
    copy = {"TableName": "another-table"}
    described = world.dynamodb.describe_table(TableName=world.storage.table_name)["Table"]
    world.dynamodb.create_table(
        **copy,
        KeySchema=described["KeySchema"],
        AttributeDefinitions=described["AttributeDefinitions"],
        BillingMode="PAY_PER_REQUEST",
    )
    monkeypatch.setenv("TABLE_NAME", copy["TableName"])

    assert invoke(EVENT)["Error"] == "NotFound"
    world.dynamodb.put_item(**copy, Item=world.item(secret) or {})
    assert invoke(EVENT)["Value"] == secret.value


def test_a_table_name_that_is_none_is_told(
    calls: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TABLE_NAME", "a table")

    assert_invalid(EVENT, "TableName must be")
    assert calls == []


BAD_EVENTS: dict[str, tuple[Any, str]] = {
    "null": (None, "The event must be an object"),
    "a list": ([EVENT], "The event must be an object"),
    "a string": ("orders", "The event must be an object"),
    "a number": (7, "The event must be an object"),
    "an empty object": ({}, "The event lacks StackName."),
    "no StackName": ({"Name": "DBPassword"}, "The event lacks StackName."),
    "no Name": ({"StackName": "orders"}, "The event lacks Name."),
    "a key in lower case": (
        {"stackname": "orders", "Name": "DBPassword"},
        "unknown key 'stackname'. Did you mean StackName?",
    ),
    "another word for it": ({**EVENT, "Environment": "prod"}, "unknown key 'Environment'."),
    "a misspelled key": ({**EVENT, "VersionID": "1"}, "'VersionID'. Did you mean VersionId?"),
    "a key of no meaning": (
        {**EVENT, "zzz": "1"},
        "unknown key 'zzz'. It takes StackName, Name, Env, VersionId.",
    ),
    "a key in half a surrogate pair": ({**EVENT, "\ud800": "1"}, r"unknown key '\ud800'"),
    "an empty name": ({**EVENT, "Name": ""}, "Name must be 1 to"),
    "a null name": ({**EVENT, "Name": None}, "Name must be a string."),
    "a number for a name": ({**EVENT, "Name": 5}, "Name must be a string."),
    "a boolean for a name": ({**EVENT, "Name": True}, "Name must be a string."),
    "a name with a separator": ({**EVENT, "Name": "a|b"}, "Name must be without"),
    "a name in half a surrogate pair": ({**EVENT, "Name": "\ud800"}, "Name must be valid Unicode"),
    "a name without an end": ({**EVENT, "Name": "n" * 100_000}, "Name must be 1 to 2048"),
    "an empty stack": ({**EVENT, "StackName": ""}, "StackName must be 1 to"),
    "an object for a stack": ({**EVENT, "StackName": {}}, "StackName must be a string."),
    "a null Env": ({**EVENT, "Env": None}, "Env must be a string."),
    "an empty Env": ({**EVENT, "Env": ""}, "Env must be 1 to"),
    "a null version": ({**EVENT, "VersionId": None}, "VersionId must be a string."),
    "an empty version": ({**EVENT, "VersionId": ""}, "VersionId must be 1 to 64"),
    "a version without an end": ({**EVENT, "VersionId": "v" * 65}, "VersionId must be 1 to 64"),
    "a version in half a surrogate pair": (
        {**EVENT, "VersionId": "\ud800"},
        "VersionId must be valid Unicode",
    ),
}


@pytest.mark.parametrize(("event", "problem"), BAD_EVENTS.values(), ids=BAD_EVENTS)
def test_a_bad_event_is_told_before_any_call(calls: list[str], event: Any, problem: str) -> None:
    """The message names what is wrong, is short, and can be sent as UTF-8."""
    assert_invalid(event, problem)
    assert calls == []


def assert_invalid(event: Any, problem: str) -> None:
    answer = handler(event, None)

    assert answer.keys() == {"Error", "Message"}
    assert answer["Error"] == "InvalidRequest"
    assert problem in answer["Message"]
    assert len(answer["Message"].encode()) < 400


FAULTS: dict[str, tuple[str, Fault]] = {
    "AccessDenied": ("dynamodb:GetItem", refuse_with("AccessDeniedException")),
    "InvalidCredentials": ("dynamodb:GetItem", refuse_with("ExpiredTokenException")),
    "Throttled": ("kms:Decrypt", refuse_with("ThrottlingException")),
    "Unreachable": ("dynamodb:GetItem", break_with(ConnectionRefusedError())),
    "ServiceFault": ("kms:Decrypt", answer_with(200, b"<html>")),
    "InvalidRequest": ("kms:Decrypt", refuse_with("DisabledException")),
    "Damaged": ("kms:Decrypt", refuse_with("InvalidCiphertextException")),
    "AwsFailure": ("dynamodb:GetItem", refuse_with("SomethingNewException")),
}


@pytest.mark.parametrize("error", FAULTS)
def test_a_failure_of_aws_is_told_by_its_name(
    calls: list[str], world: World, secret: Secret, error: str
) -> None:
    """The name is one that guide/consume.md lists, and the message says which call it was."""
    action, fault = FAULTS[error]
    with world.failing(action, fault):
        answer = invoke(EVENT)

    assert answer["Error"] == error
    assert action in answer["Message"]
    assert error in myorg_secrets.__all__


def test_what_is_not_there_is_told_by_its_name(calls: list[str], secret: Secret) -> None:
    missing = invoke({**EVENT, "Name": "Other"})
    version = invoke({**EVENT, "VersionId": "nonsense"})
    secret.delete()
    reader._client.cache_clear()

    assert (missing["Error"], version["Error"]) == ("NotFound", "VersionNotFound")
    assert "orders|default|Other" in missing["Message"]
    assert invoke(EVENT)["Error"] == "NotFound"


def test_an_exception_that_users_are_not_told_of_goes_by_its_nearest_base(
    calls: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise LimitExceeded("a quota")

    monkeypatch.setattr(myorg_secrets.SecretsClient, "get_with_version_id", fail)

    assert invoke(EVENT) == {"Error": "AwsFailure", "Message": "a quota"}


def test_without_a_region_the_invocation_still_succeeds(
    calls: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_DEFAULT_REGION", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")

    assert_invalid(EVENT, "There is no Region")


def test_a_defect_is_an_answer_that_quotes_nothing(
    calls: list[str],
    secret: Secret,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The log has the exception's kind and its place, so that it can be found, and no text."""
    value = secret.value

    def fail(*_: object, **__: object) -> None:
        raise LookupError(f"no place for {value}")

    monkeypatch.setattr(myorg_secrets.SecretsClient, "get_with_version_id", fail)

    answer = invoke(EVENT)

    assert answer["Error"] == "InternalFailure"
    record, line = [record for record in caplog.records if record.name == reader.__name__]
    assert json.loads(line.getMessage())["outcome"] == "InternalFailure"
    assert record.getMessage().startswith("LookupError in _answer (")
    assert "> fail (" in record.getMessage()
    assert value not in f"{answer} {caplog.text}"


def test_at_debug_names_are_logged_and_neither_the_value_nor_the_rest_of_the_event(
    calls: list[str], secret: Secret, caplog: pytest.LogCaptureFixture
) -> None:
    """The SDK would log what KMS answers, if it were let."""
    for name in reader._SDK_LOGGERS:
        logging.getLogger(name).setLevel(logging.NOTSET)
    caplog.set_level(logging.DEBUG)

    assert invoke(EVENT)["Value"] == secret.value
    invoke({**EVENT, "Password": secret.value})

    logged = [record for record in caplog.records if not record.name.startswith("moto")]
    lines = [json.loads(record.getMessage()) for record in logged]
    assert [line["outcome"] for line in lines] == ["SUCCESS", "InvalidRequest"]
    assert secret.value not in caplog.text
    assert "Password" not in lines[1]


def test_an_invocation_leaves_one_line_with_all_fields(
    calls: list[str], secret: Secret, caplog: pytest.LogCaptureFixture
) -> None:
    """In Lambda's JSON format its fields stand beside the message, by the same names."""
    caplog.clear()

    for event in (EVENT, EVENT, {**EVENT, "Env": "a|b"}):
        handler(event, SimpleNamespace(aws_request_id="request-1"))

    records = [record for record in caplog.records if record.name == reader.__name__]
    lines = [json.loads(record.getMessage()) for record in records]
    version = secret.model["VersionId"]
    common = {"operation": "GET", "retries": 0, "requestId": "request-1"}
    named = {**common, "identifier": f"{DEFAULT_TABLE_NAME}|orders|default|DBPassword"}
    assert [{key: line[key] for key in line if key != "ms"} for line in lines] == [
        {**named, "outcome": "SUCCESS", "versionId": version, "calls": dict.fromkeys(READ, 1)},
        {**named, "outcome": "SUCCESS", "versionId": version, "calls": {}},
        {
            **common,
            "identifier": f"{DEFAULT_TABLE_NAME}|orders||DBPassword",
            "outcome": "InvalidRequest",
            "calls": {},
        },
    ]
    for record, line in zip(records, lines, strict=True):
        assert vars(record).items() >= line.items()


def test_a_logger_that_fails_does_not_change_the_answer(
    calls: list[str], secret: Secret, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(reader.LOG, "info", broken)

    assert invoke(EVENT)["Value"] == secret.value


def test_a_cold_start_imports_what_reading_takes_and_no_more() -> None:
    """Of what consumers install: the SDK's core and the cache, and nothing of the command line."""
    program = (
        "import json, sys; before = set(sys.modules); import myorg_secrets.reader;"
        " print(*{name.partition('.')[0] for name in set(sys.modules) - before})"
    )

    loaded = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout.split()

    assert {"botocore", "cachetools", "myorg_secrets"} <= set(loaded)
    assert set(loaded).isdisjoint(
        {
            "boto3",
            "click",
            "cloudformation_cli_python_lib",
            "cryptography",
            "requests",
            "rich",
            "smart_open",
        }
    )
