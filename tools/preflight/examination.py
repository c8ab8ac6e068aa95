"""The whole preflight: what is asked, in which order, and what is then pointless."""

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError

from myorg_secrets.connection import connect
from myorg_secrets.doctor import Finding, Status, caller
from myorg_secrets.doctor.asking import Asker, Unanswered
from myorg_secrets.exceptions import PasswordError
from myorg_secrets_password.properties import DEFAULT_TABLE_NAME
from tools.project import SCHEMA

from . import role, storage, tree
from .questions import Place, stack_outputs, unanswered
from .registry import Registry

UPLOADS = "CloudFormationManagedUploadInfrastructure"
"""The stack that `cfn submit` makes for its packages, and its logs' role."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be submitted, and where.

    Attributes:
        project: the root of the tree.
        region: what --region says.
        profile: what --profile says.
        role_arn: what --role-arn says; by default the output of the role's stack.
        storage_stack, role_stack: their names.
    """

    project: Path
    region: str | None = None
    profile: str | None = None
    role_arn: str | None = None
    storage_stack: str = "myorg-secrets-password-storage"
    role_stack: str = "myorg-secrets-password-execution-role"


@dataclass
class Examined:
    """What the preflight found.

    Attributes:
        findings: in the order in which it was looked.
        region: where the type would be registered; "" where that is not known.
        role_arn: with which role; "" where that is not known.
        registry: the registry there, once it was looked at.
    """

    findings: list[Finding] = field(default_factory=list)
    region: str = ""
    role_arn: str = ""
    registry: Registry | None = None

    @property
    def problems(self) -> list[Finding]:
        """What is known to be wrong."""
        return [each for each in self.findings if each.status is Status.PROBLEM]


def examine(wanted: Wanted, session: boto3.Session | None = None) -> Examined:
    """Return what every check found. Nothing is changed, and no failure of AWS is raised.

    Args:
        wanted: what is to be submitted, and where.
        session: where clients and credentials come from, instead of the profile.
    """
    found = Examined(findings=list(tree.examine(wanted.project)))
    try:
        session = session or boto3.Session(profile_name=wanted.profile)
        connection = connect(DEFAULT_TABLE_NAME, region_name=wanted.region, session=session)
    except (PasswordError, BotoCoreError) as error:
        # BotoCoreError: where the profile is not there. Its text names the profile alone.
        found.findings.append(Finding("Region", Status.PROBLEM, str(error), "--region REGION"))
        return found
    asker = Asker()
    found.region = connection.region_name
    found.findings.append(caller.region(connection, wanted.region, os.environ))
    who, account_id = caller.credentials(connection, asker)
    found.findings.append(who)
    if account_id is None:
        if who.status is not Status.PROBLEM:
            found.findings.append(Finding("Credentials", Status.PROBLEM, "The account is unknown."))
        return found
    place = Place(connection.dynamodb.meta.partition, connection.region_name, account_id)

    def client(service: str) -> Any:
        make: Any = session.client  # whose stubs know no service by a name that is not written out
        return make(service, region_name=place.region)

    cloudformation = client("cloudformation")
    outputs = None
    try:
        outputs = stack_outputs(asker, cloudformation, place, wanted.storage_stack)
    except Unanswered as failure:
        found.findings.append(unanswered("Storage", failure))
    else:
        stack = storage.judge_stack(outputs, wanted.storage_stack, place)
        found.findings.append(stack)
        if outputs is not None and stack.status is Status.OK:
            of_table = connect(outputs["TableName"], region_name=place.region, session=session)
            found.findings += storage.examine(asker, of_table, place, outputs)
    _examine_role(found, asker, client, place, wanted)
    found.findings.append(_uploads(asker, cloudformation, place))
    found.registry = Registry(asker, cloudformation, place)
    schema = json.loads((wanted.project / SCHEMA).read_text(encoding="utf-8"))
    found.findings += found.registry.examine(schema, outputs)
    found.findings.append(caller.clock(asker.skew))
    return found


def _examine_role(found: Examined, asker: Asker, client: Any, place: Place, wanted: Wanted) -> None:
    arn = wanted.role_arn
    if arn is None:
        try:
            outputs = stack_outputs(asker, client("cloudformation"), place, wanted.role_stack)
        except Unanswered as failure:
            # Without it nothing can be submitted: an unknown role is none.
            finding = role.unknown(wanted.role_stack, str(failure))
            found.findings.append(finding)
            return
        arn = (outputs or {}).get("ExecutionRoleArn")
    if arn is None:
        found.findings.append(role.missing(wanted.role_stack))
        return
    found.role_arn = arn
    found.findings += role.examine(asker, client("iam"), place, arn)


def _uploads(asker: Asker, cloudformation: Any, place: Place) -> Finding:
    try:
        outputs = stack_outputs(asker, cloudformation, place, UPLOADS)
    except Unanswered as failure:
        return unanswered("Bucket for packages", failure)
    if outputs is None:
        message = f"`cfn submit` makes the stack {UPLOADS} first. It keeps the packages and stays."
        return Finding("Bucket for packages", Status.OK, message)
    bucket = outputs.get("CloudFormationManagedUploadBucketName", "(unknown)")
    return Finding("Bucket for packages", Status.OK, f"{bucket}, of the stack {UPLOADS}.")
