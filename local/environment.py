"""Everything started together, and what tests and the demo do with it."""

from __future__ import annotations

import json
import os
import threading
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import ClientError
from moto.core.base_backend import BackendDict

from local import kms, rds
from local.aws import EmbeddedAws
from local.cloudformation import plugged_in
from local.clusters import DBClusterDriver, RedshiftClusterDriver
from local.deployment import USER_INITIATED
from local.drivers import TableDriver
from local.events import LOG_GROUP, TYPE_NAME, Account, Operation
from local.handler import FUNCTION_NAME, Handler
from local.lambda_api import Function, LambdaApi
from local.password import PasswordDriver
from local.recorder import Recorder
from local.storage import set_up

ACCOUNT_ID = "123456789012"  # moto's
REGION = "eu-central-1"
"""Not us-east-1: there the tests have their mocked accounts, and moto keeps one set of data for a
whole process. By its Region each of the two finds its own."""

_started = threading.Lock()

Template = str | Path | Mapping[str, Any]


@dataclass(frozen=True)
class Outcome:
    """How a stack stands after an operation. ``events`` are all it ever had, the oldest first."""

    stack_id: str
    status: str
    outputs: Mapping[str, str]
    events: list[dict[str, Any]]

    @property
    def succeeded(self) -> bool:
        """Whether the stack is what the template asked for."""
        return self.status in ("CREATE_COMPLETE", "UPDATE_COMPLETE", "DELETE_COMPLETE")

    @property
    def latest(self) -> list[dict[str, Any]]:
        """The events of the latest operation, the oldest first."""
        starts = [
            number
            for number, event in enumerate(self.events)
            if event.get("ResourceStatusReason") == USER_INITIATED
        ]
        return self.events[starts[-1] :]

    @property
    def reasons(self) -> list[str]:
        """Why resources failed in the latest operation, in order."""
        return [
            event["ResourceStatusReason"]
            for event in self.latest
            if event["ResourceStatus"].endswith("_FAILED") and "ResourceStatusReason" in event
        ]


