"""The keys."""

import json
from collections.abc import Mapping
from datetime import UTC
from typing import Any

import pytest
from botocore.awsrequest import AWSPreparedRequest

from myorg_secrets.doctor import key
from tests.consumers.doctor.report import OTHER_REGION, Doctor, disable
from tests.world import ACCOUNT_ID, REGION, World, answer_with, refuse_with


def test_a_disabled_key_is_told_and_not_tried(
    doctor: Doctor, world: World, key_arn: str, calls: list[str]
) -> None:
    disable(world, key_arn)

    report = doctor()

    assert report.code == 3
    assert report["Key"]["Remedy"] == f"aws kms enable-key --key-id {key_arn} --region {REGION}"
    assert "kms:Encrypt" not in calls


def test_a_key_pending_deletion_is_told_with_its_date(
    doctor: Doctor, world: World, key_arn: str
) -> None:
    date = world.kms.schedule_key_deletion(KeyId=key_arn.rpartition("/")[2], PendingWindowInDays=7)[
        "DeletionDate"
    ]

    found = doctor()["Key"]

    assert found["Status"] == "problem"
    assert date.astimezone(UTC).isoformat()[:16] in found["Message"]
    assert "cancel-key-deletion" in found["Remedy"]


def test_a_key_for_signing_is_told(doctor: Doctor, world: World) -> None:
    signing = world.kms.create_key(KeyUsage="SIGN_VERIFY", KeySpec="RSA_2048")["KeyMetadata"]

    found = doctor(kms_key_id=signing["Arn"])["Key"]

    assert (found["Status"], "SIGN_VERIFY with RSA_2048" in found["Message"]) == ("problem", True)


@pytest.mark.parametrize(
    ("metadata", "status", "said"),
    [
        ({"KeyState": "Enabled"}, "ok", "enabled"),
        ({"KeyState": "Updating"}, "ok", "updating"),
        ({"KeyState": "PendingImport"}, "problem", "ImportKeyMaterial"),
        ({"KeyState": "Unavailable"}, "problem", "ConnectCustomKeyStore"),
        ({"KeyState": "Creating"}, "problem", "Wait"),
        ({"KeyState": "PendingReplicaDeletion"}, "problem", "pending deletion"),
        ({"KeyState": "Enabled", "KeyManager": "AWS"}, "problem", "AWS manages"),
        ({"KeyState": "Enabled", "KeySpec": "RSA_4096"}, "problem", "RSA_4096"),
    ],
)
def test_a_key_is_judged_by_its_description(
    metadata: Mapping[str, str], status: str, said: str
) -> None:
    arn = f"arn:aws:kms:{REGION}:{ACCOUNT_ID}:key/1"
    whole = {"Arn": arn, "KeyUsage": "ENCRYPT_DECRYPT", "KeySpec": "SYMMETRIC_DEFAULT", **metadata}

    finding = key.judge(whole, arn, REGION)

    assert finding.status == status
    assert said in f"{finding.message} {finding.remedy}"


def test_a_key_that_is_not_there_is_told(doctor: Doctor) -> None:
    report = doctor(kms_key_id="alias/nothing")

    assert report["Key"]["Status"] == "problem"
    assert f"arn:aws:kms:{REGION}:{ACCOUNT_ID}:alias/nothing" in report["Key"]["Message"]
    assert report.all("Encrypt") == []


def test_a_key_of_another_region_is_told_as_such(
    doctor: Doctor, world: World, key_arn: str
) -> None:
    with world.failing("kms:DescribeKey", refuse_with("NotFoundException")):
        found = doctor(kms_key_id=key_arn.replace(REGION, OTHER_REGION))["Key"]

    assert f"of the Region {OTHER_REGION}" in found["Message"]


def test_the_probe_is_encrypted_as_a_version_of_the_secret_would_be(
    doctor: Doctor, world: World
) -> None:
    """The shipped key policy asks for this context, and a consumer's policy for its stack."""
    sent: list[dict[str, Any]] = []

    def keep(request: AWSPreparedRequest) -> None:
        sent.append(json.loads(request.body))

    with world.failing("kms:Encrypt", keep):
        doctor("orders")

    context = sent[0]["EncryptionContext"]
    assert context["Type"] == "MyOrg::Secrets::Password"
    assert context["StackName"] == "orders"
    assert set(context) == {"Type", "StackName", "Env", "Name", "VersionId"}


def test_a_key_that_gives_back_something_else_is_a_problem(
    doctor: Doctor, world: World, key_arn: str
) -> None:
    other = {"Plaintext": "b3RoZXI=", "KeyId": key_arn}
    with world.failing("kms:Decrypt", answer_with(200, other)):
        assert doctor()["Decrypt"]["Status"] == "problem"
