"""DynamoDB: one item for a secret, one conditional write for a change."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import ClientError

from .aws_errors import another_table, malformed, translated
from .item import OPTIONAL, identity_of, key_of, standing_in, to_item
from .next_token import decode_token, encode_token
from .record import Identity, Record, iso

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

PAGE_SIZE = 100
"""Items that a page of a list looks at, at most: with identifiers of the greatest length its answer
stays below the 6 MB that Lambda returns. DynamoDB ends a page after 1 MB of whole items, so that of
large records one has fewer."""

_LIVE = "attribute_exists(StackName) AND attribute_not_exists(DeletedTime)"
_DELETED = "attribute_exists(DeletedTime)"

# Revisions count from 1 again where a record was removed without a trace and its name taken anew,
# so the revision alone does not tell one life from the next: the time when it began does.
_SAME = "Revision = :was AND CreatedTime = :began"


class Superseded(Exception):
    """A condition did not hold.

    Attributes:
        standing: the record that stands there instead, or None where there is none.
    """

    def __init__(self, standing: Record | None) -> None:
        super().__init__("another record stands there")
        self.standing = standing


class Store:
    """The table of one request.

    Args:
        dynamodb: a DynamoDB client.
        table_name: the table.
        account_id: for the ARNs in messages.

    Attributes:
        arn: the table's ARN, as IAM and messages name it.
    """

    def __init__(self, dynamodb: "DynamoDBClient", table_name: str, account_id: str) -> None:
        self._dynamodb = dynamodb
        self._table_name = table_name
        meta = dynamodb.meta
        self.arn = (
            f"arn:{meta.partition}:dynamodb:{meta.region_name}:{account_id}:table/{table_name}"
        )

    def get(self, identity: Identity) -> Record | None:
        """Return the record, a tombstone included, or None."""
        with translated("dynamodb:GetItem", self.arn):
            answer = self._dynamodb.get_item(
                TableName=self._table_name, Key=key_of(identity), ConsistentRead=True
            )
        item = answer.get("Item")
        return standing_in(self._table_name, item) if item else None

    def add(self, record: Record, over: Record | None = None) -> None:
        """Write a new record where there is none, or over exactly this tombstone.

        Raises:
            Superseded: a record is there already, or the tombstone is not as it was.
        """
        guard: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(StackName)"}
        if over is not None:
            guard = {"ConditionExpression": _DELETED}
        if over is not None and over.revision and over.created_time:  # a damaged one may lack them
            guard["ConditionExpression"] += f" AND {_SAME}"
            guard["ExpressionAttributeValues"] = _same_as(over, over.revision)
        with self._conditional("dynamodb:PutItem"):
            self._dynamodb.put_item(
                TableName=self._table_name,
                Item=to_item(record),
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
                **guard,
            )

    def update(self, record: Record, *, deleted: bool = False) -> None:
        """Write the record, if the one before it (by life and revision) still stands.

        Attributes that this release does not know are left as they are.

        Args:
            record: with the revision that follows the standing one's.
            deleted: whether the one before it is a tombstone, instead of a live one.

        Raises:
            Superseded: another writer came first.
        """
        attributes = to_item(record)
        for name in key_of(record.identity):
            del attributes[name]
        absent = [name for name in OPTIONAL if name not in attributes]
        # A live record has no DeletedTime, so that something is absent always.
        expression = "SET {} REMOVE {}".format(
            ", ".join(f"#{name} = :{name}" for name in attributes),
            ", ".join(f"#{name}" for name in absent),
        )
        with self._conditional("dynamodb:UpdateItem"):
            self._dynamodb.update_item(
                TableName=self._table_name,
                Key=key_of(record.identity),
                UpdateExpression=expression,
                ConditionExpression=f"{_SAME} AND {_DELETED if deleted else _LIVE}",
                ExpressionAttributeNames={f"#{name}": name for name in (*attributes, *absent)},
                ExpressionAttributeValues={
                    **{f":{name}": value for name, value in attributes.items()},
                    **_same_as(record, record.revision - 1),
                },
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )

    def bury(self, identity: Identity, now: datetime) -> None:
        """Mark the record deleted for its recovery window, without reading it first.

        Raises:
            Superseded: there is no live record, or its recovery window is 0.
        """
        with self._conditional("dynamodb:UpdateItem"):
            self._dynamodb.update_item(
                TableName=self._table_name,
                Key=key_of(identity),
                UpdateExpression="SET DeletedTime = :time, Revision = Revision + :one,"
                " ExpiresAt = RecoveryWindowInSeconds + :seconds",
                ConditionExpression=f"{_LIVE} AND RecoveryWindowInSeconds > :zero",
                ExpressionAttributeValues={
                    ":time": {"S": iso(now)},
                    ":seconds": {"N": str(int(now.timestamp()))},
                    ":one": {"N": "1"},
                    ":zero": {"N": "0"},
                },
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )

    def remove(self, record: Record) -> None:
        """Remove the record, versions and all, if it still stands as it was read.

        Raises:
            Superseded: another writer came first.
        """
        with self._conditional("dynamodb:DeleteItem"):
            self._dynamodb.delete_item(
                TableName=self._table_name,
                Key=key_of(record.identity),
                ConditionExpression=f"{_SAME} AND {_LIVE}",
                ExpressionAttributeValues=_same_as(record, record.revision),
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )

    def page(self, stack_name: str | None, token: str | None) -> tuple[list[Identity], str | None]:
        """Return one page of the live records' identities, and the token for the next page.

        Args:
            stack_name: only this stack's records, which is a query instead of a scan.
            token: of the page before.

        Raises:
            InvalidNextToken: the token is not one of this table and stack.
        """
        scope = (self._table_name, stack_name)
        request: dict[str, Any] = {
            "TableName": self._table_name,
            "ConsistentRead": True,
            "Limit": PAGE_SIZE,
            "FilterExpression": "attribute_not_exists(DeletedTime)",
            "ProjectionExpression": "StackName, EnvName",
        }
        if token is not None:
            stack, env_name = decode_token(token, scope)
            request["ExclusiveStartKey"] = {"StackName": {"S": stack}, "EnvName": {"S": env_name}}
        if stack_name is None:
            action, call = "dynamodb:Scan", cast(Any, self._dynamodb.scan)
        else:
            action, call = "dynamodb:Query", self._dynamodb.query
            request["KeyConditionExpression"] = "StackName = :stack"
            request["ExpressionAttributeValues"] = {":stack": {"S": stack_name}}
        with translated(action, self.arn):
            answer = call(**request)
        if "Items" not in answer:
            raise malformed(f"{action} on {self.arn}")
        try:
            found = [identity_of(self._table_name, item) for item in answer["Items"]]
            last = answer.get("LastEvaluatedKey")
            after = (last["StackName"]["S"], last["EnvName"]["S"]) if last else None
        except KeyError:
            raise another_table(f"{action} on {self.arn}") from None
        # What somebody else wrote into the table is no secret of this type.
        identities = [identity for identity in found if identity.is_complete]
        return identities, None if after is None else encode_token(after, scope)

    @contextmanager
    def _conditional(self, action: str) -> Iterator[None]:
        try:
            with translated(action, self.arn):
                yield
        except ClientError as failed:
            item = cast("dict[str, Any] | None", failed.response.get("Item"))
            standing = standing_in(self._table_name, item) if item else None
            raise Superseded(standing) from None


def _same_as(record: Record, revision: int) -> dict[str, Any]:
    """Return the values by which `_SAME` knows a record of this life and revision."""
    return {":was": {"N": str(revision)}, ":began": {"S": record.created_time}}
