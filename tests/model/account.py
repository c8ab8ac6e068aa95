"""The account in which the secrets of the model live: its clock, its keys and its faults."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import ConnectionClosedError
from moto.core.models import botocore_stubber

from local.events import Operation
from myorg_secrets_password import handlers, store
from tests.concurrency.threads import KMS
from tests.model.reference import Call, Outcome, properties_of
from tests.model.states import POLICIES
from tests.table import Table
from tests.world import ACCOUNT_ID, REGION, World, refuse_with

PLACES = (
    ("orders", "default", "DB"),
    ("orders", "default", "Cache"),
    ("orders", "test", "DB"),
    ("billing", "default", "DB"),
)
"""StackName, Env and Name: the same name in two stacks, and in two environments of one."""

KEYS = ("", "second", "third")
"""The default key and two more."""

Settings = dict[str, Any]
"""The properties that have nothing to do with the password; KeyId is one of KEYS."""


class Account:
    """Sends events of CloudFormation.

    Args:
        world: where to.
        patch: takes back at the end what is changed here.

    Attributes:
        arns: of the keys, by their names.
        disabled: the keys that KMS refuses to use.
    """

    def __init__(self, world: World, patch: pytest.MonkeyPatch) -> None:
        self.world = world
        self.table = Table(world)
        self.table.clear()
        self.disabled: frozenset[str] = frozenset()
        self._now = datetime(2026, 1, 1, tzinfo=UTC)
        others = [key["KeyArn"] for key in world.kms.list_keys()["Keys"]]
        others.remove(world.storage.key_arn)
        while len(others) < len(KEYS) - 1:
            others.append(world.kms.create_key()["KeyMetadata"]["Arn"])
        self.arns = dict(zip(KEYS, (world.storage.key_arn, *others), strict=False))
        patch.setattr(handlers, "_now", self.tick)
        # So few secrets take more than one page.
        patch.setattr(store, "PAGE_SIZE", 3)
        world.faults.clear()
        world.faults.update(dict.fromkeys(KMS, self._refuse_disabled))

    def send(self, number: int, call: Call, settings: Settings) -> Outcome:
        """Do a call to the secret of a place, and return what was answered.

        A value that is withheld is taken from the record.
        """
        stack, env, name = PLACES[number]
        stack_id = f"arn:aws:cloudformation:{REGION}:{ACCOUNT_ID}:stack/{stack}/1"
        identity = self.identity(number)
        properties: dict[str, Any] = dict(identity)
        if call.kind in ("CREATE", "UPDATE"):
            properties |= properties_of(call.state, POLICIES) | settings
            properties.pop("KeyId", None)
            if call.key:
                properties["KeyId"] = self.arns[call.key]
        previous = call.previous and {**identity, **properties_of(call.previous, POLICIES)}
        answer = self.world.send(
            Operation(
                call.kind,
                properties,
                call.token,
                previous=previous,
                stack_id=stack_id if call.in_stack else None,
                logical_id=name,
            ),
            # Delivery to logs and metrics changes no answer, and costs as much as the rest.
            providerCredentials=None,
        )
        code = answer.get("errorCode") or ""
        if code or call.kind == "DELETE":
            return Outcome(code)
        model = answer["resourceModel"]
        assert ("Value" in model) == settings.get("ReturnValue", True)
        return Outcome(
            value=model.get("Value") or self.table.versions((stack, f"{env}#{name}"))[-1]
        )

    @staticmethod
    def identity(number: int) -> dict[str, str]:
        """Return the primary identifier of a place."""
        stack, env, name = PLACES[number]
        table = "myorg-secrets-password"
        return {"TableName": table, "StackName": stack, "Env": env, "Name": name}

    def tick(self) -> datetime:
        """Return the time: no two moments are the same, so no two deletes are."""
        self._now += timedelta(milliseconds=1)
        return self._now

    def wait(self, days: int) -> None:
        self._now += timedelta(days=days)

    @property
    def seconds(self) -> int:
        """The time, since the epoch."""
        return int(self._now.timestamp())

    @contextmanager
    def losing(self, action: str, is_done: bool, times: int) -> Iterator[None]:
        """Lose the answers of an action's first calls, after AWS has done the work or before."""
        otherwise = self.world.faults.get(action)
        left = times

        def fault(request: AWSPreparedRequest) -> AWSResponse | None:
            nonlocal left
            refusal = otherwise(request) if otherwise else None
            if refusal or not left:
                return refusal
            left -= 1
            if is_done:
                botocore_stubber("before-send", request)
            raise ConnectionClosedError(endpoint_url=request.url)

        self.world.faults[action] = fault
        yield
        del self.world.faults[action]
        if otherwise:
            self.world.faults[action] = otherwise

    def _refuse_disabled(self, request: AWSPreparedRequest) -> AWSResponse | None:
        asked = json.loads(request.body)
        names = {"alias/myorg-secrets-password": "", **{a: k for k, a in self.arns.items()}}
        used = {names.get(asked.get(n)) for n in ("KeyId", "SourceKeyId", "DestinationKeyId")}
        return refuse_with("DisabledException")(request) if used & self.disabled else None
