"""The line that an operation leaves in the log: what is in it, and what never is."""

import json
import logging
from typing import Any

import boto3
import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.events import Operation
from myorg_secrets_password import actions, journal
from myorg_secrets_password.calls import Tally, count_calls, counted
from tests.world import Fault, Secret, World, break_with, refuse_with

TABLE = "myorg-secrets-password"
STACK = "arn:aws:cloudformation:us-east-1:123456789012:stack/orders/1"
SECRET = "correct horse battery staple"


class Lines:
    """The lines of the log, taken apart, and emptied by each look."""

    def __init__(self, caplog: pytest.LogCaptureFixture) -> None:
        self._caplog = caplog

    def take(self) -> list[dict[str, Any]]:
        written = [
            record.getMessage()
            for record in self._caplog.records
            if record.name == "myorg_secrets_password.framework"
        ]
        self._caplog.clear()
        assert all(len(line.splitlines()) == 1 and line.isascii() for line in written)
        return [json.loads(line) for line in written]

    def last(self) -> dict[str, Any]:
        return self.take()[-1]


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Lines:
    return Lines(caplog)


@pytest.fixture
def secret(world: World, lines: Lines) -> Secret:
    secret = world.secret()
    secret.create()
    lines.take()
    return secret


def without_time(line: dict[str, Any]) -> dict[str, Any]:
    assert 0 < line.pop("ms") < 60_000
    return line


# --- The fields of each operation ---


def expected(operation: str, token: str, **more: Any) -> dict[str, Any]:
    return {
        "operation": operation,
        "identifier": f"{TABLE}|orders|default|DBPassword",
        "outcome": "SUCCESS",
        "retries": 0,
        "stackId": STACK,
        "logicalResourceId": "DBPassword",
        "requestTokenHash": journal.token_hash(token),
        **more,
    }


def in_stack(action: str, token: str, properties: dict[str, Any], **more: Any) -> Operation:
    return Operation(action, properties, token, stack_id=STACK, logical_id="DBPassword", **more)


def test_the_life_of_a_secret_is_told_with_all_fields(world: World, lines: Lines) -> None:
    created = world.succeed(in_stack("CREATE", "t-1", {}))["resourceModel"]
    names = {name: created[name] for name in ("TableName", "StackName", "Env", "Name")}
    updated = world.succeed(
        in_stack("UPDATE", "t-2", {**names, "RotationToken": "2"}, previous=names)
    )["resourceModel"]
    world.succeed(in_stack("READ", "t-3", names))
    world.succeed(in_stack("DELETE", "t-4", names))
    gone = world.send(in_stack("READ", "t-5", names))

    seal = {"kms:Encrypt": 1, "kms:Decrypt": 1}
    assert [without_time(line) for line in lines.take()] == [
        expected(
            "CREATE", "t-1", calls={**seal, "dynamodb:PutItem": 1}, versionId=created["VersionId"]
        ),
        expected(
            "UPDATE",
            "t-2",
            calls={"dynamodb:GetItem": 1, **seal, "dynamodb:UpdateItem": 1},
            versionId=updated["VersionId"],
        ),
        expected(
            "READ",
            "t-3",
            calls={"dynamodb:GetItem": 1, "kms:Decrypt": 1},
            versionId=updated["VersionId"],
        ),
        expected("DELETE", "t-4", calls={"dynamodb:UpdateItem": 1}),
        expected(
            "READ",
            "t-5",
            outcome="NotFound",
            calls={"dynamodb:GetItem": 1},
            message=gone["message"],
        ),
    ]


@pytest.mark.parametrize(
    ("model", "identifier", "call"),
    [
        ({}, TABLE, "dynamodb:Scan"),
        ({"StackName": "orders"}, f"{TABLE}|orders", "dynamodb:Query"),
    ],
)
def test_a_list_is_told_with_its_table_and_its_stack(
    world: World, lines: Lines, model: dict[str, str], identifier: str, call: str
) -> None:
    world.succeed(Operation("LIST", model, "t"))

    assert without_time(lines.last()) == {
        "operation": "LIST",
        "identifier": identifier,
        "outcome": "SUCCESS",
        "calls": {call: 1},
        "retries": 0,
        "requestTokenHash": journal.token_hash("t"),
    }


