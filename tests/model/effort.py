"""How much the model and the races try.

By default these are the same histories and schedules at every run. `make model` draws others, and
more of them; the seed that it says draws the same again.
"""

import os

TIMES = float(os.environ.get("MODEL_TIMES", "1"))
"""How many times the usual number."""

SEED = os.environ.get("MODEL_SEED", "")
"""The first seed of the schedules, or empty for the usual ones."""

IS_DRAWN = bool(SEED)
"""Whether other histories are tried than the usual ones."""


def share(usual: int) -> int:
    """Return how many to try where the usual number is this."""
    return max(1, round(usual * TIMES))


def seeds(usual: int) -> list[int]:
    """Return the seeds to try: a failed test names its own."""
    first = int(SEED or 0)
    return list(range(first, first + share(usual)))
