"""Many consumers that start at once and go on reading, while AWS throttles and secrets rotate.

Threads, clients, the SDK with its retries and the emulator's answers are real. Time is not: it
passes in steps, and in each step every thread asks for every secret. So `max_age` keeps the value
that programs have, what a consumer may be served is known to the second, and no count depends on
the machine. The SDK's waits between retries are left out: they take time and add no call.
"""

import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import inf
from types import SimpleNamespace
from unittest.mock import patch

import boto3

from bench.wire import DECRYPT, READ, Call, Clock, Emulator, Throttling, Wire
from myorg_secrets import SecretsClient, Throttled
from tests.world import REGION, Secret, World

STACK = "load"
STEPS = 30
"""Steps in one `max_age`."""

ATTEMPTS = 10
"""How often a program asks for a secret before it gives up: there is no value to fall back on."""


@dataclass(frozen=True)
class Plan:
    """One run. Steps count from 0, which is the start.

    Attributes:
        secrets: how many there are.
        consumers: programs, each with a client and a cache of its own.
        threads: of each consumer, which ask for the same secrets at the same time.
        max_age: of the clients, in seconds.
        max_stale: the same.
        throttled: the share of calls that AWS refuses, from 0 to 1.
        steps: the length of the run.
        rotations: the steps before which secrets rotate, and which share of them.
        bridge: the step in which each thread asks for the versions before the first rotation.
        burst: the steps in which every call is refused.
        seed: for what is drawn at random.
    """

    secrets: int = 100
    consumers: int = 40
    threads: int = 2
    max_age: float = 300.0
    max_stale: float = 3600.0
    throttled: float = 0.2
    steps: int = 92
    rotations: tuple[tuple[int, float], ...] = ((1, 0.1), (75, 0.05))
    bridge: int | None = 31
    burst: range = range(74, 80)
    seed: int = 1

    @property
    def step(self) -> float:
        """The length of a step, in seconds."""
        return self.max_age / STEPS


@dataclass
class Outcome:
    """What came of it. Counts are of all consumers together.

    Attributes:
        plan: of the run.
        tally: the `gets`; of those the `stale` (served by max_stale), the `wrong` and the
            `missing`; and the `exceptions` that reached a program, which asked again.
        calls: to AWS, each consumer's in order.
        rotated: secrets that rotated, each time counted.
    """

    plan: Plan
    tally: Counter[str] = field(default_factory=Counter)
    calls: list[list[Call]] = field(default_factory=list, repr=False)
    rotated: int = 0

    def count(
        self, action: str, start: float = 0, end: float = inf, *, throttled: bool = False
    ) -> int:
        """Count calls.

        Args:
            action: `dynamodb:GetItem` or `kms:Decrypt`.
            start: the first step that counts.
            end: the first step that does not.
            throttled: whether to count those that AWS refused, instead of those that it served.
        """
        first, last = start * self.plan.step, end * self.plan.step
        return sum(
            first <= call.at < last and call.action == action and call.throttled == throttled
            for calls in self.calls
            for call in calls
        )

    @property
    def decrypted(self) -> int:
        """How many different versions were decrypted, each consumer's counted."""
        return len(
            {
                (number, call.version_id)
                for number, calls in enumerate(self.calls)
                for call in calls
                if call.action == DECRYPT and not call.throttled
            }
        )

    @property
    def in_vain(self) -> int:
        """How many reads gave no value, since KMS then refused to decrypt it."""
        found = 0
        for calls in self.calls:
            refused: set[str] = set()
            for call in calls:
                if call.action == READ:
                    found += call.secret in refused
                if call.action == DECRYPT and call.throttled:
                    refused.add(call.secret)
                else:
                    refused.discard(call.secret)
        return found

    def busiest(self, start: int, end: int) -> int:
        """The most reads in any tenth of `max_age` between two steps."""
        tenth = STEPS // 10
        return max(
            self.count(READ, first, first + tenth) for first in range(start, end - tenth + 1)
        )


