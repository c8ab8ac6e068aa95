"""A global table and a multi-Region key, as far as the emulator has them: one process, two Regions.

moto replicates a key, and of a global table it knows nothing. What DynamoDB does between Regions is
done here by a step of the test's own: of two states of an item the one written last replaces the
other as a whole.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/V2globaltables_HowItWorks.html
"""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

import boto3
import moto.kms.models
import pytest
from cfnlint.decode.cfn_yaml import load
from moto.kms.models import kms_backends

from local.events import Account, Operation, live_event
from myorg_secrets import NotFound, SecretsClient
from myorg_secrets.backup.mirror import Mirror
from myorg_secrets.backup.mirroring import mirror_all
from myorg_secrets.connection import connect
from myorg_secrets_password.handlers import resource
from myorg_secrets_password.record import Identity
from myorg_secrets_password.store import Superseded
from tests.world import ACCOUNT_ID, CREDENTIALS, World, break_with
from tools.project import ROOT

HERE, THERE = "us-east-2", "eu-west-2"
TABLE = "myorg-secrets-global"
ALIAS = "alias/myorg-secrets-global"
NAMES = {"StackName": "orders", "Env": "default", "Name": "DB"}


@dataclass
class Region:
    """One Region's table, handlers and consumers."""

    name: str
    tokens: Iterator[int] = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        self.dynamodb = boto3.client("dynamodb", self.name)
        self.kms = boto3.client("kms", self.name)

    def send(self, action: str, **properties: Any) -> dict[str, Any]:
        """Let this Region's handler do it, for a stack of this Region."""
        identity = {"TableName": TABLE, **NAMES}
        model = {**identity, "KeyId": ALIAS, **properties}
        operation = Operation(
            action,
            identity if action in ("READ", "DELETE") else model,
            f"{self.name}-{next(self.tokens)}",
            previous=model if action == "UPDATE" else None,
            stack_id=f"arn:aws:cloudformation:{self.name}:{ACCOUNT_ID}:stack/orders/1",
            logical_id="DB",
        )
        event = live_event(operation, Account(ACCOUNT_ID, self.name), CREDENTIALS)
        answer: dict[str, Any] = resource(event, None)
        return answer

    def value(self, action: str, **properties: Any) -> str:
        """Let the handler do it, and return the Value that Fn::GetAtt has."""
        answer = self.send(action, **properties)
        assert answer["status"] == "SUCCESS", answer.get("message")
        return str(answer["resourceModel"]["Value"])

    def items(self) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self.dynamodb.scan(TableName=TABLE)["Items"]
        return items

    def revision(self) -> int:
        [item] = self.items()
        return int(item["Revision"]["N"])

    def consumer(self) -> SecretsClient:
        return SecretsClient(TABLE, region_name=self.name, max_age=0, max_stale=0)


@dataclass
class TwoRegions:
    here: Region
    there: Region

    def replicate(self, last: Region) -> None:
        """Let what one Region wrote last stand in both."""
        for region in (self.here, self.there):
            if region is not last:
                for item in region.items():
                    key = {name: item[name] for name in ("StackName", "EnvName")}
                    region.dynamodb.delete_item(TableName=TABLE, Key=key)
                for item in last.items():
                    region.dynamodb.put_item(TableName=TABLE, Item=item)


def _multi_region_id(multi_region: bool = False) -> str:
    """Return a key ID as KMS has it; moto's has dashes, and its ciphertexts then cut it off."""
    return f"mrk-{uuid.uuid4().hex}" if multi_region else str(uuid.uuid4())


