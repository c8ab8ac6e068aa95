"""A process that serves invocations as Lambda does, and then looks for passwords in its memory.

It keeps the passwords backwards alone, so that it holds none itself. What it prints is JSON: how
each invocation ended, how many passwords it had, and what holds one; and which of the hiding places
were found that it filled on purpose.
"""

from __future__ import annotations

import base64
import json
import logging.handlers
import secrets
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from io import BytesIO
from threading import Event, Thread
from typing import Any

import botocore.exceptions
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from local.environment import REGION
from local.events import Account, Operation, live_event
from myorg_secrets import SecretsClient, exceptions, reader
from myorg_secrets_password import actions, clients
from myorg_secrets_password.cleartext import ClearText
from myorg_secrets_password.handlers import resource
from tests.leaks.heap import holders_of, texts
from tests.leaks.search import Search
from tests.leaks.spellings import spellings
from tests.world import Fault, answer_with, refuse_with, without_waits

TABLE_NAME = "myorg-secrets-password"
ACCOUNT = Account("123456789012", REGION)
CREDENTIALS = {"AccessKeyId": "local", "SecretAccessKey": "local", "SessionToken": "local"}
STACK_ID = f"arn:aws:cloudformation:{REGION}:123456789012:stack/orders/1"
IDENTIFIER = {"TableName": TABLE_NAME, "StackName": "orders", "Env": "default", "Name": "DB"}

LOOKED_AFTER = ("a write to a record that is gone", "a consumer")
"""The last failure, and the last of all: what keeps the latest alone is seen with either."""

Faults = dict[str, Fault]


class Backwards:
    """The passwords of each invocation, as none of them would be found."""

    def __init__(self) -> None:
        self.present = ""
        self._kept: defaultdict[str, set[bytes]] = defaultdict(set)
        begin = ClearText.__init__

        def noting(clear: ClearText, text: str) -> None:
            self.keep(text.encode())
            begin(clear, text)

        ClearText.__init__ = noting  # type: ignore[method-assign,assignment]

    def keep(self, value: bytes) -> None:
        """Note a password of the present invocation."""
        self._kept[self.present].add(value[::-1])

    def count(self, what: str) -> int:
        return len(self._kept[what])

    def found(self) -> dict[bytes, str]:
        """Return the passwords that are held anywhere, each with its invocation."""
        # First the texts, then the passwords: those would be found themselves.
        everything = b"\n".join(texts())
        search = Search()
        values = {value[::-1]: what for what, kept in self._kept.items() for value in kept}
        search.add(values)
        found = {value: values[value] for value in search.found_in(everything)}
        spellings.cache_clear()
        return found


def main() -> None:
    """Serve everything, look, then hide passwords and look again."""
    with pytest.MonkeyPatch.context() as patch:
        without_waits(patch)
        json.dump(report(), sys.stdout)


def report() -> dict[str, Any]:
    """Do all of it, and return what is printed."""
    backwards = Backwards()
    outcomes, found = dict[str, str](), dict[bytes, str]()
    for what, outcome in served(backwards):
        outcomes[what] = outcome
        if what in LOOKED_AFTER:
            found |= backwards.found()
    holders = holders_of(found) if found else {}
    said: dict[str, Any] = {
        "outcomes": outcomes,
        "passwords": {what: backwards.count(what) for what in outcomes},
        "held": {what: sorted(holders.get(what, ())) for what in found.values()},
    }
    backwards = Backwards()
    hide(backwards)
    said["hidden"] = sorted(HIDING_PLACES)
    said["found"] = sorted(set(backwards.found().values()))
    return said


def served(backwards: Backwards) -> Iterator[tuple[str, str]]:
    """Serve each invocation, and yield how it ended."""
    for what, (faults, invoke) in invocations(backwards).items():
        backwards.present = what
        with failing(faults):
            yield what, invoke(backwards)


