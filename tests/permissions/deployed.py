"""Roles and policies, deployed from the templates that users deploy, and changed as users could."""

from __future__ import annotations

import copy
import itertools
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import boto3

from local.authorization import document
from local.iam import as_list
from tests.world import REGION, World
from tools.project import ROOT

Policy = dict[str, Any]
_numbers = itertools.count(1)


def stack(template: str, **parameters: str) -> dict[str, str]:
    """Deploy one of infrastructure/ and return its outputs."""
    cloudformation = boto3.client("cloudformation", REGION)
    name = f"{template.removesuffix('.yml')}-{next(_numbers)}"
    cloudformation.create_stack(
        StackName=name,
        TemplateBody=(ROOT / "infrastructure" / template).read_text(encoding="utf-8"),
        Capabilities=["CAPABILITY_IAM"],
        Parameters=[
            {"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()
        ],
    )
    [made] = cloudformation.describe_stacks(StackName=name)["Stacks"]
    assert made["StackStatus"] == "CREATE_COMPLETE"
    return {output["OutputKey"]: output["OutputValue"] for output in made["Outputs"]}


class Role:
    """A role with one policy, inline or managed.

    Args:
        arn: of the role.
        policy: the inline policy's name, or the managed policy's ARN.
    """

    def __init__(self, arn: str, policy: str) -> None:
        self.arn = arn
        self.name = arn.rpartition("/")[2]
        self._policy = policy
        self._iam = boto3.client("iam", REGION)
        self.credentials: Mapping[str, str] = boto3.client("sts", REGION).assume_role(
            RoleArn=arn, RoleSessionName="test"
        )["Credentials"]

    @cached_property
    def session(self) -> boto3.Session:
        """A session of the SDK with the role's credentials."""
        return boto3.Session(
            self.credentials["AccessKeyId"],
            self.credentials["SecretAccessKey"],
            self.credentials["SessionToken"],
            region_name=REGION,
        )

    @cached_property
    def kms(self) -> Any:
        return self.session.client("kms")

    @property
    def trust(self) -> Policy:
        found: Any = self._iam.get_role(RoleName=self.name)["Role"]["AssumeRolePolicyDocument"]
        return dict(found)

    @property
    def policy(self) -> Policy:
        """The policy as IAM has it."""
        if self._policy.startswith("arn:"):
            version = self._iam.get_policy(PolicyArn=self._policy)["Policy"]["DefaultVersionId"]
            found: Any = self._iam.get_policy_version(PolicyArn=self._policy, VersionId=version)
            return dict(found["PolicyVersion"]["Document"])
        found = self._iam.get_role_policy(RoleName=self.name, PolicyName=self._policy)
        return dict(document(found["PolicyDocument"]))

    @property
    def actions(self) -> list[str]:
        """What the policy allows, each action once."""
        return sorted(
            {action for one in self.policy["Statement"] for action in as_list(one["Action"])}
        )

    @contextmanager
    def having(self, changed: Policy) -> Iterator[None]:
        """Let the role have another policy in place of its own meanwhile."""
        own = self.policy
        self._put(changed)
        try:
            yield
        finally:
            self._put(own)

    def _put(self, policy: Policy) -> None:
        text = json.dumps(policy)
        if not self._policy.startswith("arn:"):
            self._iam.put_role_policy(
                RoleName=self.name, PolicyName=self._policy, PolicyDocument=text
            )
            return
        versions = self._iam.list_policy_versions(PolicyArn=self._policy)["Versions"]
        # IAM keeps five versions of a policy.
        for version in versions:
            if not version["IsDefaultVersion"]:
                self._iam.delete_policy_version(
                    PolicyArn=self._policy, VersionId=version["VersionId"]
                )
        self._iam.create_policy_version(
            PolicyArn=self._policy, PolicyDocument=text, SetAsDefault=True
        )


@contextmanager
def key_policy(world: World, changed: Policy) -> Iterator[None]:
    """Let the storage stack's key have another policy meanwhile."""
    key = world.storage.key_id
    own = key_policy_of(world)
    world.kms.put_key_policy(KeyId=key, PolicyName="default", Policy=json.dumps(changed))
    try:
        yield
    finally:
        world.kms.put_key_policy(KeyId=key, PolicyName="default", Policy=json.dumps(own))


def key_policy_of(world: World) -> Policy:
    """Return the policy of the storage stack's key as KMS has it."""
    found: Any = world.kms.get_key_policy(KeyId=world.storage.key_id, PolicyName="default")
    return dict(document(found["Policy"]))


def without_action(policy: Policy, action: str) -> Policy:
    """Return the policy without one action, wherever it is allowed."""
    changed = copy.deepcopy(policy)
    for one in changed["Statement"]:
        one["Action"] = [kept for kept in as_list(one["Action"]) if kept != action]
    changed["Statement"] = [one for one in changed["Statement"] if one["Action"]]
    return changed


def without_statements(policy: Policy, *sids: str) -> Policy:
    """Return the policy without some statements."""
    kept = [one for one in policy["Statement"] if one["Sid"] not in sids]
    assert len(kept) == len(policy["Statement"]) - len(sids)
    return {**policy, "Statement": kept}


def without_condition(policy: Policy, sid: str, key: str) -> Policy:
    """Return the policy without one condition key of one statement."""
    return _changed(policy, sid, lambda one: _drop(one["Condition"], key))


def on_everything(policy: Policy, sid: str) -> Policy:
    """Return the policy with a statement that is limited to no resource."""
    return _changed(policy, sid, lambda one: one.update(Resource="*"))


def conditions(policy: Policy) -> set[tuple[str, str]]:
    """Return the condition keys with their statements' Sids."""
    return {
        (one.get("Sid", ""), key)
        for one in policy["Statement"]
        for keys in one.get("Condition", {}).values()
        for key in keys
    }


def _changed(policy: Policy, sid: str, change: Callable[[Policy], None]) -> Policy:
    changed = copy.deepcopy(policy)
    [one] = [one for one in changed["Statement"] if one.get("Sid", "") == sid]
    change(one)
    return changed


def _drop(condition: dict[str, dict[str, Any]], key: str) -> None:
    found = [keys.pop(key) for keys in condition.values() if key in keys]
    assert found, key
