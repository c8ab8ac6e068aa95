"""boto3 clients that are kept across invocations, and given each invocation's credentials.

Building a session and its clients costs many times what the AWS calls cost, and a Lambda function
lives for many invocations. So each thread keeps one botocore session for a Region; an invocation
only puts its own credentials into it. Clients are per thread, because two invocations that share
them would sign with each other's credentials.
"""

import os
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import NoRegionError
from botocore.handlers import BUILTIN_HANDLERS, REGISTER_FIRST

from .aws_errors import refuse_malformed_answers
from .calls import count_calls
from .exceptions import InvalidRequest

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_kms import KMSClient

CONFIG = Config(
    # With the retries' waits a call ends within about 12 seconds, so that the two calls of a read
    # end within the 30 seconds that CloudFormation allows a read handler.
    connect_timeout=1,
    read_timeout=3,
    retries={"mode": "adaptive", "total_max_attempts": 3},
)
DELIVERY_CONFIG = Config(
    connect_timeout=1, read_timeout=2, retries={"mode": "standard", "total_max_attempts": 2}
)
"""For logs and metrics: they must never hold an operation up for long."""

_ENDPOINT_VARIABLES = (
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_DYNAMODB",
    "AWS_ENDPOINT_URL_KMS",
    "HTTPS_PROXY",
    "AWS_CA_BUNDLE",
)
"""botocore reads them when a client is built. They are constant in Lambda, but a process that
tests the handlers may point them elsewhere."""

_kept = threading.local()


@dataclass(frozen=True, slots=True)
class Credentials:
    """One invocation's credentials."""

    access_key_id: str
    secret_access_key: str
    session_token: str | None

    def __repr__(self) -> str:
        return "Credentials(hidden)"


class Clients:
    """One thread's clients of one Region and one purpose, signing with the credentials set last."""

    def __init__(self, region: str | None, config: Config) -> None:
        self._session = botocore.session.Session(include_builtin_handlers=False)
        _register_common_handlers(self._session)
        # Every client of the session signs with what this one object holds at the time.
        self._session.set_credentials("", "")
        self._signing: Any = self._session.get_credentials()
        self._region = region
        self._config = config
        self._built: dict[str, Any] = {}

    def use(self, credentials: Credentials) -> None:
        """Sign from here on with these credentials."""
        self._signing.access_key = credentials.access_key_id
        self._signing.secret_key = credentials.secret_access_key
        self._signing.token = credentials.session_token

    def client(self, service: str) -> Any:
        """Return the client of a service, built at its first use.

        Raises:
            InvalidRequest: there is no Region, or it cannot be the name of one.
        """
        if service not in self._built:
            try:
                client = self._session.create_client(
                    service, region_name=self._region, config=self._config
                )
            except (NoRegionError, ValueError):  # which InvalidRegionError is, too
                raise InvalidRequest("region must be the name of an AWS Region.") from None
            if service in ("dynamodb", "kms"):
                refuse_malformed_answers(client)
                count_calls(client)
            self._built[service] = client
        return self._built[service]

    @property
    def dynamodb(self) -> "DynamoDBClient":
        """The client of DynamoDB."""
        return self.client("dynamodb")  # type: ignore[no-any-return]

    @property
    def kms(self) -> "KMSClient":
        """The client of KMS."""
        return self.client("kms")  # type: ignore[no-any-return]


def _register_common_handlers(session: botocore.session.Session) -> None:
    """Register those of the SDK's handlers that are for all services.

    The others are for single operations of other services and for documentation; they are ten
    times as many, and each takes its time.
    """
    events = session.get_component("event_emitter")
    for event, handler, *order in BUILTIN_HANDLERS:
        if "." not in event:
            first = order == [REGISTER_FIRST]
            (events.register_first if first else events.register)(event, handler)


def clients_for(region: str | None, credentials: Credentials, config: Config = CONFIG) -> Clients:
    """Return this thread's kept clients, set to these credentials."""
    key = (region, config is CONFIG, *map(os.environ.get, _ENDPOINT_VARIABLES))
    kept: dict[object, Clients] = _kept.__dict__.setdefault("clients", {})
    clients = kept.get(key)
    if clients is None:
        clients = kept[key] = Clients(region, config)
    clients.use(credentials)
    return clients
