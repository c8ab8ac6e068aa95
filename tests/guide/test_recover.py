"""The runbooks, run as they stand in guide/recover.md, after the misfortune that each is for."""

import json
import re
import shutil
import subprocess
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import moto.kms.models
import pytest
from moto.kms.models import kms_backends

import local
from local.environment import ACCOUNT_ID, REGION
from local.events import TYPE_NAME
from tests.guide.conftest import install
from tests.guide.pages import Block, anchors_of, blocks_of, links_of
from tests.guide.test_pages import check_shell
from tests.local.stacks import Stack
from tests.local.test_two_regions import _multi_region_id
from tools.project import ROOT

PAGES = [ROOT / "guide" / "recover.md", ROOT / "guide" / "two-regions.md"]
BASH = str(shutil.which("bash"))
SECOND = "eu-west-1"

RUNBOOK, TWO_REGIONS = PAGES
BLOCKS = [block for page in PAGES for block in blocks_of(page)]


def commands(heading: str) -> list[str]:
    """Return the blocks of a runbook that are to be run, in order."""
    text = RUNBOOK.read_text(encoding="utf-8")
    [section] = re.findall(rf"^## {heading}.*?\n(.*?)(?=^## |\Z)", text, re.M | re.S)
    found: list[str] = re.findall(r"^```bash\n(.*?)^```$", section, re.M | re.S)
    return found


