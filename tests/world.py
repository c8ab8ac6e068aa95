"""A mocked AWS with the storage stack, and CloudFormation's side of the handlers, in process.

Everything goes through the live entry point, in the events that CloudFormation sends.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator, Mapping, MutableSequence
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import boto3
import moto
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from moto.core.models import botocore_stubber

from local import storage
from local.events import Account, Operation, live_event
from myorg_secrets_password import clients
from myorg_secrets_password.handlers import resource

REGION = "us-east-1"
ACCOUNT_ID = "123456789012"
CREDENTIALS = {"AccessKeyId": "AKIATEST", "SecretAccessKey": "test", "SessionToken": "test"}
IDENTIFIERS = ("TableName", "StackName", "Env", "Name")

Fault = Callable[[AWSPreparedRequest], AWSResponse | None]
Interception = Callable[[str, AWSPreparedRequest], AWSResponse | None]
"""A fault that is told the action too, and so can choose among all calls."""


class Failed(Exception):
    """The handler answered FAILED."""

    def __init__(self, answer: Mapping[str, Any]) -> None:
        super().__init__(f"{answer['errorCode']}: {answer['message']}")
        self.code = answer["errorCode"]
        self.message = answer["message"]


class World:
    """One AWS account.

    `calls` lists what the latest invocation called, as IAM writes it; `deliveries` what it called
    for logs and metrics. `credentials` are those of the execution role, in the form of STS.
    """

    def __init__(self) -> None:
        self.dynamodb = boto3.client("dynamodb", REGION)
        self.kms = boto3.client("kms", REGION)
        self.storage = storage.set_up(boto3.client("cloudformation", REGION))
        self.calls: list[str] = []
        self.deliveries: list[str] = []
        self.faults: dict[str, Fault] = {}
        self.interception: Interception | None = None
        self.account = Account(ACCOUNT_ID, REGION)
        self.credentials: Mapping[str, str] = CREDENTIALS
        self._tokens = (f"token-{n}" for n in itertools.count())
        self._watch()

    def reset(self) -> None:
        """Forget everything but the storage stack."""
        self.calls.clear()
        self.faults.clear()
        self.interception = None
        self.account = Account(ACCOUNT_ID, REGION)
        self.credentials = CREDENTIALS
        for name in self.dynamodb.list_tables()["TableNames"]:
            if name != self.storage.table_name:
                self.dynamodb.delete_table(TableName=name)
        keys = self.dynamodb.get_paginator("scan").paginate(
            TableName=self.storage.table_name, ProjectionExpression="StackName, EnvName"
        )
        for key in keys.search("Items[]"):
            self.dynamodb.delete_item(TableName=self.storage.table_name, Key=key)

    def send(self, operation: Operation, **overrides: Any) -> dict[str, Any]:
        """Invoke the live entry point; `overrides` replace fields of the event's requestData."""
        event = live_event(operation, self.account, self.credentials)
        event["requestData"].update(overrides)
        return self.send_event(event)

    def succeed(self, operation: Operation, **overrides: Any) -> dict[str, Any]:
        """Invoke the live entry point, and raise `Failed` where it does not answer SUCCESS."""
        answer = self.send(operation, **overrides)
        if answer["status"] != "SUCCESS":
            raise Failed(answer)
        return answer

    def send_event(self, event: Any) -> dict[str, Any]:
        """Invoke the live entry point with any event, in JSON as Lambda does."""
        self.calls.clear()
        self.deliveries.clear()
        answer: dict[str, Any] = resource(json.loads(json.dumps(event)), None)
        return answer

    def client(self, service: str) -> Any:
        """Return a client to look with: its calls are not listed."""
        make: Any = boto3.client  # whose stubs know no service by a name that is not written out
        return make(service, REGION)

    def secret(self, logical_id: str = "DBPassword", **how: Any) -> Secret:
        """Return a resource of a template, not created yet."""
        return Secret(self, logical_id, **how)

    def token(self) -> str:
        return next(self._tokens)

    def item(self, secret: Secret) -> dict[str, Any] | None:
        """Return the record's item as DynamoDB has it."""
        return self.dynamodb.get_item(
            TableName=secret.identifier["TableName"], Key=secret.key, ConsistentRead=True
        ).get("Item")

    def change_item(self, secret: Secret, **attributes: Any) -> None:
        """Overwrite attributes behind the handlers' back; None removes one."""
        item = self.item(secret) or secret.key
        item.update(attributes)
        self.dynamodb.put_item(
            TableName=secret.identifier["TableName"],
            Item={name: value for name, value in item.items() if value is not None},
        )

    def list(self, model: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """Follow a list to its end."""
        found, token = [], None
        while True:
            answer = self.succeed(
                Operation("LIST", model or {}, self.token(), next_token=token),
            )
            found += answer["resourceModels"]
            token = answer.get("nextToken")
            if token is None:
                return found

    @contextmanager
    def intercepting(self, interception: Interception) -> Iterator[None]:
        """Let every call of a handler meet the interception, each attempt by itself."""
        self.interception = interception
        try:
            yield
        finally:
            self.interception = None

    @contextmanager
    def failing(self, action: str, fault: Fault) -> Iterator[None]:
        """Let every call of an action (dynamodb:GetItem) meet the fault."""
        self.faults[action] = fault
        yield
        del self.faults[action]

    def _watch(self) -> None:
        nobody = clients.Credentials("", "", None)
        for config, services, calls in (
            (clients.CONFIG, ("dynamodb", "kms"), self.calls),
            (clients.DELIVERY_CONFIG, ("logs", "cloudwatch"), self.deliveries),
        ):
            kept = clients.clients_for(REGION, nobody, config)
            for service in services:
                self.watch(kept.client(service).meta.events, service, calls)

    def watch(self, events: Any, service: str, calls: MutableSequence[str]) -> None:
        """List a service's calls, and let them meet the faults, by the events of its client."""
        # botocore asks every handler of the event, so the emulator's must not be among them.
        events.unregister("before-send", botocore_stubber)
        # The handlers' clients outlive a world: an older one's watch is replaced.
        events.unregister("before-send", unique_id="tests.world")
        events.register_first(
            "before-send", self._before_send(service, calls), unique_id="tests.world"
        )

    def _before_send(self, service: str, calls: MutableSequence[str]) -> Callable[..., Any]:
        def answer(event_name: str, request: AWSPreparedRequest, **_: Any) -> Any:
            action = f"{service}:{event_name.rpartition('.')[2]}"
            calls.append(action)
            instead = self.faults[action](request) if action in self.faults else None
            if instead is None and self.interception is not None:
                instead = self.interception(action, request)
            return instead or botocore_stubber(event_name, request)

        return answer


class Secret:
    """One `MyOrg::Secrets::Password` of a template, as CloudFormation keeps track of it.

    Args:
        stack: the stack's name, or None for the Cloud Control API.
    """

    def __init__(self, world: World, logical_id: str, stack: str | None = "orders") -> None:
        self.world = world
        self.logical_id = logical_id
        self.stack_id = stack and f"arn:aws:cloudformation:{REGION}:{ACCOUNT_ID}:stack/{stack}/1"
        self.properties: dict[str, Any] = {}
        self.model: dict[str, Any] = {}
        self.stack_tags: dict[str, str] = {}

    @property
    def identifier(self) -> dict[str, str]:
        return {name: self.model[name] for name in IDENTIFIERS}

    @property
    def key(self) -> dict[str, Any]:
        env_name = f"{self.model['Env']}#{self.model['Name']}"
        return {"StackName": {"S": self.model["StackName"]}, "EnvName": {"S": env_name}}

    @property
    def value(self) -> str:
        """The password that Fn::GetAtt has."""
        return str(self.model["Value"])

    def create(self, token: str | None = None, **properties: Any) -> str:
        """Create it with these properties, and return its Value ("" if there is none)."""
        self.model = self._do("CREATE", properties, None, token)
        self.properties = properties
        return str(self.model.get("Value", ""))

    def update(self, previous: Mapping[str, Any] | None = None, **properties: Any) -> str:
        """Update it to these properties, and return its Value.

        `previous` is what the event calls the previous properties, where that is not the truth.
        """
        before = self.properties if previous is None else previous
        self.model = self._do(
            "UPDATE", {**self.identifier, **properties}, {**self.identifier, **before}
        )
        self.properties = properties
        return str(self.model.get("Value", ""))

    def patch(self, **properties: Any) -> str:
        """Update it as the Cloud Control API does: what was read, changed, nothing write-only."""
        patched = {**self.read(), **properties}
        self.model = self._do("UPDATE", patched, self.model)
        return str(self.model.get("Value", ""))

    def read(self) -> dict[str, Any]:
        """Read it by its identifier alone."""
        return self._do("READ", self.identifier, None)

    def delete(self) -> None:
        """Delete it by its identifier alone."""
        assert self._do("DELETE", self.identifier, None) == {}

    def _do(
        self,
        action: str,
        properties: Mapping[str, Any],
        previous: Mapping[str, Any] | None,
        token: str | None = None,
    ) -> dict[str, Any]:
        operation = Operation(
            action,
            properties,
            token or self.world.token(),
            previous=previous,
            stack_id=self.stack_id,
            logical_id=self.logical_id,
            stack_tags=self.stack_tags,
        )
        model: dict[str, Any] = self.world.succeed(operation).get("resourceModel", {})
        return model


def answer_with(status: int, body: bytes | Mapping[str, Any]) -> Fault:
    """Answer in place of AWS, with any body."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers: Any = {}

    def fault(request: AWSPreparedRequest) -> AWSResponse:
        return AWSResponse(request.url, status, headers, _Raw(content))

    return fault


def refuse_with(code: str, status: int = 400, message: str = "said AWS") -> Fault:
    """Answer with an error of AWS."""
    return answer_with(status, {"__type": f"com.amazonaws#{code}", "message": message})


def break_with(error: Exception) -> Fault:
    """Fail before anything reaches AWS."""

    def fault(request: AWSPreparedRequest) -> AWSResponse:
        raise error

    return fault


def lose_answer(error: Exception) -> Fault:
    """Let AWS do the work, and lose the answer of the first call."""
    lost: list[bool] = []

    def fault(request: AWSPreparedRequest) -> AWSResponse | None:
        if lost:
            return None
        lost.append(True)
        botocore_stubber("before-send", request)
        raise error

    return fault


def beaten_to_it(refusal: Fault) -> Fault:
    """Let AWS do the work, as if for somebody else, and then refuse it."""

    def fault(request: AWSPreparedRequest) -> AWSResponse | None:
        botocore_stubber("before-send", request)
        return refusal(request)

    return fault


class _Raw:
    """What AWSResponse reads a body from."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self, *_: Any, **__: Any) -> Iterator[bytes]:
        yield self._content


@contextmanager
def mocked() -> Iterator[World]:
    """A fresh account."""
    with moto.mock_aws():
        yield World()


def without_waits(patch: pytest.MonkeyPatch) -> None:
    """Let the SDK retry without a wait and without a quota."""
    patch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=lambda seconds: None))
    for limit in ("bucket.TokenBucket.acquire", "quota.RetryQuota.acquire"):
        patch.setattr(f"botocore.retries.{limit}", lambda *_, **__: True)
