"""What the mirror function leaves in its log, and does, whatever becomes of that."""

from __future__ import annotations

import json
import logging
from types import SimpleNamespace
from typing import Any

import pytest

from myorg_secrets import mirror
from myorg_secrets.exceptions import InvalidRequest
from tests.world import World

CONTEXT = SimpleNamespace(aws_request_id="request-1")
TABLE = "myorg-secrets-password"


@pytest.fixture
def bucket(world: World, monkeypatch: pytest.MonkeyPatch) -> str:
    s3 = world.client("s3")
    s3.create_bucket(Bucket="copies")
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket="copies"):
        for one in page.get("Contents", []):
            s3.delete_object(Bucket="copies", Key=one["Key"])
    monkeypatch.setenv("MIRROR", "s3://copies/passwords")
    return "copies"


def lines(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    records = [one for one in caplog.records if one.name == mirror.__name__]
    taken = [json.loads(one.getMessage()) for one in records if one.levelno == logging.INFO]
    caplog.clear()
    for line in taken:
        assert line.pop("ms") >= 0
    return taken


def test_a_run_leaves_one_line_with_the_calls_of_all_its_workers(
    world: World, bucket: str, caplog: pytest.LogCaptureFixture, quiet_sdk: None
) -> None:
    for n in range(20):
        world.secret(f"Name{n}").create()
    caplog.clear()

    assert mirror.handler({}, CONTEXT) == {"Written": 20, "Unchanged": 0, "LeftOut": 0}
    assert mirror.handler({}, CONTEXT)["Unchanged"] == 20

    common = {
        "operation": "MIRROR",
        "identifier": TABLE,
        "outcome": "SUCCESS",
        "retries": 0,
        "requestId": "request-1",
    }
    first, second = lines(caplog)
    assert first == {
        **common,
        "calls": {"dynamodb:Scan": 1, "s3:GetObject": 20, "s3:PutObject": 20},
        "records": {"Written": 20, "Unchanged": 0, "LeftOut": 0},
    }
    assert second["calls"] == {"dynamodb:Scan": 1, "s3:GetObject": 20}


def test_a_run_with_problems_fails_and_says_how_many_records_were_left_out(
    world: World, bucket: str, caplog: pytest.LogCaptureFixture, quiet_sdk: None
) -> None:
    secret = world.secret()
    secret.create()
    world.change_item(secret, Versions={"S": "no versions"})
    caplog.clear()

    with pytest.raises(mirror.Incomplete):
        mirror.handler({}, CONTEXT)

    [line] = lines(caplog)
    assert line["outcome"] == "Incomplete"
    assert sum(line["records"].values()) == 1


def test_a_run_that_cannot_begin_says_why_by_the_name_of_its_failure(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv("MIRROR", raising=False)

    with pytest.raises(InvalidRequest):
        mirror.handler({}, CONTEXT)

    [line] = lines(caplog)
    assert (line["outcome"], line["calls"]) == ("InvalidRequest", {})


def test_a_logger_that_fails_does_not_change_what_a_run_does(
    world: World, bucket: str, monkeypatch: pytest.MonkeyPatch, quiet_sdk: None
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    world.secret().create()
    monkeypatch.setattr(mirror.LOG, "info", broken)

    assert mirror.handler({}, CONTEXT)["Written"] == 1
