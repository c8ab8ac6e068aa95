"""One local AWS for the pages, and what calls itself `aws` there."""

import logging
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import local
from local.lambda_api import LambdaApi
from myorg_secrets import reader
from tests.local.stacks import Stack
from tools.project import ROOT

READER = "myorg-secrets-reader"

REAL = shutil.which("aws")
KINDS = ["stand-in", *(["installed"] if REAL else [])]


@pytest.fixture(scope="module")
def aws() -> Iterator[local.LocalAws]:
    with local.running() as running:
        yield running


@pytest.fixture
def stack(aws: local.LocalAws) -> Stack:
    return Stack(aws)


@pytest.fixture
def quiet_sdk() -> Iterator[None]:
    """Keep the SDK's own records of what a test asks for out of what is watched for passwords.

    They hold KMS's answers.
    """
    loggers = [logging.getLogger(name) for name in ("botocore", "boto3", "urllib3", "smart_open")]
    for logger in loggers:
        logger.setLevel(logging.INFO)
    yield
    for logger in loggers:
        logger.setLevel(logging.NOTSET)


@pytest.fixture
def environment(aws: local.LocalAws, tmp_path: Path) -> dict[str, str]:
    """The environment of a shell that finds `myorg-secrets`, and the local AWS."""
    install(tmp_path / "bin", "myorg-secrets", "from myorg_secrets.cli import main; main()")
    path = f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "AWS_MAX_ATTEMPTS": "1"}


@pytest.fixture(params=KINDS)
def environment_with_aws(
    request: pytest.FixtureRequest, environment: dict[str, str], tmp_path: Path
) -> Iterator[dict[str, str]]:
    """The same with an `aws` that reaches the reader function, too.

    The AWS CLI is no package that this project could lock. The pages are tried with the one that is
    installed, where there is one, and always with a stand-in.
    """
    if request.param == "stand-in":
        program = "from tests.guide.aws_cli import main; main(sys.argv[1:])"
        install(tmp_path / "bin", "aws", program)
    reader._client.cache_clear()
    with LambdaApi({READER: reader.handler}) as functions:
        yield {**environment, "AWS_ENDPOINT_URL_LAMBDA": functions.url}
    reader._client.cache_clear()


def install(folder: Path, name: str, program: str) -> None:
    """Put a command that is a program in Python into a folder."""
    folder.mkdir(exist_ok=True)
    command = folder / name
    command.write_text(
        f"#!{sys.executable}\nimport sys\n"
        f"sys.path[:0] = [{str(ROOT)!r}, {str(ROOT / 'src')!r}]\n{program}\n",
        encoding="utf-8",
    )
    command.chmod(0o755)
