"""The execution role: whether it is there, and whether CloudFormation may assume it."""

from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from myorg_secrets.doctor import Finding, Status
from myorg_secrets.doctor.asking import Asker, Unanswered

from .questions import Place, unanswered

SERVICE = "resources.cloudformation.amazonaws.com"

_CHECK = "Execution role"
_NOT_KNOWN = "is not known here"
_DEPLOY = "Deploy infrastructure/execution-role.yml, or name the role: --role-arn ARN"


def missing(stack_name: str) -> Finding:
    """Say that no role is known."""
    return Finding(
        _CHECK,
        Status.PROBLEM,
        f"There is no stack {stack_name} with the output ExecutionRoleArn.",
        _DEPLOY,
    )


def unknown(stack_name: str, reason: str) -> Finding:
    """Say that the role's stack could not be asked for it."""
    message = f"The stack {stack_name} could not be looked at: {reason}"
    return Finding(_CHECK, Status.PROBLEM, message, "Name the role: --role-arn ARN")


def examine(asker: Asker, iam: Any, place: Place, arn: str) -> Iterator[Finding]:
    """Yield whether CloudFormation can run the handlers with a role.

    Args:
        asker: asks.
        iam: a client.
        place: where the type is registered.
        arn: of the role.
    """
    account_id = arn.split(":")[4] if arn.count(":") == 5 and ":role/" in arn else ""
    if not account_id:
        yield Finding(_CHECK, Status.PROBLEM, f"{arn} is no ARN of a role.", _DEPLOY)
        return
    if account_id != place.account_id:
        message = f"{arn} is a role of another account than {place.account_id}."
        yield Finding(_CHECK, Status.PROBLEM, message, _DEPLOY)
        return
    name = arn.rpartition("/")[2]
    try:
        answer = asker.ask("iam:GetRole", arn, lambda: iam.get_role(RoleName=name))
    except Unanswered as failure:
        if failure.code == "NoSuchEntity":
            yield Finding(_CHECK, Status.PROBLEM, f"There is no role {arn}.", _DEPLOY)
        else:
            yield unanswered(_CHECK, failure)
        return
    yield judge(answer["Role"], place)


def judge(role: Mapping[str, Any], place: Place) -> Finding:
    """Judge by its trust policy whether CloudFormation may assume a role for this type."""
    arn = role["Arn"]
    reasons: list[str] = []
    statements = [
        statement
        for statement in _listed(role["AssumeRolePolicyDocument"]["Statement"])
        if _is_for_cloudformation(statement)
    ]
    if any(statement["Effect"] == "Deny" for statement in statements):
        message = f"The trust policy of {arn} denies something to {SERVICE}."
        return Finding(_CHECK, Status.UNKNOWN, message, "See to it yourself.")
    for statement in statements:
        against = list(_against(statement.get("Condition", {}), place))
        if not against:
            return Finding(_CHECK, Status.OK, f"{arn} can be assumed by {SERVICE}.")
        reasons += against
    if not reasons:
        message = f"The trust policy of {arn} does not let {SERVICE} assume it (sts:AssumeRole)."
        return Finding(_CHECK, Status.PROBLEM, message, _DEPLOY)
    return Finding(
        _CHECK,
        Status.UNKNOWN if all(each.endswith(_NOT_KNOWN) for each in reasons) else Status.PROBLEM,
        f"The trust policy of {arn} lets {SERVICE} assume it under conditions that do not hold for"
        f" this type here, as far as it can be told: {'; '.join(reasons)}.",
        _DEPLOY,
    )


def _is_for_cloudformation(statement: Mapping[str, Any]) -> bool:
    principal = statement.get("Principal", {})
    services = _listed(principal.get("Service", [])) if isinstance(principal, Mapping) else []
    actions = {action.lower() for action in _listed(statement.get("Action", []))}
    return SERVICE in services and bool(actions & {"sts:assumerole", "sts:*", "*"})


def _against(conditions: Mapping[str, Any], place: Place) -> Iterator[str]:
    """Yield the conditions that do not hold, or of which it is not known."""
    known = {"aws:sourceaccount": place.account_id, "aws:sourcearn": f"{place.type_arn}/00000001"}
    for operator, keys in conditions.items():
        for key, values in keys.items():
            actual = known.get(key.lower())
            if actual is None or operator not in _OPERATORS:
                yield f"{operator} {key} {_NOT_KNOWN}"
            elif not any(_OPERATORS[operator](actual, value) for value in _listed(values)):
                yield f"{key} is {actual}, and not {' or '.join(_listed(values))}"


_OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": lambda actual, value: actual == value,
    "StringLike": fnmatchcase,
    "ArnEquals": fnmatchcase,
    "ArnLike": fnmatchcase,
}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
