"""The Invoke API, as an HTTP client and as boto3 see it."""

import http.client
import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.config import Config

from local.lambda_api import Context, LambdaApi

LARGEST = 6 * 1024 * 1024
"""Bytes of a synchronous payload; "Lambda quotas", Invocation payload."""

TOGETHER = 4
meeting = threading.Barrier(TOGETHER, timeout=10)
called: list[Any] = []


def echo(event: Any, context: Context) -> Any:
    called.append(event)
    return event


def fail(event: Any, context: Context) -> Any:
    raise LookupError("it is not there")


def unspeakable(event: Any, context: Context) -> Any:
    return {1, 2}


def meet(event: Any, context: Context) -> Any:
    meeting.wait()
    return event


def describe(event: Any, context: Context) -> Any:
    return {
        "name": context.function_name,
        "request": context.aws_request_id,
        "left": context.get_remaining_time_in_millis(),
    }


FUNCTIONS = (echo, fail, unspeakable, meet, describe)


@pytest.fixture(scope="module")
def api() -> Iterator[LambdaApi]:
    with LambdaApi({function.__name__: function for function in FUNCTIONS}) as running:
        yield running


@pytest.fixture(scope="module")
def client(api: LambdaApi) -> Any:
    config = Config(retries={"total_max_attempts": 1})
    return boto3.client("lambda", "eu-central-1", endpoint_url=api.url, config=config)


def post(
    api: LambdaApi, path: str, body: bytes = b"{}", headers: dict[str, str] | None = None
) -> tuple[int, dict[str, str], bytes]:
    """Send a request as it is, and return status, headers and body of the answer."""
    connection = http.client.HTTPConnection(urlsplit(api.url).netloc, timeout=10)
    try:
        connection.request("POST", path, body, headers or {})
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        connection.close()


def invocation(function: str) -> str:
    return f"/2015-03-31/functions/{function}/invocations"


EVENTS: list[Any] = [{}, {"a": [1, None, True]}, [], "text", 7, None, {"Straße": "\U0001f511"}]


@pytest.mark.parametrize("event", EVENTS)
def test_boto3_gets_what_the_function_returns(client, event):
    """Any JSON goes in and comes out, with status 200 and no FunctionError."""
    answer = client.invoke(FunctionName="echo", Payload=json.dumps(event))

    assert json.loads(answer["Payload"].read()) == event
    assert (answer["StatusCode"], answer["ExecutedVersion"]) == (200, "$LATEST")
    assert "FunctionError" not in answer


def test_no_payload_is_an_empty_event(client):
    """As with Lambda, the function then gets an empty object."""
    assert json.loads(client.invoke(FunctionName="echo")["Payload"].read()) == {}


def test_the_path_may_end_in_a_slash(api):
    """`cfn test` and `cfn invoke` do not write one, other clients do."""
    status, _, body = post(api, invocation("echo") + "/", b"[1]")

    assert (status, body) == (200, b"[1]")


def test_the_context_tells_the_request(client):
    """The function learns its name, the ID that the answer has, and the time that is left."""
    answer = client.invoke(FunctionName="describe")

    context = json.loads(answer["Payload"].read())
    assert context["name"] == "describe"
    assert context["request"] == answer["ResponseMetadata"]["RequestId"]
    assert 170_000 < context["left"] <= 180_000


def test_an_exception_is_an_answer_of_its_own_kind(client):
    """Status 200, FunctionError, and the exception's type and text where Lambda has them."""
    answer = client.invoke(FunctionName="fail", Payload="{}")

    told = json.loads(answer["Payload"].read())
    assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
    assert (told["errorType"], told["errorMessage"]) == ("LookupError", "it is not there")
    assert told["requestId"] == answer["ResponseMetadata"]["RequestId"]
    assert any("in fail" in line for line in told["stackTrace"])


def test_an_answer_that_is_no_json_is_an_error_of_the_function(client):
    """A set cannot be sent, and that is told as an exception of the function would be."""
    answer = client.invoke(FunctionName="unspeakable")

    assert answer["FunctionError"] == "Unhandled"
    assert json.loads(answer["Payload"].read())["errorType"] == "TypeError"


def test_a_dry_run_calls_nothing(client):
    """Status 204 says that the function is there."""
    called.clear()

    answer = client.invoke(FunctionName="echo", InvocationType="DryRun", Payload='"dry"')

    assert (answer["StatusCode"], answer["Payload"].read()) == (204, b"")
    assert called == []


REFUSALS: dict[str, tuple[str, bytes, int, str]] = {
    "unknown function": (invocation("nobody"), b"{}", 404, "ResourceNotFoundException"),
    "unknown path": ("/2015-03-31/functions", b"{}", 404, "ResourceNotFoundException"),
    "malformed": (invocation("echo"), b'{"a": ', 400, "InvalidRequestContentException"),
    "not UTF-8": (invocation("echo"), b'"\xff\xfe"', 400, "InvalidRequestContentException"),
    "too large": (
        invocation("echo"),
        b'"' + b"x" * (LARGEST - 1) + b'"',
        413,
        "RequestTooLargeException",
    ),
}


@pytest.mark.parametrize(("path", "body", "status", "code"), REFUSALS.values(), ids=REFUSALS)
def test_a_request_that_makes_no_sense_is_refused(api, path, body, status, code):
    """Nothing is called, and the answer has Lambda's status and error type."""
    called.clear()

    answer = post(api, path, body)

    assert (answer[0], answer[1]["X-Amzn-ErrorType"]) == (status, code)
    assert json.loads(answer[2])["Message"]
    assert called == []


def test_boto3_raises_what_lambda_raises(client):
    """The refusals are those that boto3 knows, by their names."""
    with pytest.raises(client.exceptions.ResourceNotFoundException, match="not found: nobody"):
        client.invoke(FunctionName="nobody")
    with pytest.raises(client.exceptions.InvalidRequestContentException):
        client.invoke(FunctionName="echo", Payload="{")
    with pytest.raises(client.exceptions.RequestTooLargeException):
        client.invoke(FunctionName="echo", Payload=b'"' + b"x" * LARGEST + b'"')


def test_the_largest_payload_passes(client):
    """Six mebibytes are taken to the byte."""
    payload = b'"' + b"x" * (LARGEST - 2) + b'"'

    answer = client.invoke(FunctionName="echo", Payload=payload)

    assert answer["Payload"].read() == payload


def test_invocations_run_at_the_same_time(client):
    """Each waits in the function until all have come in."""
    with ThreadPoolExecutor(TOGETHER) as pool:
        answers = pool.map(
            lambda n: json.loads(
                client.invoke(FunctionName="meet", Payload=json.dumps(n))["Payload"].read()
            ),
            range(TOGETHER),
        )

    assert list(answers) == list(range(TOGETHER))


def test_callers_that_hang_up_hold_no_thread(api):
    """More of them than there are threads, and the next invocation is answered all the same."""
    for _ in range(10):
        connection = http.client.HTTPConnection(urlsplit(api.url).netloc, timeout=10)
        connection.putrequest("POST", invocation("echo"))
        connection.putheader("Content-Length", "100")
        connection.endheaders(b"half")
        connection.close()

    status, _, body = post(api, invocation("echo"), b"[2]")

    assert (status, body) == (200, b"[2]")


def test_nothing_listens_afterwards():
    """Once left, the port refuses connections and no thread is left."""
    before = threading.active_count()
    with LambdaApi({"echo": echo}) as api:
        assert post(api, invocation("echo"))[0] == 200

    with pytest.raises(ConnectionRefusedError):
        post(api, invocation("echo"))
    assert threading.active_count() <= before
