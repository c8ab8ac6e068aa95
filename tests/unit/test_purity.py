"""The core decides without AWS and without the framework, so that it can be tested without them."""

import os
import subprocess
import sys

import pytest

from tools.project import ROOT

PACKAGE = "myorg_secrets_password"
FOREIGN = ("boto3", "botocore", "s3transfer", "urllib3", "cloudformation_cli_python_lib")
PROBE = """
import importlib, sys
importlib.import_module(sys.argv[1])
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""


def imported_by(module: str) -> set[str]:
    """Return the top-level modules that a fresh interpreter has once it imported this one."""
    done = subprocess.run(
        [sys.executable, "-c", PROBE, f"{PACKAGE}.{module}"],
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "module",
    [
        "policy",
        "engines",
        "generator",
        "properties",
        "record",
        "rotation",
        "item",
        "next_token",
        "cleartext",
        "exceptions",
        "calls",
        "journal",
    ],
)
def test_a_pure_module_imports_nothing_of_aws_or_the_framework(module: str) -> None:
    imported = imported_by(module)

    assert PACKAGE in imported
    assert imported.isdisjoint(FOREIGN)


def test_the_probe_sees_the_sdk_and_the_framework_where_they_are_imported() -> None:
    assert imported_by("handlers") >= {"botocore", "urllib3", "cloudformation_cli_python_lib"}
    assert imported_by("clients") >= {"botocore"}
