"""What the tests of `myorg-secrets doctor` have in common."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from click.testing import CliRunner
from moto.core.models import botocore_stubber

from myorg_secrets.cli.app import app
from tests.world import ACCOUNT_ID, REGION, Fault, World, answer_with, refuse_with

TABLE = "secrets-of-doctor"
TABLE_ARN = f"arn:aws:dynamodb:{REGION}:{ACCOUNT_ID}:table/{TABLE}"
CALLER = f"arn:aws:sts::{ACCOUNT_ID}:user/moto"
OTHER_REGION = "eu-west-1"
SHAPE: dict[str, Any] = {
    "AttributeDefinitions": [
        {"AttributeName": "StackName", "AttributeType": "S"},
        {"AttributeName": "EnvName", "AttributeType": "S"},
    ],
    "KeySchema": [
        {"AttributeName": "StackName", "KeyType": "HASH"},
        {"AttributeName": "EnvName", "KeyType": "RANGE"},
    ],
}
UPKEEP = [
    "dynamodb:DescribeTable",
    "dynamodb:DescribeTimeToLive",
    "dynamodb:DescribeContinuousBackups",
]
KEY = ["kms:DescribeKey", "kms:Encrypt", "kms:Decrypt"]
DENIED = refuse_with("AccessDeniedException")


class Report:
    """What one run said."""

    def __init__(self, code: int, output: str) -> None:
        self.code = code
        self.findings: list[dict[str, str]] = json.loads(output) if output else []

    def __getitem__(self, check: str) -> dict[str, str]:
        """Return the one finding of a check."""
        (finding,) = self.all(check)
        return finding

    def all(self, check: str) -> list[dict[str, str]]:
        return [finding for finding in self.findings if finding["Check"] == check]

    def worse(self) -> list[tuple[str, str]]:
        """Return check and status of what is not ok."""
        return [(f["Check"], f["Status"]) for f in self.findings if f["Status"] != "ok"]


Doctor = Callable[..., Report]


def run(*args: str) -> Any:
    result = CliRunner().invoke(app, ["doctor", *args])
    print(result.output)  # for the watch over what leaks
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result


def new_key(world: World) -> str:
    # The emulator says nothing of the usage unless it was told.
    return world.kms.create_key(KeyUsage="ENCRYPT_DECRYPT")["KeyMetadata"]["Arn"]


def disable(world: World, key_arn: str) -> None:
    world.kms.disable_key(KeyId=key_arn.rpartition("/")[2])  # the emulator takes no ARN here


def refused_by_sts(code: str, message: str = "said AWS") -> Fault:
    body = (
        '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error>'
        f"<Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
        "<RequestId>1</RequestId></ErrorResponse>"
    )
    return answer_with(403, body.encode())


def behind(seconds: float, fault: Fault = lambda request: None) -> Fault:
    """Answer as AWS or the fault does, with AWS's clock some seconds behind this machine's."""

    def dated(request: AWSPreparedRequest) -> AWSResponse:
        answer: Any = fault(request) or botocore_stubber("before-send", request)
        answer.headers["date"] = format_datetime(
            datetime.now(UTC) - timedelta(seconds=seconds), usegmt=True
        )
        return answer

    return dated
