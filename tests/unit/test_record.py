"""One secret's record: what it keeps and remembers, its form as an item, and the list's token."""

import base64
import copy
import re
import time
from collections.abc import Mapping
from dataclasses import FrozenInstanceError, fields, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from botocore.loaders import Loader
from hypothesis import example, given, settings
from hypothesis import strategies as st

from myorg_secrets_password import record as module
from myorg_secrets_password.exceptions import Damaged, InvalidNextToken
from myorg_secrets_password.item import (
    OPTIONAL,
    from_item,
    identity_of,
    key_of,
    standing_in,
    to_item,
)
from myorg_secrets_password.next_token import decode_token, encode_token
from myorg_secrets_password.policy import POLICY_PROPERTIES
from myorg_secrets_password.record import (
    MAXIMUM_MEMORIES,
    MAXIMUM_VERSIONS,
    DeclaredState,
    Identity,
    Memory,
    Record,
    Settings,
    Source,
    Version,
    iso,
    iso_of_epoch,
)

checked = settings(max_examples=200, deadline=None)

NOW = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
EARLIER = "2025-12-31T00:00:00.000Z"
IDENTITY = Identity("table", "orders", "dev", "DBPassword")


def version(name: str) -> Version:
    return Version(name, name.encode(), "arn:key", EARLIER, Source.GENERATED)


def state(length: int, token: str | None = None) -> DeclaredState:
    return DeclaredState({"PasswordLength": length}, token)


def begun(declared: DeclaredState | None = None) -> Record:
    """Return a new secret's record, whose version is v0."""
    return Record.begin(IDENTITY, version("v0"), declared or state(8), Settings(), "create-token")


def ids(record: Record) -> list[str]:
    return [kept.id for kept in record.versions]


# --- What a record keeps and remembers ----------------------------------------------------------


def test_a_new_record_remembers_its_version_for_the_declared_state() -> None:
    declared = state(20, "1")

    record = begun(declared)

    assert record.revision == 1
    assert record.remembered(declared) == record.current == version("v0")
    assert record.created_time == record.last_rotated_time == EARLIER
    assert not record.is_deleted


def test_a_new_record_holds_what_it_is_made_of() -> None:
    settings = Settings("alias/a", 7)

    record = Record.begin(IDENTITY, version("v0"), state(8), settings, "create-token")
    adopted = Record.adopt(IDENTITY, version("v0"), settings)

    assert (record.identity, record.settings) == (IDENTITY, settings)
    assert (record.declared, record.create_token) == (state(8), "create-token")
    assert (adopted.identity, adopted.settings) == (IDENTITY, settings)


def test_nothing_is_remembered_for_a_state_that_was_never_served() -> None:
    record = begun(state(8, "1"))

    assert record.remembered(state(9, "1")) is None
    assert record.remembered(state(8, "2")) is None


def test_serving_makes_the_version_current_and_remembers_it() -> None:
    record = begun(state(8)).serving(version("v1"), state(9), NOW)

    assert ids(record) == ["v0", "v1"]
    assert record.declared == state(9)
    assert record.last_rotated_time == "2026-01-02T03:04:05.678Z"
    assert record.created_time == EARLIER
    assert record.remembered(state(8)) == version("v0")
    assert record.remembered(state(9)) == version("v1")


def test_serving_the_current_version_is_no_rotation() -> None:
    record = begun(state(8)).serving(version("v0"), state(9), NOW)

    assert ids(record) == ["v0"]
    assert record.last_rotated_time == EARLIER
    assert record.remembered(state(9)) == version("v0")


def test_ten_versions_are_kept_and_no_memory_of_others() -> None:
    record = begun(state(0))
    for n in range(1, MAXIMUM_VERSIONS + 1):
        record = record.serving(version(f"v{n}"), state(n), NOW)

    assert ids(record) == [f"v{n}" for n in range(1, 11)]
    assert record.remembered(state(0)) is None
    assert [memory.version_id for memory in record.memories] == ids(record)


