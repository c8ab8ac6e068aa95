"""The framework's entry point, with its defects mended.

`cloudformation_cli_python_lib.Resource` drops the list's nextToken, lets a failed log or metric
delivery change the operation's answer, recurses without end when the root logger is at DEBUG,
writes the values that errors quote to the log, and builds a session for every event. This subclass
keeps its interface and does these things itself.
"""

import json
import logging
import re
import time
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from contextlib import suppress
from typing import Any, TypeGuard

from . import journal, properties
from .calls import Tally, counted
from .clients import Clients, Credentials, clients_for
from .delivery import Delivery
from .exceptions import (
    InvalidCredentials,
    InvalidProperty,
    InvalidRequest,
    InvalidTypeConfiguration,
    PasswordError,
)
from .library import (
    Action,
    BaseResourceHandlerRequest,
    HandlerErrorCode,
    HandlerRequest,
    ProgressEvent,
    RequestData,
    Resource,
)
from .models import TypeConfigurationModel
from .translator import failure, named_by

LOG = logging.getLogger(__name__)

SDK_LOGGERS = ("boto3", "botocore", "s3transfer", "urllib3")
"""At DEBUG they log the bodies of KMS's requests and answers."""

_NAME = properties.Text(0, 4096)
_NAMES = ("awsAccountId", "bearerToken", "region", "stackId", "nextToken")
"""What is text in an event, beside what is in its requestData."""

Handler = Callable[[Clients, Any, MutableMapping[str, Any]], ProgressEvent]
Answer = dict[str, Any]


class PasswordResource(Resource):
    """The framework's Resource with the edges that this type needs.

    Handlers get this thread's kept `Clients`, set to the caller's credentials, as their session.
    """

    def handler(self, action: Action) -> Callable[[Handler], Handler]:  # type: ignore[override]  # the session is ours
        """Return the decorator that makes a function the handler of an action."""
        return super().handler(action)  # type: ignore[return-value]

    def __call__(self, event_data: MutableMapping[str, Any], context: Any) -> Answer:
        """Serve one event of CloudFormation, whatever it holds, and answer in JSON types."""
        hush_sdk_loggers()
        with self._delivery(event_data) as delivery:
            began = time.monotonic()
            with counted() as tally:
                answer = self._answer(event_data)
            ms = (time.monotonic() - began) * 1000
            with suppress(Exception):  # the answer stands: a logger that fails must not change it
                LOG.info("%s", _entry(event_data, answer, tally, ms))
            with suppress(Exception):
                _measure(delivery, self.type_name, event_data, answer, ms)
        return answer

    def test_entrypoint(self, event: MutableMapping[str, Any], context: Any) -> Answer:
        """Serve one event in the form of the framework's test entry point."""
        event = event if isinstance(event, Mapping) else {}
        request = event.get("request") or {}
        if not isinstance(request, Mapping):
            return self({"action": event.get("action"), "requestData": request}, context)
        return self(
            {
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
                    "previousStackTags": request.get("previousResourceTags"),
                    "systemTags": request.get("systemTags"),
                    "typeConfiguration": request.get("typeConfiguration"),
                },
            },
            context,
        )

    def _answer(self, event_data: Mapping[str, Any]) -> Answer:
        try:
            return _json(self._progress(event_data))
        except PasswordError as error:
            return _json(failure(error))
        except Exception as error:  # the framework's contract: an answer, never an exception
            return _json(ProgressEvent.failed(HandlerErrorCode.InternalFailure, _defect(error)))

    def _progress(self, event_data: Mapping[str, Any]) -> ProgressEvent:
        action, event = _parse(event_data)
        request = self._cast_resource_request(event)
        credentials = _credentials(event.requestData.callerCredentials)
        if credentials is None:
            raise InvalidCredentials(
                "The request carries no credentials that can be used. Give the type an execution"
                " role (infrastructure/execution-role.yml)."
            )
        clients = clients_for(event.region, credentials)
        handler: Any = self._handlers[action]
        progress: ProgressEvent = handler(clients, request, event.callbackContext or {})
        return progress

    def _cast_resource_request(self, request: HandlerRequest) -> BaseResourceHandlerRequest:
        data = request.requestData
        _check_type_configuration(data.typeConfiguration)
        data.resourceProperties = _checked(request.action, data.resourceProperties)
        data.previousResourceProperties = properties.salvage(
            _mapping(data.previousResourceProperties, "The previous properties")
        )
        modelled = super()._cast_resource_request(request)
        modelled.nextToken = request.nextToken or None
        return modelled

    def _delivery(self, event_data: Mapping[str, Any]) -> Delivery:
        event = event_data if isinstance(event_data, Mapping) else {}
        data = event.get("requestData")
        data = data if isinstance(data, Mapping) else {}
        region = journal.text_of(event.get("region"))
        stack_id = journal.text_of(event.get("stackId"))
        logical_id = journal.text_of(data.get("logicalResourceId"))
        if stack_id and logical_id:
            stream = f"{stack_id}/{logical_id}"
        else:
            stream = f"{journal.text_of(event.get('awsAccountId'))}-{region}"
        return Delivery(
            group=journal.text_of(data.get("providerLogGroupName")),
            stream=stream.replace(":", "__"),
            namespace="AWS/CloudFormation/" + self.type_name.replace("::", "/"),
            region=region,
            credentials=_credentials(data.get("providerCredentials")),
        )


