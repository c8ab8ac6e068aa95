"""The framework's edges that `PasswordResource` mends, each with what goes wrong without it."""

import json
import logging
import threading
from collections.abc import Iterator
from typing import Any

import botocore.session
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from local.events import LOG_GROUP, Account, Operation, live_event
from myorg_secrets_password import actions, handlers
from myorg_secrets_password.cipher import TYPE_NAME
from myorg_secrets_password.clients import DELIVERY_CONFIG, Credentials, clients_for
from myorg_secrets_password.delivery import Delivery
from myorg_secrets_password.framework import SDK_LOGGERS
from myorg_secrets_password.handlers import resource
from tests.world import (
    ACCOUNT_ID,
    CREDENTIALS,
    REGION,
    Failed,
    World,
    answer_with,
    beaten_to_it,
    break_with,
    refuse_with,
)

MISSING = Operation("UPDATE", {"StackName": "none", "Name": "missing"}, "t")
PACKAGE = "myorg_secrets_password"
SECRET = "correct horse battery staple"
CODES = {"InvalidRequest", "InvalidTypeConfiguration", "InvalidCredentials", "NotFound"}


@pytest.fixture
def everything_logged() -> Iterator[None]:
    """A root logger at DEBUG, and the SDK's loggers at DEBUG as well, as somebody may set them."""
    names = (*SDK_LOGGERS, "botocore.endpoint", "botocore.parsers", "botocore.hooks")
    loggers = [logging.getLogger(), *map(logging.getLogger, names)]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.DEBUG)
    yield
    for logger, level in zip(loggers, before, strict=True):
        logger.setLevel(level)


@pytest.fixture
def log_group(world: World) -> str:
    """The name of the log group, which exists only once something was delivered to it."""
    logs = world.client("logs")
    for group in logs.describe_log_groups()["logGroups"]:
        logs.delete_log_group(logGroupName=group["logGroupName"])
    return LOG_GROUP


def delivered(world: World, group: str) -> dict[str, list[str]]:
    """Return the messages that are in the log group, by stream."""
    logs = world.client("logs")
    streams = [
        stream["logStreamName"]
        for stream in logs.describe_log_streams(logGroupName=group)["logStreams"]
    ]
    return {
        stream: [
            event["message"]
            for event in logs.get_log_events(logGroupName=group, logStreamName=stream)["events"]
        ]
        for stream in streams
    }


# --- nextToken ---


def test_a_list_goes_on_where_its_token_says(world: World) -> None:
    """The framework drops nextToken, and every page would be the first."""
    for n in range(150):
        world.secret(f"Name{n}").create(ReturnValue=False)

    first = world.send(Operation("LIST", {}, "t"))
    second = world.send(Operation("LIST", {}, "t", next_token=first["nextToken"]))

    names = [model["Name"] for page in (first, second) for model in page["resourceModels"]]
    assert sorted(names) == sorted(f"Name{n}" for n in range(150))


def test_the_token_of_the_last_page_is_null(world: World) -> None:
    """The contract wants null on the last page; the framework would pass an empty string on."""
    answer = world.send(Operation("LIST", {}, "t", next_token=""))

    assert answer["status"] == "SUCCESS"
    assert answer.get("nextToken") is None


# --- Logs and metrics ---

TROUBLES = {
    "throttled": refuse_with("ThrottlingException"),
    "denied": refuse_with("AccessDeniedException"),
    "cannot connect": break_with(ConnectionRefusedError()),
    "nonsense": answer_with(200, b"<html>"),
    "a defect": break_with(ZeroDivisionError()),
}


@pytest.mark.parametrize("call", ["logs:PutLogEvents", "cloudwatch:PutMetricData"])
@pytest.mark.parametrize("trouble", TROUBLES)
def test_what_goes_wrong_with_logs_and_metrics_does_not_change_the_answer(
    world: World, call: str, trouble: str
) -> None:
    """A secret that was stored is reported as stored, and one that is missing as missing."""
    secret = world.secret()

    with world.failing(call, TROUBLES[trouble]):
        secret.create()
        with pytest.raises(Failed) as failed:
            world.succeed(MISSING)
        assert call in world.deliveries

    assert secret.read() == secret.model
    assert failed.value.code == "NotFound"


@pytest.mark.parametrize("call", ["logs:CreateLogGroup", "logs:CreateLogStream"])
def test_a_log_group_or_stream_that_appears_meanwhile_is_no_trouble(
    world: World, log_group: str, call: str
) -> None:
    with world.failing(call, beaten_to_it(refuse_with("ResourceAlreadyExistsException"))):
        world.secret().create()

    assert call in world.deliveries
    assert sum(map(len, delivered(world, log_group).values())) == 1


