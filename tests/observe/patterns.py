"""What CloudWatch Logs and EventBridge match, as far as our templates ask it of them.

Of moto's, the filters of CloudWatch Logs take no JSON, and the patterns of EventBridge do not look
into lists of objects.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

_TOKEN = re.compile(r'\s*(&&|\|\||[(){}=]|!=|"[^"]*"|\$[\w.\[\]]+)')
_STEP = re.compile(r"\.(\w+)|\[(\d+)\]")


def filter_matches(pattern: str, message: str) -> bool:
    """Whether a JSON filter pattern matches a log event.

    Known are = and != with a text, which may hold *, and &&, ||, parentheses. && binds stronger.

    Raises:
        ValueError: the pattern says anything else.
    """
    tokens = _tokens(pattern)
    try:
        event = json.loads(message)
    except ValueError:
        event = None
    _expect(tokens, "{")
    matches = _either(tokens, event)
    _expect(tokens, "}")
    if tokens:
        raise ValueError(f"{tokens} is left of {pattern}")
    return matches and isinstance(event, dict)


def _tokens(pattern: str) -> list[str]:
    tokens, at = [], 0
    while pattern[at:].strip():
        found = _TOKEN.match(pattern, at)
        if found is None:
            raise ValueError(f"unknown from here: {pattern[at:]}")
        tokens.append(found[1])
        at = found.end()
    return tokens


def _expect(tokens: list[str], wanted: str) -> None:
    if not tokens or tokens.pop(0) != wanted:
        raise ValueError(f"{wanted} is missing before {tokens}")


def _either(tokens: list[str], event: Any) -> bool:
    matches = _both(tokens, event)
    while tokens[0] == "||":
        tokens.pop(0)
        matches = _both(tokens, event) or matches
    return matches


def _both(tokens: list[str], event: Any) -> bool:
    matches = _one(tokens, event)
    while tokens[0] == "&&":
        tokens.pop(0)
        matches = _one(tokens, event) and matches
    return matches


def _one(tokens: list[str], event: Any) -> bool:
    if tokens[0] == "(":
        tokens.pop(0)
        matches = _either(tokens, event)
        _expect(tokens, ")")
        return matches
    selector, operator, wanted = tokens.pop(0), tokens.pop(0), tokens.pop(0)
    if selector[0] != "$" or operator not in ("=", "!=") or wanted[0] != '"':
        raise ValueError(f"{selector} {operator} {wanted}")
    found = _selected(selector[1:], event)
    # A field that is not there matches no comparison.
    return isinstance(found, str) and fnmatchcase(found, wanted[1:-1]) == (operator == "=")


def _selected(path: str, event: Any) -> Any:
    for name, index in _STEP.findall(path):
        try:
            event = event[name] if name else event[int(index)]
        except (KeyError, IndexError, TypeError):
            return None
    return event


def event_matches(pattern: Mapping[str, Any], event: Any) -> bool:
    """Whether an event pattern of exact values and $or matches an event."""
    return all(
        any(event_matches(one, event) for one in wanted)
        if key == "$or"
        else any(_value_matches(wanted, found) for found in _members(event, key))
        for key, wanted in pattern.items()
    )


def _members(event: Any, key: str) -> Iterator[Any]:
    for one in event if isinstance(event, list) else [event]:
        if isinstance(one, dict) and key in one:
            yield one[key]


def _value_matches(wanted: Any, found: Any) -> bool:
    if isinstance(wanted, Mapping):
        return event_matches(wanted, found)
    return any(value in wanted for value in (found if isinstance(found, list) else [found]))
