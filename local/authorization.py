"""IAM at the door of the embedded DynamoDB and KMS: who may do what, by what was deployed.

moto 5.2.5 has an enforcement of its own (`moto.iam.access_control`). What it does well is used as
it is: it finds the role behind an access key, checks the signature, collects the role's policies,
and decides by actions and resources once it is told them. What it lacks is in `local.iam`: by
itself moto asks for the resource "*", which no exact ARN matches; of conditions it knows
StringEquals alone, which holds there for a key that the request lacks; it knows no key policies;
it asks for kms:ReEncrypt, an action that IAM does not have; and it refuses in the form of IAM, not
of DynamoDB and KMS. Either of the two can refuse a request.

Both run inside moto, so in one process (`moto.mock_aws`) and over HTTP alike.
"""

from __future__ import annotations

import ast
import base64
import json
import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from moto.core.exceptions import InvalidClientTokenIdError, JsonRESTError
from moto.core.exceptions import SignatureDoesNotMatchError as BadSignature
from moto.dynamodb.models import DynamoDBBackend, dynamodb_backends
from moto.dynamodb.responses import DynamoHandler
from moto.iam.access_control import (
    AssumedRoleAccessKey,
    IAMPolicy,
    IAMRequest,
    PermissionResult,
)
from moto.iam.models import Policy
from moto.kms.models import Key, KmsBackend, kms_backends
from moto.kms.responses import KmsResponse
from moto.kms.utils import _deserialize_ciphertext_blob

from local.iam import Document, Principal, Request, allows, denial, item_request, key_request

_EQUALITY = re.compile(r"(?P<name>[#\w.-]+)\s*=\s*(?P<value>:\w+)")
_ACCESS_KEY_ID = re.compile(r"Credential=([^/]+)/")
_HOOK = "_authenticate_and_authorize_normal_action"


@contextmanager
def enforced(operators: Collection[str]) -> Iterator[list[Request]]:
    """Have DynamoDB and KMS refuse meanwhile what a role's policies and a key's do not allow.

    Args:
        operators: access key IDs that may do everything, for whoever sets things up and looks at
            them. Any other must be of a role session.

    Yields:
        What was asked for and allowed, in order; the operators' requests are not among it.
    """
    allowed: list[Request] = []

    def authorize(response: Any, _resource: str = "*") -> None:
        signed = _ACCESS_KEY_ID.search(response.headers.get("Authorization", ""))
        if signed is None or signed[1] not in operators:
            allowed.extend(_authorize(response))

    for handler in (DynamoHandler, KmsResponse):
        setattr(handler, _HOOK, authorize)
    try:
        yield allowed
    finally:
        for handler in (DynamoHandler, KmsResponse):
            # What moto has stands in a base class.
            delattr(handler, _HOOK)


def document(policy: Any) -> Document:
    """Return a policy that moto keeps, in whatever form, as a document.

    A policy that came with its role, or a key policy from a template, is a dictionary there, which
    its API hands out as Python's text instead of JSON.
    """
    if isinstance(policy, Policy):
        [policy] = [version.document for version in policy.versions if version.is_default]
    if isinstance(policy, str):
        policy = json.loads(policy) if '"Statement"' in policy else ast.literal_eval(policy)
    found: Document = policy
    return found


def _authorize(response: Any) -> list[Request]:
    account, region = response.current_account, response.region
    operation, parameters = response._get_action(), json.loads(response.raw_body)
    session = _authenticated(response, operation)
    policies = [document(policy) for policy in session.collect_policies()]
    role_arn = f"arn:aws:iam::{account}:role/{session._owner_role_name}"
    principal = Principal(session.arn, account, role_arn)
    dynamodb, kms = dynamodb_backends[account][region], kms_backends[account][region]
    if isinstance(response, KmsResponse):
        decided = _of_kms(kms, operation, parameters)
    else:
        decided = _of_dynamodb(dynamodb, kms, operation, parameters)
    for asked, key in decided:
        _decide(asked, key, principal, policies)
    return [asked for asked, _ in decided]


def _authenticated(response: Any, operation: str) -> AssumedRoleAccessKey:
    """Return what signed the request: moto finds it, and checks the signature."""
    unknown = JsonRESTError(
        "UnrecognizedClientException", "The security token included in the request is invalid."
    )
    try:
        request = IAMRequest(
            account_id=response.current_account,
            method=response.method,
            path=response.raw_path,
            data=response.data,
            body=response.raw_body,
            headers=response.headers,
            action=operation,
        )
        request.check_signature()
    except InvalidClientTokenIdError:
        raise unknown from None
    except BadSignature as error:
        raise JsonRESTError("InvalidSignatureException", str(error.message)) from None
    if not isinstance(request._access_key, AssumedRoleAccessKey):
        raise unknown
    return request._access_key


