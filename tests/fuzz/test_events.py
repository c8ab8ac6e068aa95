"""Events made from the schema and then broken, at both entry points."""

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.breaking import broken
from tests.fuzz.events import ACTIONS, events, test_event
from tests.fuzz.quick import QUICK
from tests.fuzz.targets import Bench, live_event_target, test_event_target


@pytest.mark.parametrize("action", ACTIONS)
@settings(QUICK, max_examples=40)
@given(data=st.data())
def test_what_the_schema_takes_is_accepted_save_by_the_documented_rules(
    at: Bench, action: str, data: st.DataObject
) -> None:
    live_event_target(at, data.draw(events(action)))


@settings(QUICK, max_examples=250)
@given(event=events(), seed=st.integers(0, 2**32))
def test_what_the_schema_refuses_is_refused_before_any_call(
    at: Bench, event: dict[str, Any], seed: int
) -> None:
    data = event["requestData"]
    rng = random.Random(seed)  # noqa: S311  # no secret is made by it
    for part in ("resourceProperties", "typeConfiguration", "previousResourceProperties"):
        if data[part] and rng.random() < 0.7:
            data[part] = broken(data[part], rng)

    live_event_target(at, event)


@settings(QUICK, max_examples=250)
@given(event=events(), seed=st.integers(0, 2**32))
def test_no_event_whatever_is_broken_in_it_goes_without_an_answer(
    at: Bench, event: dict[str, Any], seed: int
) -> None:
    live_event_target(at, broken(event, random.Random(seed)))  # noqa: S311  # as above


@settings(QUICK, max_examples=150)
@given(event=events(), seed=st.integers(0, 2**32))
def test_the_test_entry_point_answers_as_the_live_one(
    at: Bench, event: dict[str, Any], seed: int
) -> None:
    test_event_target(at, broken(test_event(event), random.Random(seed)))  # noqa: S311  # as above