class _Fleet:
    def __init__(self, world: World, plan: Plan, clock: Clock) -> None:
        self._plan = plan
        self._clock = clock
        self._step = 0
        self._throttling = Throttling(plan.throttled, plan.seed)
        self._emulator = Emulator()
        self._secrets: dict[str, Secret] = {}
        self._history: dict[str, list[tuple[float, str]]] = {}
        self._earlier: dict[str, str] = {}
        self._gate = threading.Barrier(plan.consumers * plan.threads + 1)
        self._outcome = Outcome(plan)
        self._create(world)

    def run(self) -> Outcome:
        plan = self._plan
        # One session: it holds credentials and data about services, and no state of a consumer.
        session = boto3.Session(region_name=REGION)
        with ThreadPoolExecutor(plan.consumers * plan.threads) as pool:
            threads = []
            for number in range(plan.consumers):
                client = SecretsClient(
                    session=session, max_age=plan.max_age, max_stale=plan.max_stale
                )
                wire = Wire(number, client, self._throttling, self._emulator, self._clock)
                self._outcome.calls.append(wire.calls)
                threads += [pool.submit(self._consume, client, wire) for _ in range(plan.threads)]
            try:
                for self._step in range(plan.steps):
                    self._prepare()
                    self._gate.wait()  # all start at once,
                    self._gate.wait()  # and the step ends when all are done
            except threading.BrokenBarrierError:
                pass  # a consumer failed, which is raised below
            for tally in [thread.result() for thread in threads]:
                self._outcome.tally += tally
        return self._outcome

    def _create(self, world: World) -> None:
        for number in range(self._plan.secrets):
            secret = world.secret(f"Secret{number}", stack=STACK)
            self._secrets[secret.logical_id] = secret
            self._history[secret.logical_id] = [(0.0, secret.create())]

    def _prepare(self) -> None:
        self._clock.now = self._step * self._plan.step
        self._throttling.everything = self._step in self._plan.burst
        for step, share in self._plan.rotations:
            if step == self._step:
                self._rotate(max(1, int(self._plan.secrets * share)))

    def _rotate(self, count: int) -> None:
        for name in list(self._secrets)[:count]:
            secret = self._secrets[name]
            if not self._outcome.rotated:
                self._earlier[name] = secret.model["VersionId"]
            value = secret.update(RotationToken=str(self._step))
            self._history[name].append((self._clock.now, value))
        self._emulator.forget()
        self._outcome.rotated += count

    def _consume(self, client: SecretsClient, wire: Wire) -> Counter[str]:
        tally: Counter[str] = Counter()
        try:
            for step in range(self._plan.steps):
                self._gate.wait()
                for name in self._secrets:
                    self._ask(client, wire, name, tally)
                if step == self._plan.bridge:
                    for name, version_id in self._earlier.items():
                        self._bridge(client, name, version_id, tally)
                self._gate.wait()
        except threading.BrokenBarrierError:
            pass  # another thread failed, and says why
        except BaseException:
            self._gate.abort()
            raise
        return tally

    def _ask(self, client: SecretsClient, wire: Wire, name: str, tally: Counter[str]) -> None:
        value = _patiently(lambda: client.get(STACK, name), tally)
        if value is None:
            return
        age = self._plan.max_age
        if wire.fails(name):
            # The table could not be looked at: max_stale allows an older value.
            tally["stale"] += 1
            age += self._plan.max_stale
        if not self._was_current(name, value, age):
            tally["wrong"] += 1

    def _bridge(
        self, client: SecretsClient, name: str, version_id: str, tally: Counter[str]
    ) -> None:
        value = _patiently(lambda: client.get(STACK, name, version_id=version_id), tally)
        if value is not None and value != self._history[name][0][1]:
            tally["wrong"] += 1

    def _was_current(self, name: str, value: str, within: float) -> bool:
        """Say whether a value was current at some moment of the last seconds."""
        history = self._history[name]
        ends = [since for since, _ in history[1:]] + [inf]
        return any(
            value == kept and end > self._clock.now - within
            for (_, kept), end in zip(history, ends, strict=True)
        )


def run(world: World, plan: Plan) -> Outcome:
    """Carry out a plan in an account that has only its storage stack.

    Raises:
        PasswordError: a consumer met a failure that is not throttling.
    """
    clock = Clock()
    with _without_waits(clock, plan.seed):
        return _Fleet(world, plan, clock).run()


def _patiently(get: Callable[[], str], tally: Counter[str]) -> str | None:
    tally["gets"] += 1
    for _ in range(ATTEMPTS):
        try:
            return get()
        except Throttled:
            tally["exceptions"] += 1
    tally["missing"] += 1
    return None


@contextmanager
def _without_waits(clock: Clock, seed: int) -> Iterator[None]:
    with (
        patch("myorg_secrets.client.time", clock),
        patch("myorg_secrets.client.random", random.Random(seed)),  # noqa: S311  # nosec B311 # the jitter
        patch("botocore.endpoint.time", SimpleNamespace(sleep=lambda seconds: None)),
        patch("botocore.retries.bucket.TokenBucket.acquire", lambda *_, **__: True),
    ):
        yield
