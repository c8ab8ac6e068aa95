"""infrastructure/reader.yml as it is deployed, and the function that it makes, invoked."""

import ast
import base64
import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import boto3
import pytest
from cfnlint.decode.cfn_yaml import load
from moto.awslambda.models import lambda_backends

import local
from local.environment import ACCOUNT_ID, REGION
from local.events import TYPE_NAME
from local.iam import Request, allows
from local.lambda_api import LambdaApi
from myorg_secrets import reader
from tests import runtime
from tests.local.iam import decrypt, get_item
from tests.local.stacks import Stack, password_alone
from tools import function_package
from tools.project import ROOT

TEMPLATE = ROOT / "infrastructure" / "reader.yml"
BUCKET = "artifacts"
FUNCTION = "myorg-secrets-reader"
OTHER_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT_ID}:key/0"


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return function_package.build(tmp_path_factory.mktemp("reader") / "reader.zip")


@pytest.fixture
def deploy(aws: local.LocalAws, archive: Path) -> Iterator[Any]:
    """Deploys the reader as guide/consume/reader-function.md does, and removes it."""
    location = {"LocationConstraint": REGION}
    aws.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration=location)
    aws.client("s3").upload_file(str(archive), BUCKET, "reader.zip")
    stack = Stack(aws, "reader")

    def deployed(**parameters: str) -> local.Outcome:
        outcome = stack.deploy(
            TEMPLATE,
            CodeS3Bucket=BUCKET,
            CodeS3Key="reader.zip",
            TableName=aws.storage.table_name,
            KeyArn=aws.storage.key_arn,
            **parameters,
        )
        assert outcome.status == "CREATE_COMPLETE", outcome.reasons
        return outcome

    yield deployed
    stack.delete()
    aws.client("s3").delete_object(Bucket=BUCKET, Key="reader.zip")
    aws.client("s3").delete_bucket(Bucket=BUCKET)


def policy(
    aws: local.LocalAws, outcome: local.Outcome, name: str = "ReadSecrets"
) -> dict[str, Any]:
    """Return a policy of the role as IAM has it."""
    iam = aws.client("iam")
    role = outcome.outputs["ExecutionRoleArn"].rpartition("/")[2]
    document = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    # Of a policy that came with its role, moto hands out Python's text instead of JSON.
    found: dict[str, Any] = ast.literal_eval(document) if isinstance(document, str) else document
    return found


def policies(aws: local.LocalAws, outcome: local.Outcome) -> list[str]:
    """Return the names of all that the role has."""
    iam = aws.client("iam")
    role = outcome.outputs["ExecutionRoleArn"].rpartition("/")[2]
    assert iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"] == []
    names: list[str] = iam.list_role_policies(RoleName=role)["PolicyNames"]
    return names


def environment(variables: Mapping[str, Any]) -> dict[str, str]:
    """Return them as a function sees them: moto leaves a parameter of type Number a number."""
    return {name: str(value) for name, value in variables.items()}


def context(stack: str, env: str = "default", name: str = "Secret") -> dict[str, str]:
    return {"Type": TYPE_NAME, "StackName": stack, "Env": env, "Name": name, "VersionId": "1"}


def test_the_function_is_the_zip_with_its_settings(aws, deploy, archive):
    """What Lambda has is what `make reader` built, told which table it reads."""
    deploy(MaxAge="60", ReservedConcurrentExecutions="5")

    function = aws.client("lambda").get_function(FunctionName=FUNCTION)
    settings = function["Configuration"]
    digest = base64.b64encode(hashlib.sha256(archive.read_bytes()).digest()).decode()
    assert settings["CodeSha256"] == digest
    assert (settings["Handler"], settings["Runtime"]) == (
        "myorg_secrets.reader.handler",
        "python3.12",
    )
    assert environment(settings["Environment"]["Variables"]) == {
        "TABLE_NAME": aws.storage.table_name,
        "MAX_AGE": "60",
    }
    assert function["Concurrency"] == {"ReservedConcurrentExecutions": 5}


def test_no_concurrency_is_reserved_unless_it_is_asked_for(aws, deploy):
    deploy()

    assert "Concurrency" not in aws.client("lambda").get_function(FunctionName=FUNCTION)


def test_the_log_group_is_the_functions_own_and_forgets(aws, deploy):
    deploy(LogRetentionInDays="30")

    [group] = aws.client("logs").describe_log_groups(logGroupNamePrefix=FUNCTION)["logGroups"]
    assert (group["logGroupName"], group["retentionInDays"]) == (f"{FUNCTION}-logs", 30)


def test_what_moto_does_not_keep_stands_in_the_template():
    """arm64, its own log group, no application record below INFO, and X-Ray off by default."""
    template = load(str(TEMPLATE))
    function = template["Resources"]["Function"]["Properties"]

    assert function["Architectures"] == ["arm64"]
    assert function["LoggingConfig"]["LogGroup"] == {"Ref": "LogGroup"}
    assert function["LoggingConfig"]["ApplicationLogLevel"] == "INFO"
    assert template["Parameters"]["TracingMode"]["Default"] == "PassThrough"


def test_the_role_may_read_and_log_and_nothing_else(aws, deploy):
    """Exactly these actions on exactly these resources."""
    outcome = deploy()

    assert policies(aws, outcome) == ["ReadSecrets"]
    granted = {s["Sid"]: (s["Action"], s["Resource"]) for s in policy(aws, outcome)["Statement"]}
    assert granted == {
        "ReadTheRecords": ("dynamodb:GetItem", aws.storage.table_arn),
        "DecryptSecrets": ("kms:Decrypt", aws.storage.key_arn),
        "WriteItsOwnLog": (
            ["logs:CreateLogStream", "logs:PutLogEvents"],
            f"arn:aws:logs:{REGION}:{ACCOUNT_ID}:log-group:{FUNCTION}-logs:*",
        ),
    }


