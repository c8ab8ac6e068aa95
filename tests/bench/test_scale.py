"""Lists of many records by the live entry point: complete, in bounded memory, a call a page."""

import itertools
import logging
import subprocess
import tracemalloc
from collections import Counter
from typing import Any

import pytest
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.dynamo_type import DynamoType

from bench import limits
from bench.filling import HUGE
from bench.pages import pages
from bench.records import buried, largest, typical
from local.ordered_tables import ordered_tables
from myorg_secrets_password.handlers import resource
from myorg_secrets_password.item import Item
from myorg_secrets_password.store import PAGE_SIZE
from tests.leaks import outlets
from tests.leaks.child import python_m
from tests.world import ACCOUNT_ID, REGION, World, answer_with
from tools.project import ROOT

RECORDS = 5_000
PAGES = 100
KEYS = ("StackName", "EnvName")
LONGEST_TABLE = "t" * 255

Key = tuple[str, str]
ITEM: Item = {name: typical(1)[name] for name in ("Revision", "CreatedTime")}
"""What a list looks at: a key, and whether it is deleted."""


def make_table(account: World, name: str) -> None:
    """Make an empty table whose pages cost what they hold."""
    with ordered_tables():
        account.dynamodb.create_table(
            TableName=name,
            KeySchema=[
                {"AttributeName": key, "KeyType": kind}
                for key, kind in zip(KEYS, ("HASH", "RANGE"), strict=True)
            ],
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in KEYS],
            BillingMode="PAY_PER_REQUEST",
        )


def table(name: str) -> Any:
    """Return the table as moto has it."""
    return dynamodb_backends[ACCOUNT_ID][REGION].tables[name]


def keys_in(name: str, stack: str | None = None) -> list[Key]:
    """Return the keys of what lives in a table, in order."""
    return [
        (item.attrs["StackName"].value, item.attrs["EnvName"].value)
        for item in table(name).all_items()
        if "DeletedTime" not in item.attrs and stack in (None, item.attrs["StackName"].value)
    ]


def fill(name: str, records: int, stack: str | None = None) -> None:
    """Put records into a table, a tenth of them into one stack, or all of them into a given one."""
    for number in range(records):
        of_stack = stack or (HUGE if number % 10 == 0 else f"stack-{number // 50:03}")
        put(name, ITEM, (of_stack, f"prod#Secret{number:05}"))


def put(name: str, item: Item, key: Key) -> None:
    """Put an item into a table under this key."""
    own = {part: {"S": text} for part, text in zip(KEYS, key, strict=True)}
    table(name).put_item(item | own, overwrite=True)


@pytest.fixture(scope="module")
def many(account: World) -> str:
    """A table with many records, every twentieth deleted."""
    make_table(account, "many")
    fill("many", RECORDS)
    for key in keys_in("many")[::20]:
        put("many", buried(ITEM), key)
    return "many"


@pytest.fixture
def empty(world: World) -> str:
    """A table with none."""
    make_table(world, LONGEST_TABLE)
    return LONGEST_TABLE


@pytest.fixture(params=[None, HUGE], ids=["of the table", "of one stack"])
def stack(request: pytest.FixtureRequest) -> str | None:
    """What is listed."""
    stack: str | None = request.param
    return stack


def model(table_name: str, stack: str | None) -> dict[str, str]:
    """Return what such a list is asked for."""
    return {"TableName": table_name} | ({} if stack is None else {"StackName": stack})


