"""What the handler is sent, operation by operation."""

from dataclasses import fields
from typing import Any

import pytest
from cloudformation_cli_python_lib.utils import HandlerRequest, RequestData

from local.environment import ACCOUNT_ID, REGION
from local.events import TYPE_NAME, Operation
from tests.local.stacks import configured, failed, handler, password_alone, statuses


def identifier(stack: Any, name: str = "Secret") -> dict[str, str]:
    table = stack.aws.storage.table_name
    return {"TableName": table, "StackName": stack.name, "Env": "default", "Name": name}


def test_an_event_has_the_fields_of_the_framework_s_request(stack, events):
    """No field is missing, and none is there that CloudFormation does not send."""
    stack.deploy(password_alone())

    [event] = events
    assert event.keys() == {field.name for field in fields(HandlerRequest)}
    assert event["requestData"].keys() == {field.name for field in fields(RequestData)}


def test_every_event_says_what_is_meant(stack, events):
    """Create, update and delete name account, Region, type, stack and resource alike."""
    stack_id = stack.deploy(password_alone()).stack_id
    stack.deploy(password_alone(Description="new"))
    stack.delete()

    assert [event["action"] for event in events] == ["CREATE", "UPDATE", "DELETE"]
    for event in events:
        assert (event["awsAccountId"], event["region"]) == (ACCOUNT_ID, REGION)
        assert (event["resourceType"], event["stackId"]) == (TYPE_NAME, stack_id)
        assert event["requestData"]["logicalResourceId"] == "Secret"


def test_every_event_has_credentials_of_its_own(stack, events, handler_spy):
    """Two resources and a repeated attempt: three sessions of the execution role."""
    template = password_alone()
    template["Resources"]["Second"] = {"Type": TYPE_NAME}
    answers = [failed("Throttling")]

    with handler_spy.answering(lambda event: answers.pop() if answers else handler(event)):
        stack.deploy(template)

    sessions = [event["requestData"]["callerCredentials"] for event in events]
    assert all(set(s) == {"accessKeyId", "secretAccessKey", "sessionToken"} for s in sessions)
    assert all(all(session.values()) for session in sessions)
    assert len({session["sessionToken"] for session in sessions}) == 3
    assert sessions == [event["requestData"]["providerCredentials"] for event in events]


def test_every_operation_has_a_token_of_its_own(stack, events):
    """Create, update and delete of one resource are three requests."""
    stack.deploy(password_alone())
    stack.deploy(password_alone(Description="new"))
    stack.delete()

    assert len({event["bearerToken"] for event in events}) == 3


def test_a_create_sends_what_the_template_says(stack, events):
    """There are no previous properties, and no default is filled in."""
    stack.deploy(password_alone(Description="new"))

    data = events[0]["requestData"]
    assert data["resourceProperties"] == {"Description": "new"}
    assert data["previousResourceProperties"] is None


def test_an_update_sends_both_templates_with_the_identifier(stack, events):
    """The identifier stands in both, though the template names none of it."""
    stack.deploy(password_alone(Description="old", RotationToken="1"))
    events.clear()

    stack.deploy(password_alone(Description="new"))

    data = events[0]["requestData"]
    own = identifier(stack)
    assert data["resourceProperties"] == {"Description": "new"} | own
    assert (
        data["previousResourceProperties"]
        == {
            "Description": "old",
            "RotationToken": "1",
        }
        | own
    )


def test_a_roll_back_calls_the_failed_properties_previous(stack, events, handler_spy):
    """How far the failed update came is unknown, so the way back starts from what it wanted."""
    stack.deploy(password_alone(Description="old"))
    events.clear()
    answers = [failed("AccessDenied")]

    with handler_spy.answering(lambda event: answers.pop() if answers else handler(event)):
        stack.deploy(password_alone(Description="new"))

    data = events[-1]["requestData"]
    own = identifier(stack)
    assert data["resourceProperties"] == {"Description": "old"} | own
    assert data["previousResourceProperties"] == {"Description": "new"} | own


def test_a_delete_sends_the_last_properties_with_the_identifier(stack, events):
    """The handler could do with the identifier alone; it gets the template's text as well."""
    stack.deploy(password_alone(Description="old"), tags={"team": "a"})
    events.clear()

    stack.delete()

    data = events[0]["requestData"]
    assert data["resourceProperties"] == {"Description": "old"} | identifier(stack)
    assert data["previousResourceProperties"] is None
    assert data["stackTags"] == {"team": "a"}


WRITTEN = {
    "PasswordLength": 20,
    "ExcludeNumbers": True,
    "RequireEachIncludedType": False,
    "RecoveryWindowInDays": 0,
    "RotationToken": "2027-01",
    "Tags": [{"Key": "n", "Value": "1"}],
}
SENT = {
    "PasswordLength": "20",
    "ExcludeNumbers": "true",
    "RequireEachIncludedType": "false",
    "RecoveryWindowInDays": "0",
    "RotationToken": "2027-01",
    "Tags": [{"Key": "n", "Value": "1"}],
}


