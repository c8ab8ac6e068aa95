"""Who asks, from which Region, and whether this machine's clock is right."""

import difflib
from collections.abc import Mapping
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from myorg_secrets.connection import Connection
from myorg_secrets.exceptions import InvalidCredentials
from myorg_secrets_password.clients import CONFIG

from .asking import REFUSED_SKEW, Asker, ClockRefused, Unanswered
from .finding import Finding, Status

if TYPE_CHECKING:
    from boto3.session import Session
    from mypy_boto3_sts import STSClient

_NOTABLE_SKEW = 60.0
"""Seconds between the clocks that are no longer chance."""

_LOG_IN = (
    "Give credentials: `aws configure`, `aws sso login`, the environment variable AWS_PROFILE, or"
    " --profile. On a machine of AWS, give it a role."
)
_EXPIRED = ("ExpiredToken", "ExpiredTokenException")
_REFUSED = {
    "SignatureDoesNotMatch": (
        "The secret access key does not belong to the access key.",
        "Correct the secret access key: `aws configure`, or AWS_SECRET_ACCESS_KEY.",
    ),
    **dict.fromkeys(
        ("InvalidClientTokenId", "UnrecognizedClientException"),
        (
            "AWS does not know these credentials here.",
            "Correct the access key and the session token that belongs to it, or take another"
            " profile. A Region that is not enabled in the account answers in the same way.",
        ),
    ),
}
"""For AWS's error codes: what it means, and what to do."""


def region(connection: Connection, option: str | None, environ: Mapping[str, str]) -> Finding:
    """Say which Region is used, and which setting said so.

    Args:
        connection: the table.
        option: what --region says.
        environ: the environment variables.
    """
    name, session = connection.region_name, connection.session
    source = region_source(option, environ, session.region_name, session.profile_name)
    endpoint = connection.dynamodb.meta.endpoint_url
    message = f"{name}, from {source}, at {endpoint}."
    known = _regions(session)
    if name not in known:
        near = difflib.get_close_matches(name, known, n=3)
        return Finding(
            "Region",
            Status.WARNING,
            f"{message} The SDK does not know this Region.",
            f"--region {near[0]}" if near else "Give another one: --region REGION",
        )
    other = environ.get("AWS_REGION")
    if not option and other and other != name:
        return Finding(
            "Region",
            Status.WARNING,
            f"{message} AWS_REGION says {other}, which other programs may use.",
            "Set AWS_REGION and AWS_DEFAULT_REGION to the same Region.",
        )
    return Finding("Region", Status.OK, message)


def region_source(
    option: str | None, environ: Mapping[str, str], of_session: str | None, profile: str
) -> str:
    """Return which setting the Region comes from; they are looked at in this order.

    Args:
        option: what --region says.
        environ: the environment variables.
        of_session: the Region of the SDK's session.
        profile: the profile that the session uses.
    """
    if option:
        return "--region"
    if environ.get("AWS_DEFAULT_REGION"):
        return "AWS_DEFAULT_REGION"
    return f"the profile {profile}" if of_session else "AWS_REGION"


def credentials(connection: Connection, asker: Asker) -> tuple[Finding, str | None]:
    """Return whether there are credentials that AWS takes, and the account's ID where it is known.

    Where they are refused, the finding is a problem, and nothing else can be asked.
    """
    source = _source(connection.session)
    if isinstance(source, Finding):
        return source, None
    try:
        sts: STSClient = connection.session.client(
            "sts", region_name=connection.region_name, config=CONFIG
        )
        answer = asker.ask("sts:GetCallerIdentity", sts.meta.endpoint_url, sts.get_caller_identity)
    except (BotoCoreError, KeyError) as error:
        # KeyError: of botocore, where well-formed XML is not the XML of this operation.
        return _cannot(f"STS cannot be called: {type(error).__name__}."), None
    except Unanswered as failure:
        if isinstance(failure.error, InvalidCredentials):
            return _refused(failure, source), None
        return _cannot(str(failure)), None
    if not answer.get("Account") or not answer.get("Arn"):
        return _cannot("STS got an answer that is not one of AWS. Is a proxy in between?"), None
    asker.caller = answer["Arn"]
    message = f"Account {answer['Account']}, {answer['Arn']}, by credentials from {source}."
    return Finding("Credentials", Status.OK, message), answer["Account"]


def clock(skew: float | None) -> Finding:
    """Judge by how many seconds this machine's clock is ahead of AWS's."""
    if skew is None:
        return Finding("Clock", Status.UNKNOWN, "No answer of AWS said the time.")
    seconds = round(abs(skew))
    if abs(skew) < _NOTABLE_SKEW:
        return Finding("Clock", Status.OK, "This machine and AWS agree to the minute.")
    message = f"This machine's clock is {seconds} seconds {'fast' if skew > 0 else 'slow'}."
    remedy = "Set the clock: `timedatectl set-ntp true`, or as your system does it."
    if abs(skew) < REFUSED_SKEW:
        return Finding("Clock", Status.WARNING, f"{message} AWS refuses from 300 on.", remedy)
    return Finding(
        "Clock", Status.PROBLEM, f"{message} AWS refuses signatures that are 300 off.", remedy
    )


def _source(session: "Session") -> str | Finding:
    """Return which setting the credentials come from, or the finding that there are none."""
    try:
        found = session.get_credentials()
        if found is not None:
            # Roles and single sign-on get theirs only now.
            found.get_frozen_credentials()
    except (BotoCoreError, ClientError, OSError, ValueError) as error:
        # The two last ones: of a credential_process that cannot be started, or prints no JSON. The
        # texts are not passed on, since they may quote what a program printed.
        message = f"The credentials cannot be had: {type(error).__name__}."
        return Finding("Credentials", Status.PROBLEM, message, _LOG_IN)
    if found is None:
        return Finding("Credentials", Status.PROBLEM, "There are no credentials.", _LOG_IN)
    return str(found.method)


def _refused(failure: Unanswered, source: str) -> Finding:
    if failure.code in _EXPIRED:
        message, remedy = "The credentials have expired.", _LOG_IN
    elif failure.code in _REFUSED and not isinstance(failure.error, ClockRefused):
        message, remedy = _REFUSED[failure.code]
    else:
        return Finding("Credentials", Status.PROBLEM, str(failure.error))
    message += f" They come from {source}. (AWS: {failure.code})"
    return Finding("Credentials", Status.PROBLEM, message, remedy)


def _cannot(reason: str) -> Finding:
    message = f"Whose they are could not be asked: {reason}"
    return Finding("Credentials", Status.UNKNOWN, message)


def _regions(session: "Session") -> list[str]:
    known: list[str] = []
    for partition in session.get_available_partitions():
        known += session.get_available_regions("dynamodb", partition_name=partition)
    return known