def test_the_table_of_the_type_configuration_is_named(world: World, lines: Lines) -> None:
    world.send(in_stack("READ", "t", {}), typeConfiguration={"TableName": "another"})

    assert lines.last()["identifier"] == "another|orders|default|DBPassword"


FAULTS: dict[str, tuple[str, Fault]] = {
    "Throttling": ("kms:Decrypt", refuse_with("ThrottlingException", message=SECRET)),
    "AccessDenied": ("kms:Decrypt", refuse_with("AccessDeniedException", message=SECRET)),
    "InvalidCredentials": ("dynamodb:GetItem", refuse_with("ExpiredTokenException")),
    "GeneralServiceException": ("kms:Decrypt", refuse_with("InvalidCiphertextException")),
    "InvalidRequest": ("kms:Decrypt", refuse_with("DisabledException", message=SECRET)),
    "ServiceInternalError": ("kms:Decrypt", refuse_with("KMSInternalException", 500, SECRET)),
    "NetworkFailure": ("dynamodb:GetItem", break_with(ConnectionRefusedError(SECRET))),
}


@pytest.mark.parametrize("code", FAULTS)
def test_a_failure_is_told_by_its_code_and_never_in_the_words_of_aws(
    world: World, lines: Lines, secret: Secret, code: str
) -> None:
    call, fault = FAULTS[code]
    with world.failing(call, fault):
        answer = world.send(in_stack("READ", "t", secret.identifier))

    line = lines.last()
    assert (line["outcome"], line["message"]) == (code, answer["message"])
    assert line["calls"].get(call)
    assert SECRET not in json.dumps(line)


