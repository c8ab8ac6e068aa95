"""Wrong properties and attributes of the type are found before anything is deployed."""

# ruff: noqa: E501  # a case is a line

from __future__ import annotations

import json

import pytest

from myorg_secrets_password.properties import READ_ONLY, WRITABLE
from tests.lint.linting import found, lint, messages
from tools.project import ROOT, SCHEMA


def secret(properties: str, more: str = "") -> str:
    """The properties stand in line 6."""
    return (
        "Parameters: {Plain: {Type: String}, Hidden: {Type: String, NoEcho: true}}\n"
        "Conditions: {C: !Equals [!Ref Plain, x]}\n"
        "Resources:\n  P:\n    Type: MyOrg::Secrets::Password\n"
        f"    Properties: {properties}\n{more}"
    )


@pytest.mark.parametrize(
    ("properties", "message"),
    [
        ("{Egnine: mysql}", "'Egnine' is not a property of this type. Did you mean Engine?"),
        ("{passwordlength: 20}", "'passwordlength' is not a property of this type. Did you mean PasswordLength?"),
        ("{Zzz: 1}", "'Zzz' is not a property of this type. Remove it."),
        ("{1: 1}", "'1' is not a property of this type. Remove it."),
        ("{Value: x}", "Value is read-only: the type sets it. Remove it here, and get it by !GetAtt P.Value."),
        ("{Engine: mysq}", "Engine has a value that is not known. Did you mean mysql or mq?"),
        ("{PasswordLength: 7}", "PasswordLength must be an integer from 8 to 4096, not 7."),
        ("{PasswordLength: long}", "PasswordLength must be an integer from 8 to 4096."),
        ("{PasswordLength: [8]}", "PasswordLength must be an integer from 8 to 4096."),
        ("{ExcludeNumbers: maybe}", "ExcludeNumbers must be true or false."),
        ("{RecoveryWindowInDays: 3}", "RecoveryWindowInDays must be an integer from 7 to 30, or 0, not 3."),
        ("{Env: a|b}", "Env must be without the characters | and #."),
        ("{KeyId: my key}", "KeyId must be a key ID, a key ARN, an alias name (alias/...) or an alias ARN."),
        ("{TableName: a/b}", "TableName must be a table name of letters, digits, underscores, hyphens and periods."),
        ("{Tags: {a: b}}", "Tags must be a list of tags, each with a Key and a Value."),
        ("{Tags: [{Key: a, Value: b}, {Key: a, Value: c}]}", "Tags[1] repeats the Key of Tags[0]. Keep one of the two."),
        ("{Tags: [{Key: a}]}", "Tags[0] must have a Key and a Value and nothing else."),
        ("{Engine: mysql, PasswordLength: 42}", "PasswordLength 42: mysql takes 8 to 41 characters."),
        ("{AllowedCharacters: !Ref Plain, Engine: oracle-ee, PasswordLength: 31}", "PasswordLength 31: oracle-ee takes 8 to 30 characters."),
        ("{AllowedCharacters: abc, ExcludeNumbers: true}", "ExcludeNumbers cannot be combined with AllowedCharacters, which already says every character that may occur. Remove one of the two."),
        ("{Engine: influxdb, AllowedCharacters: '!?'}", "AllowedCharacters cannot be met together with Engine influxdb, which takes only ASCII letters and digits. Exclude less, or name characters that suit both in AllowedCharacters."),
        ("{ExcludeLowercase: true, ExcludeUppercase: true, ExcludeNumbers: true, ExcludePunctuation: true}", "ExcludeLowercase, ExcludeUppercase, ExcludeNumbers, ExcludePunctuation together leave no character to make a password of. Exclude less, or name the characters you want in AllowedCharacters."),
        ("{Engine: !If [C, mysql, mysq]}", "Engine has a value that is not known. Did you mean mysql or mq?"),
    ],
)  # fmt: skip
def test_a_wrong_property_is_found_with_what_is_wrong(properties: str, message: str) -> None:
    assert messages(secret(properties), "E9811") == [message]
    assert found(secret(properties)) == {(6, "E9811")}


