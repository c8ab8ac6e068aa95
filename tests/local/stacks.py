"""What the tests of the local CloudFormation do again and again."""

import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import local
from local.environment import Template
from local.events import TYPE_NAME

EXAMPLE = Path(__file__).parents[2] / "examples" / "rds-mysql.yml"

Answer = Callable[[dict[str, Any]], dict[str, Any]]


def handler(event: dict[str, Any]) -> dict[str, Any]:
    """The type's own entry point."""
    from myorg_secrets_password.handlers import resource

    return resource(event, None)


def failed(code: str, message: str = "as the test wants it") -> dict[str, Any]:
    """The handler's answer to an operation that failed."""
    return {"status": "FAILED", "errorCode": code, "message": message}


class Spy:
    """Stands between the Lambda endpoint and the handler: sees the events, can answer instead."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self._answer: Answer = handler

    def __call__(self, event: dict[str, Any], context: Any) -> dict[str, Any]:
        self.events.append(event)
        return self._answer(event)

    @contextmanager
    def answering(self, answer: Answer) -> Iterator[None]:
        """Let ``answer`` speak for the handler meanwhile."""
        self._answer = answer
        try:
            yield
        finally:
            self._answer = handler


@dataclass
class Stack:
    """A stack under a name that no other test uses."""

    aws: local.LocalAws
    name: str = field(default_factory=lambda: f"stack-{uuid.uuid4().hex[:12]}")

    def deploy(
        self,
        template: Template = EXAMPLE,
        tags: Mapping[str, str] | None = None,
        **parameters: str,
    ) -> local.Outcome:
        return self.aws.deploy(self.name, template, parameters, tags)

    def delete(self) -> local.Outcome:
        return self.aws.delete(self.name)

    def items(self) -> dict[str, dict[str, Any]]:
        """Return the stack's records by their sort key, tombstones among them."""
        page = self.aws.client("dynamodb").query(
            TableName=self.aws.storage.table_name,
            KeyConditionExpression="StackName = :stack",
            ExpressionAttributeValues={":stack": {"S": self.name}},
            ConsistentRead=True,
        )
        return {item["EnvName"]["S"]: item for item in page["Items"]}

    def stored(self, env_name: str = "dev#DBPassword") -> bytes:
        """Return a secret's current clear text, read as a consumer reads it."""
        item = self.items()[env_name]
        version = item["Versions"]["L"][-1]["M"]
        env, _, name = env_name.partition("#")
        answer = self.aws.client("kms").decrypt(
            CiphertextBlob=version["Ciphertext"]["B"],
            EncryptionContext={
                "Type": TYPE_NAME,
                "StackName": self.name,
                "Env": env,
                "Name": name,
                "VersionId": version["VersionId"]["S"],
            },
        )
        plaintext: bytes = answer["Plaintext"]
        return plaintext

    def tombstones(self) -> dict[str, bool]:
        """Say of each of the stack's records whether it is deleted."""
        return {key: "DeletedTime" in item for key, item in self.items().items()}

    def databases(self) -> list[str]:
        """Return the identifiers of the stack's databases."""
        databases = self.aws.client("rds").describe_db_instances()["DBInstances"]
        identifiers = [database["DBInstanceIdentifier"] for database in databases]
        return [name for name in identifiers if name.startswith(self.name)]

    def in_database(self) -> bytes:
        """Return the master password of the stack's one database."""
        [database] = self.databases()
        return self.aws.database_password(database).encode()


ATTRIBUTES = ("Value", "VersionId", "CreatedTime", "LastRotatedTime")


def password_alone(**properties: Any) -> dict[str, Any]:
    """A template with one password that gives out all that it has."""
    outputs = {name: {"Value": {"Fn::GetAtt": ["Secret", name]}} for name in ATTRIBUTES}
    return {
        "Resources": {"Secret": {"Type": TYPE_NAME, "Properties": properties}},
        "Outputs": {"Ref": {"Value": {"Ref": "Secret"}}, **outputs},
    }


def secrets(**properties: dict[str, Any]) -> dict[str, Any]:
    """A template with secrets by their logical IDs."""
    return {
        "Resources": {
            name: {"Type": TYPE_NAME, "Properties": given} for name, given in properties.items()
        }
    }


def password_and_database(storage: int = 20, **properties: Any) -> dict[str, Any]:
    """The same with a database that takes the password. Less storage than it has makes it fail."""
    template = password_alone(**properties)
    template["Resources"]["Database"] = {
        "Type": "AWS::RDS::DBInstance",
        "Properties": {
            "Engine": "mysql",
            "DBInstanceClass": "db.t4g.micro",
            "AllocatedStorage": storage,
            "MasterUsername": "admin",
            "MasterUserPassword": {"Fn::GetAtt": ["Secret", "Value"]},
        },
    }
    return template


@contextmanager
def configured(aws: local.LocalAws, configuration: Mapping[str, str] | None) -> Iterator[None]:
    """Let the type have another configuration meanwhile."""
    aws.configure_type(configuration)
    try:
        yield
    finally:
        aws.configure_type(aws.storage.type_configuration)


def statuses(outcome: local.Outcome, logical_id: str) -> list[str]:
    """What the latest operation did to a resource, in order."""
    return [
        event["ResourceStatus"]
        for event in outcome.latest
        if event["LogicalResourceId"] == logical_id
    ]


def said(outcome: local.Outcome) -> str:
    """All reasons that the events of the latest operation give, the stack's own among them."""
    return "\n".join(event.get("ResourceStatusReason", "") for event in outcome.latest)
