"""What can befall one call between the handlers and AWS: the table of spoiled connections."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.faults import proxy as proxies
from tests.faults.harness import Call, Harness, Setting
from tests.faults.kinds import Group, Kind, Times
from tests.faults.proxy import Spoil
from tests.faults.scenarios import SCENARIOS


@dataclass(frozen=True, kw_only=True)
class Spoiling(Kind):
    """A kind that is made on the wire. Without `spoil`, connections are refused from the call on.

    Attributes:
        once: whether one spoiled attempt is tried too, which the SDK's next one makes good.
        hangs: whether the handlers wait for an answer in vain.
    """

    spoil: Spoil | None
    once: bool = False
    hangs: bool = False

    @property
    def times(self) -> tuple[Times, ...]:
        return super().times if self.once else (Times.EACH,)


def _broken(name: str, spoil: Spoil | None, group: Group, **how: Any) -> Spoiling:
    code = "NetworkFailure"
    return Spoiling(name=name, group=group, code=code, repeated=True, spoil=spoil, **how)


def _answered(name: str, status: bytes, body: bytes, *, repeated: bool) -> Spoiling:
    return Spoiling(
        name=name,
        group=Group.NO_ANSWER_OF_AWS,
        code="ServiceInternalError",
        repeated=repeated,
        spoil=proxies.answer_instead(status, body),
    )


SPOILINGS = (
    _broken("connection refused", None, Group.NOT_REACHED),
    _broken("reset before the answer", proxies.reset, Group.NOT_REACHED),
    _broken("no answer in time", proxies.hang, Group.NOT_REACHED, hangs=True),
    _broken("another protocol", proxies.speak_otherwise, Group.NOT_REACHED),
    _broken(
        "done, but no answer in time",
        proxies.hang_when_done,
        Group.ANSWER_LOST,
        once=True,
        hangs=True,
    ),
    _broken("done, but reset in its answer", proxies.reset_in_answer, Group.ANSWER_LOST, once=True),
    _broken("done, but closed without an answer", proxies.close, Group.ANSWER_LOST),
    _answered("a proxy's 502", b"502 Bad Gateway", b"<html>Bad Gateway</html>", repeated=True),
    _answered("a page with 200", b"200 OK", b"<html>Welcome</html>", repeated=False),
    _answered("garbage with 200", b"200 OK", bytes(range(256)), repeated=False),
    # The SDK does not hold the length of an answer against its head, so that this is half the JSON.
    Spoiling(
        name="done, but its answer cut short",
        group=Group.ANSWER_LOST,
        code="ServiceInternalError",
        spoil=proxies.cut_short,
    ),
    Spoiling(name="slow", group=Group.ANSWER_LOST, code="SUCCESS", spoil=proxies.dribble),
)


def places_of(harness: Harness) -> dict[str, tuple[Setting, Call]]:
    """Return for each action of the handlers one call of it."""
    return {
        call.action: (setting, call)
        for setting in map(harness.setting, SCENARIOS)
        for call in setting.calls
    }
