"""Between CloudFormation's shapes and ours: requests, models and error codes."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

from . import exceptions, journal
from .actions import Desired, Secret
from .cleartext import ClearText
from .library import HandlerErrorCode, ProgressEvent
from .models import ResourceHandlerRequest, ResourceModel, Tag, TypeConfigurationModel
from .policy import POLICY_PROPERTIES, Policy, check_provided
from .properties import (
    DEFAULT_ENV,
    DEFAULT_KEY_ID,
    DEFAULT_TABLE_NAME,
    IDENTITY,
    KEY_ID,
    RECOVERY_WINDOW_IN_DAYS,
    TABLE_NAME,
    Flag,
    Integer,
    Text,
    check_sort_key,
    salvage,
)
from .record import DeclaredState, Identity, Settings
from .rotation import Wish

_ERROR_CODES: dict[type[exceptions.PasswordError], HandlerErrorCode] = {
    exceptions.InvalidRequest: HandlerErrorCode.InvalidRequest,
    exceptions.InvalidTypeConfiguration: HandlerErrorCode.InvalidTypeConfiguration,
    exceptions.NotUpdatable: HandlerErrorCode.NotUpdatable,
    exceptions.AlreadyExists: HandlerErrorCode.AlreadyExists,
    exceptions.NotFound: HandlerErrorCode.NotFound,
    exceptions.Conflict: HandlerErrorCode.ResourceConflict,
    exceptions.Damaged: HandlerErrorCode.GeneralServiceException,
    exceptions.AccessDenied: HandlerErrorCode.AccessDenied,
    exceptions.InvalidCredentials: HandlerErrorCode.InvalidCredentials,
    exceptions.Throttled: HandlerErrorCode.Throttling,
    exceptions.LimitExceeded: HandlerErrorCode.ServiceLimitExceeded,
    exceptions.Unreachable: HandlerErrorCode.NetworkFailure,
    exceptions.ServiceFault: HandlerErrorCode.ServiceInternalError,
    exceptions.Refused: HandlerErrorCode.GeneralServiceException,
}

_TAG = Text(0, 4096)
"""A part of a tag that CloudFormation sends, in the request's own fields."""


@dataclass(frozen=True, slots=True)
class Defaults:
    """What the account's type configuration says, or else this type's own defaults."""

    table_name: str = DEFAULT_TABLE_NAME
    key_id: str = DEFAULT_KEY_ID
    recovery_window_in_days: int = 30
    return_value: bool = True

    @classmethod
    def of(cls, configuration: TypeConfigurationModel | None) -> Self:
        """Read the type configuration, whose values are all strings.

        Raises:
            InvalidTypeConfiguration: names the key that is wrong.
        """
        kinds: dict[str, tuple[str, Text | Integer | Flag]] = {
            "TableName": ("table_name", TABLE_NAME),
            "KeyId": ("key_id", KEY_ID),
            "RecoveryWindowInDays": ("recovery_window_in_days", RECOVERY_WINDOW_IN_DAYS),
            "ReturnValue": ("return_value", Flag()),
        }
        settled: dict[str, Any] = {}
        for name, (attribute, kind) in kinds.items():
            value = getattr(configuration, name, None)
            if value is not None:
                try:
                    settled[attribute] = kind.parse(name, value)
                except exceptions.InvalidProperty as wrong:
                    raise exceptions.InvalidTypeConfiguration(
                        f"The type configuration is wrong: {wrong} Correct it with aws"
                        " cloudformation set-type-configuration."
                    ) from None
        return cls(**settled)


def identity_of(request: ResourceHandlerRequest, defaults: Defaults) -> Identity:
    """Return the identifier that the request names, with its defaults.

    Raises:
        InvalidProperty: outside a stack, StackName or Name is missing; or the stack's or the
            resource's own name is none for a secret; or Env and Name are together longer than
            DynamoDB's sort key.
        NotUpdatable: the previous properties name another identifier.
    """
    model = request.desiredResourceState
    stack_name = getattr(model, "StackName", None) or _stack_name(request.stackId)
    name = getattr(model, "Name", None) or (
        request.logicalResourceIdentifier if request.stackId else None
    )
    for property_name, value in (("StackName", stack_name), ("Name", name)):
        if not value:
            raise exceptions.InvalidProperty(
                property_name, "is required outside a stack, where it has no default. Add it."
            )
        # The defaults were not checked yet, and no stack has such names.
        IDENTITY[property_name].parse(property_name, value)
    env = getattr(model, "Env", None) or DEFAULT_ENV
    table_name = getattr(model, "TableName", None) or defaults.table_name
    identity = Identity(table_name, stack_name or "", env, name or "")
    check_sort_key(identity.env, identity.name)
    return identity


def named_by(event: Mapping[str, Any]) -> str:
    """Return what an event names, for the log: what is not there, or not valid, stays empty.

    Of a list these are the table and the stack, where it names one.
    """
    data = _object(event.get("requestData"))
    parts = salvage(_object(data.get("resourceProperties")), IDENTITY)
    configured = salvage(_object(data.get("typeConfiguration")), {"TableName": TABLE_NAME})
    table_name = parts.get("TableName") or configured.get("TableName", DEFAULT_TABLE_NAME)
    if event.get("action") == "LIST":
        stack = parts.get("StackName")
        return journal.identifier(table_name, stack) if stack else str(table_name)
    stack_id = journal.text_of(event.get("stackId"))
    logical_id = journal.text_of(data.get("logicalResourceId")) if stack_id else None
    defaults = {"StackName": _stack_name(stack_id), "Name": logical_id, "Env": DEFAULT_ENV}
    parts = {**salvage(defaults, IDENTITY), **parts}
    return journal.identifier(*map({**parts, "TableName": table_name}.get, IDENTITY))


