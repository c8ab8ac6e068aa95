"""CloudFormation's side of the handler contract: events, answers, and when to try again."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

import boto3
from botocore.config import Config

from local.events import Account, Operation, live_event

FUNCTION_NAME = "TypeFunction"  # the name that `cfn test` and template.yml give it

# resource-type-test-contract-errors: CloudFormation repeats the call, with the same token.
_RETRIABLE = frozenset({"NetworkFailure", "ResourceConflict", "ServiceInternalError", "Throttling"})
_ATTEMPTS = 4
_FIRST_PAUSE = 0.05  # seconds, doubled each time; CloudFormation itself waits longer


class HandlerFailed(Exception):
    """The handler answered FAILED, or not at all. The text is what a stack event shows."""

    def __init__(self, code: str, message: str, token: str) -> None:
        super().__init__(
            f'Resource handler returned message: "{message}"'
            f" (RequestToken: {token}, HandlerErrorCode: {code})"
        )
        self.code = code
        self.message = message


class Handler:
    """The registered type: whoever holds it can have an operation done."""

    def __init__(self, lambda_url: str, endpoint_url: str, account: Account) -> None:
        self.lambda_url = lambda_url
        self.account = account
        # The retries are this module's own: a repeated event must be a decision.
        self._lambda = boto3.client(
            "lambda",
            endpoint_url=lambda_url,
            config=Config(read_timeout=180, retries={"total_max_attempts": 1}),
        )
        self._sts: Any = boto3.client("sts", endpoint_url=endpoint_url)
        self._role = f"arn:aws:iam::{account.account_id}:role/myorg-secrets-password-execution"

    def perform(self, operation: Operation) -> dict[str, Any]:
        """Return the answer once it is SUCCESS; raise ``HandlerFailed`` where it will not be."""
        for attempt in range(_ATTEMPTS):
            answer = self.answer(operation)
            if answer.get("status") == "SUCCESS":
                break
            code = str(answer.get("errorCode") or answer.get("status"))
            if code not in _RETRIABLE or attempt == _ATTEMPTS - 1:
                raise HandlerFailed(code, str(answer.get("message", "")), operation.token)
            time.sleep(_FIRST_PAUSE * 2**attempt)
        return answer

    def answer(self, operation: Operation) -> dict[str, Any]:
        """Return the handler's answer to one event as it is, FAILED or not."""
        role = self._sts.assume_role(RoleArn=self._role, RoleSessionName="cloudformation")
        return self.send(live_event(operation, self.account, role["Credentials"]), operation.token)

    def send(self, event: Mapping[str, Any], token: str = "") -> dict[str, Any]:
        """Return the answer to ``event``, whatever it holds."""
        invocation = self._lambda.invoke(FunctionName=FUNCTION_NAME, Payload=json.dumps(event))
        answer: dict[str, Any] = json.loads(invocation["Payload"].read())
        if "FunctionError" in invocation:
            raise HandlerFailed(
                "InternalFailure", f"{answer.get('errorType')} in the handler", token
            )
        return answer