class LocalAws:
    """A running local AWS, reached by its APIs; nothing outlives the process."""

    def __init__(self, aws: EmbeddedAws, handler: Handler) -> None:
        self.endpoint_url = aws.url
        self.lambda_url = handler.lambda_url
        self.recorder: Recorder = aws.recorder
        self.session: Any = boto3.Session(region_name=REGION)
        self._clients: dict[str, Any] = {}
        self.handler = handler
        self.client("logs").create_log_group(logGroupName=LOG_GROUP)
        self.storage = set_up(self.client("cloudformation"))
        self.configure_type(self.storage.type_configuration)

    def client(self, service: str) -> Any:
        """Return the boto3 client of the local AWS for a service."""
        # To make one takes longer than most calls.
        if service not in self._clients:
            self._clients[service] = self.session.client(service, endpoint_url=self.endpoint_url)
        return self._clients[service]

    def configure_type(self, configuration: Mapping[str, str] | None) -> None:
        """Do what ``aws cloudformation set-type-configuration`` does, which moto does not know."""
        self.handler.account = Account(ACCOUNT_ID, REGION, configuration)

    def deploy(
        self,
        stack: str,
        template: Template,
        parameters: Mapping[str, str] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> Outcome:
        """Create the stack, or update it where it exists, and say how that ended.

        A parameter that is not given takes its default; tags not given stay. Raises ``ClientError``
        where CloudFormation refuses the request itself, such as for an update without a change.
        """
        cloudformation = self.client("cloudformation")
        request: dict[str, Any] = {
            "StackName": stack,
            "TemplateBody": _text(template),
            "Parameters": [
                {"ParameterKey": key, "ParameterValue": value}
                for key, value in (parameters or {}).items()
            ],
            "Tags": [{"Key": key, "Value": value} for key, value in (tags or {}).items()],
        }
        if self._exists(stack):
            stack_id = cloudformation.update_stack(**request)["StackId"]
        else:
            stack_id = cloudformation.create_stack(**request)["StackId"]
        return self.outcome(stack_id)

    def delete(self, stack: str) -> Outcome:
        """Delete the stack and say how that ended."""
        cloudformation = self.client("cloudformation")
        stack_id = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["StackId"]
        cloudformation.delete_stack(StackName=stack_id)
        return self.outcome(stack_id)

    def outcome(self, stack: str) -> Outcome:
        """Say how a stack stands, by name or, once it is deleted, by its ID."""
        cloudformation = self.client("cloudformation")
        described = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
        events = cloudformation.describe_stack_events(StackName=described["StackId"])["StackEvents"]
        return Outcome(
            described["StackId"],
            described["StackStatus"],
            {output["OutputKey"]: output["OutputValue"] for output in described.get("Outputs", [])},
            events[::-1],
        )

    def call(
        self, action: str, properties: Mapping[str, Any] | None = None, **details: Any
    ) -> dict[str, Any]:
        """Send one live event and return the answer as it is, FAILED or not.

        ``details`` are fields of ``Operation``: ``token``, ``previous``, ``stack_id`` (without one
        it is an event of Cloud Control API), ``logical_id``, …
        """
        details.setdefault("token", str(uuid.uuid4()))
        return self.handler.answer(Operation(action, properties or {}, **details))

    def database_password(self, identifier: str) -> str:
        """Return what a database has as its master password at this moment."""
        return rds.master_password(identifier, ACCOUNT_ID, REGION)

    def _exists(self, stack: str) -> bool:
        try:
            self.client("cloudformation").describe_stacks(StackName=stack)
        except ClientError:
            return False
        return True


@contextmanager
def running(function: Function | None = None) -> Iterator[LocalAws]:
    """Start everything, set up storage and configure the type with it; end everything at the end.

    ``function`` stands in for the type's own entry point ``resource(event, context)``. The
    environment meanwhile points every boto3 client of this process at the local AWS, the handler's
    among them.
    """
    with (
        _data(),
        EmbeddedAws() as aws,
        _environment(aws.url),
        LambdaApi({FUNCTION_NAME: function or _entry_point()}) as lambda_api,
    ):
        handler = Handler(lambda_api.url, aws.url, Account(ACCOUNT_ID, REGION))
        drivers = {
            TYPE_NAME: PasswordDriver(handler),
            "AWS::DynamoDB::Table": TableDriver(),
            "AWS::KMS::Key": kms.KeyDriver(),
            "AWS::RDS::DBCluster": DBClusterDriver(),
            "AWS::RDS::DBInstance": rds.DBInstanceDriver(),
            "AWS::Redshift::Cluster": RedshiftClusterDriver(),
        }
        with kms.plugged_in(ACCOUNT_ID, REGION), plugged_in(ACCOUNT_ID, REGION, drivers):
            yield LocalAws(aws, handler)


def environment_variables(endpoint_url: str) -> dict[str, str]:
    """Return what a program needs in its environment to use the local AWS."""
    return {
        "AWS_ENDPOINT_URL": endpoint_url,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
    }


@contextmanager
def _data() -> Iterator[None]:
    if not _started.acquire(blocking=False):
        raise RuntimeError("A local AWS is running in this process already")
    before = {id(account): set(account) for account in _accounts()}
    try:
        yield
    finally:
        for account in _accounts():
            # Whoever looked at another Region left data there as well. What is kept for a whole
            # partition, and where the tests have their mocked accounts, is not ours alone.
            made = set(account) - before.get(id(account), set()) - {"us-east-1"}
            for region in {name for name in made if "-" in name} | {REGION}:
                account.pop(region, None)
        _started.release()


def _accounts() -> list[dict[str, Any]]:
    services = BackendDict._instances  # type: ignore[misc]
    return [account for service in services for account in service.values()]


@contextmanager
def _environment(endpoint_url: str) -> Iterator[None]:
    before = dict(os.environ)
    # Whatever the user has set for the real AWS, a profile or a session token, must not reach in
    # here.
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ.update(environment_variables(endpoint_url))
    os.environ["AWS_CONFIG_FILE"] = os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _entry_point() -> Function:
    # Imported late: whoever brings a function of its own needs nothing of src/.
    from myorg_secrets_password.handlers import resource

    return resource


def _text(template: Template) -> str:
    if isinstance(template, Path):
        return template.read_text(encoding="utf-8")
    return template if isinstance(template, str) else json.dumps(template)