def refuse_another_identity(request: ResourceHandlerRequest) -> None:
    """Refuse an update that names another identifier than the previous properties do.

    Raises:
        NotUpdatable: names the property.
    """
    for name in IDENTITY:
        before = getattr(request.previousResourceState, name, None)
        after = getattr(request.desiredResourceState, name, None)
        if before is not None and after is not None and before != after:
            raise exceptions.NotUpdatable(
                f"{name} identifies the secret and cannot be changed: create another one."
            )


def desired_of(request: ResourceHandlerRequest) -> Desired:
    """Return what a create or update asks for, with every default settled.

    Raises:
        InvalidRequest, InvalidTypeConfiguration: something in it is wrong.
    """
    defaults = Defaults.of(request.typeConfiguration)
    model = request.desiredResourceState
    written = {} if model is None else _written(model)
    declared = _declared_state(written)
    policy = Policy.of(declared.policy)
    secret = written.get("SecretString")
    if secret is not None:
        check_provided(secret, declared.policy)
    previous = request.previousResourceState
    in_stack = bool(request.stackId)
    tags = written.get("Tags") or ()
    return Desired(
        identity=identity_of(request, defaults),
        wish=Wish(
            declared=declared,
            secret=None if secret is None else ClearText(secret),
            previous=None if previous is None else _declared_state(_written(previous)),
            in_stack=in_stack,
        ),
        policy=policy,
        settings=Settings(
            key_id=written.get("KeyId"),
            recovery_window_in_days=written.get(
                "RecoveryWindowInDays", defaults.recovery_window_in_days
            ),
            description=written.get("Description"),
            tags=tuple((tag.Key, tag.Value) for tag in tags),
            return_value=written.get("ReturnValue", defaults.return_value),
            stack_tags=_tags("stackTags", request.desiredResourceTags if in_stack else None),
            # Cloud Control API sends an empty object.
            system_tags=_tags("systemTags", request.systemTags or None),
        ),
        key_id=written.get("KeyId", defaults.key_id),
        client_request_token=request.clientRequestToken or "",
    )


def model_of(secret: Secret) -> ResourceModel:
    """Return a secret as CloudFormation sees it: JSON types only, nothing write-only, no nulls."""
    record = secret.record
    settings = record.settings
    # What is in a table may be written by others: what no template can declare is not answered.
    policy = salvage(record.declared.policy)
    return _model(
        **_identifiers(record.identity),
        KeyId=settings.key_id,
        **{name: policy[name] for name in POLICY_PROPERTIES if name in policy},
        RotationToken=record.declared.rotation_token,
        RecoveryWindowInDays=settings.recovery_window_in_days,
        Description=settings.description,
        Tags=[Tag(Key=key, Value=value) for key, value in settings.tags] or None,
        ReturnValue=settings.return_value,
        Value=None if secret.value is None else secret.value.reveal(),
        VersionId=record.current.id,
        CreatedTime=record.created_time,
        LastRotatedTime=record.last_rotated_time,
    )


def identifier_model(identity: Identity) -> ResourceModel:
    """Return an identity as a list answers it."""
    return _model(**_identifiers(identity))


def failure(error: exceptions.PasswordError) -> ProgressEvent:
    """Return the answer for a failure, with its handler error code."""
    code = next(_ERROR_CODES[kind] for kind in type(error).__mro__ if kind in _ERROR_CODES)
    return ProgressEvent.failed(code, str(error))


def _stack_name(stack_id: str | None) -> str | None:
    # arn:aws:cloudformation:REGION:ACCOUNT:stack/NAME/UUID
    parts = (stack_id or "").split("/")
    return parts[1] if len(parts) == 3 else None


def _object(raw: object) -> Mapping[str, Any]:
    return raw if isinstance(raw, Mapping) else {}


def _written(model: ResourceModel) -> dict[str, Any]:
    values = ((field.name, getattr(model, field.name)) for field in fields(model))
    return {name: value for name, value in values if value is not None}


def _declared_state(written: Mapping[str, Any]) -> DeclaredState:
    return DeclaredState(
        policy={name: written[name] for name in POLICY_PROPERTIES if name in written},
        rotation_token=written.get("RotationToken"),
        provided="SecretString" in written,
    )


def _tags(name: str, tags: object) -> dict[str, str] | None:
    if tags is None:
        return None
    if not isinstance(tags, Mapping):
        raise exceptions.InvalidProperty(name, "must be an object.")
    parsed = [[_TAG.parse(name, part) for part in pair] for pair in tags.items()]
    return {key: value for key, value in parsed}


def _identifiers(identity: Identity) -> dict[str, str]:
    return {
        "TableName": identity.table_name,
        "StackName": identity.stack_name,
        "Env": identity.env,
        "Name": identity.name,
    }


def _model(**values: Any) -> ResourceModel:
    return ResourceModel(**{field.name: values.get(field.name) for field in fields(ResourceModel)})