class Shell:
    """Runs blocks where `aws` and `myorg-secrets` reach the local AWS."""

    def __init__(self, environment: Mapping[str, str], folder: Path) -> None:
        self.environment = dict(environment)
        self.folder = folder

    def __call__(self, block: str) -> str:
        done = subprocess.run(
            [BASH, "-euo", "pipefail", "-c", block],
            env=self.environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


READABLE = "It can be read.\n"
UPDATE_COPIES = 'myorg-secrets mirror "$COPIES" --stack-name "$STACK" --kms-key-id "$BACKUP_KEY"'


def template(*names: str) -> dict[str, Any]:
    """A stack whose secrets rotate together, and stay when they are imported."""
    declared = {
        "Type": TYPE_NAME,
        "DeletionPolicy": "Retain",
        "Properties": {"RotationToken": {"Ref": "RotationToken"}},
    }
    return {
        "Parameters": {"RotationToken": {"Type": "String", "Default": "1"}},
        "Resources": {name: dict(declared) for name in names},
    }


def without_policy(whole: dict[str, Any]) -> dict[str, Any]:
    for declared in whole["Resources"].values():
        declared.pop("DeletionPolicy")
    return whole


def bucket(aws: local.LocalAws, region: str = REGION) -> str:
    name = f"copies-{uuid.uuid4().hex[:8]}"
    client = aws.session.client("s3", endpoint_url=aws.endpoint_url, region_name=region)
    client.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": region})
    return name


@pytest.fixture
def shell(aws: local.LocalAws, environment: dict[str, str], stack: Stack, tmp_path: Path) -> Shell:
    """With a stack of two secrets, their copies, and the variables that the page names."""
    install(tmp_path / "bin", "aws", "from tests.guide.aws_cli import main; main(sys.argv[1:])")
    stack.deploy(without_policy(template("DBPassword", "MQ")))
    copies = f"s3://{bucket(aws)}/passwords"
    key = aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    names = {"COPIES": copies, "STACK": stack.name, "NAME": "DBPassword", "BACKUP_KEY": key}
    made = Shell({**environment, **names}, tmp_path)
    made(UPDATE_COPIES)
    return made


def value(stack: Stack, name: str = "DBPassword") -> bytes:
    return stack.stored(f"default#{name}")


pytestmark = pytest.mark.usefixtures("quiet_sdk")


def test_a_record_deleted_by_mistake_comes_back(shell: Shell, stack: Stack) -> None:
    before = value(stack)
    stack.deploy(without_policy(template("MQ")))
    assert stack.tombstones()["default#DBPassword"]
    restore, import_it = commands("A record was deleted by mistake")

    assert shell(restore).endswith(READABLE)
    assert value(stack) == before
    stack.aws.client("dynamodb").delete_item(
        TableName=stack.aws.storage.table_name,
        Key={"StackName": {"S": stack.name}, "EnvName": {"S": "default#DBPassword"}},
    )
    assert shell(import_it).endswith(READABLE)
    assert value(stack) == before


def test_a_stack_deleted_by_mistake_comes_back_with_its_passwords(
    aws: local.LocalAws, shell: Shell, stack: Stack
) -> None:
    before = {name: value(stack, name) for name in ("DBPassword", "MQ")}
    stack.delete()
    table = aws.storage.table_name
    identifiers = {
        name: {"TableName": table, "StackName": stack.name, "Env": "default", "Name": name}
        for name in before
    }
    (shell.folder / "template.json").write_text(json.dumps(template(*before)))
    (shell.folder / "import.json").write_text(
        json.dumps([
            {"ResourceType": TYPE_NAME, "LogicalResourceId": name, "ResourceIdentifier": identifier}
            for name, identifier in identifiers.items()
        ])
    )  # fmt: skip
    restore, import_it = commands("A stack was deleted by mistake")

    listed = shell(restore)
    shell(import_it)

    assert all(name in listed for name in before)
    assert aws.outcome(stack.name).status == "IMPORT_COMPLETE"
    assert {name: value(stack, name) for name in before} == before
    stack.deploy({**template(*before), "Description": "unrelated"})
    assert {name: value(stack, name) for name in before} == before


def test_a_lost_table_is_filled_from_the_copies(
    aws: local.LocalAws, shell: Shell, stack: Stack
) -> None:
    """Consumers read the copies meanwhile."""
    before, table = value(stack), aws.storage.table_name
    dynamodb = aws.client("dynamodb")
    meanwhile, import_it = commands("The table is lost")
    shape = dynamodb.describe_table(TableName=table)["Table"]
    dynamodb.update_table(TableName=table, DeletionProtectionEnabled=False)
    dynamodb.delete_table(TableName=table)

    assert shell(meanwhile) == READABLE
    dynamodb.create_table(
        TableName=table,
        KeySchema=shape["KeySchema"],
        AttributeDefinitions=shape["AttributeDefinitions"],
        BillingMode="PAY_PER_REQUEST",
    )
    assert shell(import_it).endswith(READABLE)
    assert value(stack) == before


def test_a_key_that_is_scheduled_for_deletion_is_saved(
    aws: local.LocalAws, shell: Shell, stack: Stack
) -> None:
    kms = aws.client("kms")
    lost, new = (kms.create_key()["KeyMetadata"]["KeyId"] for _ in range(2))
    with_key = without_policy(template("DBPassword", "MQ"))
    for declared in with_key["Resources"].values():
        declared["Properties"] = {**declared["Properties"], "KeyId": lost}
    stack.deploy(with_key)
    before = value(stack)
    shell.environment |= {"KEY_ID": lost, "NEW_KEY": new}
    save, replace = commands("The key is scheduled for deletion")
    kms.schedule_key_deletion(KeyId=lost, PendingWindowInDays=7)

    assert shell(save).endswith(READABLE)
    shell(UPDATE_COPIES)
    kms.schedule_key_deletion(KeyId=lost, PendingWindowInDays=7)
    shell(replace)

    assert value(stack) == before
    [version, *_] = stack.items()["default#DBPassword"]["Versions"]["L"]
    assert version["M"]["KeyArn"]["S"].endswith(new)


def test_in_another_region_the_copies_are_read_and_imported(
    aws: local.LocalAws, shell: Shell, stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under a replica of their key. The test does what S3 replicates, and deploys the storage."""
    monkeypatch.setattr(moto.kms.models, "generate_key_id", _multi_region_id)
    key = aws.client("kms").create_key(MultiRegion=True)["KeyMetadata"]["Arn"]
    kms_backends[ACCOUNT_ID][REGION].replicate_key(key.rpartition("/")[2], SECOND)
    there = {
        service: aws.session.client(service, endpoint_url=aws.endpoint_url, region_name=SECOND)
        for service in ("s3", "kms", "dynamodb")
    }
    far = bucket(aws, SECOND)
    shell.environment |= {"SECOND": SECOND, "COPIES_THERE": f"s3://{far}/passwords"}
    shell.environment["BACKUP_KEY"] = key
    shell(UPDATE_COPIES)
    near = shell.environment["COPIES"].split("/")[2]
    for found in aws.client("s3").list_objects_v2(Bucket=near)["Contents"]:
        body = aws.client("s3").get_object(Bucket=near, Key=found["Key"])["Body"].read()
        there["s3"].put_object(Bucket=far, Key=found["Key"], Body=body)
    read, import_it = commands("The Region is lost")

    assert shell(read) == READABLE
    shape = aws.client("dynamodb").describe_table(TableName=aws.storage.table_name)["Table"]
    there["dynamodb"].create_table(
        TableName=aws.storage.table_name,
        KeySchema=shape["KeySchema"],
        AttributeDefinitions=shape["AttributeDefinitions"],
        BillingMode="PAY_PER_REQUEST",
    )
    new = there["kms"].create_key()["KeyMetadata"]
    there["kms"].create_alias(AliasName=aws.storage.key_alias, TargetKeyId=new["KeyId"])
    assert shell(import_it).endswith(READABLE)

    items = there["dynamodb"].scan(TableName=aws.storage.table_name)["Items"]
    keys = {v["M"]["KeyArn"]["S"] for item in items for v in item["Versions"]["L"]}
    assert keys == {new["Arn"]}


def test_after_a_suspected_leak_every_password_of_the_stack_is_new(
    aws: local.LocalAws, shell: Shell, stack: Stack
) -> None:
    before = {name: value(stack, name) for name in ("DBPassword", "MQ")}
    rotate, check = commands("A suspected leak: rotate everything in a stack")

    shell(rotate)
    checked = shell(check)

    assert aws.outcome(stack.name).status == "UPDATE_COMPLETE"
    for name, old in before.items():
        assert value(stack, name) != old
        assert name in checked


def test_every_runbook_is_run_and_says_what_was_not_rehearsed() -> None:
    """A test that takes a runbook's blocks names them all, or Python cannot unpack them."""
    text = RUNBOOK.read_text(encoding="utf-8")
    sections = re.findall(r"^## (.*?)\n(.*?)(?=^## |\Z)", text, re.M | re.S)
    run = set(re.findall(r'= commands\("(.*?)"\)', Path(__file__).read_text(encoding="utf-8")))

    assert run == {heading for heading, body in sections if "```bash\n" in body}
    assert len(run) == 6
    for heading, body in sections:
        assert (heading in run) == ("Not rehearsed: " in body)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in links_of(page):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors_of(target), link


@pytest.mark.parametrize(
    "block", [block for block in BLOCKS if block.language in ("sh", "bash")], ids=str
)
def test_a_shell_takes_every_command(block: Block) -> None:
    assert check_shell(block.text) == ""