@pytest.mark.parametrize(
    "properties",
    [
        "{}",
        "{Engine: mysql, PasswordLength: 41}",
        "{PasswordLength: '20', ExcludeNumbers: 'true', RecoveryWindowInDays: '30'}",
        "{RotationToken: 2024-01-01}",
        "{RotationToken: 7}",
        "{Engine: !Ref Plain, PasswordLength: !Ref Plain, Env: !Sub 'a|${Plain}'}",
        "{Engine: '{{resolve:ssm:engine}}'}",
        "{Engine: !If [C, mysql, !Ref AWS::NoValue], PasswordLength: 60}",
        "{AllowedCharacters: !If [C, abc, !Ref AWS::NoValue], ExcludeNumbers: true}",
        "{AllowedCharacters: abc, ExcludeNumbers: false}",
        "{IncludeSpace: !Ref Plain, AllowedCharacters: abc}",
        "{IncludeSpace: !Ref Plain, ExcludeLowercase: true, ExcludeUppercase: true,"
        " ExcludeNumbers: true, ExcludePunctuation: true}",
        "{Tags: [{Key: a, Value: !Ref Plain}, {Key: !Ref Plain, Value: b}]}",
        "{Tags: [!If [C, {Key: a, Value: b}, !Ref AWS::NoValue]]}",
        "{Tags: !If [C, [{Key: a, Value: b}], []]}",
        "{Fn::Transform: {Name: Mine, Parameters: {}}}",
        "{SecretString: !Ref Hidden, Engine: mysql}",
    ],
)
def test_what_is_right_or_left_to_functions_is_left_alone(properties: str) -> None:
    assert found(secret(properties)) == set()


def test_the_rules_know_every_property_of_the_schema() -> None:
    schema = json.loads((ROOT / SCHEMA).read_text("utf-8"))

    assert {*WRITABLE, *READ_ONLY} == set(schema["properties"])


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("!GetAtt P.value", "'value' is not an attribute of P. Did you mean Value?"),
        ("!GetAtt P.Version", "'Version' is not an attribute of P. Did you mean VersionId?"),
        ("!Sub '${P.LastRotated}'", "'LastRotated' is not an attribute of P. Did you mean LastRotatedTime?"),
        ("!GetAtt P.Arn", "'Arn' is not an attribute of P. Fn::GetAtt gives Value, VersionId, CreatedTime, LastRotatedTime."),
        ("!GetAtt P.Env", "Env is a property of P, and no attribute: Fn::GetAtt gives Value, VersionId, CreatedTime, LastRotatedTime."),
    ],
)  # fmt: skip
def test_an_unknown_attribute_is_found_with_the_nearest(written: str, message: str) -> None:
    text = secret("{}", f"Outputs: {{O: {{Value: {written}}}}}\n")

    assert messages(text, "E9812") == [message]
    assert found(text) == {(7, "E9812")}


def test_every_attribute_is_known() -> None:
    outputs = "".join(f"  {name}: {{Value: !GetAtt P.{name}}}\n" for name in READ_ONLY)

    assert found(secret("{}", f"Outputs:\n{outputs}")) == {(8, "E9801")}


@pytest.mark.parametrize("written", ["false", "'false'", "'False'"])
def test_the_value_of_a_secret_that_does_not_return_it_is_found(written: str) -> None:
    taker = "  U: {Type: AWS::IAM::User, Properties: {LoginProfile: {Password: !GetAtt P.Value}}}\n"

    assert found(secret(f"{{ReturnValue: {written}}}", taker)) == {(7, "E9813")}
    assert found(secret("{ReturnValue: true}", taker)) == set()
    assert found(secret("{ReturnValue: !Ref Plain}", taker)) == set()


@pytest.mark.parametrize(
    "written",
    ["a password of mine", "!Ref Plain", "!Sub 'x${Plain}'", "!If [C, !Ref Hidden, !Ref Plain]"],
)
def test_a_secret_string_that_the_template_shows_is_found(written: str) -> None:
    text = secret(f"{{SecretString: {written}}}")

    assert found(text) == {(6, "E9814")}
    assert "a password of mine" not in str(lint(text))


@pytest.mark.parametrize(
    "written",
    [
        "!Ref Hidden",
        "!If [C, !Ref Hidden, !Ref AWS::NoValue]",
        "'{{resolve:secretsmanager:a}}'",
        "!Sub '{{resolve:secretsmanager:${Plain}}}'",
    ],
)
def test_a_secret_string_that_the_template_hides_is_left_alone(written: str) -> None:
    assert found(secret(f"{{SecretString: {written}}}")) == set()


def test_a_secret_string_that_breaks_the_engines_rule_is_found_and_not_quoted() -> None:
    text = secret("{Engine: mysql, SecretString: p@ssword-of-mine}")

    assert found(text) == {(6, "E9811"), (6, "E9814")}
    assert all("p@ssword" not in match.message for match in lint(text))


def test_a_password_that_cannot_be_restored_is_pointed_out() -> None:
    text = secret("{RecoveryWindowInDays: 0}")

    assert found(text) == {(6, "I9815")}
    assert found(f"{text}    DeletionPolicy: Retain\n") == set()
    assert found(f"{text}    DeletionPolicy: Delete\n") == {(6, "I9815")}
