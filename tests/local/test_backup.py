"""infrastructure/backup.yml as far as moto deploys it, and the function that it makes, run.

moto's CloudFormation knows no AWS Backup, no bucket policy and no alarm: of these the template is
looked at as it is written.
"""

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cfnlint.decode.cfn_yaml import load
from moto.awslambda.models import lambda_backends

import local
from local.environment import ACCOUNT_ID, REGION
from local.events import TYPE_NAME
from local.iam import Request, allows, as_list
from myorg_secrets.backup.mirror import Mirror
from myorg_secrets.backup.mirroring import mirror_all
from myorg_secrets.connection import connect
from tests import runtime
from tests.local.iam import decrypt
from tests.local.stacks import Stack, password_alone
from tools import function_package
from tools.project import ROOT

CODE = "artifacts-of-backup"
FUNCTION = "myorg-secrets-mirror"
UNKNOWN_TO_MOTO = (
    "AWS::Backup::",
    "AWS::CloudWatch::Alarm",
    "AWS::Lambda::EventInvokeConfig",
    "AWS::S3::BucketPolicy",
)


def template(name: str = "backup") -> dict[str, Any]:
    found: dict[str, Any] = load(str(ROOT / "infrastructure" / f"{name}.yml"))
    return found


def known_to_moto() -> dict[str, Any]:
    whole = template()
    known = {
        name: declared
        for name, declared in whole["Resources"].items()
        if not declared["Type"].startswith(UNKNOWN_TO_MOTO)
    }
    assert set(whole["Resources"]) - set(known) == {
        "BackupRole", "Vault", "Plan", "Selection", "BucketPolicy", "InvokeConfig", "FailedRuns",
        "NoRuns",
    } - {"BackupRole"}  # fmt: skip
    outputs = {name: said for name, said in whole["Outputs"].items() if name != "VaultArn"}
    return {**whole, "Resources": known, "Outputs": outputs}


