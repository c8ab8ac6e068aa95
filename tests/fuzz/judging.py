"""What must hold of every answer and every exit, whatever came in."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from cloudformation_cli_python_lib.interface import HandlerErrorCode

from myorg_secrets_password.properties import DEFAULT_TABLE_NAME
from tests.fuzz import schema
from tests.fuzz.lab import Ended, Served

CODES = {code.name for code in HandlerErrorCode} - {"InternalFailure"}
ACTIONS = ("CREATE", "READ", "UPDATE", "DELETE", "LIST")
MODELS = (
    "resourceProperties",
    "previousResourceProperties",
    "desiredResourceState",
    "previousResourceState",
)
"""Where an event has properties."""

SHORTEST = 8
"""Characters: what is shorter is found by chance in any text."""


class Finding(AssertionError):
    """Something does not hold. The text never quotes what came in or out."""


def require(holds: object, claim: str) -> None:
    """Raise a finding unless the claim holds."""
    if not holds:
        raise Finding(claim)


def secrets_in(event: Any) -> set[str]:
    """Return the texts that an event holds where a password belongs, and nowhere else."""
    secret: set[str] = set()
    open_ = {DEFAULT_TABLE_NAME}  # which the log names where an event names no table
    waiting: list[tuple[Any, bool, bool]] = [(event, False, False)]
    while waiting:
        value, is_model, is_secret = waiting.pop()
        if isinstance(value, dict):
            for name, inner in value.items():
                open_.add(name)
                hidden = is_secret or (is_model and name in ("SecretString", "Value"))
                waiting.append((inner, name in MODELS, hidden))
        elif isinstance(value, list):
            waiting += [(inner, False, is_secret) for inner in value]
        elif isinstance(value, str):
            (secret if is_secret else open_).add(value)
    return {
        text
        for text in secret
        if len(text) >= SHORTEST and len(set(text)) > 3 and not any(text in said for said in open_)
    }


def forms(secret: str) -> tuple[str, ...]:
    """Return how a text looks in a log, and in JSON."""
    return secret, repr(secret)[1:-1], json.dumps(secret)[1:-1]


def leaks(text: str, secrets: Iterable[str]) -> bool:
    """Tell whether a text holds a secret."""
    return any(form in text for secret in secrets for form in forms(secret))


def judge_answer(served: Served, secrets: Iterable[str]) -> None:
    """See that an answer is one, whatever the event was.

    Raises:
        Finding: says which claim does not hold.
    """
    answer = served.answer
    try:
        text = json.dumps(answer, allow_nan=False)
        is_plain = json.loads(text) == answer
        json.dumps(answer, ensure_ascii=False).encode()
    except (ValueError, TypeError):
        is_plain = False
    require(is_plain and isinstance(answer, dict), "the answer is plain JSON")
    require(answer.get("status") in ("SUCCESS", "FAILED"), "each operation ends at once")
    require(not leaks(served.logged, secrets), "no log record holds a value")
    require("Traceback" not in served.logged, "no log record holds an exception")
    if answer["status"] == "FAILED":
        code = answer.get("errorCode")
        require(code != "InternalFailure", f"never InternalFailure: {answer.get('message')}")
        require(code in CODES, "the code is one of the framework's")
        require(answer.get("message"), "a failure says why")
        require(not leaks(text, secrets), "the answer to a bad request holds no value")
        require("resourceModel" not in answer, "a failure has no model")
    else:
        require("errorCode" not in answer, "a success has no code")
        hidden = {**answer, "resourceModel": {**answer.get("resourceModel", {}), "Value": ""}}
        require(not leaks(json.dumps(hidden), secrets), "a value is in Value alone")


def judge_model(action: str, answer: Mapping[str, Any], asked: Mapping[str, Any]) -> None:
    """See that a success obeys the contract.

    Args:
        action: what was asked for.
        answer: a success.
        asked: the properties of the request, with their types mended.

    Raises:
        Finding: says which claim does not hold.
    """
    if action == "DELETE":
        require(not {"resourceModel", "resourceModels"} & set(answer), "a delete has no model")
        return
    if action == "LIST":
        require(isinstance(answer.get("resourceModels"), list), "a list has models")
        for model in answer["resourceModels"]:
            require(set(model) == set(schema.IDENTIFIERS), "a list has identifiers alone")
            require(all(model.values()), "no part of an identifier is empty")
        require(answer.get("nextToken") != "", "the last page has no token")
        return
    model = answer["resourceModel"]
    require(not set(schema.WRITE_ONLY) & set(model), "what is write-only is never returned")
    require(set(model) <= set(schema.PROPERTIES), "a model has the schema's properties alone")
    require(None not in model.values(), "no property is null")
    wanted = {name for name in schema.READ_ONLY if name != "Value"}
    require(wanted <= set(model), "what is read-only is there")
    require(("Value" in model) == model["ReturnValue"], "Value is there unless it is declined")
    require(all(model.get(name) for name in schema.IDENTIFIERS), "the identifier is there")
    for name in schema.IDENTIFIERS:
        require(asked.get(name) in (None, model[name]), f"{name} is as asked")
    if action == "READ":
        return
    for name, value in asked.items():
        if name not in (*schema.READ_ONLY, *schema.WRITE_ONLY):
            require(model.get(name) == value or value in ([], ""), f"{name} is as asked")
    if "SecretString" in asked:
        require(model.get("Value") in (None, asked["SecretString"]), "the value is as asked")


def judge_types(model: Mapping[str, Any]) -> None:
    """See that each property has the type that the schema says, whatever its value is.

    Raises:
        Finding: one has another type.
    """
    kinds: dict[str, Any] = {"string": str, "integer": int, "boolean": bool, "array": list}
    for name, value in model.items():
        kind = schema.PROPERTIES[name]["type"]
        fits = isinstance(value, kinds[kind]) and (kind != "integer" or value is not True)
        require(fits, f"{name} has the schema's type")


def judge_exit(ended: Ended, secrets: Iterable[str] = ()) -> None:
    """See that a command line ended as the guide says, whatever its input was.

    Raises:
        Finding: says which claim does not hold.
    """
    if ended.defect is not None:
        raise Finding(f"a command line ends by itself: {place(ended.defect)}") from ended.defect
    require(ended.code in (0, 1, 2, 3), "the exit code is one of the guide's")
    require(ended.code in (0, 1) or ended.err.strip(), "a failure says why")
    require("Traceback" not in ended.err + ended.logged, "nobody is shown a traceback")
    require(not leaks(ended.err + ended.logged, secrets), "no message holds a value")


def place(error: BaseException) -> str:
    """Return the kind of an exception and where it came from; what it says may quote a value."""
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    where = "?" if frame is None else f"{frame.tb_frame.f_code.co_qualname}:{frame.tb_lineno}"
    return f"{type(error).__name__} at {where}"
