"""What every test has: an account of its own, no waiting, and a watch over what leaks."""

import logging
import os
from collections.abc import Iterator
from multiprocessing import forkserver, util

import pytest

from tests import world as worlds
from tests.leaks.plugin import LeakWatch

os.environ.update(
    AWS_DEFAULT_REGION=worlds.REGION,
    AWS_ACCESS_KEY_ID="test",
    AWS_SECRET_ACCESS_KEY="test",
    AWS_EC2_METADATA_DISABLED="true",
)

# The emulator logs each step of parsing an expression: that is not what is watched here.
logging.getLogger("moto").setLevel(logging.INFO)


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(LeakWatch(config), "leaks")


@pytest.fixture(scope="session", autouse=True)
def watched_files(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Have what the tests write searched at the end."""
    watch = request.config.pluginmanager.get_plugin("leaks")
    watch.watch_folder(tmp_path_factory.getbasetemp())


@pytest.fixture(scope="session")
def account() -> Iterator[worlds.World]:
    """The mocked account, set up once: its storage stack takes longer than most tests."""
    with worlds.mocked() as world:
        yield world


@pytest.fixture
def world(account: worlds.World, monkeypatch: pytest.MonkeyPatch) -> Iterator[worlds.World]:
    """The account, empty, in which the SDK retries without a wait and without a quota."""
    worlds.without_waits(monkeypatch)
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
