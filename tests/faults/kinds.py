"""What can befall one AWS call: the table of faults."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from botocore import exceptions

from tests.world import Fault, answer_with, beaten_to_it, break_with, refuse_with

_URL = {"endpoint_url": "https://aws.example.com"}
_NO_CONNECTION = exceptions.EndpointConnectionError(**_URL)
_NO_CONNECTION_IN_TIME = exceptions.ConnectTimeoutError(**_URL)
_NO_ANSWER_IN_TIME = exceptions.ReadTimeoutError(**_URL)
_CONNECTION_RESET = exceptions.ConnectionClosedError(**_URL)

_KEY_ARN = "arn:aws:kms:us-east-1:123456789012:alias/myorg-secrets-password"
_PAGE = b"<html>Bad Gateway</html>"
_HALF = b'{"Ite'


class Group(StrEnum):
    """What a fault means for the service's work."""

    REFUSED = "AWS refuses"
    NOT_REACHED = "AWS is not reached"
    NO_ANSWER_OF_AWS = "something else answers"
    ANSWER_LOST = "AWS does it, the answer is lost"


class Times(StrEnum):
    """How many attempts of the call meet the fault."""

    ONCE = "once"
    EACH = "each attempt"


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One way in which a call fails.

    Attributes:
        code: the handler error code that section 6 of the design gives it; SUCCESS where the
            handler must not mind it.
        repeated: whether the SDK tries again by itself.
        befalls_only: the beginnings of the actions that it can befall; all where it is empty.
        lost_key: whether it says that a key cannot be used.
        told_of: the action that the message names, where it is not the call's own.
    """

    name: str
    group: Group
    code: str
    repeated: bool = False
    befalls_only: tuple[str, ...] = ()
    lost_key: bool = False
    told_of: str | None = None

    @property
    def times(self) -> tuple[Times, ...]:
        """How often it is worth trying: what the SDK does not repeat has one attempt only."""
        return tuple(Times) if self.repeated else (Times.EACH,)

    @property
    def is_done(self) -> bool:
        """Whether the service may have done what was asked."""
        return self.group is Group.ANSWER_LOST

    def befalls(self, action: str) -> bool:
        """Tell whether the calls of an action can meet it."""
        return not self.befalls_only or action.startswith(self.befalls_only)


@dataclass(frozen=True, kw_only=True)
class Failure(Kind):
    """A kind that is made within the SDK, by what it would raise or get.

    Attributes:
        meet: what an attempt meets in place of the service, or after it.
    """

    meet: Fault


def _refused(name: str, error: str, code: str, status: int = 400, **how: Any) -> Failure:
    fault = refuse_with(error, status)
    return Failure(name=name, group=Group.REFUSED, meet=fault, code=code, **how)


def _not_reached(name: str, error: Exception) -> Failure:
    fault = break_with(error)
    return Failure(
        name=name, group=Group.NOT_REACHED, meet=fault, code="NetworkFailure", repeated=True
    )


def _answered(name: str, status: int, body: bytes, *, repeated: bool = False) -> Failure:
    return Failure(
        name=name,
        group=Group.NO_ANSWER_OF_AWS,
        meet=answer_with(status, body),
        code="ServiceInternalError",
        repeated=repeated,
    )


def _lost(name: str, told: Fault, code: str, *, repeated: bool = True) -> Failure:
    fault = beaten_to_it(told)
    return Failure(name=name, group=Group.ANSWER_LOST, meet=fault, code=code, repeated=repeated)


_DYNAMODB, _KMS = ("dynamodb:",), ("kms:",)
_WITHIN, _REQUEST = "ServiceInternalError", "InvalidRequest"

KINDS = (
    _refused("throttled", "ThrottlingException", "Throttling", repeated=True),
    _refused(
        "beyond its capacity",
        "ProvisionedThroughputExceededException",
        "Throttling",
        repeated=True,
        befalls_only=_DYNAMODB,
    ),
    _refused("a quota used up", "LimitExceededException", "ServiceLimitExceeded", repeated=True),
    _refused("an error within AWS", "InternalServerError", _WITHIN, 500, repeated=True),
    _refused("unavailable", "ServiceUnavailable", _WITHIN, 503, repeated=True),
    _refused("denied", "AccessDeniedException", "AccessDenied"),
    _refused("credentials expired", "ExpiredTokenException", "InvalidCredentials"),
    _refused("credentials unknown", "UnrecognizedClientException", "InvalidCredentials"),
    _refused("signature wrong", "InvalidSignatureException", "InvalidCredentials"),
    _refused("not valid", "ValidationException", "GeneralServiceException"),
    _refused("an unknown error", "SomethingNewException", "GeneralServiceException"),
    _refused(
        "another transaction",
        "TransactionConflictException",
        "ResourceConflict",
        befalls_only=_DYNAMODB,
    ),
    _refused(
        "no such table", "ResourceNotFoundException", "InvalidRequest", befalls_only=_DYNAMODB
    ),
    _refused(
        "no such key", "NotFoundException", "InvalidRequest", befalls_only=_KMS, lost_key=True
    ),
    _refused(
        "key disabled", "DisabledException", "InvalidRequest", befalls_only=_KMS, lost_key=True
    ),
    _refused(
        "key pending deletion",
        "KMSInvalidStateException",
        _REQUEST,
        befalls_only=_KMS,
        lost_key=True,
    ),
    _refused(
        "key store away", "KeyUnavailableException", _WITHIN, 500, repeated=True, befalls_only=_KMS
    ),
    _refused(
        "ciphertext damaged",
        "InvalidCiphertextException",
        "GeneralServiceException",
        befalls_only=_KMS,
    ),
    _not_reached("connection refused", _NO_CONNECTION),
    _not_reached("no connection in time", _NO_CONNECTION_IN_TIME),
    _not_reached("reset before the answer", _CONNECTION_RESET),
    _not_reached("no answer in time", _NO_ANSWER_IN_TIME),
    _answered("a proxy's 502", 502, _PAGE, repeated=True),
    _answered("a proxy's 504", 504, b"", repeated=True),
    _answered("a proxy's 403", 403, _PAGE),
    _answered("another service's refusal", 403, b'{"message": "Forbidden"}'),
    _answered("a page with 200", 200, _PAGE),
    _answered("nothing with 200", 200, b""),
    _answered("half the JSON", 200, _HALF),
    _answered("no object", 200, b"[]"),
    _answered("another service's JSON", 200, b'{"login": "please"}'),
    Failure(
        name="another's ciphertext",
        group=Group.NO_ANSWER_OF_AWS,
        meet=answer_with(200, {"CiphertextBlob": "Zm9v", "KeyId": _KEY_ARN}),
        code="GeneralServiceException",
        befalls_only=("kms:Encrypt",),
        told_of="kms:Decrypt",
    ),
    _lost("done, but no answer in time", break_with(_NO_ANSWER_IN_TIME), "NetworkFailure"),
    _lost("done, but reset in its answer", break_with(_CONNECTION_RESET), "NetworkFailure"),
    _lost("done, but told as an error", refuse_with("InternalServerError", 500), _WITHIN),
    _lost("done, but throttled", refuse_with("ThrottlingException"), "Throttling"),
    _lost("done, but a proxy's 502", answer_with(502, _PAGE), _WITHIN),
    _lost("done, but half the JSON", answer_with(200, _HALF), _WITHIN, repeated=False),
    _lost("done, but half a refusal", answer_with(400, b'{"__ty'), _WITHIN, repeated=False),
    _lost("done, but a page with 200", answer_with(200, _PAGE), _WITHIN, repeated=False),
)
