"""Each mechanism behind the rule, taken out: a history that failed once does so again."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from myorg_secrets_password import actions
from myorg_secrets_password.record import Record
from tests.model.life import Life
from tests.model.test_past_failures import HISTORIES

begin_record, restored = Record.begin, Record.restored


def reborn_over(record: Record, tombstone: Record, now: object) -> Record:
    revision = tombstone.revision + 1
    return replace(record, revision=revision, versions=(*tombstone.versions, *record.versions))


def still_expiring(record: Record, *arguments: Any) -> Record:
    return replace(restored(record, *arguments), expires_at=record.expires_at)


def without_token(*arguments: Any) -> Record:
    return replace(begin_record(*arguments), create_token="")


MECHANISMS: dict[str, tuple[object, str, object, str]] = {
    "what is remembered": (
        Record,
        "remembered",
        lambda record, declared: None,
        "a tightened policy is rolled back, and the new password would satisfy the old one",
    ),
    "the token that the current version had": (
        Record,
        "current_had_token",
        lambda record, declared: True,
        "an adopted record rotates at its first update",
    ),
    "what an adopted record recalls": (
        actions,
        "recall",
        lambda record, wish: record,
        "an adopted record keeps its password at an unrelated update, and then rotates",
    ),
    "what the recovery window removes": (
        Record,
        "reborn_over",
        reborn_over,
        "what the recovery window should have removed is no history",
    ),
    "that a live record expires never": (
        Record,
        "restored",
        still_expiring,
        "what was restored outlives its time to live",
    ),
    "the token of the create": (
        Record,
        "begin",
        without_token,
        "the answer of a create is lost, over a tombstone too",
    ),
    "the time of the deletion": (
        actions,
        "iso",
        lambda moment: "",
        "the answer of a deletion is lost",
    ),
}


@pytest.mark.parametrize(
    ("where", "name", "instead", "history"), MECHANISMS.values(), ids=MECHANISMS
)
def test_without_it_a_history_fails(
    begin: Callable[[], Life],
    monkeypatch: pytest.MonkeyPatch,
    where: object,
    name: str,
    instead: object,
    history: str,
) -> None:
    life = begin()
    monkeypatch.setattr(where, name, instead)

    with pytest.raises(AssertionError):
        for does in HISTORIES[history]:
            does(life)
            life.check()
