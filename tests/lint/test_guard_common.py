"""The common rules for CloudFormation Guard find each fault in a template, and none in ours."""

# ruff: noqa: E501  # a fault is a line

from __future__ import annotations

import json
import re
from copy import deepcopy
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from cfnlint.decode.cfn_yaml import load

from tools.check_templates import FOLDERS, branch_taken, templates_of
from tools.project import ROOT

cfn_guard_rs = pytest.importorskip(
    "cfn_guard_rs", reason="its wheels are for Linux only (requirements-dev.in)"
)

RULES = (ROOT / "infrastructure/guard/common.guard").read_text("utf-8")
OURS = [name for folder in FOLDERS for name in templates_of(ROOT, folder)]
GONE = "(gone)"

KEEP = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
PASSWORD = {"Fn::GetAtt": ["Password", "Value"]}
ENCRYPTED = {"SSEEnabled": True, "KMSMasterKeyId": {"Ref": "Key"}}
REPLICA = {
    "Region": "eu-west-1",
    "SSESpecification": {"KMSMasterKeyId": "key"},
    "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
    "DeletionProtectionEnabled": True,
}
ALLOWS = {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::bucket/*"]}
CHOICE = {"Fn::If": ["Case", ["s3:GetObject"], ["s3:PutObject"]]}
SOUND: dict[str, Any] = {
    "Resources": {
        "Table": {"Type": "AWS::DynamoDB::Table", **KEEP, "Properties": {
            "SSESpecification": ENCRYPTED,
            "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
            "DeletionProtectionEnabled": True,
        }},
        "Everywhere": {"Type": "AWS::DynamoDB::GlobalTable", **KEEP, "Properties": {
            "SSESpecification": {"SSEEnabled": True}, "Replicas": [REPLICA, REPLICA],
        }},
        "Key": {"Type": "AWS::KMS::Key", **KEEP, "Properties": {"EnableKeyRotation": True}},
        "Cluster": {"Type": "AWS::RDS::DBCluster", "Properties": {"StorageEncrypted": True, "MasterUserPassword": PASSWORD}},
        "Member": {"Type": "AWS::RDS::DBInstance", "Properties": {"DBClusterIdentifier": {"Ref": "Cluster"}, "PubliclyAccessible": False}},
        "Instance": {"Type": "AWS::RDS::DBInstance", "Properties": {"StorageEncrypted": True, "PubliclyAccessible": False, "MasterUserPassword": PASSWORD}},
        "Warehouse": {"Type": "AWS::Redshift::Cluster", "Properties": {"Encrypted": True, "PubliclyAccessible": False}},
        "Cache": {"Type": "AWS::ElastiCache::ReplicationGroup", "Properties": {"AtRestEncryptionEnabled": True, "TransitEncryptionEnabled": True, "AuthToken": PASSWORD}},
        "Domain": {"Type": "AWS::OpenSearchService::Domain", "Properties": {
            "EncryptionAtRestOptions": {"Enabled": True},
            "NodeToNodeEncryptionOptions": {"Enabled": True},
            "DomainEndpointOptions": {"EnforceHTTPS": True},
            "VPCOptions": {"SubnetIds": ["subnet-1"]},
            "AdvancedSecurityOptions": {"MasterUserOptions": {"MasterUserPassword": PASSWORD}},
        }},
        "Broker": {"Type": "AWS::AmazonMQ::Broker", "Properties": {"PubliclyAccessible": False, "Users": [{"Password": PASSWORD}]}},
        "Directory": {"Type": "AWS::DirectoryService::MicrosoftAD", "Properties": {"Password": PASSWORD}},
        "Logs": {"Type": "AWS::Logs::LogGroup", "Properties": {"RetentionInDays": 90}},
        "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"PublicAccessBlockConfiguration": {
            "BlockPublicAcls": True, "BlockPublicPolicy": True, "IgnorePublicAcls": True, "RestrictPublicBuckets": True,
        }}},
        "BucketPolicy": {"Type": "AWS::S3::BucketPolicy", "Properties": {"PolicyDocument": {"Statement": [
            {"Effect": "Allow", "Action": "s3:GetObject"},
            {"Effect": "Deny", "Action": "s3:*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}},
        ]}}},
        "Role": {"Type": "AWS::IAM::Role", "Properties": {"Policies": [{"PolicyDocument": {"Statement": [ALLOWS, {**ALLOWS, "Action": CHOICE}]}}]}},
        "Policy": {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": {"Statement": [ALLOWS, {"Effect": "Deny", "Action": "*", "Resource": "*"}]}}},
    }
}  # fmt: skip

FAULTS: list[tuple[str, str, Any]] = [
    ("myorg_tables_are_protected", "Table/DeletionPolicy", "Delete"),
    ("myorg_tables_are_protected", "Everywhere/UpdateReplacePolicy", GONE),
    ("myorg_tables_are_encrypted_and_recoverable", "Table/Properties/SSESpecification", GONE),
    ("myorg_tables_are_encrypted_and_recoverable", "Table/Properties/SSESpecification/KMSMasterKeyId", GONE),
    ("myorg_tables_are_encrypted_and_recoverable", "Table/Properties/PointInTimeRecoverySpecification/PointInTimeRecoveryEnabled", False),
    ("myorg_tables_are_encrypted_and_recoverable", "Table/Properties/DeletionProtectionEnabled", GONE),
    ("myorg_global_tables_are_encrypted_and_recoverable", "Everywhere/Properties/SSESpecification/SSEEnabled", False),
    ("myorg_global_tables_are_encrypted_and_recoverable", "Everywhere/Properties/Replicas/1/SSESpecification", GONE),
    ("myorg_global_tables_are_encrypted_and_recoverable", "Everywhere/Properties/Replicas/1/DeletionProtectionEnabled", False),
    ("myorg_global_tables_are_encrypted_and_recoverable", "Everywhere/Properties/Replicas/0/PointInTimeRecoverySpecification", GONE),
    ("myorg_keys_rotate_and_stay", "Key/Properties/EnableKeyRotation", GONE),
    ("myorg_keys_rotate_and_stay", "Key/DeletionPolicy", GONE),
    ("myorg_keys_rotate_and_stay", "Key/UpdateReplacePolicy", "Delete"),
    ("myorg_data_are_encrypted_at_rest", "Cluster/Properties/StorageEncrypted", GONE),
    ("myorg_data_are_encrypted_at_rest", "Instance/Properties/StorageEncrypted", False),
    ("myorg_data_are_encrypted_at_rest", "Warehouse/Properties/Encrypted", GONE),
    ("myorg_data_are_encrypted_at_rest", "Cache/Properties/AtRestEncryptionEnabled", GONE),
    ("myorg_data_are_encrypted_at_rest", "Domain/Properties/EncryptionAtRestOptions", GONE),
    ("myorg_data_are_encrypted_in_transit", "Cache/Properties/TransitEncryptionEnabled", False),
    ("myorg_data_are_encrypted_in_transit", "Domain/Properties/NodeToNodeEncryptionOptions", GONE),
    ("myorg_data_are_encrypted_in_transit", "Domain/Properties/DomainEndpointOptions/EnforceHTTPS", False),
    ("myorg_nothing_is_public", "Member/Properties/PubliclyAccessible", GONE),
    ("myorg_nothing_is_public", "Warehouse/Properties/PubliclyAccessible", True),
    ("myorg_nothing_is_public", "Broker/Properties/PubliclyAccessible", True),
    ("myorg_nothing_is_public", "Domain/Properties/VPCOptions", GONE),
    ("myorg_logs_end", "Logs/Properties/RetentionInDays", GONE),
    ("myorg_buckets_are_private", "Bucket/Properties/PublicAccessBlockConfiguration/BlockPublicAcls", False),
    ("myorg_buckets_are_private", "Bucket/Properties/PublicAccessBlockConfiguration/BlockPublicPolicy", GONE),
    ("myorg_buckets_are_private", "Bucket/Properties/PublicAccessBlockConfiguration/IgnorePublicAcls", GONE),
    ("myorg_buckets_are_private", "Bucket/Properties/PublicAccessBlockConfiguration/RestrictPublicBuckets", GONE),
    ("myorg_buckets_are_reached_with_tls_alone", "BucketPolicy", GONE),
    ("myorg_buckets_are_reached_with_tls_alone", "BucketPolicy/Properties/PolicyDocument/Statement/1/Condition", GONE),
    ("myorg_buckets_are_reached_with_tls_alone", "BucketPolicy/Properties/PolicyDocument/Statement/1/Effect", "Allow"),
    ("myorg_iam_names_actions", "Policy/Properties/PolicyDocument/Statement/0/Action", "*"),
    ("myorg_iam_names_actions", "Policy/Properties/PolicyDocument/Statement/0/Action", ["s3:GetObject", "s3:*"]),
    ("myorg_iam_names_actions", "Role/Properties/Policies/0/PolicyDocument/Statement/0/NotAction", "s3:PutObject"),
    ("myorg_iam_names_actions", "Role/Properties/Policies/0/PolicyDocument/Statement/0/Action/0", "s3:Get*"),
    ("myorg_iam_names_actions", "Role/Properties/Policies/0/PolicyDocument/Statement/1/Action/Fn::If/2/0", "s3:*"),
    ("myorg_iam_names_resources", "Policy/Properties/PolicyDocument/Statement/0/Resource", "*"),
    ("myorg_iam_names_resources", "Role/Properties/Policies/0/PolicyDocument/Statement/0/Resource/0", "*"),
    ("myorg_iam_names_resources", "Role/Properties/Policies/0/PolicyDocument/Statement/0/NotResource", "arn"),
    ("myorg_no_password_is_written_out", "Instance/Properties/MasterUserPassword", "made up"),
    ("myorg_no_password_is_written_out", "Cluster/Properties/MasterUserPassword", "made up"),
    ("myorg_no_password_is_written_out", "Cache/Properties/AuthToken", "made up"),
    ("myorg_no_password_is_written_out", "Broker/Properties/Users/0/Password", "made up"),
    ("myorg_no_password_is_written_out", "Directory/Properties/Password", "made up"),
    ("myorg_no_password_is_written_out", "Domain/Properties/AdvancedSecurityOptions/MasterUserOptions/MasterUserPassword", "made up"),
]  # fmt: skip


def broken(template: dict[str, Any]) -> set[str]:
    """Return the rules that a template breaks."""
    # Through JSON, as cfn-guard gets it: no part of it is shared or of a kind of its own.
    result = cfn_guard_rs.run_checks(json.loads(json.dumps(template, default=str)), RULES)
    return set(result.not_compliant)


def with_fault(path: str, value: object) -> dict[str, Any]:
    template: dict[str, Any] = json.loads(json.dumps(SOUND))
    place: Any = template["Resources"]
    *way, last = (int(part) if part.isdecimal() else part for part in path.split("/"))
    for part in way:
        place = place[part]
    if value == GONE:
        del place[last]
    else:
        place[last] = value
    return template


def test_a_sound_template_breaks_no_rule() -> None:
    assert broken(SOUND) == set()


@pytest.mark.parametrize(("rule", "path", "value"), FAULTS, ids=lambda part: str(part)[-60:])
def test_each_fault_breaks_its_rule_alone(rule: str, path: str, value: object) -> None:
    assert broken(with_fault(path, value)) == {rule}


def test_every_rule_has_a_fault() -> None:
    assert {rule for rule, _, _ in FAULTS} == set(re.findall(r"^rule (\w+)", RULES, re.MULTILINE))


def test_a_resource_may_be_let_go_and_no_other_with_it() -> None:
    path = "Policy/Properties/PolicyDocument/Statement/0/Resource"
    template = with_fault(path, "*")
    let_go = {"guard": {"SuppressedRules": ["myorg_iam_names_resources"]}}

    template["Resources"]["Policy"]["Metadata"] = let_go
    assert broken(template) == set()

    template["Resources"]["Other"] = deepcopy(template["Resources"]["Policy"])
    del template["Resources"]["Other"]["Metadata"]
    assert broken(template) == {"myorg_iam_names_resources"}


@pytest.mark.parametrize("branch", [1, 2], ids=["conditions hold", "none holds"])
@pytest.mark.parametrize("name", OURS)
def test_our_own_templates_break_no_rule(name: str, branch: int) -> None:
    assert broken(branch_taken(load(str(ROOT / name)), branch)) == set()


@pytest.mark.parametrize("name", OURS)
def test_our_own_templates_break_the_rules_that_they_let_go(name: str) -> None:
    """A suppression that nothing needs would hide what comes later."""
    template = load(str(ROOT / name))
    for resource in template["Resources"].values():
        rules = set(resource.get("Metadata", {}).pop("guard", {}).get("SuppressedRules", []))
        alone = {"Resources": {"It": resource}}
        assert rules <= broken(alone)


def test_the_reason_for_letting_go_stands_above_it() -> None:
    for name in OURS:
        lines = Path(ROOT / name).read_text("utf-8").splitlines()
        for before, line in pairwise(lines):
            assert "SuppressedRules" not in line or before.strip().startswith("# "), name
