"""What fails leaves everything as it was, the password byte for byte."""

from collections.abc import Callable
from typing import Any

import pytest

from local.events import TYPE_NAME
from tests.local.stacks import (
    Answer,
    failed,
    handler,
    password_alone,
    password_and_database,
    said,
    statuses,
)

RETRIABLE = ["NetworkFailure", "ResourceConflict", "ServiceInternalError", "Throttling"]
TERMINAL = ["AccessDenied", "GeneralServiceException", "InternalFailure", "InvalidRequest"]

STORAGE = 30
"""GiB of the databases here; RDS refuses less."""

ROTATED_AND_BACK = ["UPDATE_IN_PROGRESS", "UPDATE_COMPLETE"] * 2
REFUSED_AND_BACK = ["UPDATE_IN_PROGRESS", "UPDATE_FAILED", "UPDATE_IN_PROGRESS", "UPDATE_COMPLETE"]
REFUSED = ["UPDATE_IN_PROGRESS", "UPDATE_FAILED"]

FAILING: dict[str, tuple[int, dict[str, Any], list[str]]] = {
    "database, behind a rotation": (20, {"RotationToken": "2"}, ROTATED_AND_BACK),
    "database, behind a stricter policy": (20, {"ExcludePunctuation": True}, ROTATED_AND_BACK),
    "database, behind another length": (20, {"PasswordLength": 40}, ROTATED_AND_BACK),
    "database, behind a given value": (20, {"SecretString": "Tr0ub4dor&3"}, ROTATED_AND_BACK),
    "password, by its handler": (
        STORAGE,
        {"RotationToken": "2", "AllowedCharacters": "abc", "ExcludeNumbers": True},
        REFUSED_AND_BACK,
    ),
    "password, by its key": (
        STORAGE,
        {"RotationToken": "2", "KeyId": "alias/missing"},
        REFUSED_AND_BACK,
    ),
    "password, by its schema": (STORAGE, {"RotationToken": "2", "PasswordLength": 7}, REFUSED),
}
"""What fails: the storage asked, the password's properties, and what the password goes through."""


@pytest.mark.parametrize(("storage", "properties", "way"), FAILING.values(), ids=FAILING)
def test_a_failing_update_brings_the_very_password_back(stack, storage, properties, way):
    """Whoever fails, record and database have the password from before, byte for byte."""
    stack.deploy(password_and_database(STORAGE))
    before = stack.stored("default#Secret")

    outcome = stack.deploy(password_and_database(storage, **properties))

    assert outcome.status == "UPDATE_ROLLBACK_COMPLETE"
    assert statuses(outcome, "Secret") == way
    assert stack.stored("default#Secret") == stack.in_database() == before


def test_a_rolled_back_stack_goes_on_from_where_it_was(stack):
    """After a roll-back the same update passes once its cause is gone, and rotates."""
    stack.deploy(password_and_database(STORAGE))
    before = stack.stored("default#Secret")
    stack.deploy(password_and_database(20, RotationToken="2"))

    outcome = stack.deploy(password_and_database(STORAGE, RotationToken="2"))

    assert outcome.status == "UPDATE_COMPLETE"
    assert stack.stored("default#Secret") == stack.in_database() != before


def test_a_roll_back_brings_description_and_stack_tags_back(stack):
    """The record's settings are those of the old template and the old tags."""
    stack.deploy(password_and_database(STORAGE, Description="old"), tags={"team": "old"})

    stack.deploy(password_and_database(20, Description="new"), tags={"team": "new"})

    [item] = stack.items().values()
    assert item["Description"] == {"S": "old"}
    assert item["StackTags"] == {"M": {"team": {"S": "old"}}}


def test_a_failing_creation_leaves_a_tombstone_and_nothing_else(stack):
    """The secret was made before the database failed, and is deleted as any other."""
    outcome = stack.deploy(DBInstanceClass="large")

    assert outcome.status == "ROLLBACK_COMPLETE"
    assert statuses(outcome, "Database") == ["CREATE_IN_PROGRESS", "CREATE_FAILED"]
    assert statuses(outcome, "DBPassword") == [
        "CREATE_IN_PROGRESS",
        "CREATE_COMPLETE",
        "DELETE_IN_PROGRESS",
        "DELETE_COMPLETE",
    ]
    assert stack.tombstones() == {"dev#DBPassword": True}
    assert stack.databases() == []
    assert outcome.outputs == {}


