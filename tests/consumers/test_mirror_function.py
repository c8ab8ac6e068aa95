"""The Lambda function that keeps the copies up to date."""

import logging
from collections.abc import Callable
from typing import Any

import boto3
import pytest

from myorg_secrets import exceptions, mirror
from tests.consumers.test_mirror import Copies
from tests.world import REGION, World


@pytest.fixture
def copies(world: World) -> Copies:
    return Copies(world, boto3.Session())


@pytest.fixture
def run(
    copies: Copies, world: World, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Any], dict[str, int]]:
    """Invokes the function as infrastructure/backup.yml sets it up."""
    monkeypatch.setenv("AWS_REGION", REGION)
    monkeypatch.setenv("TABLE_NAME", world.storage.table_name)
    monkeypatch.setenv("MIRROR", copies.location)
    monkeypatch.setenv("KMS_KEY_ID", copies.key_arn)
    return lambda event: mirror.handler(event, None)


def test_a_run_writes_what_changed_and_says_how_much(
    run: Callable[[Any], dict[str, int]], world: World, copies: Copies
) -> None:
    secret = world.secret("DBPassword", stack="orders")
    secret.create()

    first, second = run({"detail-type": "Scheduled Event"}), run({})
    again = run({"Rewrite": True})

    assert first == again == {"Written": 1, "Unchanged": 0, "LeftOut": 0}
    assert second == {"Written": 0, "Unchanged": 1, "LeftOut": 0}
    assert copies.key_arn.encode() in copies.body(secret)


def problems(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What is told beside the one line of each run."""
    of_run = [record for record in caplog.records if record.name == mirror.__name__]
    return [record.getMessage() for record in of_run if record.levelno == logging.ERROR]


def test_a_run_with_a_problem_fails_after_all_other_copies_were_written(
    run: Callable[[Any], dict[str, int]],
    world: World,
    copies: Copies,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The invocation's failure is what the alarm sees; the log says which record it is."""
    good, bad = world.secret("Good"), world.secret("Bad")
    for secret in (good, bad):
        secret.create()
    world.change_item(bad, Versions=None)

    with pytest.raises(mirror.Incomplete, match="1 records have no copy as it should be"):
        run({})

    [said] = problems(caplog)
    assert "orders|default|Bad" in said
    assert copies.body(good)


def test_the_log_has_an_end(
    run: Callable[[Any], dict[str, int]],
    world: World,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(mirror, "SHOWN", 1)
    for name in ("A", "B"):
        secret = world.secret(name)
        secret.create()
        world.change_item(secret, Versions=None)

    with pytest.raises(mirror.Incomplete, match="2 records"):
        run({})

    assert len(problems(caplog)) == 1


def test_a_missing_table_and_a_missing_place_are_told(
    run: Callable[[Any], dict[str, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TABLE_NAME", "nobody-made-it")
    with pytest.raises(exceptions.InvalidRequest, match="the table does not exist"):
        run({})
    monkeypatch.delenv("MIRROR")
    with pytest.raises(exceptions.InvalidRequest, match="variable MIRROR is missing"):
        run({})


def test_no_log_record_holds_a_value(
    run: Callable[[Any], dict[str, int]],
    world: World,
    caplog: pytest.LogCaptureFixture,
    quiet_sdk: None,
) -> None:
    secret = world.secret()
    value = secret.create()
    caplog.set_level(logging.DEBUG, logger="myorg_secrets")

    run({})

    assert value not in caplog.text
