"""A list of items that is written at once is read as moto's own."""

from typing import Any

import pytest

from local.quick_answers import quick_answers
from tests.world import World

REQUESTS: dict[str, dict[str, Any]] = {
    "all": {},
    "some attributes": {"ProjectionExpression": "StackName, Versions"},
    "a page": {"Limit": 1},
    "a count": {"Select": "COUNT"},
    "with capacity": {"ReturnConsumedCapacity": "TOTAL"},
}


@pytest.mark.parametrize("request_", REQUESTS.values(), ids=REQUESTS)
def test_an_answer_is_read_as_moto_s_own(world: World, request_: dict[str, Any]) -> None:
    """A record has attributes of every kind; an item of somebody else's has the rest."""
    world.secret().create(Description="\u00fc\U0001f511", Tags=[{"Key": "a", "Value": ""}])
    other = {"StackName": {"S": "other"}, "EnvName": {"S": "x"}, "Null": {"NULL": True}}
    sets = {"Texts": {"SS": ["a"]}, "Numbers": {"NS": ["1"]}, "Bytes": {"BS": [b"\xff"]}}
    world.dynamodb.put_item(TableName=world.storage.table_name, Item={**other, **sets})

    answers = [world.dynamodb.scan(TableName=world.storage.table_name, **request_)]
    with quick_answers():
        answers.append(world.dynamodb.scan(TableName=world.storage.table_name, **request_))

    for answer in answers:
        del answer["ResponseMetadata"]
    assert answers[1] == answers[0]


def test_a_table_is_described_as_before(world: World) -> None:
    """Its times are no JSON."""
    with quick_answers():
        table = world.dynamodb.describe_table(TableName=world.storage.table_name)["Table"]

    assert table["TableName"] == world.storage.table_name