def hush_sdk_loggers() -> None:
    """Keep the SDK's loggers above DEBUG, whoever lowered them since the last invocation."""
    for name in SDK_LOGGERS:
        logger = logging.getLogger(name)
        # To set a level empties every logger's cache, though it is the same one.
        if logger.level != logging.WARNING:
            logger.setLevel(logging.WARNING)
    for name, below in list(logging.root.manager.loggerDict.items()):
        is_sdk = name.partition(".")[0] in SDK_LOGGERS
        if is_sdk and isinstance(below, logging.Logger) and 0 < below.level < logging.WARNING:
            below.setLevel(logging.NOTSET)


def _parse(event_data: Mapping[str, Any]) -> tuple[Action, HandlerRequest]:
    if not isinstance(event_data, Mapping) or event_data.get("action") not in list(Action):
        raise InvalidRequest("The event names no action: CREATE, READ, UPDATE, DELETE or LIST.")
    event = HandlerRequest(**{**event_data, **_texts(event_data, _NAMES)})
    event.region = event.region or ""
    data = _mapping(event_data.get("requestData"), "requestData")
    event.requestData = RequestData(
        **{"resourceProperties": None, **data, **_texts(data, ("logicalResourceId",))}
    )
    return Action[event.action], event


def _texts(holder: Mapping[str, Any], names: Iterable[str]) -> dict[str, str | None]:
    """Return what is named by texts, of which each may be absent."""
    return {
        name: None if holder.get(name) is None else _NAME.parse(name, holder[name])
        for name in names
    }


def _checked(action: str, raw: object) -> dict[str, Any]:
    written = _mapping(raw, "The properties")
    if action in (Action.CREATE, Action.UPDATE):
        if action == Action.CREATE:
            _refuse_read_only(written)
        return properties.check(written)
    return properties.check_identity(written)


def _refuse_read_only(written: Mapping[str, Any]) -> None:
    for name in properties.READ_ONLY:
        if written.get(name) is not None:
            raise InvalidProperty(name, "is read-only. Remove it.")


def _check_type_configuration(raw: object) -> None:
    try:
        known = TypeConfigurationModel.__dataclass_fields__
        written = _mapping(raw, "The type configuration")
        properties.refuse_unknown(written, known, "key of the type configuration")
    except InvalidRequest as wrong:
        raise InvalidTypeConfiguration(str(wrong)) from None


def _mapping(raw: object, what: str) -> Mapping[str, Any]:
    if raw is None:
        return {}
    if not isinstance(raw, Mapping):
        raise InvalidRequest(f"{what} must be an object.")
    return raw


def _credentials(raw: object) -> Credentials | None:
    if not isinstance(raw, Mapping):
        return None
    key_id, secret, token = map(raw.get, ("accessKeyId", "secretAccessKey", "sessionToken"))
    # Whatever else stands there cannot be signed with, or not be sent in a header.
    if not _is_printable(key_id) or not _is_printable(secret):
        return None
    if token is not None and not _is_printable(token):
        return None
    return Credentials(key_id, secret, token)


def _is_printable(raw: object) -> TypeGuard[str]:
    return isinstance(raw, str) and re.fullmatch("[!-~]+", raw) is not None


def _json(progress: ProgressEvent) -> Answer:
    answer: Answer = json.loads(json.dumps(progress._serialize()))
    return answer


def _defect(error: Exception) -> str:
    """Say where an exception came from, and nothing of what it says: that may quote a value."""
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    where = "" if place is None else f" at {place.tb_frame.f_code.co_qualname}:{place.tb_lineno}"
    return f"Unexpected {type(error).__name__}{where}. This is a defect of the type: report it."


def _entry(
    event_data: Mapping[str, Any], answer: Mapping[str, Any], tally: Tally, ms: float
) -> journal.Entry:
    event = event_data if isinstance(event_data, Mapping) else {}
    data = event.get("requestData")
    data = data if isinstance(data, Mapping) else {}
    action = event.get("action")
    return journal.Entry(
        operation=str(action) if action in list(Action) else "?",
        identifier=named_by(event),
        outcome=answer.get("errorCode") or answer["status"],
        ms=ms,
        calls=tally.calls,
        retries=tally.retries,
        version_id=(answer.get("resourceModel") or {}).get("VersionId"),
        stack_id=journal.text_of(event.get("stackId")),
        logical_resource_id=journal.text_of(data.get("logicalResourceId")),
        request_token_hash=journal.token_hash(journal.text_of(event.get("bearerToken"))),
        message=answer["message"] or None,
    )


def _measure(
    delivery: Delivery,
    type_name: str,
    event_data: Mapping[str, Any],
    answer: Mapping[str, Any],
    ms: float,
) -> None:
    action = str(event_data.get("action")) if isinstance(event_data, Mapping) else "?"
    code = answer.get("errorCode")
    dimensions = {"DimensionKeyActionType": action, "DimensionKeyResourceType": type_name}
    delivery.measure("HandlerInvocationCount", 1, "Count", dimensions)
    delivery.measure("HandlerInvocationDuration", ms, "Milliseconds", dimensions)
    if code:
        kind = {"DimensionKeyExceptionType": code}
        delivery.measure("HandlerException", 1, "Count", dimensions | kind)