def test_64_states_are_remembered_those_that_were_served_last() -> None:
    record = begun(state(0))
    for n in range(1, MAXIMUM_MEMORIES):
        record = record.serving(record.current, state(n), NOW)
    record = record.serving(record.current, state(0), NOW)
    record = record.serving(record.current, state(64), NOW)

    assert len(record.memories) == 64
    assert record.remembered(state(0)) is not None
    assert record.remembered(state(1)) is None
    assert record.remembered(state(2)) is not None


@checked
@given(
    steps=st.lists(
        st.tuples(st.integers(0, 7), st.sampled_from([None, "", "1", "2"]), st.integers(0, 4)),
        max_size=30,
    )
)
def test_any_history_is_remembered_as_a_plain_list_tells_it(
    steps: list[tuple[int, str | None, int]],
) -> None:
    """With limits of 3 versions and 5 states, so that both are often met."""
    record = begun(state(0))
    order, served = ["v0"], {state(0).digest(): ("v0", "")}
    with pytest.MonkeyPatch.context() as limits:
        limits.setattr(module, "MAXIMUM_VERSIONS", 3)
        limits.setattr(module, "MAXIMUM_MEMORIES", 5)
        for n, (length, token, which) in enumerate(steps, 1):
            declared = state(length, token)
            chosen = order[which] if which < len(order) else f"v{n}"

            record = record.serving(version(chosen), declared, NOW)

            order = [*(name for name in order if name != chosen), chosen][-3:]
            served.pop(declared.digest(), None)
            served[declared.digest()] = (chosen, token or "")
            kept = [(digest, how) for digest, how in served.items() if how[0] in order]
            served = dict(kept[-5:])
            assert ids(record) == order
            assert [(m.state, m.version_id) for m in record.memories] == [
                (digest, name) for digest, (name, _) in served.items()
            ]
            for tried in ("", "1", "2"):
                had = (chosen, tried) in served.values()
                assert record.current_had_token(state(0, tried)) is had


def test_the_current_version_had_only_the_tokens_that_it_was_served_with() -> None:
    record = begun(state(8, "1")).serving(version("v1"), state(8, "2"), NOW)

    assert record.current_had_token(state(99, "2"))
    assert not record.current_had_token(state(8, "1"))
    assert not record.current_had_token(state(8))


def test_an_adopted_record_remembers_nothing() -> None:
    """Its first update tells it what was declared until then."""
    record = Record.adopt(IDENTITY, version("v0"), Settings())

    assert record.current == version("v0")
    assert (record.revision, record.memories, record.create_token) == (1, (), "")
    assert record.declared == DeclaredState()


def test_a_restored_version_is_current_and_remembered_for_the_state_declared_last() -> None:
    record = begun(state(8)).serving(version("v1"), state(9), NOW)

    restored = record.restored(record.versions[0], NOW)

    assert ids(restored) == ["v1", "v0"]
    assert restored.current.restored_time == iso(NOW)
    assert restored.remembered(state(9)) == restored.current
    assert restored.revision == record.revision + 1


def test_a_tombstone_comes_back_as_it_was() -> None:
    record = begun(state(8)).serving(version("v1"), state(9), NOW)
    tombstone = replace(record, deleted_time=EARLIER, expires_at=1)

    restored = tombstone.restored(tombstone.current, NOW)

    assert restored == replace(record, revision=record.revision + 1)


def test_an_adopted_record_that_is_restored_still_remembers_nothing() -> None:
    """Else its first update would take what was declared until then for something new."""
    record = Record.adopt(IDENTITY, version("v0"), Settings())
    tombstone = replace(record, deleted_time=EARLIER, expires_at=1)
    second_life = Record.adopt(IDENTITY, version("v1"), Settings()).reborn_over(tombstone, NOW)

    assert tombstone.restored(tombstone.current, NOW).memories == ()
    assert second_life.restored(second_life.versions[0], NOW).memories == ()


