"""An older recipe's table in DynamoDB: its rows are read, and deleted when that is asked for."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from myorg_secrets.exceptions import AccessDenied, InvalidRequest
from myorg_secrets_password.aws_errors import malformed, translated
from myorg_secrets_password.exceptions import Conflict, StorageUnusable
from myorg_secrets_password.item import Item
from myorg_secrets_password.properties import TABLE_NAME

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class OldTable:
    """The table that is adopted from.

    Args:
        dynamodb: a DynamoDB client.
        name: the table's.

    Raises:
        InvalidRequest: no table can have this name.
    """

    def __init__(self, dynamodb: "DynamoDBClient", name: str) -> None:
        self.name = TABLE_NAME.parse("OLD_TABLE", name)
        self._dynamodb = dynamodb
        meta = dynamodb.meta
        self._arn = f"arn:{meta.partition}:dynamodb:{meta.region_name}::table/{name}"

    def describe(self) -> tuple[list[str] | None, int | None]:
        """Return the names of the table's keys and about how many rows it has.

        Both are None for those who may not describe the table.

        Raises:
            AwsFailure, StorageUnusable: the table does not exist or cannot be described.
        """
        try:
            with translated("dynamodb:DescribeTable", self._arn):
                table = self._dynamodb.describe_table(TableName=self.name).get("Table", {})
        except AccessDenied:
            return None, None
        except StorageUnusable:
            raise StorageUnusable(
                f"The old table {self.name} does not exist in this account and Region, or is not"
                " active. Correct OLD_TABLE or --region."
            ) from None
        if "KeySchema" not in table:
            raise malformed(f"dynamodb:DescribeTable on {self._arn}")
        return [key["AttributeName"] for key in table["KeySchema"]], table.get("ItemCount")

    def rows(self, keys: list[str] | None = None) -> Iterator[Item]:
        """Yield every row.

        Args:
            keys: these attributes only.

        Raises:
            AwsFailure, StorageUnusable: the table could not be read.
        """
        projection: dict[str, Any] = {}
        if keys:
            projection = {
                "ProjectionExpression": ", ".join(f"#{key}" for key in keys),
                "ExpressionAttributeNames": {f"#{key}": key for key in keys},
            }
        yield from self._pages("scan", **projection)

    def row(self, key: Item) -> Item:
        """Return one row, or an empty one where there is none.

        Raises:
            AwsFailure, StorageUnusable: the table could not be read.
        """
        with translated("dynamodb:GetItem", self._arn):
            answer = self._dynamodb.get_item(TableName=self.name, Key=key, ConsistentRead=True)
        return answer.get("Item", {})

    def rows_with(self, key: str, value: str) -> Iterator[Item]:
        """Yield every row with this value of the partition key, in the order of the sort key.

        Raises:
            AwsFailure, StorageUnusable: the table could not be read.
        """
        yield from self._pages(
            "query",
            KeyConditionExpression="#key = :value",
            ExpressionAttributeNames={"#key": key},
            ExpressionAttributeValues={":value": {"S": value}},
        )

    def delete(self, key: Item, attribute: str, value: Any) -> None:
        """Delete a row, if an attribute still is as it was read.

        Raises:
            Conflict: it is not.
            AwsFailure, StorageUnusable: it could not be deleted.
        """
        try:
            with translated("dynamodb:DeleteItem", self._arn):
                self._dynamodb.delete_item(
                    TableName=self.name,
                    Key=key,
                    ConditionExpression="#attribute = :value",
                    ExpressionAttributeNames={"#attribute": attribute},
                    ExpressionAttributeValues={":value": value},
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
        except ClientError as failed:
            # It is gone already where the SDK repeated a call whose answer was lost.
            if "Item" in failed.response:
                raise Conflict("It was changed meanwhile.") from None

    def _pages(self, operation: str, **request: Any) -> Iterator[Item]:
        action = f"dynamodb:{operation.capitalize()}"
        pages: Any = self._dynamodb.get_paginator(operation)  # type: ignore[call-overload]
        with translated(action, self._arn):
            for page in pages.paginate(TableName=self.name, ConsistentRead=True, **request):
                if "Items" not in page:
                    raise malformed(f"{action} on {self._arn}")
                yield from page["Items"]


def require_keys(table: OldTable, keys: list[str] | None, *layouts: tuple[str, ...]) -> None:
    """See that a table has the keys of a layout.

    Raises:
        InvalidRequest: it has others.
    """
    if keys is not None and tuple(keys) not in layouts:
        wanted = " or ".join(" and ".join(layout) for layout in layouts)
        raise InvalidRequest(
            f"The table {table.name} has the keys {' and '.join(keys)}, and this layout has"
            f" {wanted}. Choose another --layout."
        )
