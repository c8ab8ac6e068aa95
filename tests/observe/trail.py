"""Records of CloudTrail, made of calls that were really sent.

Their shape is that of the examples in the guides of KMS and DynamoDB. CloudTrail leaves out
ciphertexts and clear texts.

https://docs.aws.amazon.com/kms/latest/developerguide/ct-decrypt.html
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

Record = dict[str, Any]

_HIDDEN = ("CiphertextBlob", "Plaintext", "Policy")
_MANAGING = ("UpdateTable", "DeleteTable", "UpdateContinuousBackups")
ACCOUNT = "123456789012"


class Trail:
    """Writes a record for each management call of KMS and DynamoDB that a client makes.

    Attributes:
        records: in the order of the calls, a minute between each and the next.
        who: the ARN of the assumed role that calls.
    """

    def __init__(self, who: str, began: datetime = datetime(2026, 11, 20, 8, tzinfo=UTC)) -> None:
        self.records: list[Record] = []
        self.who = who
        self._minutes = (began + timedelta(minutes=n) for n in itertools.count())

    @contextmanager
    def watching(self, *clients: Any) -> Iterator[None]:
        for client in clients:
            client.meta.events.register("provide-client-params", self._asked, unique_id="asked")
            client.meta.events.register("after-call", self._answered, unique_id="answered")
        try:
            yield
        finally:
            for client in clients:
                client.meta.events.unregister("provide-client-params", unique_id="asked")
                client.meta.events.unregister("after-call", unique_id="answered")

    def by(self, who: str, act: Callable[[], object]) -> None:
        """Do something as somebody else, whatever comes of it."""
        before, self.who = self.who, who
        try:
            act()
        except ClientError:
            pass
        finally:
            self.who = before

    def _asked(self, params: dict[str, Any], model: Any, context: Any, **_: Any) -> None:
        context["trail"] = {
            f"{name[0].lower()}{name[1:]}": _lowered(value)
            for name, value in params.items()
            if name not in _HIDDEN
        }

    def _answered(
        self, http_response: Any, parsed: dict[str, Any], model: Any, context: Any, **_: Any
    ) -> None:
        service = model.service_model.service_name
        asked = context["trail"]
        failed = parsed.get("Error")
        if model.name in ("Encrypt", "Decrypt"):
            asked = {"encryptionAlgorithm": "SYMMETRIC_DEFAULT", **asked}
        arn = parsed.get("KeyId") or asked.get("keyId") or asked.get("tableName", "")
        if service == "kms" and not arn.startswith("arn:"):
            arn = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/{arn}"
        role, session = self.who.split("/")[1:]
        record = {
            "eventVersion": "1.11",
            "userIdentity": {
                "type": "AssumedRole",
                "principalId": f"AROAEXAMPLE:{session}",
                "arn": self.who,
                "accountId": ACCOUNT,
                "accessKeyId": "ASIAEXAMPLE",
                "sessionContext": {
                    "sessionIssuer": {
                        "type": "Role",
                        "arn": f"arn:aws:iam::{ACCOUNT}:role/{role}",
                        "accountId": ACCOUNT,
                        "userName": role,
                    },
                },
            },
            "eventTime": f"{next(self._minutes):%Y-%m-%dT%H:%M:%SZ}",
            "eventSource": f"{service}.amazonaws.com",
            "eventName": model.name,
            "awsRegion": "us-east-1",
            "sourceIPAddress": "192.0.2.0",
            "userAgent": "Boto3/1.44.5",
            **(
                {"errorCode": failed["Code"], "errorMessage": f"not authorized on {arn}"}
                if failed
                else {}
            ),
            "requestParameters": asked,
            "responseElements": None,
            "requestID": f"request-{len(self.records)}",
            "eventID": f"event-{len(self.records)}",
            "readOnly": model.name in ("Encrypt", "Decrypt"),
            "resources": [{"accountId": ACCOUNT, "type": "AWS::KMS::Key", "ARN": arn}]
            if service == "kms"
            else [],
            "eventType": "AwsApiCall",
            "managementEvent": True,
            "recipientAccountId": ACCOUNT,
            "eventCategory": "Management",
        }
        # Data events are off by default: a trail has nothing of DynamoDB's items.
        if service == "kms" or model.name in _MANAGING:
            self.records.append(json.loads(json.dumps(record)))


def _lowered(value: Any) -> Any:
    if isinstance(value, dict) and not set(value) & {"Type", "StackName"}:
        return {f"{key[0].lower()}{key[1:]}": _lowered(inner) for key, inner in value.items()}
    return value


def event_of(record: Record) -> dict[str, Any]:
    """Return the event of EventBridge that brings a record."""
    return {
        "version": "0",
        "detail-type": "AWS API Call via CloudTrail",
        "source": f"aws.{record['eventSource'].partition('.')[0]}",
        "account": ACCOUNT,
        "time": record["eventTime"],
        "region": record["awsRegion"],
        "detail": record,
    }
