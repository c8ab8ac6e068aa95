"""A local AWS for each module, and the program beside it."""

import os
from collections.abc import Iterator

import pytest

import local
from tests.cli.runner import Program
from tests.local.stacks import Stack, secrets


@pytest.fixture(scope="module")
def aws() -> Iterator[local.LocalAws]:
    with local.running() as running:
        yield running


@pytest.fixture(scope="module")
def program(forks: None, aws: local.LocalAws, tmp_path_factory: pytest.TempPathFactory) -> Program:
    scratch = {
        "HOME": str(tmp_path_factory.mktemp("home")),
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }
    return Program(aws, scratch)


@pytest.fixture
def stack(aws: local.LocalAws) -> Stack:
    return Stack(aws)


@pytest.fixture
def rotated(stack: Stack) -> Stack:
    """A stack with a secret DB in the environment prod, rotated once."""
    for token in ("1", "2"):
        stack.deploy(secrets(DB={"Env": "prod", "Engine": "mysql", "RotationToken": token}))
    return stack


@pytest.fixture(autouse=True)
def quiet(quiet_sdk: None) -> None:
    """What the program's process emits is what counts here."""
