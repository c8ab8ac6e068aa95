"""Threads of which one runs at a time, and that stop before each call of AWS.

A schedule says who goes on at each stop, so a run is repeated by its schedule alone. The emulator
is not made for threads, and need not be: between two stops nobody else runs.
"""

from __future__ import annotations

import queue
import random
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from myorg_secrets_password import clients
from tests.world import REGION, Fault, World

DYNAMODB = tuple(
    f"dynamodb:{name}"
    for name in ("GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query", "Scan")
)
KMS = ("kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt")

LONGEST = 60
"""Seconds that a thread may run between two stops before the test fails instead of hanging."""

Chooser = Callable[[Sequence[int]], int]
"""Takes the threads that can go on, and returns the one that does."""


class Threads:
    """Threads that are kept, with their clients: these take longer to make than a test takes."""

    def __init__(self, world: World, count: int) -> None:
        self._world = world
        self._here = threading.local()
        self._stopped: queue.SimpleQueue[BaseException | None] = queue.SimpleQueue()
        self._go = [threading.Semaphore(0) for _ in range(count)]
        self._work: list[Callable[[], None] | None] = [None] * count
        self._faults: list[dict[str, Fault]] = [{} for _ in range(count)]
        self._threads = [
            threading.Thread(target=self._live, args=(index,), daemon=True)
            for index in range(count)
        ]
        for index, thread in enumerate(self._threads):
            thread.start()
            self._let_go_on(index)

    def close(self) -> None:
        """End the threads."""
        for index, thread in enumerate(self._threads):
            self._work[index] = None
            self._go[index].release()
            thread.join(LONGEST)

    def run(
        self,
        programs: Sequence[Callable[[], None]],
        choose: Chooser,
        stops: Iterable[str] = (*DYNAMODB, *KMS),
        faults: Sequence[dict[str, Fault]] = (),
    ) -> None:
        """Run each program in a thread of its own, in the order that is chosen at each stop.

        A program begins only when it is chosen first, and stops before each call but its first.

        Args:
            programs: at most as many as there are threads.
            choose: the schedule.
            stops: the calls, as IAM writes them, before which a thread stops.
            faults: for each program, what its calls meet instead of AWS, by action.
        """
        for index, program in enumerate(programs):
            self._work[index] = program
            self._faults[index] = dict(faults[index]) if faults else {}
        runs = set(range(len(programs)))
        self._begun: set[int] = set()
        self._ended: set[int] = set()
        failures: list[BaseException] = []
        with self._stopping(frozenset(stops)):
            while running := sorted(runs - self._ended):
                if failed := self._let_go_on(choose(running)):
                    failures.append(failed)
        if failures:
            raise failures[0]

    @contextmanager
    def _stopping(self, stops: frozenset[str]) -> Iterator[None]:
        actions = {*DYNAMODB, *KMS}
        before = dict(self._world.faults)
        self._world.faults.update({a: partial(self._meet, a, a in stops) for a in actions})
        yield
        self._world.faults.clear()
        self._world.faults.update(before)

    def _let_go_on(self, index: int) -> BaseException | None:
        """Let a thread run to its next stop, and return what ended it, if anything did."""
        self._go[index].release()
        return self._stopped.get(timeout=LONGEST)

    def _meet(self, action: str, stops: bool, request: AWSPreparedRequest) -> AWSResponse | None:
        index = getattr(self._here, "index", None)
        if index is None:
            return None
        if stops:
            if index in self._begun:
                self._stopped.put(None)
                self._go[index].acquire()
            self._begun.add(index)
        fault = self._faults[index].get(action)
        return fault(request) if fault else None

    def _live(self, index: int) -> None:
        self._here.index = index
        nobody = clients.Credentials("", "", None)
        kept = clients.clients_for(REGION, nobody, clients.CONFIG)
        self._go[index].acquire()
        for service in ("dynamodb", "kms"):
            self._world.watch(kept.client(service).meta.events, service, [])
        self._stopped.put(None)
        while True:
            self._go[index].acquire()
            program = self._work[index]
            if program is None:
                return
            failed: BaseException | None = None
            try:
                program()
            except BaseException as error:  # whatever it is, the test's own thread raises it
                failed = error
            self._ended.add(index)
            self._stopped.put(failed)


@contextmanager
def kept(world: World, count: int) -> Iterator[Threads]:
    """Threads that end with the block."""
    threads = Threads(world, count)
    yield threads
    threads.close()


def at_random(seed: object) -> Chooser:
    """A schedule that is drawn: the same for the same seed."""
    return random.Random(str(seed)).choice  # noqa: S311  # what is drawn is no secret


def every_schedule() -> Iterator[Chooser]:
    """Every schedule, one after the other: each must be run before the next one is asked for.

    Depth first: the run before says how many could go on at each stop, and the next schedule
    departs from it at the last stop where somebody else could have.
    """
    path: list[tuple[int, int]] = []
    while True:
        taken: list[tuple[int, int]] = []

        yield partial(_follow, path, taken)
        while taken and taken[-1][0] + 1 == taken[-1][1]:
            taken.pop()
        if not taken:
            return
        turn, count = taken.pop()
        path = [*taken, (turn + 1, count)]


def _follow(
    path: list[tuple[int, int]], taken: list[tuple[int, int]], running: Sequence[int]
) -> int:
    """Choose as the path says, and beyond its end the first; note the choice among how many."""
    turn = path[len(taken)][0] if len(taken) < len(path) else 0
    taken.append((turn, len(running)))
    return running[turn]