@pytest.fixture
def regions(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[TwoRegions]:
    monkeypatch.setattr(moto.kms.models, "generate_key_id", _multi_region_id)
    primary = boto3.client("kms", HERE).create_key(MultiRegion=True)["KeyMetadata"]
    # By moto's own objects: its API refuses a key ID as KMS has it.
    backend = kms_backends[ACCOUNT_ID][HERE]
    backend.create_alias(primary["KeyId"], ALIAS)
    backend.replicate_key(primary["KeyId"], THERE)
    for name in (HERE, THERE):
        boto3.client("dynamodb", name).create_table(
            TableName=TABLE,
            KeySchema=[
                {"AttributeName": "StackName", "KeyType": "HASH"},
                {"AttributeName": "EnvName", "KeyType": "RANGE"},
            ],
            AttributeDefinitions=[
                {"AttributeName": "StackName", "AttributeType": "S"},
                {"AttributeName": "EnvName", "AttributeType": "S"},
            ],
            BillingMode="PAY_PER_REQUEST",
        )
    made = TwoRegions(Region(HERE), Region(THERE))
    yield made
    for region in (made.here, made.there):
        region.dynamodb.delete_table(TableName=TABLE)
    made.here.kms.delete_alias(AliasName=ALIAS)


def test_what_one_region_creates_the_other_reads(regions: TwoRegions) -> None:
    """By its own replica of the key, whose ARN is another than the record names.

    KMS serves keys of its own Region alone, which moto does not mind: so the request is looked at.
    """
    value = regions.here.value("CREATE")
    regions.replicate(regions.here)

    [item] = regions.there.items()
    assert f":kms:{HERE}:" in item["Versions"]["L"][0]["M"]["KeyArn"]["S"]
    assert regions.there.value("READ") == value
    consumer, asked = regions.there.consumer(), []
    consumer._connection.kms.meta.events.register(
        "before-parameter-build", lambda params, **_: asked.append(params["KeyId"])
    )
    assert consumer.get("orders", "DB") == value
    [key_arn] = asked
    assert f":kms:{THERE}:" in key_arn


def test_after_the_first_region_is_gone_the_other_goes_on(regions: TwoRegions) -> None:
    """It keeps the password, rotates it, and rolls that back, over versions of both Regions."""
    value = regions.here.value("CREATE", RotationToken="1")
    regions.replicate(regions.here)

    same = regions.there.value("UPDATE", RotationToken="1", Description="moved")
    rotated = regions.there.value("UPDATE", RotationToken="2")
    back = regions.there.value("UPDATE", RotationToken="1")

    assert (same, back) == (value, value)
    assert rotated != value
    regions.replicate(regions.there)
    assert regions.here.value("READ") == value


@pytest.mark.parametrize("winner", ["here", "there"])
def test_two_regions_that_update_at_once_leave_a_value_that_one_of_them_declared(
    regions: TwoRegions, winner: str
) -> None:
    """The record is one Region's as a whole: value, version, memory and revision belong together.

    The other Region's stack was given a password that stands nowhere any more.
    """
    first = regions.here.value("CREATE", RotationToken="1")
    regions.replicate(regions.here)
    declared = {
        "here": regions.here.value("UPDATE", RotationToken="h"),
        "there": regions.there.value("UPDATE", RotationToken="t"),
    }
    assert regions.here.revision() == regions.there.revision() == 2  # no revision guards this

    last: Region = getattr(regions, winner)
    regions.replicate(last)

    assert len({first, *declared.values()}) == 3
    for region in (regions.here, regions.there):
        assert region.value("READ") == declared[winner]
        assert region.consumer().get("orders", "DB") == declared[winner]
        [item] = region.items()
        versions = {version["M"]["VersionId"]["S"] for version in item["Versions"]["L"]}
        assert {m["M"]["VersionId"]["S"] for m in item["Memories"]["L"]} <= versions
    # Rolled back, both stacks get the password that they had before.
    assert regions.here.value("UPDATE", RotationToken="1") == first


def test_the_stack_that_lost_gets_another_new_password_and_not_the_one_it_was_given(
    regions: TwoRegions,
) -> None:
    """Why one Region alone may change a secret: its database has a password that is lost."""
    regions.here.value("CREATE", RotationToken="1")
    regions.replicate(regions.here)
    lost = regions.here.value("UPDATE", RotationToken="h")
    regions.there.value("UPDATE", RotationToken="t")
    regions.replicate(regions.there)

    again = regions.here.value("UPDATE", RotationToken="h")

    assert again != lost
    with pytest.raises(NotFound):
        regions.here.consumer().get("orders", "DB", version_id="of the lost one")


def test_an_update_over_what_has_arrived_is_guarded_by_the_revision(regions: TwoRegions) -> None:
    """Once replication has caught up, a writer with a stale revision loses, as within a Region."""
    regions.here.value("CREATE", RotationToken="1")
    regions.replicate(regions.here)
    store = connect(TABLE, region_name=HERE).store
    stale = store.get(Identity(TABLE, *NAMES.values()))
    assert stale is not None
    regions.there.value("UPDATE", RotationToken="2")
    regions.replicate(regions.there)

    with pytest.raises(Superseded):
        store.update(replace(stale, revision=stale.revision + 1))
    assert regions.here.revision() == 2


def test_two_regions_that_create_at_once_leave_one_secret(regions: TwoRegions) -> None:
    declared = [regions.here.value("CREATE"), regions.there.value("CREATE")]

    regions.replicate(regions.there)

    assert [region.value("READ") for region in (regions.here, regions.there)] == [declared[1]] * 2
    assert declared[0] != declared[1]


@pytest.mark.parametrize("last", ["here", "there"])
def test_a_deletion_and_an_update_at_once_leave_one_of_the_two(
    regions: TwoRegions, last: str
) -> None:
    regions.here.value("CREATE", RotationToken="1")
    regions.replicate(regions.here)
    regions.here.send("DELETE")
    rotated = regions.there.value("UPDATE", RotationToken="2")

    regions.replicate(getattr(regions, last))

    answers = [region.send("READ") for region in (regions.here, regions.there)]
    if last == "here":
        assert [answer["errorCode"] for answer in answers] == ["NotFound", "NotFound"]
    else:
        assert [answer["resourceModel"]["Value"] for answer in answers] == [rotated, rotated]


def test_copies_under_a_multi_region_key_are_read_in_the_other_region(
    world: World, regions: TwoRegions
) -> None:
    """While the table's Region is lost altogether: neither its S3 nor its KMS is asked."""
    value = regions.here.value("CREATE")
    boto3.client("s3", THERE).create_bucket(
        Bucket="copies-there", CreateBucketConfiguration={"LocationConstraint": THERE}
    )
    connection = connect(TABLE, region_name=HERE)
    mirror = Mirror.at("s3://copies-there/p", connect(TABLE, region_name=THERE))
    list(mirror_all(connection, mirror, ALIAS))
    consumer = SecretsClient(
        TABLE, region_name=HERE, fallback="s3://copies-there/p", fallback_region=THERE
    )
    lost: list[str] = []
    for service in ("dynamodb", "kms"):
        world.watch(getattr(consumer._connection, service).meta.events, service, lost)

    with (
        world.failing("dynamodb:GetItem", break_with(ConnectionError())),
        world.failing("kms:Decrypt", break_with(ConnectionError())),
    ):
        assert consumer.get("orders", "DB") == value

    assert set(lost) == {"dynamodb:GetItem"}
    assert consumer._mirror is not None
    assert consumer._mirror.s3.meta.region_name == THERE


def test_a_key_of_one_region_is_asked_for_there_by_one_client_for_all_threads(
    world: World, regions: TwoRegions
) -> None:
    """Copies may be under a key that has no replica where the program runs."""
    regions.there.value("CREATE", KeyId=single_region_key(regions.there))
    regions.replicate(regions.there)
    connection = connect(TABLE, region_name=HERE)
    identity = Identity(TABLE, *NAMES.values())
    record = connection.store.get(identity)
    assert record is not None
    key_arn = record.current.key_arn

    with ThreadPoolExecutor(8) as pool:
        ciphers = list(pool.map(lambda _: connection.cipher_for(key_arn), range(8)))

    assert f":kms:{THERE}:" in key_arn
    assert len(set(map(id, ciphers))) == 1
    assert ciphers[0] is not connection.cipher
    assert ciphers[0].reveal(identity, record.current).reveal() == regions.there.value("READ")


def single_region_key(region: Region) -> str:
    """Return a new single-Region key."""
    return str(region.kms.create_key()["KeyMetadata"]["KeyId"])


def templates() -> dict[str, dict[str, Any]]:
    names = ("storage", "storage-global", "storage-replica", "backup", "backup-replica")
    return {name: load(str(ROOT / "infrastructure" / f"{name}.yml")) for name in names}


def statements(name: str) -> dict[str, Any]:
    policy = templates()[name]["Resources"]["Key"]["Properties"]["KeyPolicy"]
    listed = [each.get("Fn::If", [None, each])[1] for each in policy["Statement"]]
    return {statement["Sid"]: statement for statement in listed}


def test_a_key_has_the_same_policy_in_both_regions_and_as_in_one() -> None:
    """A replica shares no policy with its primary: they have to be kept alike here."""
    one, two, replica = (statements(f"storage{name}") for name in ("", "-global", "-replica"))

    replicate = two.pop("AdministratorsReplicateTheKey")
    assert one == two == replica
    assert replicate["Condition"] == {
        "StringEquals": {"kms:ReplicaRegion": {"Ref": "ReplicaRegion"}}
    }
    copies, far = statements("backup"), statements("backup-replica")
    assert copies.pop("AdministratorsReplicateTheKey") == replicate
    assert copies == far


def test_the_global_table_is_what_the_table_is() -> None:
    """In each Region: recoverable, protected, under that Region's key."""
    one = templates()["storage"]["Resources"]["Table"]["Properties"]
    two = templates()["storage-global"]["Resources"]["Table"]["Properties"]
    same = (
        "TableName",
        "AttributeDefinitions",
        "KeySchema",
        "BillingMode",
        "TimeToLiveSpecification",
    )
    replicas = [each.get("Fn::If", [None, each])[1] for each in two["Replicas"]]

    assert {name: two[name] for name in same} == {name: one[name] for name in same}
    for replica in replicas:
        assert replica["DeletionProtectionEnabled"] is one["DeletionProtectionEnabled"] is True
        recovery = "PointInTimeRecoverySpecification"
        assert replica[recovery] == one[recovery]
    assert [replica["SSESpecification"]["KMSMasterKeyId"] for replica in replicas] == [
        {"Fn::GetAtt": ["Key", "Arn"]},
        {"Fn::Sub": "arn:${AWS::Partition}:kms:${ReplicaRegion}:${AWS::AccountId}:key/${Key}"},
    ]