@contextmanager
def failing(faults: Faults) -> Iterator[None]:
    """Let operations of AWS meet faults, in the clients of every invocation."""
    nobody = clients.Credentials("", "", None)
    places = {"dynamodb": clients.CONFIG, "kms": clients.CONFIG, "logs": clients.DELIVERY_CONFIG}
    for service, config in places.items():
        events = clients.clients_for(REGION, nobody, config).client(service).meta.events
        events.unregister("before-send", unique_id=__name__)
        events.register(
            "before-send",
            lambda event_name, request, **_: (
                faults[name](request) if (name := event_name.rpartition(".")[2]) in faults else None
            ),
            unique_id=__name__,
        )
    yield


def handler(action: str, properties: Mapping[str, Any] | None = None) -> Callable[..., str]:
    """Return the invocation of a handler. `SecretString` is made up for each by itself."""

    def invoke(backwards: Backwards) -> str:
        wanted = {**IDENTIFIER, **(properties or {})}
        if "SecretString" in wanted:
            wanted["SecretString"] = secrets.token_urlsafe(24) + wanted["SecretString"]
            backwards.keep(wanted["SecretString"].encode())
        operation = Operation(
            action,
            {} if action == "LIST" else wanted,
            secrets.token_hex(8),
            stack_id=STACK_ID,
            logical_id="DB",
        )
        event = live_event(operation, ACCOUNT, CREDENTIALS)
        answer = resource(json.loads(json.dumps(event)), None)
        return str(answer.get("errorCode") or answer["status"])

    return invoke


def read_by_function(backwards: Backwards) -> str:
    """Invoke the reader function in a new execution environment, which keeps its cache."""
    answer = reader.handler({"StackName": "orders", "Name": "DB"}, None)
    reader._client.cache_clear()
    return answer.get("Error", "SUCCESS")


def read_by_client(backwards: Backwards) -> str:
    """Read as a program does, whose client goes with its cache."""
    try:
        SecretsClient(TABLE_NAME).get("orders", "DB")
    except exceptions.PasswordError as error:
        return exceptions.public_name(error)
    return "SUCCESS"


def quoting(refuse: Callable[[str], Exception | Fault]) -> Fault:
    """Fail with a text that quotes the password which KMS was to encrypt."""

    def fault(request: AWSPreparedRequest) -> AWSResponse | None:
        assert isinstance(request.body, str | bytes)
        failure = refuse(base64.b64decode(json.loads(request.body)["Plaintext"]).decode())
        if isinstance(failure, Exception):
            raise failure
        return failure(request)

    return fault


def unanswered(request: AWSPreparedRequest) -> AWSResponse | None:
    """Fail with an error that is new each time: it holds the frames that it came through."""
    raise botocore.exceptions.ReadTimeoutError(endpoint_url=request.url)


def decrypting_to(backwards: Backwards, start: bytes) -> Fault:
    """Answer Decrypt with another password than was encrypted."""

    def fault(request: AWSPreparedRequest) -> AWSResponse | None:
        value = start + secrets.token_urlsafe(24).encode()
        backwards.keep(value)
        answer = {"Plaintext": base64.b64encode(value).decode(), "KeyId": "arn:aws:kms:::key/1"}
        return answer_with(200, answer)(request)

    return fault


