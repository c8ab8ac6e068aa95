"""Failures of AWS calls in our own words: one table from AWS's error codes to our exceptions.

The texts of AWS and of botocore are not passed on: some quote the request. What a user needs to
act on (the action, the ARN, the remedy, AWS's code and request ID) is said here.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NoReturn

from botocore import exceptions as botocore_exceptions
from botocore.client import BaseClient
from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape
from botocore.parsers import ResponseParserError

from .exceptions import (
    AccessDenied,
    AwsFailure,
    Conflict,
    Damaged,
    InvalidCredentials,
    InvalidRequest,
    LimitExceeded,
    Refused,
    ServiceFault,
    StorageUnusable,
    Throttled,
    Unreachable,
)

_TABLE = "Deploy infrastructure/storage.yml, or correct TableName (property or type configuration)."
_KEY = "Deploy infrastructure/storage.yml, or correct KeyId (property or type configuration)."

_BY_CODE: dict[str, tuple[type[AwsFailure | Conflict | Damaged | StorageUnusable], str]] = {
    **dict.fromkeys(
        (
            "ThrottlingException",
            "Throttling",
            "ThrottledException",
            "RequestThrottled",
            "RequestThrottledException",
            "RequestLimitExceeded",
            "TooManyRequestsException",
            "ProvisionedThroughputExceededException",
            "KMSThrottlingException",
            "BandwidthLimitExceeded",
            "SlowDown",
        ),
        (Throttled, "is throttled by AWS. The operation can be repeated."),
    ),
    **dict.fromkeys(
        ("AccessDeniedException", "AccessDenied", "UnauthorizedOperation", "KMSAccessDenied"),
        (
            AccessDenied,
            "is denied. Allow it in the role of the caller (for the handlers, the execution role)"
            " and, for a key, in its key policy.",
        ),
    ),
    **dict.fromkeys(
        (
            "ExpiredTokenException",
            "ExpiredToken",
            "RequestExpired",
            "UnrecognizedClientException",
            "InvalidClientTokenId",
            "InvalidAccessKeyId",
            "InvalidSignatureException",
            "SignatureDoesNotMatch",
            "IncompleteSignature",
            "IncompleteSignatureException",
            "MissingAuthenticationToken",
            "MissingAuthenticationTokenException",
            "AuthFailure",
            "OptInRequired",
        ),
        (InvalidCredentials, "was refused: the credentials are expired, unknown or incomplete."),
    ),
    "ResourceNotFoundException": (
        StorageUnusable,
        f"failed: the table does not exist in this account and Region. {_TABLE}",
    ),
    "ResourceInUseException": (
        StorageUnusable,
        "failed: the table is being created, changed or deleted. Wait until it is active.",
    ),
    "NotFoundException": (
        StorageUnusable,
        "failed: {key} does not exist in this account and Region. {remedy}",
    ),
    "InvalidArnException": (StorageUnusable, "failed: the ARN of {key} is not valid. {remedy}"),
    "InvalidKeyUsageException": (
        StorageUnusable,
        "failed: {key} is not one for symmetric encryption. {remedy}",
    ),
    "InvalidGrantTokenException": (StorageUnusable, "failed: {key} cannot be used. {remedy}"),
    **dict.fromkeys(
        ("DisabledException", "KMSDisabledException"),
        (StorageUnusable, "failed: {key} is disabled. Enable it (kms:EnableKey)."),
    ),
    **dict.fromkeys(
        ("KMSInvalidStateException", "KMSInvalidStateFault"),
        (
            StorageUnusable,
            "failed: {key} is pending deletion or otherwise not usable. Cancel its deletion"
            " (kms:CancelKeyDeletion) and enable it (kms:EnableKey).",
        ),
    ),
    **dict.fromkeys(
        ("InvalidCiphertextException", "IncorrectKeyException"),
        (
            Damaged,
            "failed: the ciphertext does not belong to this record. The record was tampered with"
            " or damaged; restore it from a backup.",
        ),
    ),
    **dict.fromkeys(
        ("LimitExceededException", "ServiceQuotaExceededException"),
        (LimitExceeded, "failed: a quota of the service is used up."),
    ),
    **dict.fromkeys(
        (
            "TransactionConflictException",
            "ReplicatedWriteConflictException",
            "ConflictException",
        ),
        (Conflict, "met another write to the same record. The operation can be repeated."),
    ),
    **dict.fromkeys(
        (
            "DependencyTimeoutException",
            "KeyUnavailableException",
            "KMSInternalException",
            "InternalServerError",
            "InternalFailure",
            "ServiceUnavailable",
            "ServiceUnavailableException",
        ),
        (ServiceFault, "failed inside AWS. The operation can be repeated."),
    ),
}

_OTHER_KEYS = f"failed: the table's keys are not StackName and EnvName. {_TABLE}"

_VALIDATION: dict[str, tuple[type[InvalidRequest], str]] = {
    "key element": (StorageUnusable, _OTHER_KEYS),
    "Missing the key": (StorageUnusable, _OTHER_KEYS),
    "key schema": (StorageUnusable, _OTHER_KEYS),
    "size has exceeded": (
        InvalidRequest,
        "failed: the record would exceed the 400 KB that DynamoDB allows an item."
        " Shorten Tags, Description or the character lists.",
    ),
}
"""What DynamoDB's ValidationException says where a user can do something about it."""

