"""What items take of DynamoDB's capacity, by the rules that it documents. Pure.

The emulator says 1 or 0.5 units whatever an item holds, so that it is no measure.

- Sizes: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
- Units: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
"""

import math
from collections.abc import Iterable, Mapping
from typing import Any

from bench import limits

READ_BYTES = 4_096
"""Of a read unit, where the read is consistent."""

WRITE_BYTES = 1_024
"""Of a write unit."""

_CONTAINER = 3
_MEMBER = 1


def item_size(item: Mapping[str, Mapping[str, Any]]) -> int:
    """Return the bytes of an item in the attribute values of the low-level API.

    Names and values count, and 3 bytes for each list or map and 1 for each of its members. Numbers
    are documented as "approximately" what is taken here.
    """
    return sum(len(name.encode()) + _value_size(value) for name, value in item.items())


def read_units(size: int) -> int:
    """Return the units of a consistent read of an item (GetItem), or of one that is not there."""
    return max(1, math.ceil(size / READ_BYTES))


def write_units(*sizes: int) -> int:
    """Return the units of a write, whose item had and has these bytes: the larger one counts.

    A condition that does not hold costs the same.
    """
    return max(1, math.ceil(max(sizes) / WRITE_BYTES))


def page_items(size: int, most: int) -> int:
    """Return how many items of this size a page of a Query or Scan looks at.

    Args:
        size: bytes of each.
        most: the request's Limit.
    """
    return min(most, math.ceil(limits.PAGE_BYTES / size))


def page_units(sizes: Iterable[int]) -> int:
    """Return the units of a consistent Query or Scan page: the sum is rounded, not each item.

    Filter and projection come after the read and lessen nothing.
    """
    return read_units(sum(sizes))


def _value_size(value: Mapping[str, Any]) -> int:
    [(kind, content)] = value.items()
    match kind:
        case "S":
            return len(content.encode())
        case "B":
            return len(content)
        case "N":
            digits = content.lstrip("-").replace(".", "").strip("0")
            return math.ceil(len(digits) / 2) + 1
        case "BOOL" | "NULL":
            return 1
        case "L":
            return _CONTAINER + sum(_MEMBER + _value_size(member) for member in content)
        case "M":
            return _CONTAINER + sum(
                _MEMBER + len(name.encode()) + _value_size(member)
                for name, member in content.items()
            )
    raise ValueError(f"no rule for an attribute value of type {kind}")
