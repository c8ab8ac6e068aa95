"""How long a password takes to make, beside one `secrets.choice` for each character."""

import secrets
import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from myorg_secrets_password.engines import ENGINES
from myorg_secrets_password.generator import generate
from myorg_secrets_password.policy import Policy

_WIDE = "aB1-" + "".join(chr(0x4E00 + number) for number in range(4092))
"""As many characters as AllowedCharacters takes, and one alone of each class."""

POLICIES = {
    "no property": Policy.of({}),
    "Engine: opensearch": Policy.of({"Engine": "opensearch"}),
    "Engine: elasticache, 128 characters": Policy.of(
        {"Engine": "elasticache", "PasswordLength": ENGINES["elasticache"].maximum}
    ),
    "8 characters, a class of one in 4096": Policy.of(
        {"AllowedCharacters": _WIDE, "PasswordLength": 8}
    ),
    "1365 characters, a class of one in 4096": Policy.of(
        {"AllowedCharacters": _WIDE, "PasswordLength": 1365}
    ),
    "4096 characters": Policy.of({"PasswordLength": 4096}),
}


def measure(rounds: int) -> list[dict[str, Any]]:
    """Measure in turn, and return medians in milliseconds for each policy."""
    rows = []
    for name, policy in POLICIES.items():
        plain, ours = _medians(rounds, partial(_chosen, policy), partial(generate, policy))
        row = {"policy": name, "choice_ms": round(plain * 1000, 3), "ms": round(ours * 1000, 3)}
        rows.append(row)
    return rows


def _chosen(policy: Policy) -> str:
    """Make a string of the same length and alphabet, which may lack a class."""
    return "".join(secrets.choice(policy.alphabet) for _ in range(policy.length))


def _medians(rounds: int, *works: Callable[[], object]) -> list[float]:
    seconds: list[list[float]] = [[] for _ in works]
    for _ in range(rounds):
        for work, taken in zip(works, seconds, strict=True):
            began = time.perf_counter()
            work()
            taken.append(time.perf_counter() - began)
    return [statistics.median(taken) for taken in seconds]
