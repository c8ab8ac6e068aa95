"""Resource import: an existing secret, adopted or restored, comes into a stack as it is."""

import json
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

import local
from local.events import TYPE_NAME
from tests.cli.old_tables import OldTable, row_2016
from tests.cli.runner import Program
from tests.local.stacks import Stack, said, statuses

EXAMPLE = Path(__file__).parents[2] / "examples" / "import" / "rds-adopted.yml"
OLD_PASSWORD = "old-Recipe-Password-1"


pytestmark = pytest.mark.usefixtures("quiet_sdk")


@pytest.fixture
def program(forks: None, aws: local.LocalAws, tmp_path: Path) -> Program:
    return Program(aws, {"HOME": str(tmp_path)})


def secret(stack: Stack, name: str = "DBPassword", **properties: Any) -> dict[str, Any]:
    """A resource of a template, to be imported."""
    return {
        "Type": TYPE_NAME,
        "DeletionPolicy": "Retain",
        "Properties": {"StackName": stack.name, "Env": "dev", "Name": name, **properties},
    }


def import_into(
    stack: Stack, template: dict[str, Any] | str, *names: str, env: str = "dev"
) -> local.Outcome:
    """Create the change set and execute it, as examples/import/README.md says."""
    cloudformation = stack.aws.client("cloudformation")
    created = cloudformation.create_change_set(
        StackName=stack.name,
        ChangeSetName="import",
        ChangeSetType="IMPORT",
        TemplateBody=template if isinstance(template, str) else json.dumps(template),
        ResourcesToImport=[
            {
                "ResourceType": TYPE_NAME,
                "LogicalResourceId": name,
                "ResourceIdentifier": {
                    "TableName": stack.aws.storage.table_name,
                    "StackName": stack.name,
                    "Env": env,
                    "Name": name,
                },
            }
            for name in names
        ],
    )
    cloudformation.execute_change_set(ChangeSetName=created["Id"])
    return stack.aws.outcome(created["StackId"])


def before_the_import() -> str:
    """The example's template as it was with the older recipe: the password comes from elsewhere."""
    text = EXAMPLE.read_text("utf-8")
    assert "!GetAtt DBPassword.Value" in text
    return text.replace("!GetAtt DBPassword.Value", OLD_PASSWORD)


def without_the_secret() -> str:
    text = before_the_import()
    start, end = text.index("  DBPassword:\n"), text.index("  Database:\n")
    return text[:start] + text[end : text.index("Outputs:")]


def test_an_adopted_password_comes_into_its_stack_unchanged(
    aws: local.LocalAws, stack: Stack, program: Program
) -> None:
    """The whole way of examples/import: adopt, import, use, rotate, go back, clean up."""
    assert stack.deploy(without_the_secret()).succeeded
    old = OldTable(aws, f"old-{stack.name}", ("stackname", "env"))
    row_2016(old, stack.name, "dev", OLD_PASSWORD)
    words = ["adopt", old.name, "--layout", "2016", "--name", "DBPassword"]

    program.succeed(*words, "--stack-name", stack.name)
    imported = import_into(stack, before_the_import(), "DBPassword")
    assert imported.status == "IMPORT_COMPLETE", said(imported)
    assert statuses(imported, "DBPassword") == ["IMPORT_IN_PROGRESS", "IMPORT_COMPLETE"]

    assert stack.deploy(EXAMPLE).status == "UPDATE_COMPLETE"
    assert stack.stored() == stack.in_database() == OLD_PASSWORD.encode()
    stack.deploy(EXAMPLE, AllocatedStorage="30")
    assert stack.stored() == stack.in_database() == OLD_PASSWORD.encode()

    stack.deploy(EXAMPLE, AllocatedStorage="30", RotationToken="2")
    assert stack.stored() == stack.in_database() != OLD_PASSWORD.encode()
    stack.deploy(EXAMPLE, AllocatedStorage="30")
    assert stack.stored() == stack.in_database() == OLD_PASSWORD.encode()

    stack.deploy(EXAMPLE, AllocatedStorage="30", RotationToken="3")
    program.succeed(*words, "--stack-name", stack.name, "--delete")
    assert old.rows() == []