def test_numbers_and_booleans_travel_as_strings(stack, events):
    """CloudFormation turns them into text whatever the schema says, before and after alike."""
    stack.deploy(password_alone(**WRITTEN))
    stack.deploy(password_alone(**WRITTEN, Description="new"))

    create, update = (event["requestData"] for event in events)
    assert create["resourceProperties"] == SENT
    assert update["previousResourceProperties"] == SENT | identifier(stack)


@pytest.mark.parametrize(
    "written",
    [
        {"PasswordLength": "20", "ExcludeNumbers": "true", "RotationToken": 2027},
        {"PasswordLength": 20, "ExcludeNumbers": True, "RotationToken": "2027"},
    ],
    ids=["strings", "kinds of the schema"],
)
def test_a_template_may_write_either_kind(stack, events, written):
    """The text "20" is good for an integer, and a number is good for a string."""
    outcome = stack.deploy(password_alone(**written))

    assert len(outcome.outputs["Value"]) == 20
    assert events[0]["requestData"]["resourceProperties"] == {
        "PasswordLength": "20",
        "ExcludeNumbers": "true",
        "RotationToken": "2027",
    }


def test_stack_tags_alone_update_the_secret_and_not_its_password(stack, events):
    """The event has the tags before and after, the record the new ones, the version stays."""
    first = stack.deploy(password_alone(), tags={"team": "a"})

    second = stack.deploy(password_alone(), tags={"team": "b", "cost": "7"})

    create, update = (event["requestData"] for event in events)
    [item] = stack.items().values()
    assert statuses(second, "Secret") == ["UPDATE_IN_PROGRESS", "UPDATE_COMPLETE"]
    assert (create["stackTags"], create["previousStackTags"]) == ({"team": "a"}, {})
    assert update["stackTags"] == {"team": "b", "cost": "7"}
    assert update["previousStackTags"] == {"team": "a"}
    assert item["StackTags"] == {"M": {"team": {"S": "b"}, "cost": {"S": "7"}}}
    assert second.outputs == first.outputs


def test_stack_tags_that_are_not_given_stay(stack, events):
    """An update without tags sends those that the stack has."""
    stack.deploy(password_alone(), tags={"team": "a"})

    stack.deploy(password_alone(Description="new"))

    assert events[-1]["requestData"]["stackTags"] == {"team": "a"}


def test_system_tags_name_stack_and_resource(stack, events):
    """They are those that CloudFormation puts on whatever it makes, before and after alike."""
    stack_id = stack.deploy(password_alone()).stack_id
    stack.deploy(password_alone(Description="new"))

    create, update = (event["requestData"] for event in events)
    tags = {
        "aws:cloudformation:stack-name": stack.name,
        "aws:cloudformation:stack-id": stack_id,
        "aws:cloudformation:logical-id": "Secret",
    }
    assert (create["systemTags"], create["previousSystemTags"]) == (tags, {})
    assert (update["systemTags"], update["previousSystemTags"]) == (tags, tags)


@pytest.mark.parametrize("configuration", [None, {"ReturnValue": "true"}])
def test_the_type_configuration_travels_as_it_was_set(aws, stack, events, configuration):
    """Without one there is none; else its strings stay strings."""
    with configured(aws, configuration):
        stack.deploy(password_alone())

    assert events[0]["requestData"]["typeConfiguration"] == configuration


def test_the_type_configuration_is_at_first_the_storage_stack_s_output(aws, stack, events):
    """What storage.yml puts out is what the handler is sent."""
    stack.deploy(password_alone())

    assert events[0]["requestData"]["typeConfiguration"] == aws.storage.type_configuration


def test_cloud_control_sends_no_stack(aws, stack, events):
    """Outside a stack there is no stack, no logical ID and no tag."""
    written = {"StackName": stack.name, "Name": "Secret", "PasswordLength": 20}

    answer = aws.call("CREATE", written, token="mine")

    [event] = events
    data = event["requestData"]
    assert answer["status"] == "SUCCESS"
    assert (event["action"], event["bearerToken"], event["stackId"]) == ("CREATE", "mine", None)
    assert data["logicalResourceId"] is None
    assert data["systemTags"] == data["stackTags"] == data["previousStackTags"] == {}
    assert data["resourceProperties"] == written | {"PasswordLength": "20"}


def test_a_read_sends_the_identifier_and_gets_the_model(aws, stack, events):
    """Cloud Control API reads what a stack made, by its identifier alone."""
    outcome = stack.deploy(password_alone())

    answer = aws.call("READ", identifier(stack))

    event = events[-1]
    assert (event["action"], event["requestData"]["resourceProperties"]) == (
        "READ",
        identifier(stack),
    )
    assert answer["resourceModel"]["Value"] == outcome.outputs["Value"]


def test_a_list_sends_its_next_token(aws, events):
    """What one page gave out for the next one reaches the handler, which refuses a forgery."""
    answer = aws.call("LIST", next_token="forged")

    assert (events[0]["action"], events[0]["nextToken"]) == ("LIST", "forged")
    assert answer["errorCode"] == "InvalidRequest"


def test_an_operation_does_not_show_its_properties(aws):
    """What a traceback or a log record shows of an operation is what is done, and to what."""
    operation = Operation("CREATE", {"SecretString": "hush hush"}, "token", logical_id="Secret")

    assert repr(operation) == "<CREATE Secret token>"
