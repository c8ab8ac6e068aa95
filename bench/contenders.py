"""Who is compared: the bare SDK, and the handlers through their live entry point.

Every contender works on secrets of its own, one a round, in the same table and under the same key.
"""

import uuid
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import boto3

from local.events import Account, Operation, live_event
from local.storage import Storage

ACCOUNT_ID = "123456789012"
REGION = "us-east-1"
CREDENTIALS = {
    "AccessKeyId": "AKIAIOSFODNN7EXAMPLE",
    "SecretAccessKey": "not-a-secret",
    "SessionToken": "not-a-token",
}
OPERATIONS = ("CREATE", "READ", "UPDATE", "LIST", "DELETE")

Item = dict[str, Any]
Work = Callable[[], object]


class Contender(Protocol):
    """Prepares one operation on one secret; only what it returns is timed."""

    name: str

    def prepare(self, operation: str, secret: str) -> Work:
        """Return the work of ``operation`` on the secret of this name."""


def client(service: str, url: str) -> Any:
    """Return a bare client of the SDK, with its own defaults."""
    make: Any = boto3.client  # whose stubs know no service by a name that is not written out
    return make(
        service,
        endpoint_url=url,
        region_name=REGION,
        aws_access_key_id=CREDENTIALS["AccessKeyId"],
        aws_secret_access_key=CREDENTIALS["SecretAccessKey"],
        aws_session_token=CREDENTIALS["SessionToken"],
    )


class Handler:
    """The live entry point, as CloudFormation calls it.

    Args:
        entry_point: ``myorg_secrets_password.handlers.resource``.
        storage: where the secrets are kept.
        logged: whether the event asks for logs and metrics, as in a real account.
    """

    def __init__(
        self,
        entry_point: Callable[[dict[str, Any], Any], dict[str, Any]],
        storage: Storage,
        *,
        logged: bool,
    ) -> None:
        self.name = "handler, logged" if logged else "handler"
        self._entry_point = entry_point
        self._logged = logged
        self._account = Account(ACCOUNT_ID, REGION, storage.type_configuration)
        self._stack = f"bench-{uuid.uuid4().hex[:8]}"

    def prepare(self, operation: str, secret: str) -> Work:
        """Return the sending of one event."""
        before: dict[str, Any] = {"StackName": self._stack, "Env": "bench", "Name": secret}
        properties = {**before, "Description": "new"} if operation == "UPDATE" else before
        event = live_event(
            Operation(
                action=operation,
                properties={} if operation == "LIST" else properties,
                previous=before if operation == "UPDATE" else None,
                token=uuid.uuid4().hex,
                stack_id=f"arn:aws:cloudformation:{REGION}:{ACCOUNT_ID}:stack/{self._stack}/1",
                logical_id=secret,
            ),
            self._account,
            CREDENTIALS,
        )
        if not self._logged:
            event["requestData"] |= {"providerCredentials": None, "providerLogGroupName": None}

        def work() -> None:
            answer = self._entry_point(event, None)
            if answer["status"] != "SUCCESS":
                raise RuntimeError(f"{operation}: {answer['errorCode']}: {answer['message']}")

        return work


class Bare:
    """Two kept clients that make the same calls with an item of the same size, and nothing else."""

    name = "bare boto3"

    def __init__(self, url: str, storage: Storage, sample: Mapping[str, Any]) -> None:
        self._dynamodb = client("dynamodb", url)
        self._kms = client("kms", url)
        self._table = storage.table_name
        self._key = storage.key_arn
        self._sample = dict(sample)
        self._stack = f"bare-{uuid.uuid4().hex[:8]}"

    def prepare(self, operation: str, secret: str) -> Work:
        """Return the calls of one operation."""
        item = {**self._sample, "StackName": {"S": self._stack}, "EnvName": {"S": secret}}
        works: dict[str, Work] = {
            "CREATE": lambda: self._create(item, secret),
            "READ": lambda: self._read(item, secret),
            "UPDATE": lambda: self._update(item, secret),
            "LIST": self._list,
            "DELETE": lambda: self._delete(item),
        }
        return works[operation]

    def _create(self, item: Item, secret: str) -> None:
        context = _context(secret)
        blob = self._kms.encrypt(KeyId=self._key, Plaintext=b"x" * 32, EncryptionContext=context)
        self._decrypt(blob["CiphertextBlob"], secret)
        [version] = item["Versions"]["L"]
        members = {**version["M"], "Ciphertext": {"B": blob["CiphertextBlob"]}}
        self._dynamodb.put_item(
            TableName=self._table,
            Item={**item, "Versions": {"L": [{"M": members}]}},
            ConditionExpression="attribute_not_exists(StackName)",
        )

    def _read(self, item: Item, secret: str) -> Item:
        answer = self._dynamodb.get_item(TableName=self._table, Key=_key(item), ConsistentRead=True)
        found: Item = answer["Item"]
        self._decrypt(found["Versions"]["L"][-1]["M"]["Ciphertext"]["B"], secret)
        return found

    def _update(self, item: Item, secret: str) -> None:
        found = self._read(item, secret)
        attributes = {
            name: value for name, value in found.items() if name not in ("StackName", "EnvName")
        }
        attributes["Description"] = {"S": "new"}
        self._dynamodb.update_item(
            TableName=self._table,
            Key=_key(item),
            UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in attributes),
            ConditionExpression="#Revision = :Revision",
            ExpressionAttributeNames={f"#{name}": name for name in attributes},
            ExpressionAttributeValues={f":{name}": value for name, value in attributes.items()},
        )

    def _list(self) -> None:
        self._dynamodb.scan(
            TableName=self._table,
            ConsistentRead=True,
            Limit=100,
            FilterExpression="attribute_not_exists(DeletedTime)",
            ProjectionExpression="StackName, EnvName",
        )

    def _delete(self, item: Item) -> None:
        self._dynamodb.update_item(
            TableName=self._table,
            Key=_key(item),
            UpdateExpression="SET DeletedTime = :time, Revision = Revision + :one,"
            " ExpiresAt = RecoveryWindowInSeconds + :one",
            ConditionExpression="attribute_exists(StackName) AND attribute_not_exists(DeletedTime)",
            ExpressionAttributeValues={":time": {"S": "2026-01-01"}, ":one": {"N": "1"}},
        )

    def _decrypt(self, blob: bytes, secret: str) -> None:
        self._kms.decrypt(KeyId=self._key, CiphertextBlob=blob, EncryptionContext=_context(secret))


def _key(item: Item) -> Item:
    return {name: item[name] for name in ("StackName", "EnvName")}


def _context(secret: str) -> dict[str, str]:
    return {"Type": "bench", "StackName": "bare", "Env": "bench", "Name": secret, "VersionId": "1"}
