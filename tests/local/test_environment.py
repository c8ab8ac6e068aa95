"""The local AWS comes and goes without a trace, and is one AWS while it is there."""

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import boto3
import pytest

import local
from local.aws import EmbeddedAws
from local.environment import REGION
from local.storage import STACK_NAME
from tests.local.stacks import Stack, password_alone


def threads_left() -> list[str]:
    names = [thread.name for thread in threading.enumerate()]
    return [name for name in names if name.startswith(("aws", "lambda"))]


def test_nothing_outlives_it(monkeypatch):
    """Environment and threads are those from before, and the next one begins with nothing."""
    monkeypatch.setenv("AWS_PROFILE", "of-the-user")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    before = dict(os.environ)
    with local.running() as first:
        stack = Stack(first)
        stack.deploy(password_alone())
    after = dict(os.environ)
    threads = threads_left()

    with local.running() as second:
        items = Stack(second, stack.name).items()
        stacks = second.client("cloudformation").describe_stacks()["Stacks"]

    assert after == before
    assert threads == []
    assert items == {}
    assert [described["StackName"] for described in stacks] == [STACK_NAME]


def test_an_exception_ends_it_as_well():
    """Whatever happens inside, the environment is put back and another one can start."""
    before = dict(os.environ)

    with pytest.raises(LookupError), local.running():
        raise LookupError

    assert dict(os.environ) == before
    assert threads_left() == []
    with local.running() as again:
        assert again.outcome(STACK_NAME).succeeded


def test_every_client_of_the_process_uses_the_one_that_runs():
    """A program finds its table without being told where, and there is no second one."""
    with local.running() as aws:
        table = boto3.client("dynamodb").describe_table(TableName=aws.storage.table_name)["Table"]
        with (
            pytest.raises(RuntimeError, match="running in this process already"),
            local.running(),
        ):
            pass
        still_there = aws.outcome(STACK_NAME).succeeded

    assert table["TableArn"] == aws.storage.table_arn
    assert f":{REGION}:" in table["TableArn"]
    assert still_there


def test_dynamodb_gets_one_request_at_a_time(monkeypatch):
    """A conditional write is atomic as it is at AWS, which moto alone does not see to."""
    callers = 3
    inside: list[None] = []
    seen: list[int] = []

    def application(environ, start_response):
        inside.append(None)
        time.sleep(0.1)
        seen.append(len(inside))
        inside.pop()
        start_response("200 OK", [("Content-Length", "2")])
        return [b"{}"]

    application.get_backend_for_host = lambda host: None
    monkeypatch.setattr("local.aws.DomainDispatcherApplication", lambda _: application)
    with EmbeddedAws() as aws, ThreadPoolExecutor(callers) as pool:
        client = boto3.client("dynamodb", endpoint_url=aws.url)
        for call in [pool.submit(client.list_tables) for _ in range(callers)]:
            call.result()

    assert seen == [1] * callers
