"""No password stays in memory when an invocation has ended.

The process that is looked through is `tests.leaks.memory`. It serves the handlers over real
connections to a local AWS of this process, so that nothing of the emulator is in its memory.
"""

import json
import os
import subprocess
import sys
from typing import Any

import pytest

import local
from local.environment import environment_variables
from tests.leaks import memory
from tools.project import ROOT

ENDS = {
    "a read of nothing": "NotFound",
    "the reader function of nothing": "NotFound",
    "a consumer of nothing": "NotFound",
    "a create": "SUCCESS",
    "a create over a live record": "AlreadyExists",
    "a SecretString that the engine refuses": "InvalidRequest",
    "a SecretString of a create that is refused": "InvalidRequest",
    "a SecretString beside an unknown property": "InvalidRequest",
    "Encrypt refused in words that quote": "GeneralServiceException",
    "a defect in words that quote": "InternalFailure",
    "Encrypt throttled": "Throttling",
    "Decrypt without an answer": "NetworkFailure",
    "Decrypt answered by a proxy": "ServiceInternalError",
    "Decrypt of another password": "ServiceInternalError",
    "Decrypt of what is no text": "GeneralServiceException",
    "a write that fails": "ServiceInternalError",
    "a write to a record that is gone": "NotFound",
    "a log that cannot be delivered": "SUCCESS",
    "an update that keeps the password": "SUCCESS",
    "a rotation": "SUCCESS",
    "a roll-back": "SUCCESS",
    "a SecretString": "SUCCESS",
    "a list": "SUCCESS",
    "a delete": "SUCCESS",
    "a create over a tombstone": "SUCCESS",
    "a read": "SUCCESS",
    "the reader function": "SUCCESS",
    "a consumer": "SUCCESS",
}
"""How each invocation of `tests.leaks.memory` ends."""


@pytest.fixture(scope="module")
def report() -> dict[str, Any]:
    with local.running() as aws:
        finished = subprocess.run(
            [sys.executable, "-m", "tests.leaks.memory"],
            cwd=ROOT,
            env={**os.environ, **environment_variables(aws.endpoint_url)},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
    assert finished.returncode == 0, finished.stderr
    found: dict[str, Any] = json.loads(finished.stdout)
    return found


@pytest.mark.parametrize(("what", "outcome"), ENDS.items(), ids=ENDS)
def test_no_password_of_an_invocation_is_in_memory_when_it_has_ended(
    report: dict[str, Any], what: str, outcome: str
) -> None:
    """The invocation ended as its name says, and nothing that the process keeps holds a password.

    To see this fail, let `PasswordResource.__call__` keep its answer: `self.last = answer`.
    """
    assert report["outcomes"][what] == outcome
    assert report["held"].get(what) is None


def test_every_invocation_is_looked_at(report: dict[str, Any]) -> None:
    assert list(report["outcomes"]) == list(ENDS)


def test_all_but_a_list_a_delete_and_what_finds_nothing_have_a_password(
    report: dict[str, Any],
) -> None:
    without = {what for what, passwords in report["passwords"].items() if not passwords}

    assert without == {"a list", "a delete", *(what for what in ENDS if what.endswith(" nothing"))}


@pytest.mark.parametrize("place", memory.HIDING_PLACES)
def test_a_password_that_stays_behind_is_found(report: dict[str, Any], place: str) -> None:
    assert place in report["found"]