@pytest.mark.parametrize(
    ("declared", "summary"),
    [
        (DeclaredState(), ""),
        (
            DeclaredState({"PasswordLength": 20, "Engine": "mysql"}),
            "Engine=mysql, PasswordLength=20",
        ),
        (DeclaredState({}, "2", True), "RotationToken=2, SecretString"),
        (DeclaredState({}, ""), ""),
        (DeclaredState({}, "t" * 106), f"RotationToken={'t' * 106}"),
        (DeclaredState({}, "t" * 107), f"RotationToken={'t' * 105}…"),
    ],
    ids=str,
)
def test_a_state_is_summed_up_in_a_line(declared: DeclaredState, summary: str) -> None:
    assert declared.summary() == summary
    assert len(summary) <= 120
    assert begun(declared).memories[0].summary == summary


def test_a_new_life_over_a_tombstone_keeps_its_versions_as_mere_history() -> None:
    tombstone = replace(
        begun(state(8)).serving(version("v1"), state(9), NOW),
        revision=7,
        deleted_time=iso(NOW),
        expires_at=int(NOW.timestamp()) + 1,
    )
    fresh = Record.begin(IDENTITY, version("v2"), state(8), Settings(), "another")

    reborn = fresh.reborn_over(tombstone, NOW)

    assert tombstone.is_deleted
    assert reborn == replace(fresh, revision=8, versions=(*tombstone.versions, version("v2")))
    assert not reborn.is_deleted
    assert reborn.remembered(state(8)) == version("v2")
    assert reborn.remembered(state(9)) is None


def test_a_new_life_keeps_ten_versions_in_all() -> None:
    full = replace(begun(), versions=tuple(version(f"v{n}") for n in range(MAXIMUM_VERSIONS)))
    fresh = Record.begin(IDENTITY, version("new"), state(8), Settings(), "another")

    assert ids(fresh.reborn_over(full, NOW)) == [*(f"v{n}" for n in range(1, 10)), "new"]


@pytest.mark.parametrize(
    ("seconds", "history"), [(-1, []), (0, []), (1, ["v0"]), (None, ["v0"])], ids=str
)
def test_what_the_recovery_window_should_have_removed_is_no_history(
    seconds: int | None, history: list[str]
) -> None:
    now = NOW.replace(microsecond=0)
    expires_at = None if seconds is None else int(now.timestamp()) + seconds
    tombstone = replace(begun(), deleted_time=EARLIER, expires_at=expires_at)
    fresh = Record.begin(IDENTITY, version("new"), state(8), Settings(), "another")

    assert ids(fresh.reborn_over(tombstone, now)) == [*history, "new"]


def test_settings_inherit_only_the_tags_that_the_request_does_not_speak_of() -> None:
    earlier = Settings("old-key", 7, "old", (("a", "b"),), False, {"stack": "1"}, {"system": "1"})

    silent = Settings().inheriting(earlier)
    speaking = Settings(stack_tags={}, system_tags={"system": "2"}).inheriting(earlier)

    assert silent == Settings(stack_tags={"stack": "1"}, system_tags={"system": "1"})
    assert speaking == Settings(stack_tags={}, system_tags={"system": "2"})


def test_ref_and_sort_key_are_put_together_from_the_identity() -> None:
    assert str(IDENTITY) == "table|orders|dev|DBPassword"
    assert IDENTITY.env_name == "dev#DBPassword"


@pytest.mark.parametrize(
    ("env_name", "complete"),
    [("dev#DB", True), ("nohash", False), ("#DB", False), ("dev#", False), ("a#b#c", False)],
)
def test_a_sort_key_of_this_type_can_be_taken_apart_in_one_way(
    env_name: str, complete: bool
) -> None:
    key = {"StackName": {"S": "orders"}, "EnvName": {"S": env_name}}

    assert identity_of("table", key).is_complete is complete


