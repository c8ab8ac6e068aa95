"""The life of a password, told on the local AWS: each step is done, shown and checked."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from local.environment import LocalAws, Outcome
from local.events import TYPE_NAME
from local.narrator import Narrator

TEMPLATE = Path(__file__).parent.parent / "examples" / "rds-mysql.yml"
STACK = "shop"


def tell(aws: LocalAws, narrator: Narrator) -> None:
    """Tell the whole story; raise ``ClaimFailed`` where it does not come out as told."""
    _Story(aws, narrator).tell()


class _Story:
    def __init__(self, aws: LocalAws, narrator: Narrator) -> None:
        self._aws = aws
        self._narrator = narrator
        self._dynamodb = aws.client("dynamodb")
        self._kms = aws.client("kms")
        self._rds = aws.client("rds")
        self._parameters = {"AllocatedStorage": "30", "Description": "The shop's database"}

    def tell(self) -> None:
        first = self._deploy()
        self._look_at_the_record(first)
        self._change_the_description(first)
        second = self._rotate(first)
        self._fail_and_roll_back(second)
        self._return_to_the_first_token(first)
        self._read_as_a_consumer(first)
        self._delete()
        self._create_again(first)
        self._aws.delete(STACK)
        self._narrator.summary()

    def _deploy(self) -> str:
        self._narrator.step("Deploy a database whose password nobody has thought up")
        self._narrator.say("  examples/rds-mysql.yml: MasterUserPassword: !GetAtt DBPassword.Value")
        outcome = self._deploy_with()
        password = self._database_password()
        self._narrator.show(
            {
                "Ref": outcome.outputs["SecretId"],
                "VersionId": outcome.outputs["VersionId"],
                "Value": _masked(password),
                "Database": outcome.outputs["Endpoint"],
            }
        )
        self._narrator.claim("the stack is created", outcome.status == "CREATE_COMPLETE")
        self._narrator.claim(
            "the database's master password is the secret's value",
            _same(password, self._stored_password()),
        )
        return password

    def _look_at_the_record(self, password: str) -> None:
        self._narrator.step("Look at the record as it is stored in DynamoDB")
        item = self._item()
        version = item["Versions"]["L"][-1]["M"]
        ciphertext: bytes = version["Ciphertext"]["B"]
        self._narrator.show(
            {
                "StackName, EnvName": f"{item['StackName']['S']}, {item['EnvName']['S']}",
                "VersionId": version["VersionId"]["S"],
                "KeyArn": version["KeyArn"]["S"],
                "Ciphertext": f"… {ciphertext[-24:].hex(' ', 2)} ({len(ciphertext)} bytes)",
                "SystemTags": ", ".join(item["SystemTags"]["M"]),
            }
        )
        stored = b"\0".join(_leaves(item))
        spellings = (password.encode(), base64.b64encode(password.encode()))
        self._narrator.claim(
            "no attribute of the item holds the clear text, plain or in base64",
            not any(spelling in stored for spelling in spellings),
        )
        self._narrator.claim("the value is KMS ciphertext", self._decrypts(item))

    def _change_the_description(self, password: str) -> None:
        self._narrator.step("Change the description")
        outcome = self._deploy_with(Description="The shop's database, moved")
        self._narrator.claim("the stack is updated", outcome.status == "UPDATE_COMPLETE")
        self._narrator.claim(
            "the password is the same, in the record and in the database",
            _same(password, self._stored_password()) and _same(password, self._database_password()),
        )
        self._narrator.claim("the database was not touched", not _events(outcome, "Database"))

    def _rotate(self, first: str) -> str:
        self._narrator.step("Change RotationToken")
        outcome = self._deploy_with(RotationToken="2027-01")
        second = self._stored_password()
        self._narrator.show({"VersionId": outcome.outputs["VersionId"], "Value": _masked(second)})
        self._narrator.claim("there is a new password", not _same(first, second))
        self._narrator.claim(
            "the database has it: CloudFormation updated it, since the value that it takes changed",
            _same(second, self._database_password()),
        )
        return second

    def _fail_and_roll_back(self, second: str) -> None:
        self._narrator.step("Let an update fail: a new RotationToken, and less storage than before")
        outcome = self._deploy_with(AllocatedStorage="20", RotationToken="2027-02")
        self._narrator.show(
            {
                f"{event['LogicalResourceId']} {event['ResourceStatus']}": event.get(
                    "ResourceStatusReason", ""
                )
                for event in outcome.latest
                if event["ResourceStatus"].endswith(("_FAILED", "ROLLBACK_COMPLETE"))
            }
        )
        self._narrator.claim(
            "the stack is rolled back", outcome.status == "UPDATE_ROLLBACK_COMPLETE"
        )
        self._narrator.claim(
            "the password had been rotated before the database refused, and was then updated back",
            _events(outcome, "DBPassword").count("UPDATE_COMPLETE") == 2,
        )
        self._narrator.claim(
            "the password from before the update is there again, byte for byte",
            _same(second, self._stored_password()),
        )
        self._narrator.claim(
            "it is the one that the database has", _same(second, self._database_password())
        )

    def _return_to_the_first_token(self, first: str) -> None:
        self._narrator.step("Take RotationToken away: a state that the secret was in before")
        self._deploy_with(RotationToken="")
        self._narrator.claim(
            "the very first password is back, byte for byte, in the record and in the database",
            _same(first, self._stored_password()) and _same(first, self._database_password()),
        )

    def _read_as_a_consumer(self, password: str) -> None:
        self._narrator.step("Read it as a program would: GetItem and Decrypt, and nothing else")
        with self._aws.recorder.recording() as calls:
            read = self._stored_password()
        self._narrator.show({"Calls": ", ".join(calls), "Value": read})
        self._narrator.say("  (in clear text for once: this step is about it)")
        self._narrator.claim("it is the database's password", _same(password, read))
        self._narrator.claim("two calls are enough", calls == ["dynamodb:GetItem", "kms:Decrypt"])
        self._narrator.claim(
            "in another secret's place the ciphertext does not decrypt",
            not self._decrypts(self._item(), Name="AnotherPassword"),
        )

    def _delete(self) -> None:
        self._narrator.step("Delete the stack")
        outcome = self._aws.delete(STACK)
        item = self._item()
        expiry = datetime.fromtimestamp(int(item["ExpiresAt"]["N"]), UTC)
        days = round((expiry - datetime.now(UTC)).total_seconds() / 86400)
        self._narrator.show(
            {"DeletedTime": item["DeletedTime"]["S"], "ExpiresAt": f"{expiry:%Y-%m-%d %H:%M} UTC"}
        )
        self._narrator.claim("the stack is gone", outcome.status == "DELETE_COMPLETE")
        self._narrator.claim(
            "so is the database", not self._rds.describe_db_instances()["DBInstances"]
        )
        self._narrator.claim(
            f"the record is a tombstone: DynamoDB removes it in {days} days", days == 30
        )

    def _create_again(self, first: str) -> None:
        self._narrator.step("Deploy the same template again")
        outcome = self._deploy_with()
        self._narrator.show(
            {"Ref": outcome.outputs["SecretId"], "VersionId": outcome.outputs["VersionId"]}
        )
        self._narrator.claim("the name was free at once", outcome.status == "CREATE_COMPLETE")
        password = self._stored_password()
        self._narrator.claim("there is a new password", not _same(first, password))
        self._narrator.claim("the database has it", _same(password, self._database_password()))

    def _deploy_with(self, **changed: str) -> Outcome:
        parameters = self._parameters | changed
        outcome = self._aws.deploy(STACK, TEMPLATE, parameters, tags={"team": "shop"})
        if outcome.succeeded:
            self._parameters = parameters
        return outcome

    def _database_password(self) -> str:
        [database] = self._rds.describe_db_instances()["DBInstances"]
        return self._aws.database_password(database["DBInstanceIdentifier"])

    def _item(self) -> dict[str, Any]:
        key = {"StackName": {"S": STACK}, "EnvName": {"S": "dev#DBPassword"}}
        answer = self._dynamodb.get_item(
            TableName=self._aws.storage.table_name, Key=key, ConsistentRead=True
        )
        item: dict[str, Any] = answer["Item"]
        return item

    def _stored_password(self) -> str:
        return self._decrypted(self._item()).decode()

    def _decrypts(self, item: Mapping[str, Any], **another_place: str) -> bool:
        try:
            self._decrypted(item, **another_place)
        except ClientError:
            return False
        return True

    def _decrypted(self, item: Mapping[str, Any], **another_place: str) -> bytes:
        env, _, name = item["EnvName"]["S"].partition("#")
        version = item["Versions"]["L"][-1]["M"]
        context = {
            "Type": TYPE_NAME,
            "StackName": item["StackName"]["S"],
            "Env": env,
            "Name": name,
            "VersionId": version["VersionId"]["S"],
        }
        answer = self._kms.decrypt(
            CiphertextBlob=version["Ciphertext"]["B"], EncryptionContext=context | another_place
        )
        plaintext: bytes = answer["Plaintext"]
        return plaintext


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())


def _masked(password: str) -> str:
    return f"•••••••• ({len(password)} characters)"


def _events(outcome: Outcome, logical_id: str) -> list[str]:
    return [
        event["ResourceStatus"]
        for event in outcome.latest
        if event["LogicalResourceId"] == logical_id
    ]


def _leaves(value: Any) -> list[bytes]:
    """Return every name and value in an item, as bytes."""
    if isinstance(value, dict):
        return [leaf for pair in value.items() for part in pair for leaf in _leaves(part)]
    if isinstance(value, list):
        return [leaf for part in value for leaf in _leaves(part)]
    return [value if isinstance(value, bytes) else str(value).encode()]
