"""Items that somebody else wrote, next tokens, and identifiers."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from myorg_secrets.cli.options import which
from myorg_secrets.cli.place import Place
from myorg_secrets_password.item import identity_of, key_of
from myorg_secrets_password.next_token import decode_token, encode_token
from myorg_secrets_password.record import Identity
from tests.fuzz import schema
from tests.fuzz.breaking import ODD, broken
from tests.fuzz.lab import as_json
from tests.fuzz.quick import QUICK
from tests.fuzz.targets import (
    TABLE_NAME,
    Bench,
    item_at_handlers_target,
    item_target,
    next_token_target,
)

SEEDS = st.integers(0, 2**32)
PARTS = [schema.valid(schema.PROPERTIES[name]) for name in schema.IDENTIFIERS]


@settings(QUICK, max_examples=40)
@given(seed=SEEDS)
def test_no_item_that_somebody_wrote_makes_a_handler_crash(at: Bench, seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311  # no secret is made by it
    item_at_handlers_target(at, broken(as_json(rng.choice((at.item, at.tombstone))), rng, times=3))


@settings(QUICK, max_examples=15)
@given(seed=SEEDS)
def test_no_item_that_somebody_wrote_makes_the_command_line_crash(at: Bench, seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311  # as above
    item_target(at, broken(as_json(rng.choice((at.item, at.tombstone))), rng, times=3))


@settings(QUICK, max_examples=60)
@given(seed=SEEDS)
def test_a_broken_next_token_is_a_bad_request(at: Bench, seed: int) -> None:
    token = encode_token(("orders", "default#Standing"), (TABLE_NAME, None))

    next_token_target(at, broken(token, random.Random(seed)))  # noqa: S311  # as above


def test_a_token_for_a_key_that_dynamodb_refuses_is_a_bad_request(at: Bench) -> None:
    for key in ("", "k" * 2049):
        for last in ((key, "default#N"), ("orders", key)):
            next_token_target(at, encode_token(last, (TABLE_NAME, None)))


@settings(QUICK, max_examples=150)
@given(parts=st.tuples(*PARTS))
def test_an_identifier_is_the_same_after_each_round_trip(parts: tuple[str, ...]) -> None:
    """As Ref, as a key of the table and as a token."""
    identity = Identity(*parts)
    nowhere = Place(None, None, None)

    named = which(str(identity), None, None, nowhere)

    assert (named.table_name, named.stack, named.env, named.name) == parts
    assert identity_of(identity.table_name, key_of(identity)) == identity
    scope = (identity.table_name, identity.stack_name)
    last = (identity.stack_name, identity.env_name)
    if len(identity.env_name.encode()) <= 1024 and len(identity.stack_name.encode()) <= 2048:
        assert decode_token(encode_token(last, scope), scope) == last


def test_nothing_odd_is_a_next_token(at: Bench) -> None:
    for make in ODD:
        next_token_target(at, make())