@pytest.mark.parametrize(
    "value",
    [IDENTITY, version("v0"), state(8), Memory("state", "token", "v0"), Settings(), begun()],
    ids=lambda value: type(value).__name__,
)
def test_a_value_is_never_changed_in_place(value: Any) -> None:
    """A retry begins again from the record that it read."""
    with pytest.raises(FrozenInstanceError):
        setattr(value, fields(value)[0].name, "changed")


def test_a_version_shows_no_ciphertext() -> None:
    assert "ciphertext" not in repr(version("v0"))


# --- Declared states ----------------------------------------------------------------------------

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
POLICIES = st.dictionaries(
    st.sampled_from(POLICY_PROPERTIES), st.booleans() | st.integers(8, 4096) | TEXT, max_size=4
)
STATES = st.builds(DeclaredState, POLICIES, st.none() | TEXT, st.booleans())


@checked
@given(declared=STATES)
def test_the_order_of_the_properties_makes_no_other_state(declared: DeclaredState) -> None:
    turned = replace(declared, policy=dict(reversed(declared.policy.items())))

    assert turned.digest() == declared.digest()


@checked
@given(policy=POLICIES, provided=st.booleans())
def test_an_empty_rotation_token_is_the_same_as_none(
    policy: dict[str, Any], provided: bool
) -> None:
    none, empty = (DeclaredState(policy, token, provided) for token in (None, ""))

    assert none.digest() == empty.digest()
    assert none.token_digest() == empty.token_digest()


@checked
@given(first=STATES, second=STATES)
def test_different_states_have_different_digests(
    first: DeclaredState, second: DeclaredState
) -> None:
    tokens = [declared.rotation_token or "" for declared in (first, second)]
    equal = [first.policy, tokens[0], first.provided] == [second.policy, tokens[1], second.provided]

    assert (first.digest() == second.digest()) is equal
    assert (first.token_digest() == second.token_digest()) is (tokens[0] == tokens[1])


CLOSE = [
    DeclaredState(),
    DeclaredState(provided=True),
    DeclaredState(rotation_token="1"),
    DeclaredState({"PasswordLength": 32}),
    DeclaredState({"PasswordLength": 33}),
    DeclaredState({"ExcludeNumbers": False}),
    DeclaredState({"ExcludeNumbers": True}),
    DeclaredState({"IncludeSpace": True}),
    DeclaredState({"ExcludeCharacters": ""}),
    DeclaredState({"ExcludeCharacters": "ab"}),
    DeclaredState({"ExcludeCharacters": "ba"}),
    DeclaredState({"AllowedCharacters": "ab"}),
    DeclaredState({"ExcludeCharacters": "a", "AllowedCharacters": "b"}),
    DeclaredState({"ExcludeCharacters": "b", "AllowedCharacters": "a"}),
]


def test_states_that_lie_close_together_are_told_apart() -> None:
    """A property as it is written is another state than its default."""
    assert len({declared.digest() for declared in CLOSE}) == len(CLOSE)


@pytest.mark.parametrize(
    ("declared", "digest", "token_digest"),
    [
        (
            DeclaredState({"PasswordLength": 20, "ExcludeCharacters": "é"}, "2026-01", True),
            "fa5403e40ef39dc83475e10e70d68ef8",
            "b9228aaa1dbc9e99f9be2cac7b3d618d",
        ),
        (
            DeclaredState(),
            "1531c6004a6070a4d88f2065cc259595",
            "12ae32cb1ec02d01eda3581b127c1fee",
        ),
    ],
    ids=["everything", "nothing"],
)
def test_the_digests_are_those_that_earlier_releases_wrote(
    declared: DeclaredState, digest: str, token_digest: str
) -> None:
    """Records hold them: if they changed, a roll-back would find no password."""
    assert declared.digest() == digest
    assert declared.token_digest() == token_digest


# --- The record as an item ----------------------------------------------------------------------

