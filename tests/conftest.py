"""What every test has: an account of its own, no waiting, and a watch over what leaks."""

import base64
import logging
import os
import urllib.parse
from collections.abc import Iterator
from multiprocessing import forkserver, util
from types import SimpleNamespace

import pytest

from myorg_secrets_password.cleartext import ClearText
from tests import world as worlds

os.environ.update(
    AWS_DEFAULT_REGION=worlds.REGION,
    AWS_ACCESS_KEY_ID="test",
    AWS_SECRET_ACCESS_KEY="test",
    AWS_EC2_METADATA_DISABLED="true",
)

# The emulator logs each step of parsing an expression: that is not what is watched here.
logging.getLogger("moto").setLevel(logging.INFO)

SHORTEST = 8
"""Characters: what is shorter is found by chance in any log."""

_made: set[str] = set()
_original = ClearText.__init__


def _remember(self: ClearText, text: str) -> None:
    _original(self, text)
    if len(text) >= SHORTEST:
        _made.add(text)


ClearText.__init__ = _remember  # type: ignore[method-assign]


def forms(value: str) -> tuple[str, ...]:
    """Return the forms in which a value could be written somewhere."""
    raw = value.encode()
    return (
        value,
        repr(value)[1:-1],
        base64.b64encode(raw).decode(),
        raw.hex(),
        urllib.parse.quote(value),
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Iterator[pytest.TestReport]:
    """Fail a test that let any password it made into a log record, stdout or stderr."""
    report = yield
    if call.when == "teardown":
        emitted = "\n".join(text for _, text in report.sections)
        leaked = sum(any(form in emitted for form in forms(value)) for value in _made)
        _made.clear()
        if leaked:
            report.outcome = "failed"
            report.longrepr = f"{leaked} secret value(s) leaked into what the test emitted"
            report.sections.clear()
    return report


@pytest.fixture(scope="session")
def account() -> Iterator[worlds.World]:
    """The mocked account, set up once: its storage stack takes longer than most tests."""
    with worlds.mocked() as world:
        yield world


@pytest.fixture
def impatient_sdk(monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK retries without a wait and without a quota."""
    monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=lambda seconds: None))
    for limit in ("bucket.TokenBucket.acquire", "quota.RetryQuota.acquire"):
        monkeypatch.setattr(f"botocore.retries.{limit}", lambda *_, **__: True)


@pytest.fixture
def world(account: worlds.World, impatient_sdk: None) -> Iterator[worlds.World]:
    """The account, empty, with an SDK that does not wait."""
    yield account
    account.reset()


@pytest.fixture(scope="session")
def forks() -> Iterator[None]:
    """End with the session what tests/cli/runner.py forks from, and its folder.

    xdist's workers end without what Python does at the end of a process.
    """
    yield
    forkserver._forkserver._stop()
    util._run_finalizers()


@pytest.fixture
def quiet_sdk() -> Iterator[None]:
    """Keep botocore's own records of what a test itself asks for out of what is watched.

    At DEBUG they hold its requests and KMS's answers.
    """
    loggers = [logging.getLogger(name) for name in ("botocore", "boto3", "urllib3")]
    for logger in loggers:
        logger.setLevel(logging.INFO)
    yield
    for logger in loggers:
        logger.setLevel(logging.NOTSET)
