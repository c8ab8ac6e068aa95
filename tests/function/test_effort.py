"""A cold start's work, counted in what does not depend on the machine or on what else runs there.

Milliseconds are for `make bench`; they are too noisy for a test that must pass every time.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from local.environment import running
from local.events import Operation, live_event

PROGRAM = """
import json, sys
package, event = sys.argv[1:]
sys.path.insert(0, package)
calls = 0
def count(frame, kind, argument):
    global calls
    calls += kind in ("call", "c_call")
sys.setprofile(count)
from myorg_secrets_password.handlers import resource
answer = resource(json.loads(event), None)
sys.setprofile(None)
print(json.dumps([answer["status"], calls, sorted(sys.modules)]))
"""

CALLS = 294_500
"""Calls of functions, Python's and C's, from the import to the answer of the first create."""
TOLERANCE = 0.04
MODULES = 335

NEVER_NEEDED = {
    # The framework's, for hooks and for sessions of its own
    *("boto3", "s3transfer", "requests", "charset_normalizer", "idna", "certifi"),
    # The SDK's, for its documentation and for HTTP/2
    *("botocore.docs.service", "html.parser", "importlib.metadata", "zipfile"),
    # What only a wrong request needs
    "difflib",
    # What a development machine has
    *("moto", "pytest", "setuptools", "pkg_resources"),
}


@pytest.fixture(scope="module")
def first_create(function: Path) -> Any:
    """What a process says that does nothing but its first create, logs and metrics included."""
    with running() as aws:
        operation = Operation(
            "CREATE", {"StackName": "orders", "Env": "prod", "Name": "DB"}, "token"
        )
        credentials = {"AccessKeyId": "a", "SecretAccessKey": "b", "SessionToken": "c"}
        event = live_event(operation, aws.handler.account, credentials)
        done = subprocess.run(
            [sys.executable, "-s", "-P", "-S", "-c", PROGRAM, str(function), json.dumps(event)],
            # The order of a set decides how often something is looked for.
            env={name: os.environ[name] for name in os.environ if name.startswith("AWS_")}
            | {"PYTHONHASHSEED": "0"},
            capture_output=True,
            text=True,
            check=True,
        )
    status, calls, modules = json.loads(done.stdout)
    assert status == "SUCCESS"
    return calls, set(modules)


def test_a_cold_start_imports_nothing_that_it_does_not_need(first_create: Any) -> None:
    _, modules = first_create

    assert modules & NEVER_NEEDED == set()
    assert len(modules) <= MODULES


def test_a_cold_start_does_no_more_than_it_did(first_create: Any) -> None:
    """Where it does less now, lower the number: the next increase must not go unseen."""
    calls, _ = first_create

    assert calls == pytest.approx(CALLS, rel=TOLERANCE)
