"""Every way to write `Value` is seen, and every place is judged by whether it hides it."""

# ruff: noqa: E501  # a case is a line

import functools
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

from myorg_secrets.lint.masked import NOT_MARKED, is_masked, schema_of
from myorg_secrets.lint.takers import TAKERS
from tests.lint.linting import found, lint, lint_file, messages

SECRET = "Resources:\n  P:\n    Type: MyOrg::Secrets::Password\n    Properties: {Engine: mysql}\n"


def resource(type_name: str, properties: str) -> str:
    return f"{SECRET}  R:\n    Type: {type_name}\n    Properties: {properties}\n"


@pytest.mark.parametrize(
    "written",
    [
        "!GetAtt P.Value",
        "!GetAtt [P, Value]",
        "{Fn::GetAtt: [P, Value]}",
        "{Fn::GetAtt: P.Value}",
        "{Fn::GetAtt: [P, !Ref Attribute]}",
        "!Sub '${P.Value}'",
        "!Sub 'a ${ P.Value } b'",
        "{Fn::Sub: '${P.Value}'}",
        "!Sub ['${P.Value}', {Other: x}]",
        "!Sub ['${Other}', {Other: !GetAtt P.Value}]",
        "!Join ['', [a, !Sub '${P.Value}']]",
        "!If [Yes, a, !GetAtt P.Value]",
        "!If [Yes, !If [Yes, !GetAtt P.Value, b], c]",
        "{Fn::Base64: !Sub '${P.Value}'}",
        "!Select [0, !Split [x, !GetAtt P.Value]]",
        "{Fn::ToJsonString: {a: !GetAtt P.Value}}",
    ],
)
def test_every_form_of_the_value_is_seen(written: str) -> None:
    text = (
        "Parameters: {Attribute: {Type: String, Default: Value}}\n"
        f"{SECRET}Outputs:\n  O:\n    Value: {written}\n"
    )

    assert found(text) == {(8, "E9801")}


@pytest.mark.parametrize(
    "written",
    [
        "!Ref P",
        "!GetAtt P.VersionId",
        "!GetAtt Other.Value",
        "!Sub '${P}'",
        "!Sub '${!P.Value}'",
        "!Sub ['${P.Value}', {P.Value: mine}]",
        "P.Value",
        "'${P.Value}'",
    ],
)
def test_what_is_not_the_value_is_left_alone(written: str) -> None:
    assert found(f"{SECRET}Outputs:\n  O:\n    Value: {written}\n") == set()


def test_an_export_and_a_description_of_an_output_are_outputs_too() -> None:
    text = f"{SECRET}Outputs:\n  O:\n    Value: x\n    Export:\n      Name: !GetAtt P.Value\n"

    assert found(text) == {(9, "E9801")}


def test_the_line_of_an_element_of_a_list_is_its_own() -> None:
    text = f"{SECRET}Outputs:\n  O:\n    Value: !Join\n      - ''\n      - - a\n        - !GetAtt P.Value\n"

    assert found(text) == {(10, "E9801")}


