"""Whoever wants to know which operations were called reads them as IAM writes them."""

import io
from collections.abc import Callable
from typing import Any

import pytest

import local
from local.recorder import Recorder, call_in

CALLS: dict[str, tuple[Callable[[local.LocalAws], Any], str]] = {
    "JSON": (lambda aws: aws.client("dynamodb").list_tables(), "dynamodb:ListTables"),
    "query": (lambda aws: aws.client("sts").get_caller_identity(), "sts:GetCallerIdentity"),
    "RPC": (lambda aws: aws.client("cloudwatch").list_metrics(), "monitoring:ListMetrics"),
    "REST": (
        lambda aws: aws.client("lambda").list_functions(),
        "lambda:GET /2015-03-31/functions",
    ),
}


@pytest.mark.parametrize(("call", "name"), CALLS.values(), ids=CALLS)
def test_an_operation_is_named_in_every_protocol(aws, call, name):
    """Service and operation are those of IAM; REST has method and path for the latter."""
    with aws.recorder.recording() as calls:
        call(aws)

    assert calls == [name]


REQUESTS: dict[str, tuple[dict[str, Any], str]] = {
    "without a signature": (
        {"REQUEST_METHOD": "GET", "PATH_INFO": "/moto-api/"},
        "unsigned:GET /moto-api/",
    ),
    "with a form that names no action": (
        {
            "REQUEST_METHOD": "POST",
            "CONTENT_TYPE": "application/x-www-form-urlencoded; charset=utf-8",
            "CONTENT_LENGTH": "9",
            "wsgi.input": io.BytesIO(b"Version=1"),
        },
        "unsigned:?",
    ),
    "without anything": ({"REQUEST_METHOD": "HEAD"}, "unsigned:HEAD "),
}


@pytest.mark.parametrize(("environ", "name"), REQUESTS.values(), ids=REQUESTS)
def test_a_request_that_no_client_of_aws_sends_is_named_as_well(environ, name):
    """Nothing that arrives stops the recorder."""
    assert call_in(environ) == name


def test_a_form_can_still_be_read_afterwards():
    """The application behind the recorder gets the whole body."""
    body = b"Action=DescribeStacks&Version=2010-05-15"
    environ = {
        "REQUEST_METHOD": "POST",
        "CONTENT_TYPE": "application/x-www-form-urlencoded",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body + b"what a later request on this connection holds"),
    }

    assert call_in(environ) == "unsigned:DescribeStacks"
    assert environ["wsgi.input"].read() == body


def test_what_a_handler_calls_is_seen_in_its_order(aws, stack):
    """A create encrypts, reads back what came out, and writes once."""
    properties = {"StackName": stack.name, "Name": "Secret"}

    with aws.recorder.recording("kms", "dynamodb") as calls:
        aws.call("CREATE", properties)

    assert calls == ["kms:Encrypt", "kms:Decrypt", "dynamodb:PutItem"]


def test_two_recordings_at_once_each_get_their_services():
    """The one inside ends, and the one outside goes on; afterwards nobody gets anything."""
    recorder = Recorder()

    with recorder.recording() as everything:
        with recorder.recording("kms") as keys:
            recorder.note("kms:Encrypt")
            recorder.note("dynamodb:PutItem")
        recorder.note("kms:Decrypt")
    recorder.note("kms:Sign")

    assert everything == ["kms:Encrypt", "dynamodb:PutItem", "kms:Decrypt"]
    assert keys == ["kms:Encrypt"]


def test_a_recording_that_ends_does_not_end_one_that_looks_the_same():
    """Two recordings of the same services are told apart even while both are empty."""
    recorder = Recorder()

    with recorder.recording("kms") as outer:
        with recorder.recording("kms") as inner:
            pass
        recorder.note("kms:Encrypt")

    assert (outer, inner) == (["kms:Encrypt"], [])
