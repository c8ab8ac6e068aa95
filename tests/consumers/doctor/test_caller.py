"""Region, credentials and clock."""

from pathlib import Path
from typing import Any

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import EndpointConnectionError
from moto.core.models import botocore_stubber

from myorg_secrets.doctor import caller
from tests.consumers.doctor.report import (
    DENIED,
    OTHER_REGION,
    TABLE_ARN,
    Doctor,
    behind,
    refused_by_sts,
)
from tests.world import REGION, Fault, World, answer_with, break_with, refuse_with


@pytest.mark.parametrize(
    ("option", "environ", "of_session", "source"),
    [
        ("eu-west-1", {"AWS_DEFAULT_REGION": "us-east-1"}, "eu-west-1", "--region"),
        (None, {"AWS_DEFAULT_REGION": "a", "AWS_REGION": "b"}, "a", "AWS_DEFAULT_REGION"),
        (None, {"AWS_REGION": "b"}, "a", "the profile prod"),
        (None, {"AWS_REGION": "b"}, None, "AWS_REGION"),
    ],
)
def test_it_says_where_the_region_comes_from(
    option: str | None, environ: dict[str, str], of_session: str | None, source: str
) -> None:
    assert caller.region_source(option, environ, of_session, "prod") == source


def test_a_region_that_the_sdk_does_not_know_is_doubted(
    doctor: Doctor, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-11")
    with world.failing("sts:GetCallerIdentity", refused_by_sts("InvalidClientTokenId")):
        report = doctor()

    assert report["Region"]["Status"] == "warning"
    assert report["Region"]["Remedy"] == "--region us-east-1"


def test_two_variables_that_say_different_regions_are_doubted(
    doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_REGION", OTHER_REGION)

    assert doctor()["Region"]["Status"] == "warning"
    assert doctor("--region", REGION)["Region"]["Status"] == "ok"


def test_without_credentials_nothing_is_asked(
    doctor: Doctor, calls: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")

    report = doctor()

    assert report.code == 3
    assert report.worse() == [
        ("Credentials", "problem"),
        ("Clock", "unknown"),
        ("The rest", "unknown"),
    ]
    assert calls == []


def test_a_credential_process_that_fails_is_told_without_what_it_printed(
    doctor: Doctor, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    config = tmp_path / "config"
    config.write_text(
        "[profile broken]\ncredential_process = echo hunter2hunter2\n", encoding="utf-8"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))

    report = doctor("--profile", "broken")

    assert report.code == 3
    assert report.worse() == [("Settings", "problem"), ("The rest", "unknown")]
    assert "hunter2" not in str(report.findings)


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"AWS_DEFAULT_REGION": ""}, "There is no Region"),
        ({"AWS_SECRET_ACCESS_KEY": ""}, "AWS_SECRET_ACCESS_KEY"),
        ({"AWS_PROFILE": "nobody-has-it"}, "could not be found"),
    ],
)
def test_settings_that_the_sdk_cannot_use_are_a_problem(
    variables: dict[str, str], said: str, doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_REGION", raising=False)

    report = doctor()

    assert (report.code, report["Settings"]["Status"]) == (3, "problem")
    assert said in report["Settings"]["Message"]


def test_credentials_that_come_only_when_they_are_needed_and_do_not_come_are_a_problem(
    doctor: Doctor, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, calls: list[str]
) -> None:
    (tmp_path / "config").write_text(
        "[profile sso]\nsso_start_url = https://example.com\nsso_region = us-east-1\n"
        "sso_account_id = 123456789012\nsso_role_name = reader\n",
        encoding="utf-8",
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("HOME", str(tmp_path))

    report = doctor("--profile", "sso")

    assert (report.code, report["Credentials"]["Status"]) == (3, "problem")
    assert "aws sso login" in report["Credentials"]["Remedy"]
    assert calls == []


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("ExpiredToken", "expired"),
        ("InvalidClientTokenId", "does not know"),
        ("SignatureDoesNotMatch", "does not belong to the access key"),
        ("MissingAuthenticationToken", "refused"),
    ],
)
def test_refused_credentials_are_told_by_their_reason(
    code: str, said: str, doctor: Doctor, world: World, calls: list[str]
) -> None:
    with world.failing("sts:GetCallerIdentity", refused_by_sts(code)):
        report = doctor()

    assert report.code == 3
    assert report["Credentials"]["Status"] == "problem"
    assert said in report["Credentials"]["Message"]
    assert calls == ["sts:GetCallerIdentity"]


