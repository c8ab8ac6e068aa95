"""What a template may say beside properties: order, conditions, policies, exports, other types."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.events import TYPE_NAME
from local.template import dependency_order, normalized
from tests.local.stacks import Stack, password_alone, statuses

REFERENCES: dict[str, tuple[Any, bool]] = {
    "Ref": ({"Properties": {"Description": {"Ref": "First"}}}, True),
    "Fn::GetAtt": ({"Properties": {"Description": {"Fn::GetAtt": ["First", "Value"]}}}, True),
    "Fn::Sub": ({"Properties": {"Description": {"Fn::Sub": "of ${First}"}}}, True),
    "Fn::Sub with an attribute": ({"Properties": {"Name": {"Fn::Sub": "${First.Value}"}}}, True),
    "Fn::Sub with a variable's value": (
        {"Properties": {"Name": {"Fn::Sub": ["${Own}", {"Own": {"Ref": "First"}}]}}},
        True,
    ),
    "Fn::Sub with a variable of that name": (
        {"Properties": {"Name": {"Fn::Sub": ["${First}", {"First": "text"}]}}},
        False,
    ),
    "Fn::Sub of a literal": ({"Properties": {"Name": {"Fn::Sub": "${!First}"}}}, False),
    "deep inside": (
        {"Properties": {"Tags": [{"Key": "of", "Value": {"Fn::If": ["C", {"Ref": "First"}, 1]}}]}},
        True,
    ),
    "DependsOn": ({"DependsOn": "First"}, True),
    "DependsOn, a list": ({"DependsOn": ["First"]}, True),
    "text": ({"Properties": {"Description": "First"}}, False),
    "pseudo parameter": ({"Properties": {"Description": {"Ref": "AWS::StackName"}}}, False),
}


@pytest.mark.parametrize(("second", "refers"), REFERENCES.values(), ids=REFERENCES)
def test_a_resource_comes_behind_those_that_it_refers_to(second, refers):
    """Where Second refers to First, to name First as its dependant closes a circle."""
    assert dependency_order({"Second": second, "First": {}}).index("First") == (0 if refers else 1)


WRITTEN: list[tuple[Any, Any]] = [
    ({"Fn::GetAtt": "Database.Endpoint.Address"}, ["Database", "Endpoint.Address"]),
    ({"Fn::GetAtt": ["Database", "Endpoint", "Address"]}, ["Database", "Endpoint.Address"]),
    ({"Fn::GetAtt": ["Database", "Endpoint.Address"]}, ["Database", "Endpoint.Address"]),
    ({"Fn::GetAtt": "Secret.Value"}, ["Secret", "Value"]),
]


@pytest.mark.parametrize(("written", "pair"), WRITTEN)
def test_an_attribute_may_be_written_in_several_ways(written, pair):
    """String or list, they are one pair of resource and attribute, at any depth."""
    assert normalized({"Outputs": [written, "text"]}) == {"Outputs": [{"Fn::GetAtt": pair}, "text"]}


def with_second(**attributes: Any) -> dict[str, Any]:
    """Two passwords; the attributes are those beside the second's type and properties."""
    template = password_alone()
    template["Resources"]["Second"] = {"Type": TYPE_NAME, **attributes}
    return template


def test_depends_on_is_the_order_of_creation_and_turned_round_of_deletion(stack):
    """Secret refers to nothing and waits for Second all the same."""
    template = with_second()
    template["Resources"]["Secret"]["DependsOn"] = "Second"

    created, deleted = stack.deploy(template), stack.delete()

    def ended(outcome: Any, status: str) -> list[str]:
        ids = [e["LogicalResourceId"] for e in outcome.latest if e["ResourceStatus"] == status]
        return [logical_id for logical_id in ids if logical_id != stack.name]

    assert ended(created, "CREATE_COMPLETE") == ["Second", "Secret"]
    assert ended(deleted, "DELETE_COMPLETE") == ["Secret", "Second"]


def test_a_condition_makes_and_removes_its_resource(stack):
    """Off at first, then on, then off again, by a parameter."""
    template = with_second(Condition="Asked")
    template["Parameters"] = {"Ask": {"Type": "String", "Default": "no"}}
    template["Conditions"] = {"Asked": {"Fn::Equals": [{"Ref": "Ask"}, "yes"]}}

    seen = []
    for parameters in ({}, {"Ask": "yes"}, {"Ask": "no"}):
        stack.deploy(template, **parameters)
        seen.append(stack.tombstones().get("default#Second"))

    assert seen == [None, False, True]


def test_deletion_policy_retain_keeps_a_secret_that_the_template_drops(stack):
    """The event says that the deletion was skipped, and the record stays alive."""
    stack.deploy(with_second(DeletionPolicy="Retain"))

    outcome = stack.deploy(password_alone())

    assert statuses(outcome, "Second") == ["DELETE_SKIPPED"]
    assert stack.tombstones() == {"default#Secret": False, "default#Second": False}


def test_deletion_policy_retain_keeps_a_secret_when_its_stack_goes(stack):
    """The stack is deleted around it."""
    stack.deploy(with_second(DeletionPolicy="Retain"))

    outcome = stack.delete()

    assert outcome.status == "DELETE_COMPLETE"
    assert stack.tombstones() == {"default#Secret": True, "default#Second": False}


