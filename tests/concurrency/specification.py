"""What one secret is to operations that come one after the other: the model's reference."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tests.concurrency.history import Checker, Event
from tests.model.reference import Outcome, Reference
from tests.model.states import like_generated


@dataclass(frozen=True)
class Standing:
    """A secret, and until when a delete that removed it without a trace was on its way."""

    secret: Reference
    removed_until: float = -1.0


def ends(events: Sequence[Event], beginning: Reference, kept: Sequence[str]) -> set[Reference]:
    """Return each secret that an allowed order of the operations leaves.

    `kept` are the passwords in the record at the end: one of them may be the answer of an operation
    whose answer nobody has.
    """
    values = {event.outcome.value for event in events if event.outcome}
    values |= {event.call.state.secret for event in events if event.call.state.secret}
    values |= {version.value for version in beginning.versions} | set(kept)
    checker = Checker[Standing](_Specification(sorted(values - {""}), events).follow)
    return {standing.secret for standing in checker.ends(events, Standing(beginning))}


class _Specification:
    def __init__(self, values: Sequence[str], events: Sequence[Event]) -> None:
        self._values = values
        self._numbers = {id(event): number for number, event in enumerate(events)}

    def follow(self, standing: Standing, event: Event) -> Iterator[Standing]:
        secret, call = standing.secret, event.call
        if self._is_gone_meanwhile(standing, event):
            yield standing
        for outcome in [event.outcome] if event.outcome else self._possible(event):
            after = secret.after(call, outcome)
            if after is None:
                continue
            is_removal = secret.alive and not after.versions
            yield Standing(after, event.returned if is_removal else standing.removed_until)

    def _is_gone_meanwhile(self, standing: Standing, event: Event) -> bool:
        """Whether a delete found the secret, and then that another delete had removed it.

        It answers with success: gone is what was asked for.
        """
        is_success = event.outcome is None or not event.outcome.code
        is_delete = event.call.kind == "DELETE" and is_success
        return is_delete and not standing.secret.versions and event.invoked < standing.removed_until

    def _possible(self, event: Event) -> Iterator[Outcome]:
        """What an operation may have answered whose answer nobody has.

        Its password is one that somebody saw, or one that is gone and that nobody did.
        """
        unseen = like_generated(event.call.state.policy, self._numbers[id(event)])
        for value in (*self._values, unseen):
            yield Outcome(value=value)
