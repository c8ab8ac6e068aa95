"""The rule of when a password changes. Pure: knows nothing of AWS.

An update asks, in this order:

1. Remembered: the version that served the declared state last stays, or becomes current again.
2. Satisfied: the current version stays if it had this RotationToken and keeps to the policy.
3. New: otherwise a new version is made.

The first stands before the second so that a stack that rolls back gets back the very password
that it had, even where the newer one would satisfy the older policy as well.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from .cleartext import ClearText
from .exceptions import StorageUnusable
from .policy import satisfies, suits_engine
from .record import DeclaredState, Record, Source, Version

Reveal = Callable[[Version], ClearText]
"""Decrypts a version; called for no more versions than the rule needs to see."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What an update asks for.

    Attributes:
        declared: the declared state.
        secret: the value of SecretString, where it is given.
        previous: the state that the update's previous properties declare, if there are any.
        in_stack: whether a stack asks; outside, a missing SecretString says nothing, because a
            patch of the Cloud Control API leaves write-only properties out.
    """

    declared: DeclaredState
    secret: ClearText | None = None
    previous: DeclaredState | None = None
    in_stack: bool = True


def recall(record: Record, wish: Wish) -> Record:
    """Return the record with what it must remember before the rule is asked.

    A record that remembers nothing was adopted: its version served whatever was declared until
    now, whatever policy it was made under.
    """
    if record.memories:
        return record
    return record.remembering(wish.previous or wish.declared)


def choose(record: Record, wish: Wish, reveal: Reveal) -> Version | None:
    """Return the kept version that serves the wish, or None where a new one must be made."""
    return next(_candidates(record, wish, reveal), None)


def _candidates(record: Record, wish: Wish, reveal: Reveal) -> Iterator[Version]:
    absence_says_nothing = (
        not wish.in_stack and wish.secret is None and record.current.source is Source.PROVIDED
    )
    if absence_says_nothing and _stays(record, wish, reveal):
        yield record.current
    remembered = record.remembered(wish.declared)
    if wish.secret is not None:
        # The current version first: whichever holds the value, a new ID would say it had changed.
        for version in (record.current, remembered):
            if version is not None and _holds(version, wish.secret, reveal):
                yield version
        return
    if remembered:
        yield remembered
    if _stays(record, wish, reveal):
        yield record.current


def _holds(version: Version, secret: ClearText, reveal: Reveal) -> bool:
    try:
        return reveal(version).same_as(secret)
    except StorageUnusable:
        # Its key is gone or disabled, and somebody brings the password: that must not fail.
        return False


def _stays(record: Record, wish: Wish, reveal: Reveal) -> bool:
    """Tell whether the current version satisfies a wish without SecretString."""
    current = record.current
    if not record.current_had_token(wish.declared):
        return False
    policy = wish.declared.policy
    if current.source is Source.PROVIDED:
        taken_away = wish.previous is not None and wish.previous.provided
        return not taken_away and (
            "Engine" not in policy or suits_engine(reveal(current).reveal(), policy)
        )
    return satisfies(reveal(current).reveal(), policy)