def test_a_roll_back_keeps_a_replaced_secret_and_removes_its_successor(aws, stack):
    """The name changed and the database failed: the old secret was not touched yet."""
    stack.deploy(password_and_database(STORAGE))
    before = stack.stored("default#Secret")

    outcome = stack.deploy(password_and_database(20, Name="Other"))

    removed = [
        event["PhysicalResourceId"]
        for event in outcome.latest
        if event["ResourceStatus"] == "DELETE_COMPLETE"
    ]
    assert outcome.status == "UPDATE_ROLLBACK_COMPLETE"
    assert stack.tombstones() == {"default#Secret": False, "default#Other": True}
    assert removed == [f"{aws.storage.table_name}|{stack.name}|default|Other"]
    assert stack.stored("default#Secret") == stack.in_database() == before


def test_a_roll_back_removes_what_the_update_had_made(stack):
    """A second secret of the failing template becomes a tombstone."""
    stack.deploy(password_and_database(STORAGE))
    template = password_and_database(20)
    template["Resources"]["Second"] = {"Type": TYPE_NAME}
    template["Resources"]["Database"]["DependsOn"] = "Second"

    outcome = stack.deploy(template)

    assert outcome.status == "UPDATE_ROLLBACK_COMPLETE"
    assert stack.tombstones() == {"default#Secret": False, "default#Second": True}


def test_a_roll_back_keeps_what_the_update_would_have_removed(stack):
    """Nothing goes before everything else has come about."""
    template = password_and_database(STORAGE)
    template["Resources"]["Second"] = {"Type": TYPE_NAME}
    stack.deploy(template)

    outcome = stack.deploy(password_and_database(20))

    assert outcome.status == "UPDATE_ROLLBACK_COMPLETE"
    assert stack.tombstones() == {"default#Secret": False, "default#Second": False}


def only(action: str, answer: dict[str, Any]) -> Answer:
    """Give this answer to one kind of operation, and do all others."""
    return lambda event: answer if event["action"] == action else handler(event)


def deploy_twice(stack: Any) -> Any:
    stack.deploy(password_alone())
    return stack.deploy(password_alone(RotationToken="2"))


BROKEN_ROLL_BACKS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "ROLLBACK_FAILED": ("DELETE", lambda stack: stack.deploy(DBInstanceClass="large")),
    "UPDATE_ROLLBACK_FAILED": ("UPDATE", deploy_twice),
}


@pytest.mark.parametrize(("status", "broken"), BROKEN_ROLL_BACKS.items(), ids=BROKEN_ROLL_BACKS)
def test_a_roll_back_that_fails_says_so(stack, handler_spy, status, broken):
    """The stack does not claim to be what it was when the handler refused that, too."""
    action, deploy = broken
    with handler_spy.answering(only(action, failed("AccessDenied"))):
        outcome = deploy(stack)

    assert outcome.status == status
    assert "HandlerErrorCode: AccessDenied" in said(outcome)


def test_a_deletion_that_fails_can_be_repeated(stack, handler_spy):
    """The resource stays in the stack until its handler has deleted it."""
    stack.deploy(password_alone())
    with handler_spy.answering(only("DELETE", failed("AccessDenied"))):
        refused = stack.delete()

    deleted = stack.delete()

    assert (refused.status, deleted.status) == ("DELETE_FAILED", "DELETE_COMPLETE")
    assert stack.tombstones() == {"default#Secret": True}


def failing(answer: dict[str, Any], times: int) -> Answer:
    """Fail a rotation so often before it is done; everything else is done at once."""
    left = [answer] * times

    def instead(event: dict[str, Any]) -> dict[str, Any]:
        rotates = event["requestData"]["resourceProperties"].get("RotationToken") == "2"
        return left.pop() if rotates and left else handler(event)

    return instead


def tokens_of_rotation(events: list[dict[str, Any]]) -> list[str]:
    return [
        event["bearerToken"]
        for event in events
        if event["requestData"]["resourceProperties"].get("RotationToken") == "2"
    ]


@pytest.mark.parametrize("code", RETRIABLE)
def test_a_retriable_failure_is_repeated_with_the_same_token(stack, handler_spy, events, code):
    """The third attempt is the first that works, and the password changes once."""
    stack.deploy(password_alone())

    with handler_spy.answering(failing(failed(code), times=2)):
        outcome = stack.deploy(password_alone(RotationToken="2"))

    [item] = stack.items().values()
    tokens = tokens_of_rotation(events)
    assert outcome.status == "UPDATE_COMPLETE"
    assert (len(tokens), len(set(tokens))) == (3, 1)
    assert len(item["Versions"]["L"]) == 2


