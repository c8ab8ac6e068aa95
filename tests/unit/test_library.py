"""The SDK and the framework without what nobody needs: whoever needs it has it all the same."""

import os
import subprocess
import sys
from typing import Any

from tests.world import World
from tools.project import ROOT

LEFT_OUT = "{'boto3', 'botocore.docs.service', 'importlib.metadata', 'requests'}"


def run(program: str) -> list[str]:
    """Run a program in a fresh interpreter and return the lines that it prints."""
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()


def test_what_was_left_out_is_imported_as_ever_afterwards() -> None:
    program = f"""
import sys
from typing import Any
import myorg_secrets_password.handlers
print(sorted({LEFT_OUT} & set(sys.modules)))
import boto3, botocore.docs.service, importlib.metadata, requests
print(boto3.session.Session(region_name="eu-west-1").client("sts").meta.region_name)
print(requests.adapters.HTTPAdapter().max_retries.total)
print(importlib.metadata.version("boto3") == boto3.__version__)
print(botocore.docs.service.ServiceDocumenter.__module__)
"""

    assert run(program) == ["[]", "eu-west-1", "0", "True", "botocore.docs.service"]


def test_a_program_that_has_it_already_keeps_it() -> None:
    program = """
import boto3, requests
import myorg_secrets_password.handlers
from cloudformation_cli_python_lib import boto3_proxy, utils
print(boto3_proxy.Session is boto3.session.Session, utils.requests is requests)
"""

    assert run(program) == ["True True"]


def test_whoever_uses_a_placeholder_is_told_why_there_is_nothing() -> None:
    program = """
import myorg_secrets_password.handlers
from cloudformation_cli_python_lib.boto3_proxy import Session
try:
    Session().client("kms")
except AttributeError as error:
    print(error)
"""

    [said] = run(program)
    assert "client" in said and "left out to start faster" in said


def test_the_collector_runs_again_and_passes_over_what_was_imported() -> None:
    program = """
import gc
import myorg_secrets_password.handlers
print(gc.isenabled(), gc.get_freeze_count() > 10_000)
gc.disable()
"""

    assert run(program) == ["True True"]
    assert run("import gc; gc.disable()" + program) == ["False True"]


def test_the_sdk_s_handlers_for_all_services_act_on_every_request(world: World) -> None:
    """Those for single operations of other services are left out; the others count attempts."""
    headers: list[Any] = []

    with world.failing("kms:Encrypt", lambda request: headers.append(request.headers)):
        world.secret().create()

    assert headers[0]["amz-sdk-request"] == b"attempt=1; max=3"
