"""What is refused, by whom, and in which words."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.events import TYPE_NAME
from tests.local.stacks import Stack, configured, password_alone, statuses


def breaks(place: str, keyword: str) -> str:
    return f"#/{place}: failed validation constraint for keyword [{keyword}]"


BY_THE_SCHEMA: list[tuple[dict[str, Any], str]] = [
    ({"PaswordLength": 20}, "#: extraneous key [PaswordLength] is not permitted"),
    ({"PasswordLength": "twenty"}, breaks("PasswordLength", "type")),
    ({"PasswordLength": "--20"}, breaks("PasswordLength", "type")),
    ({"PasswordLength": 20.5}, breaks("PasswordLength", "type")),
    ({"PasswordLength": 7}, breaks("PasswordLength", "minimum")),
    ({"PasswordLength": "4097"}, breaks("PasswordLength", "maximum")),
    ({"RecoveryWindowInDays": 31}, breaks("RecoveryWindowInDays", "maximum")),
    ({"ReturnValue": "yes"}, breaks("ReturnValue", "type")),
    ({"Env": "a|b"}, breaks("Env", "pattern")),
    ({"Name": ""}, breaks("Name", "minLength")),
    ({"Description": "x" * 2049}, breaks("Description", "maxLength")),
    ({"Tags": {"team": "a"}}, breaks("Tags", "type")),
    ({"Tags": [{"Key": "a"}]}, breaks("Tags/0", "required")),
    (
        {"Tags": [{"Key": "a", "Value": "b", "Extra": "c"}]},
        "#/Tags/0: extraneous key [Extra] is not permitted",
    ),
    ({"Value": "mine"}, "Encountered unsupported property Value: it is read-only"),
    ({"VersionId": "mine"}, "Encountered unsupported property VersionId: it is read-only"),
]


@pytest.mark.parametrize(("properties", "reason"), BY_THE_SCHEMA)
def test_the_schema_refuses_before_the_handler_is_called(stack, events, properties, reason):
    """The resource's event names the property and the rule that it breaks."""
    outcome = stack.deploy(password_alone(**properties))

    assert outcome.status == "ROLLBACK_COMPLETE"
    assert statuses(outcome, "Secret") == ["CREATE_IN_PROGRESS", "CREATE_FAILED"]
    assert reason in outcome.reasons[0]
    assert events == []


def test_the_schema_s_complaints_come_together(stack):
    """A template with two mistakes is told both at once."""
    outcome = stack.deploy(password_alone(PasswordLength=7, Env="a|b"))

    assert outcome.reasons == [
        "Properties validation failed with message: "
        + "; ".join([breaks("Env", "pattern"), breaks("PasswordLength", "minimum")])
    ]


BY_THE_HANDLER: list[tuple[dict[str, Any], str]] = [
    ({"AllowedCharacters": "abc", "ExcludeNumbers": True}, "Remove one of the two."),
    (
        {
            "ExcludeLowercase": True,
            "ExcludeUppercase": True,
            "ExcludeNumbers": True,
            "ExcludePunctuation": True,
        },
        "Exclude less, or name the characters you want in AllowedCharacters.",
    ),
    ({"RecoveryWindowInDays": 3}, "must be an integer from 7 to 30, or 0"),
    ({"Tags": [{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}]}, "Keep one of the two."),
    ({"TableName": "missing"}, "Deploy infrastructure/storage.yml, or correct TableName"),
    ({"KeyId": "alias/missing"}, "Deploy infrastructure/storage.yml, or correct KeyId"),
]


@pytest.mark.parametrize(("properties", "remedy"), BY_THE_HANDLER)
def test_the_handler_s_refusal_is_told_with_code_and_remedy(stack, properties, remedy):
    """What the schema cannot say the handler does, and nothing is stored."""
    outcome = stack.deploy(password_alone(**properties))

    [reason] = outcome.reasons
    assert outcome.status == "ROLLBACK_COMPLETE"
    assert remedy in reason
    assert "HandlerErrorCode: InvalidRequest)" in reason
    assert all(name in reason for name in properties)
    assert stack.items() == {}