def test_a_defect_is_told_by_its_place(
    world: World, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    def defective(*_: Any) -> None:
        raise RuntimeError(SECRET)

    monkeypatch.setattr(actions, "read", defective)

    world.send(in_stack("READ", "t", {}))

    line = lines.last()
    assert line["outcome"] == "InternalFailure"
    assert "defective" in line["message"]
    assert SECRET not in json.dumps(line)


# --- The calls ---


def test_the_calls_are_those_that_were_sent(world: World, lines: Lines) -> None:
    """Whatever the operation, and repetitions among them."""

    def check(retries: int = 0) -> None:
        line = lines.last()
        counted = [call for call, times in line["calls"].items() for _ in range(times)]
        assert sorted(counted) == sorted(world.calls) != []
        assert line["retries"] == retries

    secret = world.secret()
    secret.create()
    check()
    secret.update(RotationToken="2")
    check()
    other_key = world.kms.create_key()["KeyMetadata"]["KeyId"]
    secret.update(RotationToken="2", KeyId=other_key)
    check()
    with world.failing("kms:Decrypt", refuse_with("ThrottlingException")):
        world.send(in_stack("READ", "t", secret.identifier))
        check(retries=2)
    with world.failing("dynamodb:UpdateItem", refuse_with("InternalServerError", 500)):
        world.send(in_stack("UPDATE", "t", {**secret.identifier, "RotationToken": "3"}))
        check(retries=2)
    world.list()
    check()
    secret.delete()
    check()


def test_calls_that_deliver_the_log_are_not_among_them(
    world: World, lines: Lines, secret: Secret
) -> None:
    secret.read()

    assert world.deliveries
    assert lines.last()["calls"].keys() == {"dynamodb:GetItem", "kms:Decrypt"}


@pytest.mark.usefixtures("world")
def test_a_count_within_another_has_its_own_calls_and_each_ends_with_its_block() -> None:
    client = boto3.client("kms", "us-east-1")
    count_calls(client)

    with counted() as outer:
        with counted() as inner:
            client.list_keys()
        client.list_aliases()
    client.list_keys()

    assert (outer.calls, inner.calls) == ({"kms:ListAliases": 1}, {"kms:ListKeys": 1})


def test_a_call_goes_by_the_name_of_its_permission() -> None:
    tally = Tally()
    tally.add("s3:HeadObject", is_retry=True)

    assert (tally.calls, tally.retries) == ({"s3:GetObject": 1}, 1)


# --- What is never in it ---


def test_no_value_is_ever_in_a_line(
    world: World, lines: Lines, caplog: pytest.LogCaptureFixture
) -> None:
    """Generated, provided, refused, previous: none of it, and nothing else that a template says."""
    properties = {"SecretString": SECRET, "Description": "say-nothing", "RotationToken": "nor-this"}
    secret = world.secret()
    generated = world.secret("Other")

    values = [generated.create(), secret.create(**properties), secret.read()["Value"]]
    values.append(secret.update(SecretString=f"{SECRET}!"))
    world.send(in_stack("CREATE", "t", {"SecretString": [SECRET], "Value": SECRET}))
    world.list()
    secret.delete()

    assert len(set(values)) == 3
    text = caplog.text
    assert len(lines.take()) == 7
    for hidden in (*values, "say-nothing", "nor-this"):
        assert hidden not in text


def test_a_default_that_is_not_valid_is_not_named(world: World, lines: Lines) -> None:
    """The logical ID of somebody who invokes the handlers by hand may be anything."""
    world.send(Operation("READ", {}, "t", stack_id=STACK, logical_id="a|b"))

    assert lines.last()["identifier"] == f"{TABLE}|orders|default|"


def test_the_request_token_itself_is_not_logged(
    world: World, lines: Lines, caplog: pytest.LogCaptureFixture
) -> None:
    """It speaks for the handler; two deliveries of one request still have the same short name."""
    for _ in range(2):
        world.send(in_stack("READ", "a-bearer-token", {}))

    assert "a-bearer-token" not in caplog.text
    first, second = lines.take()
    assert first["requestTokenHash"] == second["requestTokenHash"]
    assert len(first["requestTokenHash"]) == 16


# --- Whatever a request holds ---

HOSTILE = '\n{"outcome":"SUCCESS"}\r\u2028\u0085\x00\x1b[31m"}'


@pytest.mark.parametrize("place", ["Name", "StackName", "Env", "TableName", "logical", "stack"])
def test_no_name_breaks_a_line_or_forges_one(world: World, lines: Lines, place: str) -> None:
    properties = {place: HOSTILE} if place[0].isupper() else {}
    world.send(
        Operation(
            "READ",
            properties,
            HOSTILE,
            stack_id=f"a/{HOSTILE}/b" if place == "stack" else STACK,
            logical_id=HOSTILE if place == "logical" else "L",
        )
    )

    [line] = lines.take()
    assert line["outcome"] in ("NotFound", "InvalidRequest")
    assert line["identifier"].count("|") == 3


@pytest.mark.parametrize(
    "event",
    [
        None,
        [],
        {"action": "DANCE", "requestData": 5},
        {"action": ["READ"], "stackId": 7, "bearerToken": {}, "requestData": {"a": 1}},
        {"action": "READ", "requestData": {"resourceProperties": [], "systemTags": 1}},
        {"action": "READ", "stackId": "s" * 300_000, "requestData": {"logicalResourceId": [1]}},
    ],
)
def test_an_event_that_is_none_has_a_line_as_well(world: World, lines: Lines, event: Any) -> None:
    world.send_event(event)

    [line] = lines.take()
    assert line["operation"] in ("?", "READ")
    assert line["outcome"] in ("InvalidRequest", "InvalidCredentials")
    assert len(json.dumps(line)) < 10_000


@given(st.text(), st.text())
def test_a_line_is_one_line_and_reads_back_as_it_was(name: str, message: str) -> None:
    entry = journal.Entry("READ", "SUCCESS", 1.25, identifier=name, message=message)

    line = str(entry)

    assert len(line.splitlines()) == 1
    assert json.loads(line) == entry.fields()
    assert entry.fields()["identifier"] == name


def test_half_a_surrogate_pair_can_be_sent_as_utf_8() -> None:
    entry = journal.Entry("READ", "SUCCESS", 1, logical_resource_id="\ud800")

    assert str(entry).isascii()
    assert journal.token_hash("\ud800")


def test_the_longest_valid_names_are_logged_whole() -> None:
    """2,048 bytes of a stack's name, 1,024 of the sort key, 255 of a table's name."""
    identifier = journal.identifier("t" * 255, "s" * 2048, "e" * 511, "n" * 512)

    assert journal.Entry("READ", "SUCCESS", 1, identifier=identifier).fields() == {
        "operation": "READ",
        "identifier": identifier,
        "outcome": "SUCCESS",
        "ms": 1,
        "calls": {},
        "retries": 0,
    }


def test_no_field_stands_in_the_way_of_the_logging_module() -> None:
    """`extra` refuses names that a record has already; message is never among our functions'."""
    record = vars(logging.makeLogRecord({}))

    assert (set(journal.NAMES.values()) - {"message"}).isdisjoint({*record, "asctime"})