def _decide(
    asked: Request, key: Key | None, principal: Principal, policies: list[Document]
) -> None:
    asked = replace(asked, context={**principal.context, **asked.context})
    reason = denial(asked, principal, policies, document(key.policy) if key else None)
    if any(allows(policy, asked) for policy in policies) and not _moto_permits(asked, policies):
        reason = "because moto, which looks at actions and resources alone, does not allow it"
    if reason is not None:
        # https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
        raise JsonRESTError(
            "AccessDeniedException",
            f"User: {principal.arn} is not authorized to perform: {asked.action}"
            f" on resource: {asked.resource} {reason}",
        )


def _moto_permits(asked: Request, policies: list[Document]) -> bool:
    return any(
        IAMPolicy(json.dumps(policy)).is_action_permitted(asked.action, asked.resource)
        is PermissionResult.PERMITTED
        for policy in policies
    )


def _of_dynamodb(
    backend: DynamoDBBackend, kms: KmsBackend, operation: str, parameters: Mapping[str, Any]
) -> list[tuple[Request, Key | None]]:
    """Return what an operation on one table asks for, and of which key.

    An operation on several tables, or by PartiQL, names none in TableName, and is not known here.
    """
    name = parameters["TableName"].rpartition("/")[2]
    if name not in backend.tables:
        # The emulator says that there is none.
        return []
    table = backend.tables[name]
    keys = _leading_keys(table.hash_key_attr, parameters)
    asked: list[tuple[Request, Key | None]] = [
        (item_request(f"dynamodb:{operation}", table.table_arn, keys), None)
    ]
    encryption = table.sse_specification or {}
    # The API calls it Enabled, CloudFormation SSEEnabled, and moto keeps either.
    if encryption.get("Enabled") or encryption.get("SSEEnabled"):
        key = kms.keys[kms.get_key_id(encryption["KMSMasterKeyId"])]
        # The policy of AWS's own key lets DynamoDB act for everybody in the account.
        if "alias/aws/dynamodb" not in key.aliases:
            asked.append((_opening(backend, name, key), key))
    return asked


def _leading_keys(partition_key: str, parameters: Mapping[str, Any]) -> list[str] | None:
    """Return the values of the partition key that a request is for, or None where it names none."""
    if item := parameters.get("Key") or parameters.get("Item"):
        return [str(value) for value in item[partition_key].values()]
    if expression := parameters.get("KeyConditionExpression"):
        names = parameters.get("ExpressionAttributeNames", {})
        values = parameters["ExpressionAttributeValues"]
        return [
            str(text)
            for found in _EQUALITY.finditer(expression)
            if names.get(found["name"], found["name"]) == partition_key
            for text in values[found["value"]].values()
        ]
    return None


def _opening(backend: DynamoDBBackend, table: str, key: Key) -> Request:
    """Return what DynamoDB asks in its caller's name to open a table under a customer's key.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html
    """
    context = {
        "aws:dynamodb:subscriberId": backend.account_id,
        "aws:dynamodb:tableName": table,
    }
    asked = key_request("kms:Decrypt", key.arn, context)
    via = f"dynamodb.{backend.region_name}.amazonaws.com"
    return replace(asked, context={**asked.context, "kms:ViaService": via})


def _of_kms(
    backend: KmsBackend, operation: str, parameters: Mapping[str, Any]
) -> list[tuple[Request, Key | None]]:
    """Return what an operation on a key asks for, and of which key.

    ReEncrypt asks twice: for the key that it decrypts with and the one that it encrypts under, with
    the encryption context of each.
    https://docs.aws.amazon.com/kms/latest/APIReference/API_ReEncrypt.html
    """
    if operation == "ReEncrypt":
        sides = [("From", "Source"), ("To", "Destination")]
        asked = [(f"ReEncrypt{way}", f"{side}KeyId", side) for way, side in sides]
    else:
        asked = [(operation, "KeyId", "")]
    found: list[tuple[Request, Key | None]] = []
    for action, key_field, side in asked:
        if key := _key(backend, parameters.get(key_field), parameters.get("CiphertextBlob")):
            context = parameters.get(f"{side}EncryptionContext") or {}
            found.append((key_request(f"kms:{action}", key.arn, context), key))
    # Of a key that is not there the emulator says so.
    return found if len(found) == len(asked) else []


def _key(backend: KmsBackend, key_id: str | None, ciphertext: str | None) -> Key | None:
    if key_id is None and ciphertext is not None:
        # A ciphertext names the key that it was encrypted under.
        key_id = _deserialize_ciphertext_blob(base64.b64decode(ciphertext)).key_id
    alias = backend.get_alias_name(key_id or "")
    if alias.startswith("alias/"):
        key_id = backend.get_key_id_from_alias(alias)
    return backend.keys.get(backend.get_key_id(key_id or ""))
