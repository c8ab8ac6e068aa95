"""Asks AWS, and says in plain words why an answer did not come."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

from botocore.exceptions import ClientError

from myorg_secrets.exceptions import (
    AccessDenied,
    InvalidCredentials,
    PasswordError,
    Unreachable,
)
from myorg_secrets_password.aws_errors import code_of, malformed, translated
from myorg_secrets_password.exceptions import StorageUnusable

from .finding import Finding, Status

T = TypeVar("T")

REFUSED_SKEW = 300.0
"""Seconds between the clocks from which on AWS refuses signatures."""

_SIGNATURE = {
    "InvalidSignatureException",
    "RequestExpired",
    "RequestTimeTooSkewed",
    "SignatureDoesNotMatch",
}
_CLOCK_WORDS = ("Signature expired", "Signature not yet current")
"""How AWS's message begins where the signature itself is right."""

_FOR_DOCTOR = (Status.UNKNOWN, "Only doctor needs it.")
NEEDS: dict[str, tuple[Status, str]] = {
    "sts:GetCallerIdentity": _FOR_DOCTOR,
    "dynamodb:DescribeTable": _FOR_DOCTOR,
    "dynamodb:DescribeTimeToLive": _FOR_DOCTOR,
    "dynamodb:DescribeContinuousBackups": _FOR_DOCTOR,
    "kms:DescribeKey": _FOR_DOCTOR,
    "dynamodb:GetItem": (Status.PROBLEM, "Reading a password needs it."),
    "kms:Decrypt": (Status.PROBLEM, "Reading a password needs it."),
    "kms:Encrypt": (Status.WARNING, "It is only needed to create and to rotate secrets."),
    "dynamodb:Query": (
        Status.WARNING,
        "It is only needed to list a stack's secrets, and to suggest names.",
    ),
    "dynamodb:Scan": (
        Status.WARNING,
        "It is only needed to list and to export a table, and to suggest names.",
    ),
}
"""For each action: how bad its lack is, and what needs it."""


class NotTried(Unreachable):
    """The service had not answered an earlier question."""


class ClockRefused(InvalidCredentials):
    """The credentials may be right, but this machine's clock is not."""


class Unanswered(Exception):
    """AWS did not answer a question.

    Attributes:
        action: as IAM writes it.
        arn: what the action is for.
        error: why, in our own words.
        code: AWS's error code, or "" where there is none.
    """

    def __init__(self, action: str, arn: str, error: PasswordError, code: str) -> None:
        super().__init__(str(error))
        self.action = action
        self.arn = arn
        self.error = error
        self.code = code


_PINNABLE = ("dynamodb:GetItem", "dynamodb:Query", "kms:Encrypt", "kms:Decrypt")
"""What a policy may allow for some stacks only."""


@dataclass
class Asker:
    """Asks, and keeps what every answer tells beside its content.

    Attributes:
        is_for_nobody: whether permissions are tried for a stack that nobody has.
        caller: the ARN that a permission must be added to, once it is known.
        skew: by how many seconds this machine's clock is ahead of AWS's, once that is known.
    """

    is_for_nobody: bool = False
    caller: str | None = None
    skew: float | None = None

    def __post_init__(self) -> None:
        self._silent: set[str] = set()
        self._code = ""

    def ask(self, action: str, arn: str, call: Callable[[], T]) -> T:
        """Return the answer to a call.

        A service that did not answer once is not waited for again.

        Raises:
            Unanswered: there is none.
        """
        service = action.partition(":")[0]
        if service in self._silent:
            error = NotTried(f"{action} was not tried, since {service} did not answer before.")
            raise Unanswered(action, arn, error, "")
        self._code = ""
        try:
            with translated(action, arn):
                return self._observed(call)
        except Unreachable as error:
            self._silent.add(service)
            raise Unanswered(action, arn, error, "") from None
        except PasswordError as error:
            raise Unanswered(action, arn, self._by_clock(action) or error, self._code) from None

    def explain(self, check: str, failure: Unanswered) -> Finding:
        """Return the finding that a question got no answer."""
        status, need = NEEDS[failure.action]
        error = failure.error
        if isinstance(error, AccessDenied):
            who = self.caller or "the caller"
            # IAM looks at the key itself: a policy that names an alias allows nothing.
            on = f"the key behind {failure.arn}" if ":alias/" in failure.arn else failure.arn
            remedy = f"Allow {failure.action} on {on} in the IAM policies of {who}"
            if failure.action.startswith("kms:"):
                remedy += ", and in the key policy"
            message = f"{failure.action} on {failure.arn} is denied. {need}"
            if self.is_for_nobody and failure.action in _PINNABLE:
                status = Status.UNKNOWN
                message += " It may be allowed for some stacks: name yours (STACK) to see."
            return Finding(check, status, message, f"{remedy}.")
        if isinstance(error, InvalidCredentials | StorageUnusable):
            return Finding(check, Status.PROBLEM, str(error))
        if isinstance(error, NotTried):
            return Finding(check, Status.UNKNOWN, str(error))
        if isinstance(error, Unreachable):
            return Finding(
                check,
                Status.PROBLEM,
                str(error),
                "Check the network: name resolution, proxy, firewall, VPC endpoint.",
            )
        return Finding(
            check, Status.PROBLEM if status is Status.PROBLEM else Status.UNKNOWN, str(error)
        )

    def explain_answer(self, check: str, action: str, arn: str) -> Finding:
        """Return the finding that an answer lacks what AWS would have said."""
        return self.explain(check, Unanswered(action, arn, malformed(f"{action} on {arn}"), ""))

    def _observed(self, call: Callable[[], T]) -> T:
        try:
            answer = call()
        except ClientError as error:
            self._code = code_of(error)
            self._note_time(error.response)
            said = str(error.response.get("Error", {}).get("Message", ""))
            if self.skew is None and said.startswith(_CLOCK_WORDS):
                self._code = "RequestTimeTooSkewed"
            raise
        if isinstance(answer, dict):
            self._note_time(answer)
        return answer

    def _note_time(self, answer: Any) -> None:
        date = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
        if self.skew is None and date:
            try:
                theirs = parsedate_to_datetime(date)
            except ValueError:
                return
            now = datetime.now(UTC)
            self.skew = (now - theirs.replace(tzinfo=theirs.tzinfo or UTC)).total_seconds()

    def _by_clock(self, action: str) -> ClockRefused | None:
        skewed = self.skew is not None and abs(self.skew) >= REFUSED_SKEW
        if self._code != "RequestTimeTooSkewed" and not (skewed and self._code in _SIGNATURE):
            return None
        return ClockRefused(
            f"{action} was refused because of this machine's clock, not because of the credentials:"
            f" AWS takes no signature that is 5 minutes off. (AWS: {self._code})"
        )