@pytest.mark.parametrize("fails", ["a filter", "a handler", "the metrics"])
def test_a_logger_that_fails_does_not_change_the_answer(
    world: World, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    """Not even when the delivery fails as well, and has that to say."""

    class Broken(logging.Handler):
        def handle(self, record: logging.LogRecord) -> bool:
            raise ZeroDivisionError

    def broken(*_: Any) -> bool:
        raise ZeroDivisionError

    package, broken_handler = logging.getLogger(PACKAGE), Broken()
    secret = world.secret()
    if fails == "the metrics":
        monkeypatch.setattr(Delivery, "measure", broken)
    elif fails == "a handler":
        package.addHandler(broken_handler)
    else:
        for name in ("framework", "delivery"):
            monkeypatch.setattr(logging.getLogger(f"{PACKAGE}.{name}"), "filters", [broken])
    try:
        with world.failing("logs:PutLogEvents", refuse_with("AccessDeniedException")):
            secret.create()
    finally:
        package.removeHandler(broken_handler)

    assert secret.read() == secret.model


def test_a_log_group_that_cannot_be_made_is_no_trouble_either(world: World, log_group: str) -> None:
    with world.failing("logs:CreateLogGroup", refuse_with("AccessDeniedException")):
        world.secret().create()

    assert world.client("logs").describe_log_groups()["logGroups"] == []


def test_credentials_do_not_show_themselves() -> None:
    assert repr(Credentials("AKIA", "key", "token")) == "Credentials(hidden)"


def test_an_invocation_is_told_in_one_line_without_a_value(world: World, log_group: str) -> None:
    secret = world.secret()
    secret.create(SecretString=SECRET)

    [[line]] = delivered(world, log_group).values()

    assert json.loads(line)["outcome"] == "SUCCESS"
    assert SECRET not in line


def test_every_stack_has_its_own_log_stream(world: World, log_group: str) -> None:
    """The framework keeps writing to the stream of the first stack that it served."""
    for stack in ("one", "two"):
        world.secret("DB", stack=stack).create(ReturnValue=False)
    world.secret(stack=None).create(StackName="three", Name="DB", ReturnValue=False)

    assert {stream.rpartition("stack/")[2] for stream in delivered(world, log_group)} == {
        "one/1/DB",
        "two/1/DB",
        f"{ACCOUNT_ID}-{REGION}",
    }


def test_a_warm_invocation_delivers_with_two_calls(world: World, log_group: str) -> None:
    secret = world.secret()
    secret.create()

    secret.read()

    assert world.deliveries == ["logs:PutLogEvents", "cloudwatch:PutMetricData"]


@pytest.mark.parametrize("absent", ["providerLogGroupName", "providerCredentials"])
def test_nothing_is_delivered_where_the_event_does_not_ask(world: World, absent: str) -> None:
    operation = Operation("LIST", {}, "t")

    assert world.send(operation, **{absent: None})["status"] == "SUCCESS"
    assert world.deliveries == []


def test_a_failure_is_counted_by_its_code(world: World) -> None:
    """The metrics are those that the framework gives, and namespaced as the framework does."""
    sent: list[dict[str, Any]] = []
    nobody = Credentials("", "", None)
    events = clients_for(REGION, nobody, DELIVERY_CONFIG).client("cloudwatch").meta.events
    call = "before-parameter-build.cloudwatch.PutMetricData"
    events.register(call, lambda params, **_: sent.append(params), unique_id="sent")

    with pytest.raises(Failed):
        world.succeed(MISSING)

    events.unregister(call, unique_id="sent")
    [metrics] = sent
    figures = {
        (figure["MetricName"], *(dimension["Value"] for dimension in figure["Dimensions"]))
        for figure in metrics["MetricData"]
    }
    assert metrics["Namespace"] == "AWS/CloudFormation/MyOrg/Secrets/Password"
    assert figures == {
        ("HandlerInvocationCount", "UPDATE", TYPE_NAME),
        ("HandlerInvocationDuration", "UPDATE", TYPE_NAME),
        ("HandlerException", "UPDATE", TYPE_NAME, "NotFound"),
    }


def test_records_of_another_thread_are_not_delivered(world: World, log_group: str) -> None:
    """Two invocations of one process never write into each other's stream."""
    log = logging.getLogger("myorg_secrets_password.elsewhere")

    def speak(_: Any) -> None:
        thread = threading.Thread(target=log.warning, args=("of another invocation",))
        thread.start()
        thread.join()

    with world.failing("dynamodb:PutItem", speak):
        world.secret().create()

    [lines] = delivered(world, log_group).values()
    assert len(lines) == 1


# --- What is logged ---


@pytest.mark.usefixtures("everything_logged")
def test_a_root_logger_at_debug_changes_nothing(world: World, log_group: str) -> None:
    """The framework's log handler logs its own calls then, without end."""
    secret = world.secret()

    secret.create()

    assert secret.read() == secret.model
    assert sum(map(len, delivered(world, log_group).values())) == 2


@pytest.mark.usefixtures("everything_logged")
def test_no_record_at_debug_holds_the_value(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """The SDK logs the bodies of KMS's requests and answers at DEBUG."""
    secret = world.secret()
    caplog.clear()

    secret.create(SecretString=SECRET)
    secret.update(SecretString=SECRET + "!")
    secret.read()

    assert {record.name.partition(".")[0] for record in caplog.records}.isdisjoint(SDK_LOGGERS)
    assert SECRET not in caplog.text
    assert caplog.text.count("SUCCESS") == 3


REFUSED: dict[str, dict[str, Any]] = {
    "in a list": {"SecretString": [SECRET]},
    "in an object": {"SecretString": {"a": SECRET}},
    "too long": {"SecretString": SECRET * 4096},
    "beside a wrong property": {"SecretString": SECRET, "PasswordLength": "twenty"},
    "for tags": {"Tags": SECRET},
    "for a tag": {"Tags": [{"Key": SECRET}]},
    "for a boolean": {"ReturnValue": SECRET},
    "for an integer": {"PasswordLength": SECRET},
    "for a key": {"KeyId": SECRET},
    "in another property": {"Description": {"a": SECRET}},
}


@pytest.mark.parametrize("properties", REFUSED.values(), ids=REFUSED)
def test_a_refused_property_is_quoted_nowhere(
    world: World,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
    properties: dict[str, Any],
) -> None:
    """The framework logs errors together with the values that they quote, and prints some."""
    with pytest.raises(Failed) as failed:
        world.secret().create(**properties)

    assert failed.value.code == "InvalidRequest"
    printed = "".join(capsys.readouterr())
    for emitted in (failed.value.message, caplog.text, printed):
        assert SECRET not in emitted


def test_a_defect_is_told_by_its_place_and_not_by_what_it_says(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def defective(*_: Any) -> None:
        raise RuntimeError(f"cannot handle {SECRET}")

    monkeypatch.setattr(actions, "create", defective)

    with pytest.raises(Failed) as failed:
        world.secret().create(SecretString=SECRET)

    assert failed.value.code == "InternalFailure"
    assert "RuntimeError" in failed.value.message
    assert "defective" in failed.value.message
    for emitted in (failed.value.message, caplog.text, *capsys.readouterr()):
        assert SECRET not in emitted


# --- Sessions, clients and credentials ---


def test_one_session_and_its_clients_serve_all_invocations(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The framework makes a session for each event, which costs more than the calls."""
    made: list[str] = []
    original = botocore.session.Session.create_client

    def create_client(self: Any, service: str, *args: Any, **kwargs: Any) -> Any:
        made.append(service)
        return original(self, service, *args, **kwargs)

    def new_session(self: Any, *_: Any, **__: Any) -> None:
        made.append("session")

    secret = world.secret()
    secret.create()
    monkeypatch.setattr(botocore.session.Session, "create_client", create_client)
    monkeypatch.setattr(botocore.session.Session, "__init__", new_session)

    secret.update(RotationToken="2")
    secret.read()
    secret.delete()
    world.list()

    assert made == []


def test_each_invocation_signs_with_its_own_credentials_alone(world: World) -> None:
    """Kept clients must never carry one caller's credentials into the next call."""
    seen: list[tuple[str, str]] = []

    def note(request: Any) -> None:
        authorization = _text(request.headers["Authorization"])
        key = authorization.partition("Credential=")[2].partition("/")[0]
        seen.append((key, _text(request.headers.get("X-Amz-Security-Token", ""))))

    with world.failing("dynamodb:Scan", note):
        for key, token in (("AKIAONE", "first"), ("AKIATWO", "second"), ("AKIATHREE", None)):
            credentials = {"accessKeyId": key, "secretAccessKey": "s", "sessionToken": token}
            world.send(Operation("LIST", {}, "t"), callerCredentials=credentials)

    assert seen == [("AKIAONE", "first"), ("AKIATWO", "second"), ("AKIATHREE", "")]


def test_threads_do_not_share_clients(world: World) -> None:
    """Two invocations at once in one process would sign with each other's credentials."""
    credentials = Credentials("a", "b", None)
    others: list[object] = []
    thread = threading.Thread(target=lambda: others.append(clients_for(REGION, credentials)))
    thread.start()
    thread.join()

    assert clients_for(REGION, credentials) is clients_for(REGION, credentials)
    assert others[0] is not clients_for(REGION, credentials)


@pytest.mark.parametrize(
    ("region", "partition"),
    [("us-gov-west-1", "aws-us-gov"), ("cn-north-1", "aws-cn"), ("eu-west-1", "aws")],
)
def test_messages_name_the_partition_of_the_region(
    world: World, region: str, partition: str
) -> None:
    """The framework calls GovCloud's partition aws-gov."""
    world.account = Account(ACCOUNT_ID, region)

    answer = world.send(Operation("READ", {"StackName": "s", "Name": "n"}, "t"))

    assert answer["errorCode"] == "InvalidRequest"
    assert f"arn:{partition}:dynamodb:{region}:{ACCOUNT_ID}:table/" in answer["message"]


# --- Whatever comes in ---


@pytest.mark.parametrize(
    "event",
    [None, 1, "text", [], {}, {"action": "DANCE"}, {"action": None}, {"action": ["CREATE"]}],
    ids=str,
)
def test_an_event_that_is_none_is_answered(world: World, event: Any) -> None:
    answer = world.send_event(event)

    assert answer["status"] == "FAILED"
    assert answer["errorCode"] == "InvalidRequest"
    assert answer["message"]


@pytest.mark.parametrize("part", ["requestData", "resourceProperties"])
def test_a_part_of_an_event_that_is_no_object_is_refused(world: World, part: str) -> None:
    event = live_event(Operation("READ", {}, "t"), world.account, CREDENTIALS)
    (event if part == "requestData" else event["requestData"])[part] = "text"

    answer = world.send_event(event)

    assert answer["errorCode"] == "InvalidRequest"
    assert "must be an object" in answer["message"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3)
    ),
    max_leaves=8,
)


@pytest.mark.parametrize("action", ["CREATE", "READ", "UPDATE", "DELETE", "LIST"])
@given(data=st.data())
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_no_properties_and_no_configuration_cause_an_internal_failure(
    world: World, action: str, data: st.DataObject
) -> None:
    """Whatever a user can cause has a code that says whose fault it is."""
    names = st.sampled_from([*_schema()["properties"], "Nonsense", ""])
    properties = data.draw(st.dictionaries(names, JSON, max_size=4))
    previous = data.draw(st.none() | JSON | st.dictionaries(names, JSON, max_size=4))
    keys = st.sampled_from([*_schema()["typeConfiguration"]["properties"], "Nonsense"])
    configuration = data.draw(st.none() | JSON | st.dictionaries(keys, JSON, max_size=2))
    event = live_event(
        Operation(action, properties, world.token(), stack_id="a/stack/b", logical_id="L"),
        world.account,
        CREDENTIALS,
    )
    event["requestData"]["previousResourceProperties"] = previous
    event["requestData"]["typeConfiguration"] = configuration

    answer = world.send_event(event)

    assert answer["status"] == "SUCCESS" or answer["errorCode"] in CODES | {
        "AlreadyExists",
        "NotUpdatable",
    }
    assert answer["status"] == "SUCCESS" or answer["message"]


def test_answers_are_json_types_alone(world: World) -> None:
    """A Decimal, bytes or a set in a model becomes InternalFailure after the write."""
    secret = world.secret()
    secret.create(PasswordLength=20, Tags=[{"Key": "a", "Value": "b"}], IncludeSpace=True)
    operation = Operation("READ", secret.identifier, "t")

    answer = resource(live_event(operation, world.account, CREDENTIALS), None)

    assert json.loads(json.dumps(answer)) == answer


def test_an_answer_that_is_not_json_is_told_as_a_defect(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even then there is an answer, and Lambda has no exception to log."""
    monkeypatch.setattr(handlers, "identifier_model", lambda identity: {b"bytes"})
    world.secret().create()

    answer = world.send(Operation("LIST", {}, "t"))

    assert answer["errorCode"] == "InternalFailure"


def _text(header: Any) -> str:
    return header.decode() if isinstance(header, bytes) else str(header)


def _schema() -> dict[str, Any]:
    from local.schema import type_schema

    return type_schema()