def test_update_replace_policy_retain_keeps_a_replaced_secret(stack):
    """A change of name leaves two live secrets, of which the stack knows the new one."""
    stack.deploy(with_second(UpdateReplacePolicy="Retain"))

    outcome = stack.deploy(
        with_second(UpdateReplacePolicy="Retain", Properties={"Name": "Renamed"})
    )

    assert statuses(outcome, "Second")[-1] == "DELETE_SKIPPED"
    assert stack.delete().status == "DELETE_COMPLETE"
    assert stack.tombstones() == {
        "default#Secret": True,
        "default#Second": False,
        "default#Renamed": True,
    }


def test_an_export_is_what_other_stacks_import(aws, stack):
    """It follows its value, and goes with its stack."""
    name = f"{stack.name}-version"

    def exporting(**properties: Any) -> dict[str, Any]:
        template = password_alone(**properties)
        template["Outputs"]["VersionId"]["Export"] = {"Name": name}
        return template

    importing = password_alone(Description={"Fn::ImportValue": name})
    importer = Stack(aws)

    stack.deploy(exporting())
    version = stack.deploy(exporting(RotationToken="2")).outputs["VersionId"]
    importer.deploy(importing)

    deletion = stack.delete()
    too_late = Stack(aws).deploy(importing)

    [item] = importer.items().values()
    assert item["Description"] == {"S": version}
    assert deletion.status == "DELETE_COMPLETE"
    assert f"No export named {name} found" in too_late.reasons[0]


def alone(resource_type: str, **properties: Any) -> dict[str, Any]:
    """A template with one resource of any type."""
    return {"Resources": {"Thing": {"Type": resource_type, "Properties": properties}}}


QUEUE = "AWS::SQS::Queue"


def test_another_type_under_the_same_name_is_another_resource(aws, stack):
    """The password is made first and the queue removed at the end, and the other way round."""
    sqs = aws.client("sqs")
    stack.deploy(alone(QUEUE, QueueName=stack.name))

    there = stack.deploy(alone(TYPE_NAME))
    queues = sqs.list_queues(QueueNamePrefix=stack.name).get("QueueUrls", [])
    back = stack.deploy(alone(QUEUE, QueueName=stack.name))

    assert (there.status, back.status) == ("UPDATE_COMPLETE", "UPDATE_COMPLETE")
    assert queues == []
    assert stack.tombstones() == {"default#Thing": True}
    assert sqs.get_queue_url(QueueName=stack.name)


def test_a_resource_of_moto_s_is_updated_in_place_and_deleted(aws, stack):
    """Types without a driver of their own go by moto's model."""
    sqs = aws.client("sqs")
    stack.deploy(alone(QUEUE, QueueName=stack.name, VisibilityTimeout=30))
    url = sqs.get_queue_url(QueueName=stack.name)["QueueUrl"]

    updated = stack.deploy(alone(QUEUE, QueueName=stack.name, VisibilityTimeout=60))

    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert updated.status == "UPDATE_COMPLETE"
    assert attributes["VisibilityTimeout"] == "60"
    assert stack.delete().status == "DELETE_COMPLETE"
    with pytest.raises(ClientError, match="does not exist"):
        sqs.get_queue_url(QueueName=stack.name)


def test_a_type_that_moto_cannot_update_fails_by_its_name(stack):
    """The stack says so and is what it was, instead of claiming a change that nobody made."""
    table = {
        "AttributeDefinitions": [{"AttributeName": "Id", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "Id", "KeyType": "HASH"}],
        "BillingMode": "PAY_PER_REQUEST",
    }
    stack.deploy(alone("AWS::DynamoDB::Table", **table))

    outcome = stack.deploy(alone("AWS::DynamoDB::Table", **table, DeletionProtectionEnabled=True))

    assert "The local CloudFormation cannot update AWS::DynamoDB::Table" in outcome.reasons[0]


def test_a_stack_s_resources_are_those_that_it_has(aws, stack):
    """DescribeStackResources gives the physical IDs, and a removed resource is not among them."""
    stack.deploy(with_second())
    stack.deploy(password_alone())

    described = aws.client("cloudformation").describe_stack_resources(StackName=stack.name)

    assert {
        resource["LogicalResourceId"]: (resource["ResourceType"], resource["PhysicalResourceId"])
        for resource in described["StackResources"]
    } == {"Secret": (TYPE_NAME, f"{aws.storage.table_name}|{stack.name}|default|Secret")}


def test_no_value_is_left_out_of_a_list(aws, stack):
    """A tag that a condition takes away is not there."""
    maybe = {"Fn::If": ["Never", {"Key": "a", "Value": "b"}, {"Ref": "AWS::NoValue"}]}
    template = alone(TYPE_NAME, Tags=[maybe, {"Key": "c", "Value": "d"}])
    template["Conditions"] = {"Never": {"Fn::Equals": ["a", "b"]}}

    assert stack.deploy(template).status == "CREATE_COMPLETE"

    [item] = stack.items().values()
    assert item["Tags"] == {"L": [{"M": {"Key": {"S": "c"}, "Value": {"S": "d"}}}]}