@pytest.mark.parametrize(
    ("spoil", "remedy"),
    [
        ("disable_key", "the key is disabled. Enable it (kms:EnableKey)."),
        ("schedule_key_deletion", "Cancel its deletion (kms:CancelKeyDeletion)"),
    ],
)
def test_a_key_that_cannot_be_used_is_told_with_the_remedy(aws, stack, spoil, remedy):
    """A key that is disabled or about to be deleted fails the stack within seconds."""
    kms = aws.client("kms")
    key = kms.create_key()["KeyMetadata"]
    getattr(kms, spoil)(KeyId=key["KeyId"])

    outcome = stack.deploy(password_alone(KeyId=key["KeyId"]))

    [reason] = outcome.reasons
    assert key["Arn"] in reason
    assert remedy in reason
    assert "HandlerErrorCode: InvalidRequest)" in reason
    assert stack.items() == {}


def test_a_password_whose_key_is_disabled_comes_back_with_the_key(aws, stack):
    """A rotation fails while the key is disabled; enabled again, it still opens the password."""
    kms = aws.client("kms")
    key_id = kms.create_key()["KeyMetadata"]["KeyId"]
    stack.deploy(password_alone(KeyId=key_id))
    before = stack.stored("default#Secret")
    kms.disable_key(KeyId=key_id)

    outcome = stack.deploy(password_alone(KeyId=key_id, RotationToken="2"))

    kms.enable_key(KeyId=key_id)
    assert "kms:EnableKey" in outcome.reasons[0]
    assert stack.stored("default#Secret") == before


def test_a_wrong_type_configuration_is_told_by_its_key(aws, stack):
    """The template is right; who set the configuration learns which key is not."""
    with configured(aws, {"RecoveryWindowInDays": "soon"}):
        outcome = stack.deploy(password_alone())

    assert "set-type-configuration" in outcome.reasons[0]
    assert "RecoveryWindowInDays" in outcome.reasons[0]
    assert "HandlerErrorCode: InvalidTypeConfiguration)" in outcome.reasons[0]


def test_a_name_that_is_taken_is_told_by_its_identifier(aws, stack):
    """A second stack cannot take over a live secret, and its roll-back leaves it alone."""
    stack.deploy(password_alone())
    before = stack.stored("default#Secret")

    outcome = Stack(aws).deploy(password_alone(StackName=stack.name))

    assert f"{aws.storage.table_name}|{stack.name}|default|Secret" in outcome.reasons[0]
    assert "HandlerErrorCode: AlreadyExists)" in outcome.reasons[0]
    assert stack.tombstones() == {"default#Secret": False}
    assert stack.stored("default#Secret") == before


SECRET = "hush hush, not a word"
WITH_A_SECRET: list[dict[str, Any]] = [
    {"SecretString": SECRET, "PasswordLength": 7},
    {"SecretString": SECRET, "KeyId": "alias/missing"},
    {"SecretString": SECRET * 200},
    {"SecretString": [SECRET]},
    {"SecretString": {SECRET: SECRET}},
    {"SecretString": SECRET + "ä" * 4000},
    {"Tags": [{"Key": SECRET, "Value": SECRET * 20}]},
]


@pytest.mark.parametrize("properties", WITH_A_SECRET)
def test_a_refusal_quotes_no_value(stack, properties):
    """Neither the schema's refusal nor the handler's repeats what it refuses."""
    outcome = stack.deploy(password_alone(**properties))

    assert outcome.status == "ROLLBACK_COMPLETE"
    assert outcome.reasons
    assert "hush" not in json.dumps(outcome.events, default=str)


@pytest.mark.parametrize("attribute", ["Nonsense", "Description", "Env"])
def test_an_attribute_that_the_type_does_not_have_fails_who_takes_it(stack, attribute):
    """Only read-only properties are attributes, whatever the handler's model holds."""
    template = password_alone(Description="a property, but no attribute")
    taken = {"Fn::GetAtt": ["Secret", attribute]}
    template["Resources"]["Second"] = {"Type": TYPE_NAME, "Properties": {"Description": taken}}

    outcome = stack.deploy(template)

    assert outcome.status == "ROLLBACK_COMPLETE"
    assert statuses(outcome, "Second") == ["CREATE_FAILED"]
    assert f"resource Secret does not support attribute type {attribute}" in outcome.reasons[0]


def test_a_type_that_the_local_cloudformation_does_not_know_is_told(stack):
    """It fails in the resource's event, by its name."""
    outcome = stack.deploy({"Resources": {"Other": {"Type": "AWS::Nothing::AtAll"}}})

    assert outcome.status == "ROLLBACK_COMPLETE"
    assert outcome.reasons == ["The local CloudFormation does not know AWS::Nothing::AtAll"]


def described_by(*references: Any) -> dict[str, Any]:
    """Passwords named First, Second, … each of which has a reference in its description."""
    names = ["First", "Second", "Third"]
    return {
        "Resources": {
            name: {"Type": TYPE_NAME, "Properties": {"Description": reference}}
            for name, reference in zip(names, references, strict=False)
        }
    }