@pytest.mark.parametrize(
    ("type_name", "properties", "rule"),
    [
        ("AWS::EC2::Instance", "{UserData: !GetAtt P.Value}", "E9803"),
        ("AWS::AutoScaling::LaunchConfiguration", "{UserData: !GetAtt P.Value}", "E9803"),
        ("AWS::EC2::LaunchTemplate", "{LaunchTemplateData: {UserData: !GetAtt P.Value}}", "E9803"),
        ("AWS::Lambda::Function", "{Environment: {Variables: {A: !GetAtt P.Value}}}", "E9803"),
        ("AWS::Lambda::Function", "{Environment: !If [C, {Variables: {A: !GetAtt P.Value}}, !Ref AWS::NoValue]}", "E9803"),
        ("AWS::Lambda::Function", "{Code: {ZipFile: !Sub 'p = \"${P.Value}\"'}}", "E9803"),
        ("AWS::ECS::TaskDefinition", "{ContainerDefinitions: [{Environment: [{Name: A, Value: !GetAtt P.Value}]}]}", "E9803"),
        ("AWS::ECS::TaskDefinition", "{ContainerDefinitions: [{EntryPoint: [!GetAtt P.Value]}]}", "E9803"),
        ("AWS::ECS::TaskDefinition", "{ContainerDefinitions: [{Secrets: [{Name: A, ValueFrom: !GetAtt P.Value}]}]}", "E9804"),
        ("AWS::CodeBuild::Project", "{Environment: {EnvironmentVariables: [{Name: A, Value: !GetAtt P.Value}]}}", "E9803"),
        ("AWS::StepFunctions::StateMachine", "{Definition: {Comment: !GetAtt P.Value}}", "E9803"),
        ("AWS::Synthetics::Canary", "{RunConfig: {EnvironmentVariables: {Password: !GetAtt P.Value}}}", "E9803"),
        ("AWS::Batch::JobDefinition", "{ContainerProperties: {Command: [!GetAtt P.Value]}}", "E9803"),
        ("AWS::SSM::Parameter", "{Type: String, Value: !GetAtt P.Value}", "E9804"),
        ("AWS::SSM::Parameter", "{Type: StringList, Value: !GetAtt P.Value}", "E9804"),
        ("AWS::S3::Bucket", "{Tags: [{Key: a, Value: !GetAtt P.Value}]}", "E9804"),
        ("AWS::S3::Bucket", "{BucketName: !GetAtt P.Value}", "E9804"),
        ("AWS::KMS::Key", "{Description: !GetAtt P.Value}", "E9804"),
        ("AWS::CloudFormation::CustomResource", "{Password: !GetAtt P.Value}", "E9804"),
        ("Custom::Any", "{MasterUserPassword: !GetAtt P.Value}", "E9804"),
        ("AWS::Scheduler::Schedule", "{Target: {Input: !GetAtt P.Value}}", "E9804"),
        ("AWS::RDS::DBInstance", "{MasterUsername: !GetAtt P.Value}", "E9804"),
        ("AWS::RDS::DBInstance", "{DBSnapshotIdentifier: !GetAtt P.Value}", "E9804"),
        ("AWS::CloudFront::Distribution", "{DistributionConfig: {Origins: [{OriginCustomHeaders: [{HeaderName: A, HeaderValue: !GetAtt P.Value}]}]}}", "E9804"),
        ("MyOrg::Secrets::Password", "{Description: !GetAtt P.Value}", "E9804"),
        ("MyOrg::Secrets::Password", "{RotationToken: !GetAtt P.Value}", "E9804"),
        ("Datadog::Monitors::Monitor", "{Password: !GetAtt P.Value}", "W9806"),
        ("Example::Web::Site::MODULE", "{Password: !GetAtt P.Value}", "W9806"),
        ("AWS::CloudFormation::Stack", "{Parameters: {A: !GetAtt P.Value}}", "W9805"),
        ("AWS::CloudFormation::StackSet", "{Parameters: [{ParameterKey: A, ParameterValue: !GetAtt P.Value}]}", "E9804"),
    ],
)  # fmt: skip
def test_a_place_that_shows_the_value_is_found(type_name: str, properties: str, rule: str) -> None:
    assert found(resource(type_name, properties)) == {(7, rule)}


@pytest.mark.parametrize(
    ("type_name", "properties"),
    [
        ("AWS::RDS::DBInstance", "{Engine: mysql, MasterUserPassword: !GetAtt P.Value}"),
        ("AWS::RDS::DBInstance", "{Engine: mysql, MasterUserPassword: !If [C, !GetAtt P.Value, x]}"),
        ("AWS::RDS::DBInstance", "{TdeCredentialPassword: !GetAtt P.Value}"),
        ("AWS::IAM::User", "{LoginProfile: {Password: !Sub '${P.Value}'}}"),
        ("AWS::SecretsManager::Secret", "{SecretString: !Sub '{\"password\": \"${P.Value}\"}'}"),
        ("AWS::SecretsManager::Secret", "{SecretString: {Fn::ToJsonString: {p: !GetAtt P.Value}}}"),
        ("AWS::DMS::Endpoint", "{Password: !GetAtt P.Value}"),
        ("AWS::DMS::Endpoint", "{RedisSettings: {AuthPassword: !GetAtt P.Value}}"),
        ("AWS::EC2::VPNConnection", "{VpnTunnelOptionsSpecifications: [{PreSharedKey: !GetAtt P.Value}]}"),
        ("AWS::AppStream::DirectoryConfig", "{ServiceAccountCredentials: {AccountPassword: !GetAtt P.Value}}"),
        ("AWS::Events::Connection", "{AuthParameters: {BasicAuthParameters: {Password: !GetAtt P.Value}}}"),
        ("AWS::QuickSight::DataSource", "{Credentials: {CredentialPair: {Password: !GetAtt P.Value}}}"),
        ("AWS::CodePipeline::Webhook", "{AuthenticationConfiguration: {SecretToken: !GetAtt P.Value}}"),
        ("AWS::Transfer::Certificate", "{PrivateKey: !GetAtt P.Value}"),
        ("MyOrg::Secrets::Password", "{SecretString: !GetAtt P.Value}"),
    ],
)  # fmt: skip
def test_a_place_that_hides_the_value_is_left_alone(type_name: str, properties: str) -> None:
    assert found(resource(type_name, properties)) == set()


def test_a_message_says_where_why_and_the_better_way() -> None:
    text = resource("AWS::Lambda::Function", "{Environment: {Variables: {A: !GetAtt P.Value}}}")

    [message] = messages(text, "E9803")

    assert message == (
        "P.Value is not masked in Environment.Variables.A of AWS::Lambda::Function: it is an"
        " environment variable, which lambda:GetFunctionConfiguration shows. Hand over !Ref P,"
        " which names the secret without being one, and let the function read it with"
        " SecretsClient: https://github.com/myorg/myorg-secrets-password/blob/main/guide/consume/"
        "lambda.md"
    )


def test_a_finding_can_be_ignored_on_its_resource() -> None:
    text = resource("Custom::Any", "{Password: !GetAtt P.Value}")

    assert (
        found(f"{text}    Metadata: {{cfn-lint: {{config: {{ignore_checks: [E9804]}}}}}}") == set()
    )