PART = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="|#"), min_size=1)
TAGS = st.dictionaries(TEXT, TEXT, max_size=3)
RECORDS = st.builds(
    Record,
    identity=st.builds(Identity, st.just("table"), PART, PART, PART),
    revision=st.integers(1),
    versions=st.lists(
        st.builds(
            Version,
            TEXT,
            st.binary(),
            TEXT,
            TEXT,
            st.sampled_from(Source),
            st.none() | TEXT,
            st.none() | TEXT,
        ),
        min_size=1,
        max_size=3,
    ).map(tuple),
    memories=st.lists(st.builds(Memory, TEXT, TEXT, TEXT, TEXT), max_size=3).map(tuple),
    declared=STATES,
    settings=st.builds(
        Settings,
        key_id=st.none() | TEXT,
        recovery_window_in_days=st.integers(0, 30),
        description=st.none() | TEXT,
        tags=st.lists(st.tuples(TEXT, TEXT), max_size=3).map(tuple),
        return_value=st.booleans(),
        stack_tags=st.none() | TAGS,
        system_tags=st.none() | TAGS,
    ),
    created_time=TEXT,
    last_rotated_time=TEXT,
    create_token=TEXT,
    deleted_time=st.none() | TEXT,
    expires_at=st.none() | st.integers(0),
)
FULL = replace(
    begun(DeclaredState({"PasswordLength": 20}, "1", False)),
    settings=Settings("alias/a", 7, "what for", (("a", "b"),), False, {"c": "d"}, {"e": "f"}),
    deleted_time=EARLIER,
    expires_at=1_800_000_000,
)
BARE = replace(begun(), memories=())


@checked
@given(record=RECORDS)
def test_an_item_holds_the_whole_record(record: Record) -> None:
    assert from_item("table", to_item(record)) == record


@checked
@given(identity=st.builds(Identity, TEXT, PART, PART, PART))
def test_the_primary_key_holds_the_whole_identity(identity: Identity) -> None:
    key = key_of(identity)

    assert identity_of(identity.table_name, key) == identity
    assert [*key] == ["StackName", "EnvName"]


def test_the_order_of_the_properties_makes_no_other_item() -> None:
    policy = {"PasswordLength": 20, "Engine": "mysql"}
    orders = (policy, dict(reversed(policy.items())))

    one, other = (to_item(begun(DeclaredState(order)))["Declared"] for order in orders)

    assert one == other == {"S": '{"Engine": "mysql", "PasswordLength": 20}'}


def test_an_item_lacks_only_what_is_optional() -> None:
    assert to_item(FULL).keys() - to_item(BARE).keys() == set(OPTIONAL)


def test_the_recovery_window_is_in_seconds_and_the_expiry_a_number() -> None:
    """DynamoDB adds the one to the time of a delete, and removes by the other."""
    item = to_item(FULL)

    assert item["RecoveryWindowInSeconds"] == {"N": "604800"}
    assert item["ExpiresAt"] == {"N": "1800000000"}


def test_an_item_of_the_first_release_is_understood() -> None:
    item = {
        "StackName": {"S": "orders"},
        "EnvName": {"S": "dev#DBPassword"},
        "Revision": {"N": "1"},
        "CreatedTime": {"S": EARLIER},
        "LastRotatedTime": {"S": EARLIER},
        "CreateToken": {"S": "create-token"},
        "Versions": {
            "L": [
                {
                    "M": {
                        "VersionId": {"S": "v0"},
                        "Ciphertext": {"B": b"v0"},
                        "KeyArn": {"S": "arn:key"},
                        "CreatedTime": {"S": EARLIER},
                        "Source": {"S": "Generated"},
                    }
                }
            ]
        },
        "Memories": {"L": []},
        "Declared": {"S": '{"PasswordLength": 8}'},
        "Provided": {"BOOL": False},
        "RecoveryWindowInSeconds": {"N": "2592000"},
        "Tags": {"L": []},
        "ReturnValue": {"BOOL": True},
    }

    assert from_item("table", item) == BARE
    assert to_item(BARE) == item


