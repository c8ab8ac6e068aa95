"""Decisions of IAM, as far as the policies of this project need them.

moto 5.2.5 can enforce IAM, but of identity policies it looks at the actions alone: its DynamoDB and
KMS ask for the resource "*", which no exact ARN matches, and it knows no operator but StringEquals,
which holds there for a key that the request lacks. So the documents are read back from moto, and
decided here by the rules that AWS documents.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-logic-multiple-context-keys-or-values.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any


@dataclass(frozen=True)
class Request:
    """What IAM is asked. A key of the context has one value or, where it is one of many, a list."""

    action: str
    resource: str
    context: Mapping[str, str | list[str]] = field(default_factory=dict)


def get_item(table_arn: str, stack: str) -> Request:
    """The request of dynamodb:GetItem."""
    return Request("dynamodb:GetItem", table_arn, {"dynamodb:LeadingKeys": [stack]})


def decrypt(key_arn: str, context: Mapping[str, str]) -> Request:
    """The request of kms:Decrypt with an encryption context."""
    keys = {f"kms:EncryptionContext:{name}": value for name, value in context.items()}
    return Request("kms:Decrypt", key_arn, keys)


def allows(document: Mapping[str, Any], request: Request) -> bool:
    """Whether a policy that only allows lets the request through."""
    return any(_matches(statement, request) for statement in document["Statement"])


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _matches(statement: Mapping[str, Any], request: Request) -> bool:
    assert statement["Effect"] == "Allow"
    return (
        request.action in as_list(statement["Action"])
        and any(fnmatchcase(request.resource, each) for each in as_list(statement["Resource"]))
        and all(
            _OPERATORS[operator](request.context.get(key), as_list(values))
            for operator, keys in statement.get("Condition", {}).items()
            for key, values in keys.items()
        )
    )


def _equals(actual: str | list[str] | None, wanted: Iterable[str]) -> bool:
    return isinstance(actual, str) and actual in wanted


def _all_equal(actual: str | list[str] | None, wanted: Iterable[str]) -> bool:
    # "returns true if there are no context keys in the request"
    return all(value in wanted for value in as_list(actual or []))


def _is_null(actual: str | list[str] | None, wanted: list[str]) -> bool:
    return ("true" if not actual else "false") in wanted


_OPERATORS = {
    "StringEquals": _equals,
    "ForAllValues:StringEquals": _all_equal,
    "Null": _is_null,
}
