"""The line that each operation leaves in the log, one JSON object. Pure: it sends nothing.

It says what was done to which secret, with which outcome, and what that took. It never holds a
value, a model, or a text that AWS or its SDK wrote.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

LONGEST = 4096
"""Characters of a text. Valid names are shorter; a line must fit into an event of CloudWatch Logs
(https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html), whatever a
request holds."""

NAMES = {
    "operation": "operation",
    "identifier": "identifier",
    "outcome": "outcome",
    "ms": "ms",
    "calls": "calls",
    "retries": "retries",
    "version_id": "versionId",
    "stack_id": "stackId",
    "logical_resource_id": "logicalResourceId",
    "request_token_hash": "requestTokenHash",
    "request_id": "requestId",
    "records": "records",
    "message": "message",
}
"""The attributes of an entry by the names that they have in the line, in its order."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What is to be said of one operation. What is None is left out of the line.

    Attributes:
        operation: CREATE, READ, UPDATE, DELETE, LIST or, of our functions, GET and MIRROR.
        outcome: SUCCESS, or the code of the failure.
        ms: how long it took, in milliseconds.
        identifier: what the request names; see `identifier`.
        calls: attempts by IAM action.
        retries: how many of them were repetitions by the SDK.
        version_id: the version that the answer is about.
        stack_id, logical_resource_id: as CloudFormation's event has them.
        request_token_hash: see `token_hash`.
        request_id: Lambda's ID of the invocation, which CloudTrail's data events have as well.
        records: what a run over many records did, how often.
        message: in this project's own words, where it failed.
    """

    operation: str
    outcome: str
    ms: float
    identifier: str | None = None
    calls: Mapping[str, int] = field(default_factory=dict)
    retries: int = 0
    version_id: str | None = None
    stack_id: str | None = None
    logical_resource_id: str | None = None
    request_token_hash: str | None = None
    request_id: str | None = None
    records: Mapping[str, int] | None = None
    message: str | None = None

    def fields(self) -> dict[str, Any]:
        """Return what the line holds, in JSON types."""
        written = {
            name: _short(getattr(self, attribute))
            for attribute, name in NAMES.items()
            if getattr(self, attribute) is not None
        }
        written["ms"] = round(self.ms, 1)
        return written

    def __str__(self) -> str:
        # ASCII alone: no character of a name can end the line, or look like another.
        return json.dumps(self.fields(), ensure_ascii=True, separators=(",", ":"))


def identifier(*parts: str | None) -> str:
    """Return the form that Ref has, TABLE|STACK|ENV|NAME; an empty part is one that nobody named.

    No valid part is empty or holds a vertical bar.
    """
    return "|".join(part or "" for part in parts)


def text_of(raw: object) -> str | None:
    """Return what a request holds in a place where a text belongs, if it is one."""
    return raw if isinstance(raw, str) and raw else None


def token_hash(token: str | None) -> str | None:
    """Return a short name for a request token, the same for each delivery of one request.

    CloudFormation calls it a bearer token: whoever holds it, and may call
    cloudformation:RecordHandlerProgress, speaks for the handler. So the token itself is not logged.
    """
    if token is None:
        return None
    return hashlib.sha256(token.encode(errors="surrogatepass")).hexdigest()[:16]


def _short(value: Any) -> Any:
    if isinstance(value, str) and len(value) > LONGEST:
        return f"{value[:LONGEST]}..."
    return dict(value) if isinstance(value, Mapping) else value
