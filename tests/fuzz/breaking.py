"""Breaks a JSON value: what somebody, or some program, may send in place of the right one. Pure."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from typing import Any

CONFUSABLE = str.maketrans("aeopcxNSK", "аеорсхＮＳＫ")  # noqa: RUF001  # the very point
DEEP = 150
"""Levels: more than anything real has, and less than Python recurses from within a test."""


def nested(levels: int, inner: Any = "x") -> Any:
    """Return lists within lists."""
    for _ in range(levels):
        inner = [inner]
    return inner


ODD: tuple[Callable[[], Any], ...] = (
    *(
        lambda value=value: copy.deepcopy(value)
        for value in (
            None, True, False, 0, -1, 7, 1.5, -0.0, 20.0, 2**63, 10**18, -(10**40), 1e300,
            float("nan"), float("inf"), float("-inf"),
            "", " ", "0", "-0x1", "+020", "20.0", "1e3", "9" * 30, "٢٠", "true", "FALSE", "yes",
            "null", "\0", "a\0b", "a\nb\n", "\ud800", "x\udfff", "a|b", "a#b", "|||", "\u202ee",
            "\u0130\u017f", "e\u0301", "\U0001f511", "${Value}", "{0}{x!r}%s", "aws:tag", "é" * 520,
            [], {}, [[]], [None], [{}], {"": None}, {"Ref": "Other"}, {"Key": "a"}, "alias/x",
        )
    ),
    lambda: "A" * 5000,
    lambda: "é" * 2049,
    lambda: nested(DEEP),
    lambda: [{"Key": f"k{n}", "Value": ""} for n in range(51)],
)  # fmt: skip
"""What stands where something else belongs."""


def broken(value: Any, rng: random.Random, times: int = 2) -> Any:
    """Return a copy of a JSON value that is changed in one to `times` places."""
    box = [copy.deepcopy(value)]
    for _ in range(rng.randint(1, times)):
        holder, key = rng.choice(_places(box))
        change = rng.choice((_replace, _replace, _retype, _bend, _bend))
        change(holder, key, rng)
    return box[0]


def _places(box: list[Any]) -> list[tuple[Any, Any]]:
    """Return each place of a value, as what holds it and the key or index that it has there."""
    found: list[tuple[Any, Any]] = []
    waiting: list[tuple[Any, Any]] = [(box, 0)]
    while waiting:
        holder, key = waiting.pop()
        found.append((holder, key))
        inner = holder[key]
        if isinstance(inner, dict):
            waiting += [(inner, name) for name in inner]
        elif isinstance(inner, list):
            waiting += [(inner, index) for index in range(min(len(inner), 20))]
    return found


def _replace(holder: Any, key: Any, rng: random.Random) -> None:
    holder[key] = rng.choice(ODD)()


def _retype(holder: Any, key: Any, rng: random.Random) -> None:
    """Write the same thing in another type, as CloudFormation does with numbers and booleans."""
    value = holder[key]
    if isinstance(value, bool):
        holder[key] = rng.choice((str(value).lower(), str(value), int(value)))
    elif isinstance(value, int | float):
        holder[key] = rng.choice((str(value), f"+0{value}", bool(value), [value]))
    elif isinstance(value, str):
        holder[key] = rng.choice(([value], {value: value}, {"S": value}, list(value[:9])))
    else:
        holder[key] = rng.choice((str(len(value or ())), [value], {"Value": value}))


def _bend(holder: Any, key: Any, rng: random.Random) -> None:
    value = holder[key]
    if isinstance(value, dict):
        _bend_object(value, rng)
    elif isinstance(value, list):
        _bend_list(value, rng)
    elif isinstance(value, str):
        holder[key] = _bent_text(value, rng)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        holder[key] = rng.choice((-value, value + 1, value - 1, value * 10**20, value + 0.5))
    else:
        _replace(holder, key, rng)


def _bend_object(value: dict[str, Any], rng: random.Random) -> None:
    if not value or rng.random() < 0.2:
        value[rng.choice(("", "Nonsense", "\ud800", "SecretString ", "__class__"))] = rng.choice(
            ODD
        )()
        return
    name = rng.choice(list(value))
    if rng.random() < 0.4:
        del value[name]
    else:
        # The same thing once more, by a name that looks the same.
        value[_bent_text(name, rng)] = copy.deepcopy(value[name])


def _bend_list(value: list[Any], rng: random.Random) -> None:
    if not value or rng.random() < 0.3:
        value.append(rng.choice(ODD)())
    elif rng.random() < 0.5:
        value.append(copy.deepcopy(rng.choice(value)))
    else:
        del value[rng.randrange(len(value))]


def _bent_text(text: str, rng: random.Random) -> str:
    at = rng.randint(0, len(text))
    return rng.choice(
        (
            text.swapcase(),
            text.translate(CONFUSABLE),
            f" {text}",
            f"{text}\n",
            text[:at],
            text[at:],
            text[:at]
            + rng.choice(("\0", "\ud83d", "|", "#", "\u200b", "'", "\\", "é"))
            + text[at:],
            text[:at] + rng.choice('aA0/:=+{}[]",') + text[at + 1 :],
            text * 300,
        )
    )