def test_every_record_is_listed_once_with_one_call_a_page(
    account: World, many: str, stack: str | None
) -> None:
    account.calls.clear()

    found = list(pages(resource, model(many, stack)))

    listed = Counter(key for page in found for key in page.names)
    assert listed == Counter(keys_in(many, stack))
    assert len(listed) > (RECORDS if stack is None else RECORDS // 10) * 0.9
    assert account.calls == [f"dynamodb:{'Scan' if stack is None else 'Query'}"] * len(found)


def test_the_memory_of_a_list_does_not_grow_with_the_records(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tenth of the pages needs as much as all of them. What a test logs would stay in memory."""
    monkeypatch.setattr(logging.getLogger("myorg_secrets_password"), "disabled", True)
    monkeypatch.setattr(logging.getLogger("myorg_secrets_password.framework"), "disabled", True)
    monkeypatch.setattr(outlets, "listening", [])
    ends = itertools.cycle(range(1, PAGES + 1))

    def scan(request: Any) -> Any:
        end = next(ends)
        world.calls.clear()
        keys = [
            {"StackName": {"S": f"stack-{end:05}"}, "EnvName": {"S": f"prod#Secret{number:03}"}}
            for number in range(PAGE_SIZE)
        ]
        more = {} if end == PAGES else {"LastEvaluatedKey": keys[-1]}
        return answer_with(200, {"Items": keys, **more})(request)

    with world.failing("dynamodb:Scan", scan):
        assert sum(1 for _ in pages(resource)) == PAGES  # which fills caches
        tracemalloc.start()
        try:
            peaks = [tracemalloc.get_traced_memory()[1] for _ in pages(resource)]
        finally:
            tracemalloc.stop()

    # A list that was kept would have another 1.5 MB and more.
    assert peaks[-1] - peaks[PAGES // 10] < 200_000


def test_what_was_there_all_the_time_is_listed_once_while_others_come_and_go(
    empty: str, stack: str | None
) -> None:
    """Records are made before and behind the place where the list is, and removed."""
    fill(empty, 600, stack)
    there = keys_in(empty, stack)
    stable, going = there[::2], there[1::2]
    listed: Counter[Key] = Counter()

    for number, page in enumerate(pages(resource, model(empty, stack))):
        listed.update(page.names)
        last_stack, last_row = page.names[-1] if page.names else there[0]
        put(empty, ITEM, (last_stack, f"!#{number}"))
        put(empty, ITEM, (last_stack, f"{last_row}~"))
        for key in going[number::5]:
            table(empty).delete_item(*(DynamoType({"S": part}) for part in key))

    assert {key: listed[key] for key in stable} == dict.fromkeys(stable, 1)
    assert max(listed.values()) == 1
    assert set(listed) - set(there), "nothing that was made meanwhile was met"


def test_a_page_of_tombstones_is_an_empty_list_and_a_token(empty: str) -> None:
    fill(empty, PAGE_SIZE + 1)
    for key in keys_in(empty)[:PAGE_SIZE]:
        put(empty, buried(ITEM), key)

    first, second = pages(resource, model(empty, None))

    assert (first.names, len(second.names)) == ((), 1)
    assert first.token


@pytest.mark.parametrize("character", ["x", "\x01", "\U0001f511"], ids=ascii)
def test_the_longest_identifiers_stay_within_every_limit(empty: str, character: str) -> None:
    """JSON writes a control character with six, so that an answer is longest with them."""
    stack, row = (largest(character)[key]["S"] for key in KEYS)
    for number in range(PAGE_SIZE + 1):
        put(empty, ITEM, (stack, f"{row[:-4]}{number:04}"))

    for narrowed in (None, stack):
        first, second = pages(resource, model(empty, narrowed))

        assert (len(first.names), len(second.names)) == (PAGE_SIZE, 1)
        assert first.size < limits.LAMBDA_ANSWER_BYTES
        assert first.token <= limits.NEXT_TOKEN_CHARACTERS


def test_large_records_make_shorter_pages_and_none_is_lost(empty: str) -> None:
    """DynamoDB ends a page after 1 MB of whole items, whatever is projected."""
    large = ITEM | {"Padding": {"S": "x" * 90_000}}
    for number in range(25):
        put(empty, buried(large) if number % 5 == 0 else large, (f"stack-{number:02}", "prod#DB"))

    found = list(pages(resource, model(empty, None)))

    assert len(found) > 2
    assert [key for page in found for key in page.names] == keys_in(empty)


def test_the_bench_prints_what_lists_take() -> None:
    """It ends with an error by itself where a record is missing or listed twice."""
    outcome = subprocess.run(
        python_m("bench.scale", "--records", "1000", "--commands", "none"),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )

    assert "Pages of a list by the handler, 1,000 records" in outcome.stdout
    assert outcome.stdout.count("the whole table") == 1
