"""Events of CloudFormation, made from the schema, and why one must be refused."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from hypothesis import strategies as st

from local.events import Account, Operation, live_event
from myorg_secrets_password.exceptions import InvalidNextToken
from myorg_secrets_password.next_token import decode_token
from tests.fuzz import schema
from tests.world import ACCOUNT_ID, CREDENTIALS, REGION

ACTIONS = ("CREATE", "READ", "UPDATE", "DELETE", "LIST")
STACK_ID = f"arn:aws:cloudformation:{REGION}:{ACCOUNT_ID}:stack/orders/1"
STANDING = {"StackName": "orders", "Env": "default", "Name": "Standing"}
"""The secret that is there already."""

TABLE_NAME = "myorg-secrets-password"
ALIAS = "alias/myorg-secrets-password"
PLANTED = "Planted-Secret_77x.and-more"
REAL = {
    "TableName": st.just(TABLE_NAME) | schema.valid(schema.PROPERTIES["TableName"]),
    "KeyId": st.just(ALIAS) | schema.valid(schema.PROPERTIES["KeyId"]),
    "SecretString": st.just(PLANTED) | schema.valid(schema.PROPERTIES["SecretString"]),
}
"""What is mostly right at AWS as well, beside what only the schema finds right."""

VALID = {
    name: REAL.get(name, schema.valid(said))
    for name, said in schema.PROPERTIES.items()
    if name not in schema.READ_ONLY
}
TAGS = st.dictionaries(st.sampled_from(["team", "aws:x", "é"]), st.text("ab", max_size=3))


@st.composite
def models(draw: st.DrawFn) -> dict[str, Any]:
    """Make properties that the schema takes: some of them, since all together exclude another."""
    names = draw(st.sets(st.sampled_from(sorted(VALID)), max_size=5))
    return {name: draw(VALID[name]) for name in sorted(names)}


@st.composite
def configurations(draw: st.DrawFn) -> dict[str, Any] | None:
    """Make a type configuration that the schema takes, or none."""
    if draw(st.integers(0, 3)):
        return None
    made: dict[str, Any] = draw(schema.valid(schema.CONFIGURATION))
    return {name: value for name, value in made.items() if name not in ("TableName", "KeyId")} | (
        {"TableName": TABLE_NAME} if draw(st.booleans()) else {}
    )


@st.composite
def events(draw: st.DrawFn, action: str | None = None) -> dict[str, Any]:
    """Make an event that CloudFormation may send."""
    action = action or draw(st.sampled_from(ACTIONS))
    model = draw(models())
    previous = None
    if action in ("READ", "UPDATE", "DELETE") and draw(st.integers(0, 3)):
        model |= STANDING
    if action == "UPDATE":
        identity = {name: model[name] for name in schema.IDENTIFIERS if name in model}
        previous = draw(models()) | identity
    in_stack = draw(st.booleans())
    operation = Operation(
        action,
        model,
        draw(st.sampled_from(["token-a", "token-b"])),
        previous=previous,
        stack_id=STACK_ID if in_stack else None,
        logical_id="Standing" if draw(st.booleans()) else "Another",
        stack_tags=draw(TAGS),
    )
    account = Account(ACCOUNT_ID, REGION, draw(configurations()))
    event = live_event(operation, account, CREDENTIALS)
    event["requestData"]["providerLogGroupName"] = None
    if draw(st.booleans()):  # not every caller writes numbers as text
        event["requestData"]["resourceProperties"] = dict(model)
    return event


def test_event(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return an event in the form of the framework's test entry point."""
    data = event["requestData"]
    return {
        "action": event["action"],
        "credentials": data["callerCredentials"],
        "region": event["region"],
        "request": {
            "awsAccountId": event["awsAccountId"],
            "clientRequestToken": event["bearerToken"],
            "stackId": event["stackId"],
            "nextToken": event["nextToken"],
            "desiredResourceState": data["resourceProperties"],
            "previousResourceState": data["previousResourceProperties"],
            "logicalResourceIdentifier": data["logicalResourceId"],
            "desiredResourceTags": data["stackTags"],
            "systemTags": data["systemTags"],
            "typeConfiguration": data["typeConfiguration"],
        },
    }


test_event.__test__ = False  # type: ignore[attr-defined]  # pytest would take it for a test


def live_form(event: Any) -> Any:
    """Return what a test event says as an event of CloudFormation, or nothing of it."""
    if not isinstance(event, dict) or not isinstance(event.get("request") or {}, dict):
        return None
    request = event.get("request") or {}
    return {
        "action": event.get("action"),
        "awsAccountId": request.get("awsAccountId"),
        "bearerToken": request.get("clientRequestToken"),
        "region": event.get("region") or request.get("region"),
        "stackId": request.get("stackId"),
        "nextToken": request.get("nextToken"),
        "requestData": {
            "callerCredentials": event.get("credentials"),
            "resourceProperties": request.get("desiredResourceState"),
            "previousResourceProperties": request.get("previousResourceState"),
            "logicalResourceId": request.get("logicalResourceIdentifier"),
            "stackTags": request.get("desiredResourceTags"),
            "systemTags": request.get("systemTags"),
            "typeConfiguration": request.get("typeConfiguration"),
        },
    }


# --- Why an event must be refused ---

