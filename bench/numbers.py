"""Medians and their spread."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Spread:
    """A median and the quartiles around it."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Return it of at least one value."""
        if len(values) == 1:
            return cls(values[0], values[0], values[0])
        low, median, high = statistics.quantiles(values, n=4, method="inclusive")
        return cls(median, low, high)


def ratios(values: Sequence[float], base: Sequence[float]) -> Spread:
    """Return what each value is of the base's value of the same round."""
    return Spread.of([value / other for value, other in zip(values, base, strict=True)])


def rounded(spread: Spread) -> list[float]:
    """Return the median and the quartiles to three digits, as the data file has them."""
    return [float(f"{value:.3g}") for value in (spread.median, spread.low, spread.high)]