@pytest.mark.parametrize(
    "fault",
    [
        break_with(EndpointConnectionError(endpoint_url="https://sts")),
        answer_with(200, b"<html>proxy</html>"),
        answer_with(403, b"<html>proxy"),
        answer_with(200, b"<A><GetCallerIdentityResult/></A>"),
    ],
    ids=["silent", "proxy", "proxy refuses", "empty"],
)
def test_without_sts_the_rest_is_examined_and_the_table_says_the_account(
    fault: Fault, doctor: Doctor, world: World
) -> None:
    with world.failing("sts:GetCallerIdentity", fault), world.failing("dynamodb:Query", DENIED):
        report = doctor()

    assert report["Credentials"]["Status"] == "unknown"
    assert report["Read"]["Status"] == "ok"
    assert TABLE_ARN in report["List a stack"]["Message"]


@pytest.mark.parametrize(
    ("ahead", "status", "said"),
    [
        (0, "ok", "agree"),
        (55, "ok", "agree"),
        (90, "warning", "seconds fast"),
        (-90, "warning", "seconds slow"),
        (400, "problem", "seconds fast"),
        (-400, "problem", "seconds slow"),
    ],
)
def test_the_clock_is_compared_with_aws(
    ahead: float, status: str, said: str, doctor: Doctor, world: World
) -> None:
    with world.failing("sts:GetCallerIdentity", behind(ahead)):
        clock = doctor()["Clock"]

    assert (clock["Status"], said in clock["Message"]) == (status, True)


def test_a_date_that_is_none_is_no_clock(doctor: Doctor, world: World) -> None:
    def undated(request: AWSPreparedRequest) -> AWSResponse:
        answer: Any = botocore_stubber("before-send", request)
        answer.headers["date"] = "today"
        return answer

    with world.failing("sts:GetCallerIdentity", undated):
        report = doctor()

    assert (report["Clock"]["Status"], report["Table"]["Status"]) == ("ok", "ok")


def test_the_clock_is_told_to_the_second() -> None:
    assert "fast" in caller.clock(412.2).message
    assert "412 seconds" in caller.clock(412.2).message


@pytest.mark.parametrize("code", ["SignatureDoesNotMatch", "RequestExpired"])
def test_a_signature_refused_for_the_clock_is_not_blamed_on_the_credentials(
    code: str, doctor: Doctor, world: World
) -> None:
    with world.failing("sts:GetCallerIdentity", behind(400, refused_by_sts(code))):
        report = doctor()

    assert report["Clock"]["Status"] == "problem"
    assert "this machine's clock, not because of the credentials" in str(report["Credentials"])


def test_a_signature_refused_for_the_clock_is_known_by_its_message_without_a_date(
    doctor: Doctor, world: World
) -> None:
    said = "Signature expired: 20261125T100000Z is now earlier than 20261125T110000Z"
    with world.failing("sts:GetCallerIdentity", refused_by_sts("SignatureDoesNotMatch", said)):
        assert "this machine's clock" in doctor()["Credentials"]["Message"]


def test_the_clock_is_blamed_where_only_dynamodb_can_be_asked(doctor: Doctor, world: World) -> None:
    refused = behind(-1000, refuse_with("InvalidSignatureException"))
    world.faults["sts:GetCallerIdentity"] = break_with(TimeoutError())
    with world.failing("dynamodb:DescribeTable", refused):
        report = doctor()

    assert "this machine's clock" in report["Table"]["Message"]
    assert report["Clock"]["Status"] == "problem"