def test_tracing_brings_the_two_actions_that_it_takes(aws, deploy):
    outcome = deploy(TracingMode="Active")

    assert sorted(policies(aws, outcome)) == ["ReadSecrets", "SendTraces"]
    [statement] = policy(aws, outcome, "SendTraces")["Statement"]
    assert statement["Action"] == ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]


def test_only_lambda_assumes_the_role(aws, deploy):
    role = deploy().outputs["ExecutionRoleArn"].rpartition("/")[2]

    trust = aws.client("iam").get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
    [statement] = trust["Statement"]
    assert statement["Principal"] == {"Service": "lambda.amazonaws.com"}
    assert statement["Action"] == "sts:AssumeRole"


def test_unpinned_it_reads_every_secret_of_this_type_and_nothing_else(aws, deploy):
    """No condition stands there with an empty list, which would match nothing."""
    document = policy(aws, deploy())
    table, key = aws.storage.table_arn, aws.storage.key_arn

    assert "LeadingKeys" not in json.dumps(document)
    assert allows(document, get_item(table, "orders"))
    assert allows(document, decrypt(key, context("orders")))
    assert not allows(document, decrypt(key, {"PARAMETER_ARN": "of somebody else"}))
    assert not allows(document, decrypt(OTHER_KEY, context("orders")))
    assert not allows(document, get_item(f"{table}-2", "orders"))


def test_pinned_it_reads_the_named_stacks_alone(aws, deploy):
    document = policy(aws, deploy(StackNames="orders,invoices"))
    table, key = aws.storage.table_arn, aws.storage.key_arn

    for stack in ("orders", "invoices"):
        assert allows(document, get_item(table, stack))
        assert allows(document, decrypt(key, context(stack)))
    for stack in ("payroll", "orders-2", "orders,invoices", ""):
        assert not allows(document, get_item(table, stack))
        assert not allows(document, decrypt(key, context(stack)))
    assert not allows(document, Request("dynamodb:GetItem", table))
    assert not allows(document, decrypt(key, {"StackName": "orders"}))


def test_an_invocation_gives_the_password_of_a_stack(aws, stack):
    """Deployed, read through Lambda's API by its version too, and told apart from what is not."""
    outcome = stack.deploy(password_alone())
    reader._client.cache_clear()
    with LambdaApi({FUNCTION: reader.handler}) as api:
        client = boto3.client("lambda", endpoint_url=api.url)

        def invoke(**event: str) -> Any:
            answer = client.invoke(FunctionName=FUNCTION, Payload=json.dumps(event))
            assert "FunctionError" not in answer
            return json.loads(answer["Payload"].read())

        found = invoke(StackName=stack.name, Name="Secret")
        again = invoke(StackName=stack.name, Name="Secret", VersionId=found["VersionId"])
        missing = invoke(StackName=stack.name, Name="Other")
        bad = invoke(Stack=stack.name)
    reader._client.cache_clear()

    assert found == again
    assert found == {name: outcome.outputs[name] for name in ("Value", "VersionId")}
    assert missing["Error"] == "NotFound"
    assert bad["Message"] == "The event has an unknown key 'Stack'. Did you mean StackName?"


@pytest.mark.shows_values("standard output of a process", reason="the function's answer")
def test_the_code_that_lambda_has_reads_a_password(aws, deploy, stack, tmp_path):
    """A bare Python with the SDK runs it here, since moto runs functions in Docker only."""
    outcome = stack.deploy(password_alone())
    deploy()
    deployed = lambda_backends[ACCOUNT_ID][REGION].get_function(FUNCTION)
    archive = tmp_path / "deployed.zip"
    archive.write_bytes(deployed.code_bytes)
    module, _, function = deployed.handler.rpartition(".")
    variables = environment(deployed.environment_vars)
    program = (
        f"import json, os, {module}; os.environ.update({variables!r});"
        f"event = {{'StackName': {stack.name!r}, 'Name': 'Secret'}};"
        f"print(json.dumps({module}.{function}(event, None)))"
    )

    answered = runtime.run(program, archive)

    assert (answered.returncode, answered.stderr) == (0, "")
    assert json.loads(answered.stdout)["Value"] == outcome.outputs["Value"]


def test_what_the_function_asks_for_is_what_its_role_allows(aws, deploy, stack):
    """The requests as the client makes them, decided by the policies as they are deployed."""
    stack.deploy(password_alone())
    pinned = policy(aws, deploy(StackNames=stack.name))
    client = reader.SecretsClient(aws.storage.table_name)
    asked: list[Request] = []

    def note(params: dict[str, Any], model: Any, **_: Any) -> None:
        if model.name == "GetItem":
            asked.append(get_item(aws.storage.table_arn, params["Key"]["StackName"]["S"]))
        else:
            asked.append(decrypt(params["KeyId"], params["EncryptionContext"]))

    for service in (client._connection.dynamodb, client._connection.kms):
        service.meta.events.register("before-parameter-build", note)
    client.get(stack.name, "Secret")

    elsewhere = policy_for_another_stack(pinned, stack.name)
    assert [request.action for request in asked] == ["dynamodb:GetItem", "kms:Decrypt"]
    assert [allows(pinned, request) for request in asked] == [True, True]
    assert [allows(elsewhere, request) for request in asked] == [False, False]


def policy_for_another_stack(document: dict[str, Any], stack: str) -> dict[str, Any]:
    changed: dict[str, Any] = json.loads(json.dumps(document).replace(f'"{stack}"', '"another"'))
    return changed
