"""A list by the live entry point, page by page, as CloudFormation follows one."""

import json
import resource
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bench.account import ACCOUNT_ID, CREDENTIALS, REGION
from local.events import Account, Operation, live_event

EntryPoint = Callable[[dict[str, Any], Any], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Page:
    """One answer.

    Attributes:
        names: of the records that it lists, as stack and EnvName.
        seconds: it took.
        size: bytes of the answer in JSON.
        token: characters of its nextToken, 0 for the last page's.
        peak: KiB of memory that this process had at most until now.
    """

    names: tuple[tuple[str, str], ...]
    seconds: float
    size: int
    token: int
    peak: int


def pages(entry_point: EntryPoint, model: Mapping[str, str] | None = None) -> Iterator[Page]:
    """List until there is no token.

    Args:
        entry_point: ``myorg_secrets_password.handlers.resource``.
        model: what the list is asked for: none, a table, a stack.

    Raises:
        RuntimeError: a page failed.
    """
    token: str | None = None
    while True:
        operation = Operation("LIST", model or {}, uuid.uuid4().hex, next_token=token)
        event = live_event(operation, Account(ACCOUNT_ID, REGION), CREDENTIALS)
        event["requestData"] |= {"providerCredentials": None, "providerLogGroupName": None}
        began = time.perf_counter()
        answer = entry_point(event, None)
        seconds = time.perf_counter() - began
        if answer["status"] != "SUCCESS":
            raise RuntimeError(f"{answer['errorCode']}: {answer['message']}")
        token = answer.get("nextToken")
        yield Page(
            tuple(
                (each["StackName"], f"{each['Env']}#{each['Name']}")
                for each in answer["resourceModels"]
            ),
            seconds,
            len(json.dumps(answer).encode()),
            len(token or ""),
            resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
        )
        if token is None:
            return