@pytest.mark.parametrize(
    ("code", "attempts"), [("Throttling", 4), *((code, 1) for code in TERMINAL)]
)
def test_a_failure_that_lasts_is_told_with_its_code(stack, handler_spy, events, code, attempts):
    """A terminal failure is not repeated, a retriable one four times at the most."""
    stack.deploy(password_alone())

    with handler_spy.answering(failing(failed(code), times=9)):
        outcome = stack.deploy(password_alone(RotationToken="2"))

    tokens = tokens_of_rotation(events)
    assert outcome.status == "UPDATE_ROLLBACK_COMPLETE"
    assert (len(tokens), len(set(tokens))) == (attempts, 1)
    assert outcome.reasons == [
        'Resource handler returned message: "as the test wants it"'
        f" (RequestToken: {tokens[0]}, HandlerErrorCode: {code})"
    ]


def losing_an_answer(action: str) -> Answer:
    """Do everything, and lose the first answer to one kind of operation."""
    lost: list[dict[str, Any]] = []

    def instead(event: dict[str, Any]) -> dict[str, Any]:
        answer = handler(event)
        if event["action"] == action and not lost:
            lost.append(answer)
            return failed("NetworkFailure")
        return answer

    return instead


@pytest.mark.parametrize(("action", "versions"), [("CREATE", 1), ("UPDATE", 2), ("DELETE", 2)])
def test_an_operation_whose_answer_is_lost_is_done_once(stack, handler_spy, action, versions):
    """The repeated event finds the work done: one secret, one rotation, one deletion."""
    with handler_spy.answering(losing_an_answer(action)):
        stack.deploy(password_alone())
        if action != "CREATE":
            stack.deploy(password_alone(RotationToken="2"))
        outcome = stack.delete() if action == "DELETE" else stack.aws.outcome(stack.name)

    [item] = stack.items().values()
    assert outcome.status == f"{action}_COMPLETE"
    assert len(item["Versions"]["L"]) == versions
    assert action == "DELETE" or outcome.outputs["Value"].encode() == stack.stored("default#Secret")


def test_an_exception_out_of_the_handler_is_told_without_its_text(stack, handler_spy):
    """The resource's event names the exception's type; its text may quote anything."""

    def raising(event: dict[str, Any]) -> dict[str, Any]:
        raise ZeroDivisionError("a text that may quote a password")

    with handler_spy.answering(raising):
        outcome = stack.deploy(password_alone())

    assert outcome.status == "ROLLBACK_COMPLETE"
    assert "ZeroDivisionError" in outcome.reasons[0]
    assert "HandlerErrorCode: InternalFailure" in outcome.reasons[0]
    assert "may quote" not in said(outcome)


def test_a_rotation_that_ends_in_an_exception_is_rolled_back(stack, handler_spy):
    """The record was rotated before the handler broke, and has its password back."""
    stack.deploy(password_and_database())
    before = stack.stored("default#Secret")

    def breaking_afterwards(event: dict[str, Any]) -> dict[str, Any]:
        answer = handler(event)
        if event["requestData"]["resourceProperties"].get("RotationToken") == "2":
            raise MemoryError
        return answer

    with handler_spy.answering(breaking_afterwards):
        outcome = stack.deploy(password_and_database(RotationToken="2"))

    [item] = stack.items().values()
    assert outcome.status == "UPDATE_ROLLBACK_COMPLETE"
    assert len(item["Versions"]["L"]) == 2
    assert stack.stored("default#Secret") == stack.in_database() == before


MISSING = "Attribute 'Value' does not exist"


@pytest.mark.parametrize("template", [password_alone, password_and_database])
def test_a_creation_that_takes_a_value_that_is_not_returned_fails(stack, template):
    """With ReturnValue false neither an output nor a database gets nothing for a password."""
    outcome = stack.deploy(template(ReturnValue=False))

    assert outcome.status == "ROLLBACK_COMPLETE"
    assert MISSING in said(outcome)
    assert stack.tombstones() == {"default#Secret": True}
    assert stack.databases() == []


@pytest.mark.parametrize("template", [password_alone, password_and_database])
def test_an_update_that_takes_the_value_away_from_who_needs_it_is_rolled_back(stack, template):
    """ReturnValue is what it was, and so is Value."""
    first = stack.deploy(template())

    outcome = stack.deploy(template(ReturnValue=False))

    assert outcome.status == "UPDATE_ROLLBACK_COMPLETE"
    assert MISSING in said(outcome)
    assert outcome.outputs["Value"] == first.outputs["Value"]
