"""Decisions of IAM, by the rules that AWS documents, over the documents that were deployed.

It knows what this project's policies use: Allow and Deny, wildcards in actions and resources,
principals, the operators and the condition keys named below. A document that uses anything else is
not decided at all, since a guess would prove nothing.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-logic-multiple-context-keys-or-values.html
https://docs.aws.amazon.com/kms/latest/developerguide/policy-evaluation.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

Document = Mapping[str, Any]
Values = str | list[str]

_KEYS = (
    "aws:PrincipalAccount",
    "aws:PrincipalArn",
    "aws:SourceAccount",
    "aws:SourceArn",
    "dynamodb:LeadingKeys",
    "kms:CallerAccount",
    "kms:EncryptionContextKeys",
    "kms:ViaService",
)
"""Condition keys that requests are given, beside kms:EncryptionContext:*, where AWS gives them."""

_QUANTIFIERS = ("", "ForAllValues", "ForAnyValue")

_ELEMENTS = {"Sid", "Effect", "Principal", "Action", "Resource", "Condition"}


class Undecidable(Exception):
    """A document uses what is not known here."""


@dataclass(frozen=True)
class Request:
    """What IAM is asked. A key of the context has one value or, where it is one of many, a list."""

    action: str
    resource: str
    context: Mapping[str, Values] = field(default_factory=dict)


@dataclass(frozen=True)
class Principal:
    """Who asks.

    Attributes:
        arn: as AWS's messages name it, or the name of a service.
        account: its account, or "" for a service.
        role_arn: of the role whose session it is.
    """

    arn: str
    account: str = ""
    role_arn: str = ""

    @property
    def context(self) -> dict[str, Values]:
        """What every request of it has in its context."""
        return {
            "aws:PrincipalAccount": self.account,
            "aws:PrincipalArn": self.role_arn or self.arn,
            "kms:CallerAccount": self.account,
        }


def item_request(action: str, table_arn: str, leading_keys: list[str] | None) -> Request:
    """Return the request of an action on items; None for one that names no key, as Scan."""
    context: dict[str, Values] = {}
    if leading_keys is not None:
        context["dynamodb:LeadingKeys"] = leading_keys
    return Request(action, table_arn, context)


def key_request(action: str, key_arn: str, encryption_context: Mapping[str, str]) -> Request:
    """Return the request of an action on a KMS key with an encryption context."""
    context: dict[str, Values] = {
        f"kms:EncryptionContext:{name}": value for name, value in encryption_context.items()
    }
    if encryption_context:
        context["kms:EncryptionContextKeys"] = list(encryption_context)
    return Request(action, key_arn, context)


def denial(
    request: Request,
    principal: Principal,
    identity_policies: Iterable[Document],
    resource_policy: Document | None = None,
) -> str | None:
    """Say why a request is denied, in AWS's words, or None where it is allowed.

    Args:
        request: an action on a resource of the principal's own account.
        principal: who asks.
        identity_policies: all that the principal has.
        resource_policy: the key policy, for an action on a KMS key. What names the principal, or
            everybody, allows by itself; what names the account leaves it to the identity policies.
            Nobody has a key by identity policies alone.

    Raises:
        Undecidable: a document uses what is not known here.
    """
    identity = {_effect(document, request) for document in identity_policies}
    if "Deny" in identity:
        return "with an explicit deny in an identity-based policy"
    if resource_policy is not None:
        account = {principal.account, f"arn:aws:iam::{principal.account}:root"}
        itself = {"*", principal.arn, principal.role_arn}
        if _effect(resource_policy, request, account | itself) == "Deny":
            return "with an explicit deny in a resource-based policy"
        if _effect(resource_policy, request, itself) == "Allow":
            return None
        if _effect(resource_policy, request, account) is None:
            return f"because no resource-based policy allows the {request.action} action"
    if "Allow" in identity:
        return None
    return f"because no identity-based policy allows the {request.action} action"


def allows(document: Document, request: Request, service: str | None = None) -> bool:
    """Whether one document by itself lets a request through.

    Args:
        document: an identity policy, or a role's trust policy.
        request: the request.
        service: who asks, of a trust policy.
    """
    return _effect(document, request, None if service is None else {service}) == "Allow"


def as_list(value: Any) -> list[Any]:
    """Return a policy's element as the list that it may always be."""
    return value if isinstance(value, list) else [value]


def _effect(document: Document, request: Request, names: set[str] | None = None) -> str | None:
    effects = {
        statement["Effect"]
        for statement in as_list(document["Statement"])
        if _matches(statement, request, names)
    }
    return "Deny" if "Deny" in effects else "Allow" if effects else None


def _matches(statement: Document, request: Request, names: set[str] | None) -> bool:
    if unknown := statement.keys() - _ELEMENTS:
        raise Undecidable(f"the elements {sorted(unknown)}")
    if names is not None and not names & _named(statement["Principal"]):
        return False
    # A trust policy has no Resource: it stands on the role itself.
    actions, resources = statement["Action"], statement.get("Resource", "*")
    return (
        any(_like(request.action.lower(), wanted.lower()) for wanted in as_list(actions))
        and any(_like(request.resource, wanted) for wanted in as_list(resources))
        and all(
            _holds(operator, key, as_list(values), request.context)
            for operator, keys in statement.get("Condition", {}).items()
            for key, values in keys.items()
        )
    )


def _named(principal: Any) -> set[str]:
    if principal == "*":
        return {"*"}
    return {name for names in principal.values() for name in as_list(names)}


def _holds(operator: str, key: str, wanted: list[str], context: Mapping[str, Values]) -> bool:
    """Decide one condition.

    Names of condition keys are not case-sensitive, which goes for what follows
    kms:EncryptionContext: too, so that several pairs of an encryption context may answer to one.
    """
    known = {name.lower() for name in _KEYS}
    if key.lower() not in known and not key.lower().startswith("kms:encryptioncontext:"):
        raise Undecidable(f"the condition key {key}")
    found = [value for name, value in context.items() if name.lower() == key.lower()]
    actual = [value for values in found for value in as_list(values)]
    if operator == "Null":
        return ("false" if actual else "true") in wanted
    quantifier, _, plain = operator.rpartition(":")
    if plain not in _OPERATORS or quantifier not in _QUANTIFIERS:
        raise Undecidable(f"the operator {operator}")
    compare = _OPERATORS[plain]
    matched = [any(compare(value, pattern) for pattern in wanted) for value in actual]
    # "returns true if there are no context keys in the request", of ForAllValues.
    return all(matched) if quantifier == "ForAllValues" else any(matched)


def _like(value: str, pattern: str) -> bool:
    if "${" in pattern:
        raise Undecidable(f"the policy variable in {pattern}")
    expression = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(expression, value, re.DOTALL) is not None


_OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "ArnEquals": _like,
    "ArnLike": _like,
    "StringEquals": lambda value, wanted: value == wanted,
    "StringLike": _like,
}
