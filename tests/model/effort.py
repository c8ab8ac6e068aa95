"""How much the model and the races try.

By default these are the same histories and schedules at every run. `make model` draws others, and
more of them.
"""

import os
import secrets

TIMES = float(os.environ.get("MODEL_TIMES", "1"))
"""How many times the usual number."""

IS_DRAWN = os.environ.get("MODEL_SEEDS") == "random"
"""Whether each run tries others."""


def share(usual: int) -> int:
    """Return how many to try where the usual number is this."""
    return max(1, round(usual * TIMES))


def seeds(usual: int) -> list[int]:
    """Return the seeds to try: a failed test names its own."""
    first = secrets.randbelow(10**9) if IS_DRAWN else 0
    return list(range(first, first + share(usual)))
