"""A stack with a password and a database, from its creation to its re-creation."""

import json

import pytest

from local.events import TYPE_NAME
from tests.local.stacks import password_alone, statuses


def test_a_database_gets_the_password_that_is_stored(stack):
    """The value that Fn::GetAtt hands over is what a consumer reads from the table."""
    outcome = stack.deploy()

    assert outcome.status == "CREATE_COMPLETE"
    assert stack.in_database() == stack.stored()


def test_ref_gives_table_stack_env_and_name(aws, stack):
    """Ref is the primary identifier in the schema's order."""
    outcome = stack.deploy()

    assert outcome.outputs["SecretId"] == (f"{aws.storage.table_name}|{stack.name}|dev|DBPassword")


def test_get_att_gives_every_read_only_attribute(stack):
    """Value is the stored clear text; the id and the times are the record's."""
    outcome = stack.deploy(password_alone())

    [item] = stack.items().values()
    assert outcome.outputs["Value"].encode() == stack.stored("default#Secret")
    assert outcome.outputs["VersionId"] == item["Versions"]["L"][-1]["M"]["VersionId"]["S"]
    assert outcome.outputs["CreatedTime"] == item["CreatedTime"]["S"]
    assert outcome.outputs["LastRotatedTime"] == item["LastRotatedTime"]["S"]


def test_no_property_is_required(aws, stack):
    """A bare resource takes its table and key from the type configuration."""
    outcome = stack.deploy(password_alone())

    assert outcome.outputs["Ref"] == f"{aws.storage.table_name}|{stack.name}|default|Secret"


def test_a_change_of_description_keeps_the_password(stack):
    """The record says the new description; neither password nor database is touched."""
    stack.deploy()
    before = stack.stored()

    outcome = stack.deploy(Description="Another description")

    assert outcome.status == "UPDATE_COMPLETE"
    assert stack.items()["dev#DBPassword"]["Description"]["S"] == "Another description"
    assert stack.stored() == stack.in_database() == before
    assert statuses(outcome, "Database") == []


def test_a_rotation_reaches_the_database(stack):
    """The database is updated because the value changed, though its own text did not."""
    stack.deploy()
    before = stack.stored()

    outcome = stack.deploy(RotationToken="2")

    assert outcome.status == "UPDATE_COMPLETE"
    assert stack.stored() != before
    assert stack.in_database() == stack.stored()
    assert statuses(outcome, "Database") == ["UPDATE_IN_PROGRESS", "UPDATE_COMPLETE"]


def test_a_token_that_was_there_before_brings_its_password_back(stack):
    """Rotate away and back: the database has the first password again."""
    stack.deploy(RotationToken="1")
    first = stack.stored()
    stack.deploy(RotationToken="2")

    stack.deploy(RotationToken="1")

    assert stack.stored() == stack.in_database() == first


@pytest.mark.parametrize("changed", [{"Name": "Other"}, {"Env": "prod"}])
def test_a_change_of_identity_replaces_the_secret(stack, changed):
    """The new secret is made first, the old one becomes a tombstone at the very end."""
    first = stack.deploy(password_alone())

    outcome = stack.deploy(password_alone(**changed))

    new_key = f"{changed.get('Env', 'default')}#{changed.get('Name', 'Secret')}"
    assert outcome.status == "UPDATE_COMPLETE"
    assert outcome.outputs["Value"] != first.outputs["Value"]
    assert stack.tombstones() == {"default#Secret": True, new_key: False}
    assert statuses(outcome, "Secret") == [
        "UPDATE_IN_PROGRESS",
        "UPDATE_COMPLETE",
        "DELETE_IN_PROGRESS",
        "DELETE_COMPLETE",
    ]


def test_a_resource_taken_out_of_the_template_is_deleted(stack):
    """What the new template does not mention any more goes once everything else is done."""
    template = password_alone()
    template["Resources"]["Second"] = {"Type": TYPE_NAME}
    stack.deploy(template)

    outcome = stack.deploy(password_alone())

    assert outcome.status == "UPDATE_COMPLETE"
    assert stack.tombstones() == {"default#Secret": False, "default#Second": True}


def test_deletion_leaves_a_tombstone(stack):
    """The database is gone, the record stays with a time to live."""
    stack.deploy()

    outcome = stack.delete()

    item = stack.items()["dev#DBPassword"]
    assert outcome.status == "DELETE_COMPLETE"
    assert stack.databases() == []
    assert {"DeletedTime", "ExpiresAt"} <= item.keys()


def test_deletion_takes_the_database_before_its_password(stack):
    """Nothing is removed while another resource still refers to it."""
    stack.deploy()

    outcome = stack.delete()

    removed = [
        event["LogicalResourceId"]
        for event in outcome.latest
        if event["ResourceStatus"] == "DELETE_COMPLETE"
    ]
    assert removed == ["Database", "DBPassword", stack.name]


def test_re_creation_makes_a_new_password(stack):
    """A tombstone does not block its name, and does not lend its password either."""
    stack.deploy()
    before = stack.stored()
    stack.delete()

    outcome = stack.deploy()

    assert outcome.status == "CREATE_COMPLETE"
    assert stack.stored() != before
    assert stack.in_database() == stack.stored()


def test_a_secret_that_is_gone_already_does_not_hold_up_the_deletion(aws, stack):
    """The handler answers NotFound, and the stack is deleted."""
    stack.deploy(password_alone())
    [item] = stack.items().values()
    key = {name: item[name] for name in ("StackName", "EnvName")}
    aws.client("dynamodb").delete_item(TableName=aws.storage.table_name, Key=key)

    assert stack.delete().status == "DELETE_COMPLETE"


def test_a_change_set_deploys_like_an_update(aws, stack):
    """`aws cloudformation deploy` goes this way, for a new stack and for an old one."""
    cloudformation = aws.client("cloudformation")
    for kind, token in (("CREATE", "1"), ("UPDATE", "2")):
        cloudformation.create_change_set(
            StackName=stack.name,
            ChangeSetName=f"change-{token}",
            ChangeSetType=kind,
            TemplateBody=json.dumps(password_alone(RotationToken=token)),
        )
        cloudformation.execute_change_set(ChangeSetName=f"change-{token}", StackName=stack.name)

    [item] = stack.items().values()
    assert aws.outcome(stack.name).status == "UPDATE_COMPLETE"
    assert len(item["Versions"]["L"]) == 2
