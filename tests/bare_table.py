"""A table of this type's shape, without CloudFormation and without its template."""

from typing import Any


def create(dynamodb: Any, name: str) -> None:
    """Create it, empty."""
    dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": key, "AttributeType": "S"} for key in ("StackName", "EnvName")
        ],
        KeySchema=[
            {"AttributeName": "StackName", "KeyType": "HASH"},
            {"AttributeName": "EnvName", "KeyType": "RANGE"},
        ],
    )