def test_a_stack_that_rolls_back_after_an_import_keeps_the_adopted_password(
    aws: local.LocalAws, stack: Stack, program: Program
) -> None:
    stack.deploy(without_the_secret(), AllocatedStorage="30")
    old = OldTable(aws, f"old-{stack.name}", ("stackname", "env"))
    row_2016(old, stack.name, "dev", OLD_PASSWORD)
    program.succeed("adopt", old.name, "--layout", "2016", "--name", "DBPassword")
    import_into(stack, before_the_import(), "DBPassword")
    stack.deploy(EXAMPLE, AllocatedStorage="30")

    failed = stack.deploy(EXAMPLE, RotationToken="2", AllocatedStorage="20")

    assert failed.status == "UPDATE_ROLLBACK_COMPLETE"
    assert stack.stored() == stack.in_database() == OLD_PASSWORD.encode()


def test_a_restored_secret_comes_back_into_a_new_stack(stack: Stack, program: Program) -> None:
    """Retained or restored, it belongs to no stack until it is imported."""
    template = {"Resources": {"DBPassword": secret(stack)}}
    stack.deploy({"Resources": {"DBPassword": secret(stack) | {"DeletionPolicy": "Delete"}}})
    before = stack.stored()
    stack.delete()
    program.succeed("restore", stack.name, "DBPassword", "--env", "dev")

    outcome = import_into(stack, template, "DBPassword")

    assert outcome.status == "IMPORT_COMPLETE"
    assert stack.stored() == before
    template["Resources"]["DBPassword"]["Properties"]["Description"] = "Unrelated"
    assert stack.deploy(template).status == "UPDATE_COMPLETE"
    assert stack.stored() == before


def test_what_is_not_there_cannot_be_imported(stack: Stack) -> None:
    bucket = {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": f"{stack.name}-bucket"}}
    stack.deploy({"Resources": {"Bucket": bucket}})

    outcome = import_into(
        stack, {"Resources": {"Bucket": bucket, "DBPassword": secret(stack)}}, "DBPassword"
    )

    assert outcome.status == "IMPORT_ROLLBACK_COMPLETE"
    assert "HandlerErrorCode: NotFound" in said(outcome)
    described = stack.aws.client("cloudformation").describe_stack_resources(StackName=stack.name)
    assert [each["LogicalResourceId"] for each in described["StackResources"]] == ["Bucket"]


def test_where_one_of_two_cannot_be_imported_neither_is(stack: Stack) -> None:
    stack.deploy({"Resources": {"A": secret(stack, "A") | {"DeletionPolicy": "Retain"}}})
    stack.delete()
    template = {"Resources": {name: secret(stack, name) for name in ("A", "B")}}

    outcome = import_into(stack, template, "A", "B")

    assert outcome.status == "IMPORT_ROLLBACK_COMPLETE"
    assert statuses(outcome, "A") == ["IMPORT_IN_PROGRESS", "IMPORT_COMPLETE"]
    assert not stack.tombstones()["dev#A"]


def test_a_template_that_names_another_secret_is_refused(stack: Stack) -> None:
    stack.deploy({"Resources": {"DBPassword": secret(stack)}})
    stack.delete()
    template = {"Resources": {"DBPassword": secret(stack, "Other")}}

    outcome = import_into(stack, template, "DBPassword")

    assert outcome.status == "IMPORT_ROLLBACK_COMPLETE"
    assert "Name in the template is not that of the resource identifier" in said(outcome)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda resources: resources.pop("DBPassword"), "is not in the template"),
        (
            lambda resources: resources["DBPassword"].pop("DeletionPolicy"),
            "must have a DeletionPolicy",
        ),
        (lambda resources: resources.pop("Bucket"), "neither creates nor removes"),
        (
            lambda resources: resources.update(More={"Type": "AWS::S3::Bucket"}),
            "neither creates nor removes",
        ),
        (
            lambda resources: resources["Bucket"]["Properties"].update(BucketName="other"),
            "changes no resource",
        ),
    ],
    ids=["nothing to import", "no DeletionPolicy", "one fewer", "one more", "another bucket"],
)
def test_an_import_does_nothing_else(stack: Stack, change: Any, reason: str) -> None:
    """CloudFormation refuses the change set."""
    bucket = {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": f"{stack.name}-bucket"}}
    stack.deploy({"Resources": {"Bucket": bucket}})
    resources = {"Bucket": json.loads(json.dumps(bucket)), "DBPassword": secret(stack)}
    change(resources)

    with pytest.raises(ClientError, match=reason):
        import_into(stack, {"Resources": resources}, "DBPassword")


def test_what_is_in_the_stack_already_is_not_imported_again(stack: Stack) -> None:
    template = {"Resources": {"DBPassword": secret(stack)}}
    stack.deploy(template)

    with pytest.raises(ClientError, match="in the stack already"):
        import_into(stack, template, "DBPassword")