@pytest.mark.parametrize(
    "value",
    [{"N": "1.5"}, {"NULL": True}, {"SS": ["a"]}, {"M": {"a": {"N": "1e9"}}}],
    ids=str,
)
def test_attributes_of_another_release_do_no_harm_and_are_handed_on(value: dict[str, Any]) -> None:
    """With a version or a memory; those of the item itself stay in it by the way it is written."""
    item = to_item(FULL)
    for members in ("Versions", "Memories"):
        item[members]["L"][0]["M"]["FromTheFuture"] = value

    record = from_item("table", {**item, "FromTheFuture": value})

    assert to_item(record) == item
    served = record.serving(record.current, record.declared, NOW)
    assert served == record
    assert to_item(replace(record, versions=FULL.versions, memories=FULL.memories)) == to_item(FULL)


def places(item: Mapping[str, Any], *before: Any) -> list[tuple[Any, ...]]:
    """Return the path of every attribute value within an item, but for the primary key."""
    found: list[tuple[Any, ...]] = []
    for name, value in item.items():
        if name not in key_of(IDENTITY):
            found.append((*before, name))
            found += places(value.get("M", {}), *before, name, "M")
            for n, member in enumerate(value.get("L", [])):
                found += [(*before, name, "L", n), *places(member["M"], *before, name, "L", n, "M")]
    return found


PLACES = places(to_item(FULL))


@pytest.mark.parametrize("place", PLACES, ids=lambda place: ".".join(map(str, place)))
def test_an_attribute_of_another_kind_is_damage(place: tuple[Any, ...]) -> None:
    item = copy.deepcopy(to_item(FULL))
    parent: Any = item
    for step in place[:-1]:
        parent = parent[step]
    kind = next(iter(parent[place[-1]]))

    for other, content in {"S": "x", "N": "1", "B": b"x", "BOOL": True, "NULL": True}.items():
        if other != kind:
            parent[place[-1]] = {other: content}
            with pytest.raises(Damaged, match=r"\['orders', 'dev#DBPassword'\] in the table table"):
                from_item("table", item)


@pytest.mark.parametrize("name", sorted(to_item(BARE)))
def test_a_missing_attribute_is_damage_with_a_way_out(name: str) -> None:
    item = to_item(BARE)
    del item[name]

    with pytest.raises(Damaged, match=r"writes it\. Restore it from a backup\.$"):
        from_item("table", item)


@pytest.mark.parametrize("spoilt", [None, {"N": "1"}], ids=["absent", "of another kind"])
def test_an_item_without_a_key_of_ours_is_named_by_what_there_is(spoilt: object) -> None:
    item = {name: value for name, value in {**to_item(BARE), "EnvName": spoilt}.items() if value}

    with pytest.raises(Damaged, match=r"The item \['orders', '\?'\] in the table table is not"):
        from_item("table", item)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Versions", {"L": []}),
        ("Revision", {"N": "1.5"}),
        ("ExpiresAt", {"N": "1.5"}),
        ("Declared", {"S": ""}),
        ("Declared", {"S": "[]"}),
        ("Declared", {"S": "5"}),
        ("Declared", {"S": "[" * 100_000}),
    ],
    ids=lambda value: str(value)[:24],
)
def test_a_senseless_attribute_is_damage(name: str, value: dict[str, Any]) -> None:
    with pytest.raises(Damaged, match="backup"):
        from_item("table", {**to_item(FULL), name: value})


@pytest.mark.parametrize("source", ["Generated", "Provided", "Adopted"])
def test_a_version_says_where_it_came_from(source: str) -> None:
    came_from = replace(BARE, versions=(replace(version("v0"), source=Source(source)),))

    [written] = to_item(came_from)["Versions"]["L"]

    assert written["M"]["Source"] == {"S": source}


def test_a_version_of_an_unknown_source_is_damage() -> None:
    item = to_item(FULL)
    item["Versions"]["L"][0]["M"]["Source"] = {"S": "Guessed"}

    with pytest.raises(Damaged, match="backup"):
        from_item("table", item)


