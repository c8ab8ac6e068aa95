"""Items take what DynamoDB documents, and the model's items are those that are made."""

import math
from typing import Any

import pytest

from bench import capacity, limits
from bench.projection import creates, most_creates, whole_list
from bench.records import MOST_CIPHERTEXT, OVERHEAD, buried, largest, typical
from myorg_secrets_password.record import MAXIMUM_MEMORIES, MAXIMUM_VERSIONS
from tests.world import World

SIZES: dict[str, tuple[dict[str, Any], int]] = {
    "a text, with its name": ({"Name": {"S": "abc"}}, 7),
    "UTF-8 counts": ({"ü": {"S": "\U0001f511"}}, 6),
    "a number, by two digits": ({"N": {"N": "12345"}}, 1 + 4),
    "a number's zeroes at its ends": ({"N": {"N": "100"}}, 1 + 2),
    "bytes as they are": ({"B": {"B": b"\x00" * 9}}, 10),
    "true or false": ({"B": {"BOOL": True}}, 2),
    "an empty list": ({"L": {"L": []}}, 4),
    "a list's members": ({"L": {"L": [{"S": "ab"}, {"S": "c"}]}}, 4 + 3 + 2),
    "an empty map": ({"M": {"M": {}}}, 4),
    "a map's members": ({"M": {"M": {"ab": {"S": "c"}}}}, 4 + 3 + 1),
    "a map in a list": ({"L": {"L": [{"M": {"a": {"S": "b"}}}]}}, 4 + 1 + 3 + 1 + 2),
}


@pytest.mark.parametrize(("item", "size"), SIZES.values(), ids=SIZES)
def test_an_item_has_the_documented_size(item: dict[str, Any], size: int) -> None:
    assert capacity.item_size(item) == size


def test_what_no_rule_speaks_of_has_no_size() -> None:
    with pytest.raises(ValueError, match="SS"):
        capacity.item_size({"Set": {"SS": ["a"]}})


@pytest.mark.parametrize(
    ("size", "reading", "writing"),
    [(0, 1, 1), (1, 1, 1), (1_024, 1, 1), (1_025, 1, 2), (4_096, 1, 4), (4_097, 2, 5)],
)
def test_a_begun_unit_is_a_unit(size: int, reading: int, writing: int) -> None:
    assert (capacity.read_units(size), capacity.write_units(size)) == (reading, writing)


def test_a_page_rounds_its_sum_and_a_write_counts_the_larger_item() -> None:
    assert capacity.page_units([100] * 41) == 2
    assert capacity.write_units(1_000, 3_000) == capacity.write_units(3_000, 1_000) == 3


def test_a_page_ends_with_its_limit_or_after_a_megabyte() -> None:
    assert capacity.page_items(1_024, 100) == 100
    assert capacity.page_items(100 * 1_024, 100) == 11


@pytest.mark.parametrize("versions", [1, MAXIMUM_VERSIONS])
def test_the_typical_record_is_what_the_handler_writes(world: World, versions: int) -> None:
    """Save for what AWS decides: ciphertexts, and the ARNs and names in keys and system tags."""
    secret = world.secret(stack="orders-production")
    for number in range(versions):
        properties = {
            "Engine": "mysql",
            "PasswordLength": 32,
            "RotationToken": f"2026-{number:02}",
            "Tags": [{"Key": "team", "Value": "payments"}],
        }
        if number:
            secret.update(**properties)
        else:
            secret.create(Env="prod", **properties)
    written, model = world.item(secret), typical(versions)

    assert written is not None
    assert set(written) == set(model)
    for its_own in ("Versions", "CreateToken", "SystemTags"):
        del written[its_own], model[its_own]
    assert capacity.item_size(written) == pytest.approx(capacity.item_size(model), abs=4)


@pytest.mark.shows_values(
    *("a request to dynamodb", "an answer"), reason="all of it is one character, repeated"
)
@pytest.mark.parametrize("character", ["x", "\U0001f511"], ids=ascii)
def test_the_largest_record_is_one_that_the_handler_writes(world: World, character: str) -> None:
    """What cannot be had in one create, ten versions and 64 memories, is counted in the model."""
    model = largest(character)
    tags = [
        {"Key": tag["M"]["Key"]["S"], "Value": tag["M"]["Value"]["S"]} for tag in model["Tags"]["L"]
    ]
    secret = world.secret()
    secret.stack_tags = {tag["Key"]: tag["Value"] for tag in tags}
    secret.create(
        StackName=model["StackName"]["S"],
        Env="e",
        Name=model["EnvName"]["S"].partition("#")[2],
        AllowedCharacters=character * 4_096,
        PasswordLength=4_096 // len(character.encode()),
        RotationToken=model["RotationToken"]["S"],
        Description=model["Description"]["S"],
        Tags=tags,
    )
    written = world.item(secret)

    assert written is not None
    assert len(model["Versions"]["L"]) == MAXIMUM_VERSIONS
    assert len(model["Memories"]["L"]) == MAXIMUM_MEMORIES
    for name in ("StackName", "EnvName", "Tags", "StackTags", "Description", "RotationToken"):
        assert capacity.item_size({name: written[name]}) == capacity.item_size({name: model[name]})
    declared = (capacity.item_size({"Declared": item["Declared"]}) for item in (written, model))
    assert next(declared) == pytest.approx(next(declared), abs=4)
    [version] = written["Versions"]["L"]
    assert len(version["M"]["Ciphertext"]["B"]) <= 4_096 + OVERHEAD


@pytest.mark.parametrize("character", ["x", "\xfc", "\u4e00", "\U0001f511", "\x01"], ids=ascii)
def test_no_record_comes_near_the_greatest_item(character: str) -> None:
    """Even under ciphertexts of the greatest length that KMS returns, and as a tombstone."""
    assert capacity.item_size(buried(largest(character, MOST_CIPHERTEXT))) < limits.ITEM_BYTES * 0.8


def test_a_whole_list_costs_by_its_records_alone() -> None:
    """Twice the records, twice the pages, units, seconds and money."""
    one, two = whole_list(10_000, 1_163), whole_list(20_000, 1_163)

    assert (one.pages, one.units) == (100, 100 * math.ceil(116_300 / 4_096))
    assert (two.pages, two.units, two.seconds, two.reading, two.operations) == (
        one.pages * 2,
        one.units * 2,
        one.seconds * 2,
        one.reading * 2,
        one.operations * 2,
    )


def test_creates_take_what_the_calls_of_one_take(world: World) -> None:
    """Two writes' units of DynamoDB for an item above 1 KB; Encrypt and Decrypt."""
    took = creates(10, 1_163, 0.5)
    world.secret().create()

    assert took.kms_calls == 10 * sum(call.startswith("kms:") for call in world.calls)
    assert (took.write_units, took.partitions, took.concurrency) == (20, 1, 5)
    assert creates(1_000, 1_163, 0.5).partitions == 2
    assert most_creates(1_163, 0.5)["a new on-demand table"][0] == 2_000