@pytest.mark.parametrize(
    ("parameter", "rules"),
    [
        ("{Type: String, NoEcho: true}", set()),
        ('{Type: String, NoEcho: "true"}', set()),
        ("{Type: String}", {"E9804"}),
        ("{Type: String, NoEcho: false}", {"E9804"}),
    ],
)
def test_a_nested_template_on_disk_is_looked_at(
    tmp_path: Path, parameter: str, rules: set[str]
) -> None:
    (tmp_path / "nested.yml").write_text(f"Parameters: {{A: {parameter}}}\nResources: {{}}\n")
    root = tmp_path / "root.yml"
    root.write_text(
        resource(
            "AWS::CloudFormation::Stack",
            "{TemplateURL: nested.yml, Parameters: {A: !GetAtt P.Value}}",
        )
    )

    assert {match.rule.id for match in lint_file(root)} == rules


@pytest.mark.parametrize("content", ["", "[", "Parameters: [A]", "a: {b: null}", "\x00"])
def test_a_nested_template_that_cannot_be_read_is_one_that_is_not_there(
    tmp_path: Path, content: str
) -> None:
    (tmp_path / "nested.yml").write_text(content)
    root = tmp_path / "root.yml"
    root.write_text(
        resource(
            "AWS::CloudFormation::Stack",
            "{TemplateURL: nested.yml, Parameters: {A: !GetAtt P.Value}}",
        )
    )

    assert {match.rule.id for match in lint_file(root)} == {"W9805"}


def test_a_loop_of_the_language_extensions_is_followed() -> None:
    text = f"""\
Transform: AWS::LanguageExtensions
{SECRET}  Fn::ForEach::Parameters:
    - Name
    - [A, B]
    - Parameter${{Name}}:
        Type: AWS::SSM::Parameter
        Properties: {{Type: String, Value: !GetAtt P.Value}}
"""

    assert found(text) == {(11, "E9804")}


@functools.cache
def answer_names(service: str, operation: str) -> frozenset[str]:
    """Return the names of all members of an operation's answer, in botocore's model."""
    model = botocore.session.get_session().get_service_model(service).operation_model(operation)
    names: set[str] = set()
    seen: set[str] = set()
    waiting: list[Any] = [model.output_shape]
    while waiting:
        shape = waiting.pop()
        if shape.name in seen:
            continue
        seen.add(shape.name)
        if shape.type_name == "structure":
            names |= set(shape.members)
            waiting += shape.members.values()
        elif shape.type_name in ("list", "map"):
            waiting.append(shape.member if shape.type_name == "list" else shape.value)
    return frozenset(names)


@pytest.mark.parametrize(
    ("steps", "source"),
    [(steps, source) for (_, steps), source in NOT_MARKED.items() if source],
    ids=[source for source in NOT_MARKED.values() if source],
)
def test_what_no_schema_marks_is_in_no_answer_of_its_service(
    steps: tuple[str, ...], source: str
) -> None:
    service, operation = source.split()
    names = answer_names(service, operation)

    # A bare Password could stand for another member of the answer.
    assert names
    assert steps[-1] not in names


@pytest.mark.parametrize(("type_name", "steps"), NOT_MARKED, ids=str)
def test_the_table_holds_only_what_the_schemas_lack(type_name: str, steps: tuple[str, ...]) -> None:
    """And each is a property that exists."""
    schema = schema_of(type_name, ["us-east-1"])
    assert schema is not None
    marked = {tuple(p.split("/")[2:]) for p in schema.get("writeOnlyProperties", ())}

    assert is_masked(type_name, schema, steps)
    assert not any(steps[: len(one)] == one for one in marked)
    assert all(f'"{step}"' in str(schema).replace("'", '"') for step in steps)


@pytest.mark.parametrize(("type_name", "place"), TAKERS, ids=str)
def test_whatever_has_an_engine_hides_its_password(type_name: str, place: str) -> None:
    steps = tuple(place.split("/"))
    listed = {"Users": ("Users", "*", "Password")}.get(steps[0], steps)
    schema = schema_of(type_name, ["us-east-1"])

    assert schema is not None
    assert is_masked(type_name, schema, listed)


def test_no_type_of_aws_has_a_masked_property_that_speaks_of_no_secret() -> None:
    """A look at all write-only properties: what is readable elsewhere stays out."""
    for type_name, steps in [
        ("AWS::Lambda::Function", ("Code", "ZipFile")),
        ("AWS::RDS::DBInstance", ("DBSnapshotIdentifier",)),
        ("AWS::Route53GlobalResolver::AccessToken", ("ClientToken",)),
        ("AWS::EC2::LaunchTemplate", ("LaunchTemplateData", "UserData")),
    ]:
        schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", type_name).schema
        assert any(f"/{steps[0]}" in pointer for pointer in schema["writeOnlyProperties"])
        assert not is_masked(type_name, schema, steps)


def test_a_template_without_our_type_is_not_our_business() -> None:
    assert lint("Outputs:\n  O:\n    Value: !GetAtt P.Value\nResources: {}\n") == []