MEANINGLESS: dict[str, tuple[dict[str, Any], str]] = {
    "circle": (
        described_by({"Ref": "Second"}, {"Fn::GetAtt": ["First", "VersionId"]}, "a third"),
        "Circular dependency between resources: [First, Second]",
    ),
    "circle through Fn::Sub": (
        described_by({"Fn::Sub": "of ${Second}"}, {"Fn::Sub": "of ${First.VersionId}"}),
        "Circular dependency between resources: [First, Second]",
    ),
    "reference to nothing": (
        described_by({"Ref": "Nothing"}, {"Fn::Sub": "${Void.VersionId}"}),
        "Unresolved resource dependencies [Nothing, Void] in the Resources block",
    ),
    "output of nothing": (
        password_alone() | {"Outputs": {"Wrong": {"Value": {"Fn::GetAtt": ["Nothing", "Value"]}}}},
        "Unresolved resource dependencies [Nothing] in the Outputs block",
    ),
    "output of what is no attribute": (
        password_alone() | {"Outputs": {"Wrong": {"Value": {"Fn::GetAtt": ["Secret", "Env"]}}}},
        "does not support attribute type Env in Fn::GetAtt",
    ),
    "parameter without a value": (
        password_alone() | {"Parameters": {"Needed": {"Type": "String"}}},
        "Missing parameter Needed",
    ),
    "no resource": ({"Outputs": {}}, "At least one Resources member must be defined"),
}


@pytest.mark.parametrize(("template", "message"), MEANINGLESS.values(), ids=MEANINGLESS)
def test_a_template_that_makes_no_sense_makes_no_stack(aws, stack, events, template, message):
    """The request itself is refused, and there is nothing to clean up."""
    with pytest.raises(ClientError, match="ValidationError") as refused:
        stack.deploy(template)

    assert message in str(refused.value)
    with pytest.raises(ClientError, match="does not exist"):
        aws.outcome(stack.name)
    assert events == []


@pytest.mark.parametrize(("template", "message"), MEANINGLESS.values(), ids=MEANINGLESS)
def test_an_update_that_makes_no_sense_leaves_the_stack_as_it_was(aws, stack, template, message):
    """The request is refused; template, outputs and events are untouched, the next one passes."""
    before = stack.deploy(password_alone())

    with pytest.raises(ClientError) as refused:
        stack.deploy(template)

    assert message in str(refused.value)
    kept = aws.client("cloudformation").get_template(StackName=stack.name)["TemplateBody"]
    assert kept == password_alone()
    assert aws.outcome(stack.name) == before
    assert stack.deploy(password_alone(Description="new")).status == "UPDATE_COMPLETE"


def test_a_stack_s_name_is_taken_once(aws, stack):
    """A second CreateStack is refused and changes nothing."""
    before = stack.deploy(password_alone())

    with pytest.raises(ClientError, match="AlreadyExistsException"):
        aws.client("cloudformation").create_stack(
            StackName=stack.name, TemplateBody=json.dumps(password_alone(RotationToken="2"))
        )

    assert aws.outcome(stack.name) == before


def test_an_update_without_a_change_is_refused(stack, events):
    """CloudFormation says so, and the handler is not called."""
    stack.deploy(password_alone(), tags={"team": "a"})
    events.clear()

    with pytest.raises(ClientError, match="No updates are to be performed"):
        stack.deploy(password_alone(), tags={"team": "a"})

    assert events == []


def test_a_stack_whose_creation_was_rolled_back_cannot_be_updated(aws, stack):
    """It can only be deleted and created again; a change set does not get around that."""
    stack.deploy(password_alone(PasswordLength=7))
    cloudformation = aws.client("cloudformation")
    cloudformation.create_change_set(
        StackName=stack.name,
        ChangeSetName="mended",
        ChangeSetType="UPDATE",
        TemplateBody=json.dumps(password_alone()),
    )

    with pytest.raises(ClientError, match="ROLLBACK_COMPLETE state and can not be updated"):
        stack.deploy(password_alone())
    with pytest.raises(ClientError, match="ROLLBACK_COMPLETE state and can not be updated"):
        cloudformation.execute_change_set(ChangeSetName="mended", StackName=stack.name)

    assert stack.delete().status == "DELETE_COMPLETE"
    assert stack.deploy(password_alone()).status == "CREATE_COMPLETE"
