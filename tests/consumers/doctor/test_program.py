"""The program as people start it, against the local AWS with the storage stack."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import local
from local.environment import environment_variables
from tools.project import ROOT

PROGRAM = (sys.executable, "-c", "from myorg_secrets.cli import main; main()", "doctor")
PATIENCE = 60
"""Seconds after which a program that should have ended is given up."""

Done = subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def aws() -> Iterator[local.LocalAws]:
    """A local AWS with one live and one deleted secret."""
    with local.running() as running:
        for name in ("DBPassword", "Former"):
            identifier = {"StackName": "orders", "Env": "prod", "Name": name}
            assert running.call("CREATE", identifier)["status"] == "SUCCESS"
        identifier["TableName"] = running.storage.table_name
        assert running.call("DELETE", identifier)["status"] == "SUCCESS"
        yield running


def doctor(aws: local.LocalAws, *args: str, home: Path | None = None, **variables: str) -> Done:
    return subprocess.run(
        [*PROGRAM, *args],
        cwd=ROOT,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": "src",
            "HOME": str(home or "/nonexistent"),
            "AWS_EC2_METADATA_DISABLED": "true",
            **environment_variables(aws.endpoint_url),
            **variables,
        },
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def statuses(done: Done) -> dict[str, str]:
    """Return how each check ended, from the table."""
    lines = [line for line in done.stdout.splitlines() if line.strip()]
    table = lines[2 : lines.index("What to do:") if "What to do:" in lines else None]
    columns = (lines[0].index("Check"), lines[0].index("Finding"))
    cells = [(line[: columns[0]].strip(), line[columns[0] : columns[1]].strip()) for line in table]
    return {check: status for status, check in cells if check}


def test_the_shipped_storage_stack_is_in_order(aws: local.LocalAws) -> None:
    """The template deploys what doctor asks for, the key behind the default alias included."""
    done = doctor(aws)

    assert (done.returncode, done.stderr) == (0, "no problems, no warnings, 0 unknown.\n")
    assert set(statuses(done).values()) == {"ok"}
    assert "by alias/myorg-secrets-password, is enabled." in done.stdout
    assert "What to do" not in done.stdout


def test_a_stack_is_looked_through(aws: local.LocalAws) -> None:
    done = doctor(aws, "orders")

    assert (done.returncode, statuses(done)["Records"]) == (0, "ok")
    assert "Looked at 2: 1 live and 1 deleted, with 2 versions." in done.stdout
    remedy = "  Record: myorg-secrets restore 'myorg-secrets-password|orders|prod|Former'"
    assert remedy in done.stdout.splitlines()


def test_a_secret_that_is_not_there_ends_with_1(aws: local.LocalAws) -> None:
    done = doctor(aws, "orders", "DBPasword", "--env", "prod")

    assert (done.returncode, done.stderr) == (1, "1 problem, no warnings, 0 unknown.\n")
    assert "The stack has DBPassword" in done.stdout


def test_the_wrong_region_is_told_with_the_right_one(aws: local.LocalAws) -> None:
    done = doctor(aws, "--region", "ap-northeast-3")

    assert done.returncode == 3
    assert f"It is in {local.environment.REGION}" in done.stdout
    assert done.stdout.endswith(f"What to do:\n  Table: --region {local.environment.REGION}\n")


def test_programs_get_json_alone(aws: local.LocalAws) -> None:
    done = doctor(aws, "orders", "--json")

    findings = json.loads(done.stdout)
    assert done.stderr == ""
    assert {frozenset(finding) for finding in findings} == {
        frozenset({"Check", "Status", "Message"}),
        frozenset({"Check", "Status", "Message", "Remedy"}),
    }
    assert {finding["Status"] for finding in findings} == {"ok"}


def test_an_aws_that_does_not_answer_is_given_up(aws: local.LocalAws) -> None:
    done = doctor(aws, AWS_ENDPOINT_URL="http://127.0.0.1:9")

    assert done.returncode == 3
    assert statuses(done) == {
        "Region": "ok",
        "Credentials": "unknown",
        "Clock": "unknown",
        "Table": "problem",
        "Key": "problem",
        "Encrypt": "unknown",
        "Decrypt": "unknown",
    }
    assert "Traceback" not in done.stderr


def test_without_credentials_it_says_so(aws: local.LocalAws, tmp_path: Path) -> None:
    done = doctor(aws, home=tmp_path, AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY="")

    assert (done.returncode, statuses(done)["Credentials"]) == (3, "problem")
    assert "There are no credentials." in done.stdout
    assert "Traceback" not in done.stderr


def test_wrong_usage_ends_with_2(aws: local.LocalAws) -> None:
    done = doctor(aws, "--all", "orders")

    assert (done.returncode, done.stdout) == (2, "")
    assert "Error: --all is for every stack. Leave STACK out." in done.stderr
