"""The table, by what reaches DynamoDB and by what its answers become.

What the handlers make of it is in `test_handlers` and `test_races`.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

import boto3
import moto
import pytest
from botocore.exceptions import ClientError

from myorg_secrets_password.exceptions import InvalidNextToken, ServiceFault, StorageUnusable
from myorg_secrets_password.item import to_item
from myorg_secrets_password.record import (
    DeclaredState,
    Identity,
    Record,
    Settings,
    Source,
    Version,
)
from myorg_secrets_password.store import PAGE_SIZE, Store, Superseded
from tests import bare_table
from tests.answering import Answering

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

TABLE = "passwords"
ARN = "arn:aws:dynamodb:us-east-1:123456789012:table/passwords"
IDENTITY = Identity(TABLE, "orders", "dev", "DB")
NOW = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
ANOTHER_TIME = "2026-01-01T00:00:00.001Z"
KEY = {"StackName": {"S": "orders"}, "EnvName": {"S": "dev#DB"}}


def version(name: str) -> Version:
    return Version(name, name.encode(), "arn:key", "2026-01-01T00:00:00.000Z", Source.GENERATED)


def fresh(identity: Identity = IDENTITY, days: int = 30) -> Record:
    """Return a new record, not stored yet."""
    settings = Settings(recovery_window_in_days=days)
    return Record.begin(identity, version("v0"), DeclaredState(), settings, "create-token")


class Table:
    """A table in a mocked account, and the requests that reached DynamoDB."""

    def __init__(self) -> None:
        self.dynamodb: DynamoDBClient = boto3.client("dynamodb", "us-east-1")
        bare_table.create(self.dynamodb, TABLE)
        self.requests: list[dict[str, Any]] = []
        self.dynamodb.meta.events.register("before-call.dynamodb", self._note)

    @property
    def store(self) -> Store:
        return Store(self.dynamodb, TABLE, "123456789012")

    def _note(self, params: Mapping[str, Any], **_: Any) -> None:
        self.requests.append(json.loads(params["body"]))

    def item(self) -> dict[str, Any] | None:
        return self.dynamodb.get_item(TableName=TABLE, Key=KEY).get("Item")

    def put(self, item: Mapping[str, Any]) -> None:
        self.dynamodb.put_item(TableName=TABLE, Item=dict(item))

    def clear(self) -> None:
        for item in self.dynamodb.scan(TableName=TABLE)["Items"]:
            key = {name: item[name] for name in KEY}
            self.dynamodb.delete_item(TableName=TABLE, Key=key)


@pytest.fixture(scope="module")
def one_table() -> Iterator[Table]:
    with moto.mock_aws():
        table = Table()
        yield table
        table.dynamodb.delete_table(TableName=TABLE)


@pytest.fixture
def table(one_table: Table) -> Iterator[Table]:
    yield one_table
    one_table.clear()


def test_messages_name_the_table_by_its_arn(table: Table) -> None:
    assert table.store.arn == ARN


# --- One record ---------------------------------------------------------------------------------


def test_a_record_that_was_added_is_read_as_it_was(table: Table) -> None:
    table.store.add(fresh())

    assert table.store.get(IDENTITY) == fresh()


def test_what_is_not_there_is_none(table: Table) -> None:
    assert table.store.get(IDENTITY) is None


def test_a_read_sees_every_write_before_it(table: Table) -> None:
    table.store.get(IDENTITY)

    assert table.requests[-1] == {"TableName": TABLE, "Key": KEY, "ConsistentRead": True}


def test_a_tombstone_is_read_too(table: Table) -> None:
    table.put(to_item(replace(fresh(), deleted_time="2026")))

    found = table.store.get(IDENTITY)

    assert found is not None
    assert found.is_deleted


@pytest.mark.parametrize("deleted_time", [None, "2026"], ids=["live", "tombstone"])
def test_a_new_record_replaces_nothing(table: Table, deleted_time: str | None) -> None:
    standing = replace(fresh(), revision=5, deleted_time=deleted_time)
    table.put(to_item(standing))

    with pytest.raises(Superseded, match="stands there") as superseded:
        table.store.add(replace(fresh(), create_token="another"))

    assert superseded.value.standing == standing
    assert table.item() == to_item(standing)


@pytest.mark.parametrize("lacking", [None, "Revision", "CreatedTime"])
def test_a_record_replaces_the_tombstone_that_was_read(table: Table, lacking: str | None) -> None:
    """A damaged one too, whichever of the two is lost that tell it from the next tombstone."""
    item = to_item(replace(fresh(), revision=3, deleted_time="2026"))
    table.put({name: value for name, value in item.items() if name != lacking})

    table.store.add(fresh(), over=table.store.get(IDENTITY))

    assert table.item() == to_item(fresh())


@pytest.mark.parametrize(
    ("standing", "over"),
    [
        ({"revision": 4, "deleted_time": "2026"}, 3),
        ({"revision": 3, "deleted_time": "2026", "created_time": ANOTHER_TIME}, 3),
        ({"revision": 3}, 3),
        ({"revision": 3}, 0),
    ],
    ids=[
        "another tombstone",
        "a tombstone of another life",
        "a live record",
        "a live record, and no revision to go by",
    ],
)
def test_a_record_replaces_no_other_than_the_tombstone_that_was_read(
    table: Table, standing: dict[str, Any], over: int
) -> None:
    before = replace(fresh(), **standing)
    table.put(to_item(before))

    with pytest.raises(Superseded) as superseded:
        table.store.add(fresh(), over=replace(fresh(), revision=over, deleted_time="2026"))

    assert superseded.value.standing == before
    assert table.item() == to_item(before)


def test_a_tombstone_that_is_gone_stands_no_more(table: Table) -> None:
    with pytest.raises(Superseded) as superseded:
        table.store.add(fresh(), over=replace(fresh(), deleted_time="2026"))

    assert superseded.value.standing is None


FULL = replace(
    fresh(),
    declared=DeclaredState({"PasswordLength": 20}, "1"),
    settings=Settings("alias/a", 7, "what for", (("a", "b"),), False, {"c": "d"}, {"e": "f"}),
)


def test_an_update_writes_all_that_is_said_and_removes_what_is_not(table: Table) -> None:
    table.put(to_item(FULL))
    bare = replace(fresh(), revision=2)

    table.store.update(bare)
    assert table.item() == to_item(bare)
    table.store.update(replace(FULL, revision=3))
    assert table.item() == to_item(replace(FULL, revision=3))


def test_an_update_leaves_what_another_release_wrote(table: Table) -> None:
    table.put({**to_item(fresh()), "FromTheFuture": {"S": "kept"}})

    table.store.update(replace(fresh(), revision=2))

    assert table.item() == {
        **to_item(replace(fresh(), revision=2)),
        "FromTheFuture": {"S": "kept"},
    }


@pytest.mark.parametrize("deleted", [True, False], ids=["tombstone", "live"])
def test_an_update_replaces_only_the_revision_before_of_the_kind_that_it_means(
    table: Table, deleted: bool
) -> None:
    standing = replace(fresh(), revision=3, deleted_time="2026" if deleted else None)
    table.put(to_item(standing))

    for revision, kind in ((3, deleted), (5, deleted), (4, not deleted)):
        with pytest.raises(Superseded) as superseded:
            table.store.update(replace(fresh(), revision=revision), deleted=kind)
        assert superseded.value.standing == standing
        assert table.item() == to_item(standing)

    table.store.update(replace(fresh(), revision=4), deleted=deleted)
    assert table.item() == to_item(replace(fresh(), revision=4))


@pytest.mark.parametrize("deleted", [True, False], ids=["tombstone", "live"])
def test_an_update_replaces_no_record_of_another_life(table: Table, deleted: bool) -> None:
    """Revisions begin at 1 again where a name is taken anew."""
    standing = replace(fresh(), deleted_time="2026" if deleted else None)
    table.put(to_item(standing))

    with pytest.raises(Superseded) as superseded:
        next_one = replace(fresh(), revision=2, created_time=ANOTHER_TIME)
        table.store.update(next_one, deleted=deleted)

    assert superseded.value.standing == standing
    assert table.item() == to_item(standing)


def test_an_update_is_for_live_records_where_nothing_else_is_said(table: Table) -> None:
    table.put(to_item(replace(fresh(), deleted_time="2026")))

    with pytest.raises(Superseded):
        table.store.update(replace(fresh(), revision=2))


def test_an_update_makes_no_record(table: Table) -> None:
    with pytest.raises(Superseded) as superseded:
        table.store.update(fresh())

    assert superseded.value.standing is None
    assert table.item() is None


def test_a_burial_adds_the_window_to_the_time_and_a_revision(table: Table) -> None:
    table.put(to_item(fresh(days=7)))

    table.store.bury(IDENTITY, NOW)

    assert table.store.get(IDENTITY) == replace(
        fresh(days=7),
        revision=2,
        deleted_time="2026-01-02T03:04:05.678Z",
        expires_at=int(NOW.timestamp()) + 7 * 86_400,
    )


@pytest.mark.parametrize(
    "standing",
    [None, fresh(days=0), replace(fresh(), deleted_time="2026")],
    ids=["nothing", "no window", "a tombstone"],
)
def test_only_a_live_record_with_a_window_is_buried(table: Table, standing: Record | None) -> None:
    if standing:
        table.put(to_item(standing))

    with pytest.raises(Superseded) as superseded:
        table.store.bury(IDENTITY, NOW)

    assert superseded.value.standing == standing
    assert table.item() == (standing and to_item(standing))


def test_a_record_that_stands_as_it_was_read_is_removed(table: Table) -> None:
    table.put(to_item(fresh()))

    table.store.remove(fresh())

    assert table.item() is None


@pytest.mark.parametrize(
    "standing",
    [
        replace(fresh(), revision=2),
        replace(fresh(), created_time=ANOTHER_TIME),
        replace(fresh(), deleted_time="2026"),
    ],
    ids=["another revision", "another life", "a tombstone"],
)
def test_a_record_that_does_not_stand_as_it_was_read_is_not_removed(
    table: Table, standing: Record
) -> None:
    table.put(to_item(standing))

    with pytest.raises(Superseded) as superseded:
        table.store.remove(fresh())

    assert superseded.value.standing == standing
    assert table.item() == to_item(standing)


# --- Pages --------------------------------------------------------------------------------------


def test_a_page_has_the_live_records_of_this_type(table: Table) -> None:
    live = [replace(IDENTITY, name=name) for name in ("A", "B")]
    for identity in live:
        table.store.add(fresh(identity))
    table.put(to_item(replace(fresh(replace(IDENTITY, name="C")), deleted_time="2026")))
    table.put({"StackName": {"S": "orders"}, "EnvName": {"S": "of somebody else"}})

    assert table.store.page(None, None) == (live, None)
    assert table.store.page("orders", None) == (live, None)
    assert table.store.page("others", None) == ([], None)


@pytest.mark.parametrize(("stack_name", "found"), [(None, 3), ("b", 1)], ids=["scan", "query"])
def test_pages_go_on_where_the_token_says(
    table: Table, monkeypatch: pytest.MonkeyPatch, stack_name: str | None, found: int
) -> None:
    monkeypatch.setattr("myorg_secrets_password.store.PAGE_SIZE", 1)
    for stack in ("a", "b", "c"):
        table.store.add(fresh(replace(IDENTITY, stack_name=stack)))
    pages, token = [], None
    while True:
        page, token = table.store.page(stack_name, token)
        pages += page
        if token is None:
            break

    assert len(pages) == len(set(pages)) == found


def test_a_page_is_asked_for_consistently_and_without_a_value(table: Table) -> None:
    asked = {
        "TableName": TABLE,
        "ConsistentRead": True,
        "Limit": 100,
        "FilterExpression": "attribute_not_exists(DeletedTime)",
        "ProjectionExpression": "StackName, EnvName",
    }

    table.store.page(None, None)
    assert table.requests[-1] == asked
    table.store.page("orders", None)
    assert table.requests[-1] == {
        **asked,
        "KeyConditionExpression": "StackName = :stack",
        "ExpressionAttributeValues": {":stack": {"S": "orders"}},
    }
    assert PAGE_SIZE == 100


@pytest.mark.parametrize("stack_name", [None, "orders"], ids=["scan", "query"])
def test_a_token_of_another_list_is_refused(table: Table, stack_name: str | None) -> None:
    with pytest.raises(InvalidNextToken):
        table.store.page(stack_name, "e30=")


def answered(answer: Mapping[str, Any] | Exception) -> Store:
    """Return a store whose every call is answered, or fails, alike."""
    calls = ("get_item", "put_item", "update_item", "delete_item", "scan", "query")
    client = Answering(dict.fromkeys(calls, answer))
    return Store(cast(Any, client), TABLE, "123456789012")


ACTIONS = pytest.mark.parametrize(
    ("stack_name", "action"), [(None, "dynamodb:Scan"), ("orders", "dynamodb:Query")]
)


@ACTIONS
def test_an_answer_without_items_is_none_of_aws(stack_name: str | None, action: str) -> None:
    with pytest.raises(ServiceFault, match=f"^{action} on {ARN} "):
        answered({}).page(stack_name, None)


@ACTIONS
@pytest.mark.parametrize(
    "answer",
    [
        {"Items": [{"Other": {"S": "key"}}]},
        {"Items": [], "LastEvaluatedKey": {"Other": {"S": "key"}}},
    ],
    ids=["items", "last key"],
)
def test_a_table_with_other_keys_is_not_ours(
    stack_name: str | None, action: str, answer: dict[str, Any]
) -> None:
    with pytest.raises(StorageUnusable, match=f"^{action} on {ARN} "):
        answered(answer).page(stack_name, None)


@pytest.mark.parametrize(
    ("action", "call"),
    [
        ("GetItem", lambda store: store.get(IDENTITY)),
        ("PutItem", lambda store: store.add(fresh())),
        ("UpdateItem", lambda store: store.update(fresh())),
        ("UpdateItem", lambda store: store.bury(IDENTITY, NOW)),
        ("DeleteItem", lambda store: store.remove(fresh())),
        ("Scan", lambda store: store.page(None, None)),
        ("Query", lambda store: store.page("orders", None)),
    ],
    ids=["get", "add", "update", "bury", "remove", "scan", "query"],
)
def test_a_failure_names_the_action_and_the_table(action: str, call: Any) -> None:
    error = ClientError({"Error": {"Code": "ResourceNotFoundException"}}, action)

    with pytest.raises(StorageUnusable, match=f"^dynamodb:{action} on {ARN} "):
        call(answered(error))
