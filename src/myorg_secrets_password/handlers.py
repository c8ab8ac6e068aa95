"""The five handlers: request, action, answer."""

import logging
from collections.abc import MutableMapping
from datetime import UTC, datetime
from typing import Any

# Before all that imports the SDK.
from .library import Action, OperationStatus, ProgressEvent  # isort: split

from . import actions
from .cipher import TYPE_NAME, Cipher
from .clients import Clients
from .framework import PasswordResource
from .models import ResourceHandlerRequest, ResourceModel, TypeConfigurationModel
from .record import Identity
from .store import Store
from .translator import (
    Defaults,
    desired_of,
    identifier_model,
    identity_of,
    model_of,
    refuse_another_identity,
)

logging.getLogger(__package__).setLevel(logging.INFO)

resource = PasswordResource(TYPE_NAME, ResourceModel, TypeConfigurationModel)
test_entrypoint = resource.test_entrypoint

Context = MutableMapping[str, Any]


@resource.handler(Action.CREATE)
def create_handler(
    clients: Clients, request: ResourceHandlerRequest, _context: Context
) -> ProgressEvent:
    """Make a new secret."""
    desired = desired_of(request)
    secret = actions.create(_vault(clients, request, desired.identity), desired)
    return _succeeded(resourceModel=model_of(secret))


@resource.handler(Action.READ)
def read_handler(
    clients: Clients, request: ResourceHandlerRequest, _context: Context
) -> ProgressEvent:
    """Return a secret by its identifier."""
    identity = identity_of(request, Defaults.of(request.typeConfiguration))
    secret = actions.read(_vault(clients, request, identity), identity)
    return _succeeded(resourceModel=model_of(secret))


@resource.handler(Action.UPDATE)
def update_handler(
    clients: Clients, request: ResourceHandlerRequest, _context: Context
) -> ProgressEvent:
    """Bring a secret to the desired state."""
    refuse_another_identity(request)
    desired = desired_of(request)
    secret = actions.update(_vault(clients, request, desired.identity), desired)
    return _succeeded(resourceModel=model_of(secret))


@resource.handler(Action.DELETE)
def delete_handler(
    clients: Clients, request: ResourceHandlerRequest, _context: Context
) -> ProgressEvent:
    """Turn a secret into a tombstone, or remove it."""
    identity = identity_of(request, Defaults.of(request.typeConfiguration))
    actions.delete(_store(clients, request, identity.table_name), identity, _now())
    return _succeeded()


@resource.handler(Action.LIST)
def list_handler(
    clients: Clients, request: ResourceHandlerRequest, _context: Context
) -> ProgressEvent:
    """Return one page of identifiers, of all secrets in the table or of one stack's."""
    model = request.desiredResourceState
    table_name = (
        getattr(model, "TableName", None) or Defaults.of(request.typeConfiguration).table_name
    )
    page, next_token = _store(clients, request, table_name).page(
        getattr(model, "StackName", None), request.nextToken
    )
    models = [identifier_model(identity) for identity in page]
    return _succeeded(resourceModels=models, nextToken=next_token)


def _vault(clients: Clients, request: ResourceHandlerRequest, identity: Identity) -> actions.Vault:
    return actions.Vault(
        _store(clients, request, identity.table_name),
        Cipher(clients.kms, request.awsAccountId or ""),
        _now,
    )


def _store(clients: Clients, request: ResourceHandlerRequest, table_name: str) -> Store:
    return Store(clients.dynamodb, table_name, request.awsAccountId or "")


def _now() -> datetime:
    return datetime.now(UTC)


def _succeeded(**answer: Any) -> ProgressEvent:
    return ProgressEvent(status=OperationStatus.SUCCESS, **answer)