def invocations(backwards: Backwards) -> dict[str, tuple[Faults, Callable[[Backwards], str]]]:
    """Return every invocation, in the order in which they are served, with what AWS fails at."""
    create, read, update = handler("CREATE"), handler("READ"), handler("UPDATE")
    rotate = handler("UPDATE", {"RotationToken": "2"})
    provide = handler("UPDATE", {"SecretString": ""})
    throttled, broken = refuse_with("ThrottlingException"), refuse_with("InternalServerError", 500)
    page = answer_with(200, b"<html>Welcome</html>")
    another, unreadable = (decrypting_to(backwards, start) for start in (b"", b"\xff"))
    refused = quoting(lambda value: refuse_with("ValidationException", message=value))
    defect = quoting(RuntimeError)
    return {
        "a read of nothing": ({}, read),
        "the reader function of nothing": ({}, read_by_function),
        "a consumer of nothing": ({}, read_by_client),
        "a create": ({}, create),
        "a create over a live record": ({}, create),
        "a SecretString that the engine refuses": (
            {},
            handler("UPDATE", {"SecretString": "'\"@/", "Engine": "mysql"}),
        ),
        "a SecretString of a create that is refused": (
            {},
            handler("CREATE", {"SecretString": "", "Value": "read-only"}),
        ),
        "a SecretString beside an unknown property": (
            {},
            handler("UPDATE", {"SecretString": "", "Engin": "mysql"}),
        ),
        "Encrypt refused in words that quote": ({"Encrypt": refused}, provide),
        "a defect in words that quote": ({"Encrypt": defect}, provide),
        "Encrypt throttled": ({"Encrypt": throttled}, provide),
        "Decrypt without an answer": ({"Decrypt": unanswered}, provide),
        "Decrypt answered by a proxy": ({"Decrypt": page}, provide),
        "Decrypt of another password": ({"Decrypt": another}, provide),
        "Decrypt of what is no text": ({"Decrypt": unreadable}, read),
        "a write that fails": ({"UpdateItem": broken}, provide),
        "a write to a record that is gone": (
            {"UpdateItem": refuse_with("ConditionalCheckFailedException")},
            provide,
        ),
        "a log that cannot be delivered": ({"PutLogEvents": broken}, provide),
        "an update that keeps the password": ({}, update),
        "a rotation": ({}, rotate),
        "a roll-back": ({}, update),
        "a SecretString": ({}, provide),
        "a list": ({}, handler("LIST")),
        "a delete": ({}, handler("DELETE")),
        "a create over a tombstone": ({}, create),
        "a read": ({}, read),
        "the reader function": ({}, read_by_function),
        "a consumer": ({}, read_by_client),
    }


def hide(backwards: Backwards) -> None:
    """Leave a password in each place where one could stay behind."""
    for place, keep in HIDING_PLACES.items():
        backwards.present = place
        value = secrets.token_urlsafe(24)
        backwards.keep(value.encode())
        keep(value)


def in_a_traceback(value: str) -> None:
    def fail(local: str) -> None:
        raise ValueError("says nothing")

    try:
        fail(value)
    except ValueError as error:
        sys.last_value = error


def behind_an_exception(value: str) -> None:
    try:
        try:
            raise ValueError(value)
        except ValueError:
            raise RuntimeError("says nothing") from None
    except RuntimeError as error:
        _kept.append(error)


def in_a_waiting_thread(value: str) -> None:
    started = Event()

    def wait(local: str) -> None:
        started.set()
        Event().wait()

    Thread(target=wait, args=(value,), daemon=True).start()
    started.wait()


def in_a_client(value: str) -> None:
    nobody = clients.Credentials("", "", None)
    kept: Any = clients.clients_for(REGION, nobody).kms
    kept.last = {"Plaintext": base64.b64encode(value.encode())}


@cache
def cached(value: str) -> int:
    return len(value)


_kept: list[object] = []
_buffer = logging.handlers.MemoryHandler(100)

HIDING_PLACES: dict[str, Callable[[str], object]] = {
    "a module": lambda value: setattr(actions, "last", value),
    "a thread's own": lambda value: setattr(clients._kept, "last", ClearText(value)),
    "a client, in base64": in_a_client,
    "a cache": cached,
    "a log record that waits": lambda value: _buffer.handle(
        logging.makeLogRecord({"levelno": 20, "msg": "made %s", "args": (value,)})
    ),
    "a traceback": in_a_traceback,
    "an exception behind another": behind_an_exception,
    "a buffer": lambda value: _kept.append(BytesIO(value.encode())),
    "a thread that waits": in_a_waiting_thread,
    "a tuple of text alone": lambda value: _kept.append((value, "")),
}


if __name__ == "__main__":
    main()