@pytest.fixture(scope="module")
def outcome(
    aws: local.LocalAws, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[local.Outcome]:
    """The stack, for a second Region that is ready."""
    archive = function_package.build(
        tmp_path_factory.mktemp("mirror") / "mirror.zip", function="mirror"
    )
    s3 = aws.client("s3")
    s3.create_bucket(Bucket=CODE, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.upload_file(str(archive), CODE, "mirror.zip")
    deployed = Stack(aws, "backup").deploy(
        known_to_moto(),
        CodeS3Bucket=CODE,
        CodeS3Key="mirror.zip",
        TableName=aws.storage.table_name,
        KeyArns=aws.storage.key_arn,
        ReplicaRegion="eu-west-1",
        ReplicaIsReady="true",
    )
    assert deployed.status == "CREATE_COMPLETE", deployed.reasons
    yield deployed


def policy(aws: local.LocalAws, role: str, name: str) -> dict[str, Any]:
    """Return a policy of a role as IAM has it."""
    document = aws.client("iam").get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    # Of a policy that came with its role, moto hands out Python's text instead of JSON.
    found: dict[str, Any] = ast.literal_eval(document) if isinstance(document, str) else document
    return found


def mirror_policy(aws: local.LocalAws, outcome: local.Outcome) -> dict[str, Any]:
    role = outcome.outputs["MirrorRoleArn"].rpartition("/")[2]
    return policy(aws, role, "CopyTheRecords")


def test_the_code_that_lambda_has_copies_the_table(
    aws: local.LocalAws, outcome: local.Outcome, stack: Stack, tmp_path: Path
) -> None:
    """A bare Python with the SDK runs it here, since moto runs functions in Docker only."""
    value = stack.deploy(password_alone()).outputs["Value"]
    deployed = lambda_backends[ACCOUNT_ID][REGION].get_function(FUNCTION)
    archive = tmp_path / "deployed.zip"
    archive.write_bytes(deployed.code_bytes)
    module, _, function = deployed.handler.rpartition(".")
    variables = {name: str(each) for name, each in deployed.environment_vars.items()}
    program = (
        f"import json, os, {module}; os.environ.update({variables!r});"
        f"print(json.dumps({module}.{function}({{}}, None)))"
    )

    answered = runtime.run(program, archive)

    assert (answered.returncode, answered.stderr) == (0, "")
    assert json.loads(answered.stdout)["Written"] >= 1
    connection = connect(aws.storage.table_name)
    mirror = Mirror.at(outcome.outputs["Mirror"], connection)
    identity = connection.identity(stack.name, "Secret", "default")
    [version] = mirror.read(identity).versions
    assert version.key_arn == outcome.outputs["KeyArn"]
    assert connection.cipher.reveal(identity, version).reveal() == value


def test_what_the_function_asks_for_is_what_its_role_allows_and_nothing_else(
    aws: local.LocalAws, outcome: local.Outcome, stack: Stack
) -> None:
    """The requests as the code makes them, decided by the policy as it is deployed."""
    stack.deploy(password_alone())
    document = mirror_policy(aws, outcome)
    connection = connect(aws.storage.table_name)
    mirror = Mirror.at(outcome.outputs["Mirror"], connection)
    asked: list[Request] = []

    def note(params: dict[str, Any], model: Any, **_: Any) -> None:
        if model.name == "Scan":
            asked.append(Request("dynamodb:Scan", aws.storage.table_arn))
        elif model.name == "ReEncrypt":
            for side, key in (("From", "SourceKeyId"), ("To", "DestinationKeyId")):
                context = decrypt("", params["SourceEncryptionContext"]).context
                asked.append(Request(f"kms:ReEncrypt{side}", params[key], context))
        else:
            action = "s3:PutObject" if model.name == "PutObject" else "s3:GetObject"
            asked.append(Request(action, f"arn:aws:s3:::{params['Bucket']}/{params['Key']}"))

    for client in (connection.dynamodb, connection.kms, mirror.s3):
        client.meta.events.register("before-parameter-build", note)
    list(mirror_all(connection, mirror, outcome.outputs["KeyArn"], rewrite=True))

    assert {request.action for request in asked} == {
        "dynamodb:Scan", "kms:ReEncryptFrom", "kms:ReEncryptTo", "s3:GetObject", "s3:PutObject",
    }  # fmt: skip
    assert all(allows(document, request) for request in asked)
    context = {"Type": TYPE_NAME, "StackName": stack.name}
    for key_arn in (aws.storage.key_arn, outcome.outputs["KeyArn"]):
        assert not allows(document, decrypt(key_arn, context))
    assert not allows(document, Request("kms:ReEncryptFrom", aws.storage.key_arn))
    assert not allows(document, Request("kms:ReEncryptFrom", outcome.outputs["KeyArn"], context))
    assert not allows(document, Request("s3:DeleteObject", f"arn:aws:s3:::{CODE}/x"))
    granted = {action for each in document["Statement"] for action in as_list(each["Action"])}
    assert granted == {request.action for request in asked} | {
        "s3:ListBucket", "logs:CreateLogStream", "logs:PutLogEvents",
    }  # fmt: skip


def test_the_rule_starts_the_function_and_may(aws: local.LocalAws, outcome: local.Outcome) -> None:
    events = aws.client("events")
    [rule] = [each for each in events.list_rules()["Rules"] if "backup" in each["Name"]]
    [target] = events.list_targets_by_rule(Rule=rule["Name"])["Targets"]

    assert rule["ScheduleExpression"] == "rate(15 minutes)"
    assert target["Arn"].endswith(f":function:{FUNCTION}")


def test_the_key_is_another_one_and_serves_this_type_alone(
    aws: local.LocalAws, outcome: local.Outcome
) -> None:
    kms, key_arn = aws.client("kms"), outcome.outputs["KeyArn"]
    text = kms.get_key_policy(KeyId=key_arn, PolicyName="default")["Policy"]
    statements = {each["Sid"]: each for each in json.loads(text)["Statement"]}

    assert key_arn != aws.storage.key_arn
    users = statements["UsersOfTheKeyHandleSecrets"]
    assert users["Condition"]["StringEquals"]["kms:EncryptionContext:Type"] == TYPE_NAME
    for_everybody = {sid for sid, each in statements.items() if each["Principal"]["AWS"] == "*"}
    assert for_everybody == {
        "S3EncryptsTheBucket", "BackupEncryptsTheVault", "BackupGrantsItselfTheKey",
    }  # fmt: skip
    for sid in for_everybody:
        condition = statements[sid]["Condition"]["StringEquals"]
        assert condition["kms:CallerAccount"] == ACCOUNT_ID
        assert all(REGION in service for service in as_list(condition["kms:ViaService"]))


@pytest.mark.parametrize("name", ["backup", "backup-replica"])
def test_the_bucket_is_private_versioned_and_under_the_key(name: str) -> None:
    resources = template(name)["Resources"]
    bucket = resources["Bucket"]["Properties"]
    [encryption] = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    [statement] = resources["BucketPolicy"]["Properties"]["PolicyDocument"]["Statement"]

    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    assert encryption["ServerSideEncryptionByDefault"] == {
        "SSEAlgorithm": "aws:kms",
        "KMSMasterKeyID": {"Fn::GetAtt": ["Key", "Arn"]},
    }
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert (statement["Effect"], statement["Action"]) == ("Deny", "s3:*")
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    for kept in ("Key", "Alias", "Vault", "Bucket"):
        assert resources[kept]["DeletionPolicy"] == "Retain"
        assert resources[kept]["UpdateReplacePolicy"] == "Retain"


def test_what_the_first_region_copies_to_is_what_the_second_one_has() -> None:
    """Both make up the names from the same parameters, whose defaults are the same."""
    near, far = template(), template("backup-replica")
    shared = ("BucketNamePrefix", "VaultName", "KeyAlias", "EarlierStatesInDays")

    for name in shared:
        assert near["Parameters"][name] == far["Parameters"][name]
    there = "${BucketNamePrefix}-${AWS::AccountId}-${AWS::Region}"
    assert far["Resources"]["Bucket"]["Properties"]["BucketName"] == {"Fn::Sub": there}
    rules = near["Resources"]["Bucket"]["Properties"]["ReplicationConfiguration"]["Fn::If"][1]
    [rule] = rules["Rules"]
    to = there.replace("AWS::Region", "ReplicaRegion")
    assert rule["Destination"]["Bucket"] == {"Fn::Sub": f"arn:${{AWS::Partition}}:s3:::{to}"}
    assert rule["SourceSelectionCriteria"] == {"SseKmsEncryptedObjects": {"Status": "Enabled"}}
    assert rule["DeleteMarkerReplication"] == {"Status": "Disabled"}
    [daily] = near["Resources"]["Plan"]["Properties"]["BackupPlan"]["BackupPlanRule"]
    [copy] = daily["CopyActions"]["Fn::If"][1]
    assert copy["DestinationBackupVaultArn"]["Fn::Sub"].endswith(":backup-vault:${VaultName}")
    assert far["Resources"]["Vault"]["Properties"]["BackupVaultName"] == {"Ref": "VaultName"}
    assert near["Resources"]["Vault"]["Properties"]["BackupVaultName"] == {"Ref": "VaultName"}


def test_a_run_that_fails_and_a_day_without_a_run_raise_alarms() -> None:
    resources = template()["Resources"]
    failed, missing = (resources[name]["Properties"] for name in ("FailedRuns", "NoRuns"))

    assert (failed["MetricName"], failed["TreatMissingData"]) == ("Errors", "notBreaching")
    assert (missing["MetricName"], missing["TreatMissingData"]) == ("Invocations", "breaching")
    for alarm in (failed, missing):
        assert alarm["Dimensions"] == [{"Name": "FunctionName", "Value": {"Ref": "Function"}}]
    assert resources["InvokeConfig"]["Properties"]["MaximumRetryAttempts"] == 0


def consumer_policy(aws: local.LocalAws, stack: Stack, **parameters: str) -> dict[str, Any]:
    """Deploy the consumers' policy, and return its document as IAM has it."""
    arn = stack.deploy(
        ROOT / "infrastructure" / "consumer-policy.yml",
        StackName="orders",
        TableName=aws.storage.table_name,
        KeyArn=aws.storage.key_arn,
        **parameters,
    ).outputs["PolicyArn"]
    iam = aws.client("iam")
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    answer = iam.get_policy_version(PolicyArn=arn, VersionId=version)
    document: dict[str, Any] = answer["PolicyVersion"]["Document"]
    return document


def test_a_consumer_reads_the_copies_of_its_stack_alone(
    aws: local.LocalAws, outcome: local.Outcome, stack: Stack
) -> None:
    place, key_arn = outcome.outputs["Mirror"], outcome.outputs["KeyArn"]
    document = consumer_policy(aws, stack, Mirror=place, MirrorKeyArn=key_arn, Env="prod")
    context = {"Type": TYPE_NAME, "StackName": "orders", "Env": "prod", "Name": "DB"}

    def get(path: str) -> Request:
        return Request("s3:GetObject", f"arn:aws:s3:::{place.removeprefix('s3://')}/{path}")

    assert allows(document, get("orders/prod/DB.json"))
    assert allows(document, decrypt(key_arn, context))
    for path in ("orders/dev/DB.json", "invoices/prod/DB.json", "orders-2/prod/DB.json"):
        assert not allows(document, get(path))
    assert not allows(document, decrypt(key_arn, {**context, "StackName": "invoices"}))
    granted = {action for each in document["Statement"] for action in as_list(each["Action"])}
    assert granted == {"dynamodb:GetItem", "kms:Decrypt", "s3:GetObject"}


def test_the_template_names_the_entry_point() -> None:
    function = template()["Resources"]["Function"]["Properties"]

    assert function["Handler"] == f"{function_package.MODULES['mirror']}.handler"