_TEXT = {"type": "string", "maxLength": 4096}
_REGION = re.compile(r"(?![0-9]+\Z)(?!-)[a-zA-Z0-9-]{1,63}(?<!-)")
_PRINTABLE = re.compile(r"[!-~]+")


def at_home(event: Any) -> Any:
    """Return an event for the one Region that there is, where it names another one rightly.

    A test event may name it in its request as well.
    """
    if not isinstance(event, dict):
        return event
    if isinstance(event.get("request"), dict):
        event = {**event, "request": at_home(event["request"])}
    region = _mended(event.get("region"))
    if isinstance(region, str) and _REGION.fullmatch(region):
        return {**event, "region": REGION}
    return event


def asked_of(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return the properties that a well-formed event asks for, with their types mended."""
    written = event["requestData"].get("resourceProperties") or {}
    return {
        name: value
        for name, value in schema.settled(schema.MODEL, written).items()
        if value is not None and name not in schema.READ_ONLY
    }


def problems_of(event: Any) -> list[str]:
    """Return why an event must be refused before any AWS call; nothing where it must not."""
    if not isinstance(event, dict) or event.get("action") not in list(ACTIONS):
        return ["an event names its action"]
    data = event.get("requestData")
    if data is None:
        data = {}
    parts = ("resourceProperties", "previousResourceProperties", "typeConfiguration")
    if not isinstance(data, dict) or not all(_is_object(data.get(part)) for part in parts):
        return ["a part of an event is an object"]
    return [*_problems(event, {**data, **{part: data.get(part) or {} for part in parts}})]


def _problems(event: Mapping[str, Any], data: Mapping[str, Any]) -> Iterator[str]:
    action = event["action"]
    texts = [event.get(name) for name in ("awsAccountId", "bearerToken", "region", "stackId")]
    texts += [event.get("nextToken"), data.get("logicalResourceId")]
    if not all(_is_text(text) for text in texts):
        yield "what names something is text"
        return
    stack_id, logical_id, token = (
        _mended(each) for each in (event.get("stackId"), data.get("logicalResourceId"), texts[4])
    )
    region = _mended(event.get("region"))
    if not region or not _REGION.fullmatch(region):
        yield "a Region is one"
    if not _are_credentials(data.get("callerCredentials")):
        yield "there are credentials"
    model, configuration = data["resourceProperties"], data["typeConfiguration"]
    writes = action in ("CREATE", "UPDATE")
    problems = (
        schema.problems_of_model(model, create=action == "CREATE")
        if writes
        else schema.problems_of_identifier(model)
    )
    lists_by_name = action == "LIST" and model.get("TableName") is not None
    problems += schema.problems_of_configuration(configuration, names_alone=lists_by_name)
    if problems:
        yield from problems
        return
    if writes and not (
        _are_tags(data.get("stackTags") if stack_id else None) and _are_tags(data.get("systemTags"))
    ):
        yield "tags are texts by their keys"
    written = asked_of({"requestData": {"resourceProperties": model}})
    if action == "LIST":
        if token and not _goes_on(token, written, configuration):
            yield "a token is one that this type returned"
        return
    stack = (stack_id or "").split("/")
    written.setdefault("StackName", stack[1] if len(stack) == 3 else "")
    written.setdefault("Name", logical_id if stack_id else "")
    written.setdefault("Env", "default")
    names = {name: written[name] for name in ("StackName", "Env", "Name")}
    if not all(names.values()):
        yield "outside a stack, StackName and Name are required"
    elif schema.problems_of_identifier(names):
        yield "what the stack is called is a name"
    elif len(f"{names['Env']}#{names['Name']}".encode()) > 1024:
        yield "Env and Name fit into a sort key"
    if action == "UPDATE" and _is_another(data["previousResourceProperties"], model):
        yield "an update keeps the identifier"


def _is_object(value: Any) -> bool:
    return value is None or isinstance(value, dict)


def _mended(value: Any) -> Any:
    return schema.settled(_TEXT, value)


def _is_text(value: Any) -> bool:
    text = _mended(value)
    return text is None or (isinstance(text, str) and len(text) <= 4096 and schema.is_unicode(text))


def _are_credentials(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    known = [value.get("accessKeyId"), value.get("secretAccessKey")]
    token = value.get("sessionToken")
    known += [] if token is None else [token]
    return all(isinstance(text, str) and _PRINTABLE.fullmatch(text) for text in known)


def _are_tags(value: Any) -> bool:
    if not value:
        return True
    return isinstance(value, dict) and all(
        _is_text(text) and text is not None for pair in value.items() for text in pair
    )


def _goes_on(token: str, model: Mapping[str, Any], configuration: Mapping[str, Any]) -> bool:
    table_name = model.get("TableName") or configuration.get("TableName") or TABLE_NAME
    try:
        decode_token(token, (schema.settled(_TEXT, table_name), model.get("StackName")))
    except InvalidNextToken:
        return False
    return True


def _is_another(previous: Mapping[str, Any], model: Mapping[str, Any]) -> bool:
    for name in schema.IDENTIFIERS:
        before = {name: previous.get(name)}
        if None in (before[name], model.get(name)) or schema.problems_of_identifier(before):
            continue
        kind = schema.PROPERTIES[name]
        if schema.settled(kind, before[name]) != schema.settled(kind, model[name]):
            return True
    return False
