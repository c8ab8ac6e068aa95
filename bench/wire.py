"""What lies between one consumer and AWS: it throttles calls, and lists all of them."""

import hashlib
import json
from collections import Counter
from dataclasses import dataclass
from typing import Any, Protocol

from moto.core.models import botocore_stubber

from myorg_secrets import SecretsClient
from tests.world import Fault, answer_with, refuse_with

_REFUSALS = {
    "dynamodb": refuse_with("ProvisionedThroughputExceededException"),
    "kms": refuse_with("ThrottlingException"),
}
READ = "dynamodb:GetItem"
DECRYPT = "kms:Decrypt"


class Watch(Protocol):
    """What tells the time: the module `time`, or a `Clock`."""

    def monotonic(self) -> float:
        """Return it in seconds."""


class Clock:
    """Time in seconds, which passes when the load test says so."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        """Stand in for `time.monotonic`."""
        return self.now


@dataclass
class Throttling:
    """Which calls AWS refuses.

    The choice is drawn from the seed and the call alone, so that it is the same at every run,
    whichever thread comes first.

    Attributes:
        share: of the calls, from 0 to 1.
        seed: other seeds refuse other calls.
        everything: whether each call is refused at the moment.
    """

    share: float
    seed: int
    everything: bool = False

    def refuses(self, *call: object) -> bool:
        """Say whether a call is refused."""
        if self.everything:
            return True
        digest = hashlib.blake2b(repr((self.seed, call)).encode(), digest_size=8).digest()
        return int.from_bytes(digest) < self.share * 2**64


@dataclass(frozen=True, slots=True)
class Call:
    """One call that left a consumer.

    Attributes:
        at: the time, in seconds.
        action: as IAM writes it.
        secret: the name.
        version_id: what was to be decrypted; None for a read.
        throttled: whether it was refused.
    """

    at: float
    action: str
    secret: str
    version_id: str | None
    throttled: bool


class Emulator:
    """Answers calls; what was asked before is answered as before, until something changes.

    The emulator takes several times as long for a call as the client does, and it is the client
    that is measured.
    """

    def __init__(self) -> None:
        self._answers: dict[bytes, Fault] = {}

    def forget(self) -> None:
        """Ask anew: a record has changed."""
        self._answers.clear()

    def answer(self, event_name: str, body: bytes, request: Any) -> Any:
        """Return the emulator's answer to a read or a decryption."""
        kept = self._answers.get(body)
        if kept is None:
            answer: Any = botocore_stubber(event_name, request)
            if answer.status_code != 200:
                return answer
            kept = self._answers[body] = answer_with(200, answer.content)
        return kept(request)


class Wire:
    """The calls of one consumer.

    Args:
        number: the consumer's.
        client: the consumer's client, whose calls go through here from now on.
        throttling: which of them are refused.
        emulator: answers the others.
        watch: when they are made.
    """

    def __init__(
        self,
        number: int,
        client: SecretsClient,
        throttling: Throttling,
        emulator: Emulator,
        watch: Watch,
    ) -> None:
        self.calls: list[Call] = []
        self._latest: dict[str, Call] = {}
        self._counts: Counter[tuple[str, str]] = Counter()
        self._number = number
        self._throttling = throttling
        self._emulator = emulator
        self._watch = watch
        for aws in (client._connection.dynamodb, client._connection.kms):
            # botocore asks every handler of the event, so the emulator's must not be among them.
            events: Any = aws.meta.events  # whose stubs know no handler that gives an answer
            events.unregister("before-send", botocore_stubber)
            events.register_first("before-send", self._before_send)

    def fails(self, secret: str) -> bool:
        """Say whether the latest call for a secret was refused, at this very time."""
        call = self._latest.get(secret)
        return call is not None and call.throttled and call.at == self._watch.monotonic()

    def _before_send(self, event_name: str, request: Any, **_: Any) -> Any:
        service, operation = event_name.split(".")[1:]
        action = f"{service}:{operation}"
        secret, version_id = _subject(action, json.loads(request.body))
        self._counts[action, secret] += 1
        throttled = self._throttling.refuses(
            self._number, action, secret, self._counts[action, secret]
        )
        call = Call(self._watch.monotonic(), action, secret, version_id, throttled)
        self.calls.append(call)
        self._latest[secret] = call
        if throttled:
            return _REFUSALS[service](request)
        return self._emulator.answer(event_name, request.body, request)


def _subject(action: str, body: Any) -> tuple[str, str | None]:
    if action == READ:
        return body["Key"]["EnvName"]["S"].partition("#")[2], None
    context = body["EncryptionContext"]
    return context["Name"], context["VersionId"]
