"""The local AWS's tables answer as moto's own do, and look at no more than a page."""

import copy
import random
from typing import Any

import pytest
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.dynamo_type import DynamoType, Item

from local.ordered_tables import Ordered, OrderedTable, ordered_tables
from tests.world import ACCOUNT_ID, REGION, World

SCHEMA = [("StackName", "HASH"), ("EnvName", "RANGE")]
OF_STACK = {
    "KeyConditionExpression": "StackName = :stack",
    "ExpressionAttributeValues": {":stack": {"S": "stack-1"}},
}
OF_ENV = {
    "KeyConditionExpression": "StackName = :stack AND begins_with(EnvName, :env)",
    "ExpressionAttributeValues": {":stack": {"S": "stack-1"}, ":env": {"S": "b#"}},
}
REQUESTS: dict[str, tuple[str, dict[str, Any]]] = {
    "scan": ("scan", {}),
    "scan, by pages": ("scan", {"Limit": 7}),
    "scan, filtered": (
        "scan",
        {"Limit": 7, "FilterExpression": "attribute_not_exists(DeletedTime)"},
    ),
    "query": ("query", OF_STACK),
    "query, by pages": ("query", {**OF_STACK, "Limit": 3}),
    "query of an env, by pages": ("query", {**OF_ENV, "Limit": 3}),
    "query, backwards": ("query", {**OF_STACK, "Limit": 3, "ScanIndexForward": False}),
    "query of what is not there": (
        "query",
        {**OF_STACK, "ExpressionAttributeValues": {":stack": {"S": "nobody"}}},
    ),
}


def make(world: World, name: str) -> Any:
    """Make a table, and return it as moto has it."""
    world.dynamodb.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": key, "KeyType": kind} for key, kind in SCHEMA],
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key, _ in SCHEMA],
        BillingMode="PAY_PER_REQUEST",
    )
    return dynamodb_backends[ACCOUNT_ID][REGION].tables[name]


def change(table: Any) -> None:
    """Put 160 items, some over others, and delete some of them and some that are not there."""
    dice = random.Random(1)  # noqa: S311  # the same items in both tables
    for number in range(200):
        key = {
            "StackName": {"S": f"stack-{dice.randrange(4)}"},
            "EnvName": {"S": f"{dice.choice('abc')}#{dice.randrange(20)}"},
        }
        gone = {"DeletedTime": {"S": "then"}} if number % 3 == 0 else {}
        size = 60_000 if number % 9 == 0 else 10
        if number % 5 == 4:
            table.delete_item(*map(DynamoType, key.values()))
        else:
            table.put_item({**key, **gone, "Other": {"S": "x" * size}}, overwrite=True)


def pages(world: World, table: str, operation: str, request: dict[str, Any]) -> list[Any]:
    """Follow a request to its end, and return what each page said."""
    found, start = [], {}
    while True:
        answer = getattr(world.dynamodb, operation)(TableName=table, **request, **start)
        found.append((answer["Items"], answer["ScannedCount"], answer.get("LastEvaluatedKey")))
        if "LastEvaluatedKey" not in answer:
            return found
        start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}


@pytest.fixture
def both(world: World) -> World:
    change(make(world, "plain"))
    with ordered_tables():
        change(make(world, "ordered"))
    return world


@pytest.mark.parametrize(("operation", "request_"), REQUESTS.values(), ids=REQUESTS)
def test_every_page_is_as_moto_s_own(both: World, operation: str, request_: dict[str, Any]) -> None:
    assert pages(both, "ordered", operation, request_) == pages(both, "plain", operation, request_)


def test_a_page_after_an_item_that_is_gone_goes_on_where_it_was(both: World) -> None:
    first = both.dynamodb.scan(TableName="ordered", Limit=5)
    everything = both.dynamodb.scan(TableName="ordered", Limit=1_000)["Items"]
    both.dynamodb.delete_item(TableName="ordered", Key=first["LastEvaluatedKey"])

    second = both.dynamodb.scan(
        TableName="ordered", Limit=5, ExclusiveStartKey=first["LastEvaluatedKey"]
    )

    assert second["Items"] == everything[5:10]


@pytest.mark.parametrize("request_", [{"Limit": 7}, {**OF_STACK, "Limit": 7}], ids=["all", "one"])
def test_a_page_looks_at_its_items_and_one_more(
    both: World, monkeypatch: pytest.MonkeyPatch, request_: dict[str, Any]
) -> None:
    looked_at: list[Item] = []
    after = Ordered.after

    def watched(self: Ordered, key: Any) -> Any:
        for value in after(self, key):
            if isinstance(value, Item):
                looked_at.append(value)
            yield value

    monkeypatch.setattr(Ordered, "after", watched)

    operation = "query" if "KeyConditionExpression" in request_ else "scan"
    getattr(both.dynamodb, operation)(TableName="ordered", **request_)

    assert len(looked_at) == 8


def test_a_copy_is_of_its_own(both: World) -> None:
    """As moto takes one for a backup."""
    table = dynamodb_backends[ACCOUNT_ID][REGION].tables["ordered"]
    assert isinstance(table, OrderedTable)
    before = pages(both, "ordered", "scan", {})

    copied = copy.deepcopy(table.items)
    for rows in copied.values():
        for key in list(rows):
            rows.pop(key)

    assert pages(both, "ordered", "scan", {}) == before
    assert [list(rows.after(None)) for rows in copied.values()] == [[]] * len(copied)