_UNREACHABLE = (
    botocore_exceptions.HTTPClientError,
    botocore_exceptions.ConnectionError,
    botocore_exceptions.IncompleteReadError,
    botocore_exceptions.ReadTimeoutError,
    ConnectionError,
    TimeoutError,
)
_NO_CREDENTIALS = (
    botocore_exceptions.NoCredentialsError,
    botocore_exceptions.PartialCredentialsError,
    botocore_exceptions.CredentialRetrievalError,
    botocore_exceptions.SSOError,
    botocore_exceptions.TokenRetrievalError,
)


@contextmanager
def translated(action: str, arn: str, key: str = "the key", remedy: str = _KEY) -> Iterator[None]:
    """Turn every failure of the AWS call made inside into one of our exceptions.

    Args:
        action: as IAM writes it, for example kms:Encrypt.
        arn: of the table or the key that the action is for.
        key: what a message calls the key.
        remedy: what to do where the key is not there.

    Raises:
        AwsFailure, Conflict, Damaged, StorageUnusable: as the table above says.
        botocore.exceptions.ClientError: ConditionalCheckFailedException, which is the caller's
            own business.
    """
    what = f"{action} on {arn}"
    try:
        yield
    except botocore_exceptions.ClientError as error:
        if code_of(error) == "ConditionalCheckFailedException":
            raise
        _raise_for(error, what, {"key": key, "remedy": remedy})
    except _NO_CREDENTIALS:
        raise InvalidCredentials(f"{what} was not possible without credentials.") from None
    except _UNREACHABLE:
        raise Unreachable(f"{what} got no answer in time. The operation can be repeated.") from None
    except ResponseParserError:
        raise malformed(what) from None
    except botocore_exceptions.BotoCoreError as error:
        raise Refused(f"{what} could not be sent: {type(error).__name__}.") from None


def code_of(error: botocore_exceptions.ClientError) -> str:
    """Return AWS's error code, without the namespace that some services put before it."""
    return str(error.response.get("Error", {}).get("Code", "")).rpartition("#")[2]


def malformed(what: str) -> ServiceFault:
    """Return the failure for an answer that AWS would not give."""
    return ServiceFault(f"{what} got an answer that is not one of AWS. Is a proxy in between?")


def another_table(what: str) -> StorageUnusable:
    """Return the failure for a table that is not of this type's shape."""
    return StorageUnusable(f"{what} {_OTHER_KEYS}")


def refuse_malformed_answers(client: BaseClient) -> None:
    """Make the client raise on a body that is not the JSON that the operation gives.

    Without it botocore takes, say, a proxy's HTML page with status 200 for an empty answer, and
    a secret would look gone; and half of a refusal for one whose error code is its status.

    Raises (from the client's calls):
        botocore.parsers.ResponseParserError: which `translated` knows.
    """

    def check(operation_model: OperationModel, response_dict: Mapping[str, Any], **_: Any) -> None:
        try:
            body = json.loads(response_dict["body"])
        except (ValueError, RecursionError):
            body = None
        status = response_dict["status_code"]
        # The SDK repeats what has one of these, whatever its body.
        if status >= 500 or (status >= 300 and isinstance(body, dict) and "__type" in body):
            return
        if status >= 300:
            raise ResponseParserError("not a refusal of this service")
        # A member that botocore does not know yet is no fault; nothing but such members is.
        shape = operation_model.output_shape
        known = shape.members if shape is not None else ()
        is_other = not isinstance(body, dict) or (body and body.keys().isdisjoint(known))
        if is_other or (shape is not None and not _fits(shape, body)):
            raise ResponseParserError("not the JSON of this operation")

    service_id = client.meta.service_model.service_id.hyphenize()
    client.meta.events.register(f"before-parse.{service_id}", check)


def _fits(shape: Shape, value: Any) -> bool:
    """Tell whether objects and lists are where botocore's parser takes them for granted."""
    if value is None:
        return True
    match shape:
        case StructureShape():
            return isinstance(value, dict) and all(
                _fits(inner, value[name]) for name, inner in shape.members.items() if name in value
            )
        case ListShape():
            return isinstance(value, list) and all(_fits(shape.member, each) for each in value)
        case MapShape():
            return isinstance(value, dict) and all(
                _fits(shape.value, each) for each in value.values()
            )
    return True


def _raise_for(
    error: botocore_exceptions.ClientError, what: str, words: Mapping[str, str]
) -> NoReturn:
    code = code_of(error)
    metadata = error.response.get("ResponseMetadata", {})
    status = metadata.get("HTTPStatusCode", 0)
    request = f" (AWS: {code}, request {metadata.get('RequestId', 'without ID')})"
    if code in _BY_CODE:
        kind, text = _BY_CODE[code]
        raise kind(f"{what} {text.format(**words)}{request}") from None
    if status >= 500 or not code:
        raise ServiceFault(f"{what} failed inside AWS. The operation can be repeated.{request}")
    if code == "ValidationException":
        said = str(error.response.get("Error", {}).get("Message", ""))
        for fragment, (failure, text) in _VALIDATION.items():
            if fragment in said:
                raise failure(f"{what} {text}{request}") from None
    raise Refused(f"{what} was refused.{request}") from None