@pytest.mark.parametrize(
    ("damage", "revision", "deleted_time"),
    [
        ({"Versions": {"L": []}}, 1, EARLIER),
        ({"Declared": {"NULL": True}}, 1, EARLIER),
        ({"DeletedTime": {"N": "1"}}, 1, ""),
        ({"Revision": {"N": "1.5"}}, 0, EARLIER),
        ({"Revision": {"S": "one"}}, 0, EARLIER),
        ({"Revision": None}, 0, EARLIER),
        ({"CreatedTime": {"N": "1"}}, 1, EARLIER),
    ],
    ids=str,
)
def test_a_damaged_tombstone_is_a_tombstone_of_which_nothing_is_kept(
    damage: dict[str, Any], revision: int, deleted_time: str
) -> None:
    """But for what guards what is put over it, where that can be read: revision and beginning."""
    item = {name: value for name, value in {**to_item(FULL), **damage}.items() if value}

    standing = standing_in("table", item)

    assert standing.is_deleted
    assert standing == Record(
        identity=IDENTITY,
        revision=revision,
        versions=(),
        memories=(),
        declared=DeclaredState(),
        settings=Settings(),
        created_time="" if "CreatedTime" in damage else FULL.created_time,
        last_rotated_time="",
        create_token="",
        deleted_time=deleted_time,
    )


def test_whatever_stands_there_undamaged_is_read_in_full() -> None:
    assert standing_in("table", to_item(FULL)) == FULL
    assert standing_in("table", to_item(BARE)) == BARE


def test_a_damaged_live_record_is_damage() -> None:
    with pytest.raises(Damaged, match="backup"):
        standing_in("table", {**to_item(BARE), "Versions": {"L": []}})


def test_what_has_no_attribute_value_is_never_written() -> None:
    with pytest.raises(TypeError, match="float"):
        to_item(replace(BARE, settings=Settings(description=1.5)))  # type: ignore[arg-type]  # the claim


# --- The list's token ---------------------------------------------------------------------------

NAME = st.text(min_size=1)
HANDLER_NEXT_TOKEN = Loader().load_service_model("cloudcontrol", "service-2")["shapes"][
    "HandlerNextToken"
]
"""As AWS's own model of the API has it."""


@checked
@given(stack=NAME, env_name=NAME, table=TEXT, narrowed=st.booleans())
def test_a_token_leads_back_to_its_key(
    stack: str, env_name: str, table: str, narrowed: bool
) -> None:
    scope = (table, stack if narrowed else None)

    token = encode_token((stack, env_name), scope)

    assert decode_token(token, scope) == (stack, env_name)
    assert re.fullmatch(HANDLER_NEXT_TOKEN["pattern"], token)
    assert not set(token) & set("\"'\\ ,")


