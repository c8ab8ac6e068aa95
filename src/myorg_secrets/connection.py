"""One table and its clients, for everything that works outside CloudFormation."""

import os
import threading
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, CredentialRetrievalError, PartialCredentialsError

from myorg_secrets_password.aws_errors import refuse_malformed_answers
from myorg_secrets_password.calls import count_calls
from myorg_secrets_password.cipher import Cipher, is_multi_region
from myorg_secrets_password.clients import CONFIG
from myorg_secrets_password.properties import IDENTITY, check_sort_key
from myorg_secrets_password.record import Identity
from myorg_secrets_password.store import Store

from .exceptions import Damaged, InvalidCredentials, InvalidRequest

if TYPE_CHECKING:
    from boto3.session import Session
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_kms import KMSClient

READ_CONFIG = CONFIG.merge(Config(retries={"mode": "standard", "total_max_attempts": 3}))
"""For a program that waits for its password: the adaptive mode would hold every call of the process
back for seconds after a few that were throttled."""

BULK_CONFIG = CONFIG.merge(Config(retries={"mode": "adaptive", "total_max_attempts": 10}))
"""For work on whole tables, which has the time to wait while AWS throttles."""


@dataclass(frozen=True)
class Connection:
    """A table in a Region, and the session whose credentials reach it."""

    table_name: str
    region_name: str
    dynamodb: "DynamoDBClient"
    kms: "KMSClient"
    _given: "Session | botocore.session.Session"
    _elsewhere: dict[str, Cipher] = field(default_factory=dict, repr=False, compare=False)
    # The SDK's sessions make clients for one thread at a time.
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    @cached_property
    def session(self) -> "Session":
        """The session: the one that was given, or one with the same credentials."""
        if isinstance(self._given, botocore.session.Session):
            # Its import alone takes a tenth of what a program takes to its first password.
            import boto3

            return boto3.Session(botocore_session=self._given)
        return self._given

    @cached_property
    def store(self) -> Store:
        """The table's records. Messages name ARNs without the account, which nobody asked for."""
        return Store(self.dynamodb, self.table_name, account_id="")

    @cached_property
    def cipher(self) -> Cipher:
        """The versions' encryption."""
        return Cipher(self.kms, account_id="")

    def cipher_for(self, key_arn: str) -> Cipher:
        """Return the encryption by keys of the Region that an ARN names.

        A copy in another Region is under a key of that Region. A multi-Region key is used where
        this connection is.

        Raises:
            Damaged: the ARN names no Region.
        """
        region = region_of(key_arn)
        if region in ("", self.region_name) or is_multi_region(key_arn):
            return self.cipher
        with self._lock:
            if region not in self._elsewhere:
                make = _client_factory(self._given)
                try:
                    kms = make("kms", region_name=region, config=self.kms.meta.config)
                except ValueError:  # which botocore's InvalidRegionError is, too
                    raise Damaged(f"{key_arn} is no ARN of a key.") from None
                refuse_malformed_answers(kms)
                count_calls(kms)
                self._elsewhere[region] = Cipher(kms, account_id="")
            return self._elsewhere[region]

    def identity(self, stack: str, name: str, env: str) -> Identity:
        """Return the identity of a secret in this table.

        Raises:
            InvalidProperty: a part of it is not valid.
        """
        parts = {"TableName": self.table_name, "StackName": stack, "Env": env, "Name": name}
        identity = Identity(*(IDENTITY[part].parse(part, value) for part, value in parts.items()))
        check_sort_key(env, name)
        return identity


def region_of(arn: str) -> str:
    """Return the Region that an ARN names, or nothing where it names none."""
    parts = arn.split(":")
    return parts[3] if len(parts) > 3 else ""


def connect(
    table_name: str,
    *,
    region_name: str | None = None,
    session: "Session | None" = None,
    profile_name: str | None = None,
    config: Config = READ_CONFIG,
) -> Connection:
    """Make the clients for a table; nothing is called yet.

    Args:
        table_name: the DynamoDB table.
        region_name: the Region; the session's own if it is not given, else AWS_REGION.
        session: where clients, credentials and Region come from; the SDK's settings by default.
        profile_name: the profile of these settings, where no session is given.
        config: time-outs and retries.

    Raises:
        InvalidRequest: there is no Region, or the SDK's settings are not valid.
        InvalidCredentials: the credentials or a part of them cannot be had.
    """
    try:
        given = session or botocore.session.Session(profile=profile_name)
        # The SDK looks at AWS_DEFAULT_REGION alone; others and Lambda set this one.
        region_name = region_name or _region_of_session(given) or os.environ.get("AWS_REGION")
        if not region_name:
            raise InvalidRequest(
                "There is no Region: set AWS_DEFAULT_REGION, or give region_name (--region)."
            )
        make = _client_factory(given)
        dynamodb = make("dynamodb", region_name=region_name, config=config)
        kms = make("kms", region_name=region_name, config=config)
    except PartialCredentialsError as error:
        raise InvalidCredentials(f"The credentials are not complete: {error}") from None
    except CredentialRetrievalError:
        # Its text quotes what the program printed that was asked for them.
        raise InvalidCredentials("The SDK was not given the credentials it asked for.") from None
    except (OSError, AttributeError, KeyError, TypeError) as error:
        # Of a credential_process that is not there, or that prints something else.
        raise InvalidCredentials(
            f"The SDK was not given the credentials it asked for: {type(error).__name__}."
        ) from None
    except (BotoCoreError, ValueError) as error:
        raise InvalidRequest(f"The settings of the AWS SDK are not valid: {error}") from None
    for client in (dynamodb, kms):
        refuse_malformed_answers(client)
        count_calls(client)
    return Connection(table_name, region_name, dynamodb, kms, given)


def _client_factory(session: "Session | botocore.session.Session") -> Any:
    if isinstance(session, botocore.session.Session):
        return session.create_client
    return session.client


def _region_of_session(session: "Session | botocore.session.Session") -> str | None:
    if isinstance(session, botocore.session.Session):
        return session.get_config_variable("region")  # type: ignore[no-any-return]
    return session.region_name