@pytest.mark.parametrize("character", ["s", "\x01", '"', "ü", "\U0001f511"], ids=ascii)
@pytest.mark.parametrize("narrowed", [False, True])
def test_cloud_control_takes_the_token_after_the_longest_key(
    character: str, narrowed: bool
) -> None:
    """`ListResources` hands the handler's token on, and limits its length."""
    size = len(character.encode())
    stack = character * (2048 // size)
    env_name = "e#" + character * (1022 // size)
    scope = ("t" * 255, stack if narrowed else None)

    token = encode_token((stack, env_name), scope)

    assert decode_token(token, scope) == (stack, env_name)
    assert len(token) <= HANDLER_NEXT_TOKEN["max"]


@pytest.mark.parametrize(
    ("made_for", "used_for"),
    [
        (("table", None), ("other", None)),
        (("table", None), ("table", "orders")),
        (("table", "orders"), ("table", None)),
        (("table", "orders"), ("other", "orders")),
        (("table", "orders"), ("table", "other")),
        (("table", "other"), ("table", "other")),
    ],
    ids=["table", "narrowed", "widened", "table of a stack", "stack", "key of another stack"],
)
def test_a_token_is_bound_to_its_table_and_stack(
    made_for: tuple[str, str | None], used_for: tuple[str, str | None]
) -> None:
    token = encode_token(("orders", "dev#DBPassword"), made_for)

    with pytest.raises(InvalidNextToken, match=r"^nextToken .*\. Start the list again"):
        decode_token(token, used_for)


DIGEST = base64.b85decode(encode_token(("orders", "dev#DBPassword"), ("table", None)))[:16]
"""Of the scope: what a forger can take from a token of the same list."""


def forged(raw: bytes) -> str:
    return base64.b85encode(raw).decode()


FORGED = st.one_of(
    st.text(),
    st.binary().map(forged),
    st.binary().map(lambda raw: forged(DIGEST + raw)),
)


@checked
@given(token=FORGED)
@example(token=forged(DIGEST))
@example(token=forged(DIGEST + b"\x00"))
@example(token=forged(DIGEST + b"\x00\x00dev#DBPassword"))
@example(token=forged(DIGEST + b"\x00\x06orders"))
@example(token=forged(DIGEST + b"\x00\x07orders"))
@example(token=forged(DIGEST + b"\xff\xfforders"))
@example(token=forged(DIGEST + b"\x00\x02\xc3\xbc\xc3"))
@example(token=forged(DIGEST + b"\x00\x01\xc3\xbc"))
@example(token="e30")
@example(token="a" * 100_000)
@example(token="é")
def test_a_forged_token_is_a_key_or_refused_and_nothing_else(token: str) -> None:
    try:
        key = decode_token(token, ("table", None))
    except InvalidNextToken:
        return

    assert all(part and isinstance(part, str) for part in key)


@pytest.mark.parametrize("spoilt", ["{}!", "{} ", "!{}", "{}{}", "{}=", "="], ids=ascii)
def test_a_token_with_something_added_is_refused(spoilt: str) -> None:
    token = encode_token(("orders", "dev#DBPassword"), ("table", None))

    with pytest.raises(InvalidNextToken):
        decode_token(spoilt.replace("{}", token), ("table", None))


@pytest.mark.parametrize("token", [5, [], {}, 1.5, True, b"\xff"], ids=str)
def test_what_is_no_text_is_no_token(token: Any) -> None:
    with pytest.raises(InvalidNextToken):
        decode_token(token, ("table", None))


# --- Times --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (NOW, "2026-01-02T03:04:05.678Z"),
        (NOW.replace(microsecond=0), "2026-01-02T03:04:05.000Z"),
        (NOW.replace(microsecond=999_999), "2026-01-02T03:04:05.999Z"),
        (NOW.astimezone(timezone(timedelta(hours=5, minutes=30))), "2026-01-02T03:04:05.678Z"),
    ],
    ids=["milliseconds", "whole second", "cut, not rounded", "another zone"],
)
def test_a_moment_is_written_in_iso_8601_utc(moment: datetime, text: str) -> None:
    assert iso(moment) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (1_800_000_000, "2027-01-15T08:00:00.000Z"),
        (253_402_300_800, "253402300800"),
        (10**20, "100000000000000000000"),
    ],
    ids=["the epoch", "a year of ours", "the year 10000", "no time of the machine"],
)
def test_a_time_of_dynamodb_is_written_alike_and_as_it_is_where_it_has_no_year(
    seconds: int, text: str
) -> None:
    assert iso_of_epoch(seconds) == text


def test_the_zone_of_the_machine_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Kolkata")
    time.tzset()
    try:
        assert iso(NOW) == "2026-01-02T03:04:05.678Z"
        assert iso_of_epoch(0) == "1970-01-01T00:00:00.000Z"
    finally:
        monkeypatch.undo()
        time.tzset()


@checked
@given(
    moments=st.lists(
        st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),
        max_size=5,
    )
)
def test_moments_sort_as_they_are_written(moments: list[datetime]) -> None:
    assert [iso(moment) for moment in sorted(moments)] == sorted(iso(moment) for moment in moments)
