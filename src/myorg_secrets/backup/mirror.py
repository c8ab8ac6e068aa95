"""A second place to read from: one object in S3 for each record, as ciphertext under another key.

The object's key is PREFIX/STACK/ENV/NAME.json, each part percent-encoded, and its body is the line
that an export has for the record. Its metadata say which state it is of, so that a record that did
not change is not written again.
"""

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from botocore.exceptions import ClientError

from myorg_secrets.connection import BULK_CONFIG, Connection
from myorg_secrets.exceptions import Damaged, InvalidRequest, NotFound
from myorg_secrets_password.aws_errors import code_of, translated
from myorg_secrets_password.calls import count_calls
from myorg_secrets_password.item import Item, from_item
from myorg_secrets_password.record import Identity, Record

from .format import MalformedLine, item_line, item_of_line

if TYPE_CHECKING:
    from botocore.config import Config
    from mypy_boto3_s3 import S3Client

S3 = "s3://"

STATE = "state"
"""The metadata that says of which state of the record an object is, and under which key."""

_ABSENT = ("NoSuchKey", "404")


@dataclass(frozen=True)
class Mirror:
    """The objects below a prefix.

    Attributes:
        bucket, prefix: where they are.
    """

    bucket: str
    prefix: str
    s3: "S3Client"

    @classmethod
    def at(cls, location: str, connection: Connection, config: "Config" = BULK_CONFIG) -> "Mirror":
        """Return the mirror at s3://BUCKET/PREFIX.

        Raises:
            InvalidRequest: the location is none of S3.
        """
        bucket, _, prefix = location.removeprefix(S3).partition("/")
        if not location.startswith(S3) or not bucket:
            raise InvalidRequest(f"{location} is no s3://BUCKET/PREFIX.")
        client = connection.session.client("s3", region_name=connection.region_name, config=config)
        count_calls(client)
        return cls(bucket, prefix.strip("/"), client)

    def key(self, identity: Identity) -> str:
        """Return the key of a record's object."""
        parts = (identity.stack_name, identity.env, identity.name)
        path = "/".join(quote(part, safe="") for part in parts)
        return f"{self.prefix}/{path}.json" if self.prefix else f"{path}.json"

    def read(self, identity: Identity) -> Record:
        """Return the record as it was mirrored last.

        Raises:
            NotFound: there is no object for it.
            Damaged: the object does not hold it.
            AwsFailure: S3 does not give it.
        """
        what = self._arn(identity)
        try:
            with translated("s3:GetObject", what):
                try:
                    answer = self.s3.get_object(Bucket=self.bucket, Key=self.key(identity))
                    body = answer["Body"].read()
                except ClientError as error:
                    if code_of(error) in _ABSENT:
                        raise NotFound(f"There is no copy of {identity} at {what}.") from None
                    raise
            record = from_item(identity.table_name, item_of_line(body))
        except MalformedLine:
            raise Damaged(f"The copy of {identity} at {what} is not as it was written.") from None
        if record.identity != identity:
            raise Damaged(f"The copy at {what} is not of {identity}.")
        return record

    def holds(self, identity: Identity, state: str) -> bool:
        """Tell whether the object is of this state already.

        Raises:
            AwsFailure: S3 does not say.
        """
        with translated("s3:GetObject", self._arn(identity)):
            try:
                answer = self.s3.head_object(Bucket=self.bucket, Key=self.key(identity))
            except ClientError as error:
                if code_of(error) in _ABSENT:
                    return False
                raise
        return answer["Metadata"].get(STATE) == state

    def write(self, identity: Identity, item: Item, state: str) -> None:
        """Write a record's object.

        Raises:
            AwsFailure: S3 does not take it.
        """
        with translated("s3:PutObject", self._arn(identity)):
            self.s3.put_object(
                Bucket=self.bucket,
                Key=self.key(identity),
                Body=item_line(item),
                ContentType="application/json",
                Metadata={STATE: state},
            )

    def _arn(self, identity: Identity) -> str:
        partition = self.s3.meta.partition
        return f"arn:{partition}:s3:::{self.bucket}/{self.key(identity)}"


def state_of(item: Item, key_id: str | None) -> str:
    """Return a short name for an item as it is, and the key that its copy is under.

    It changes with whatever changes in the item; what DynamoDB returns in no fixed order does not
    matter.
    """
    text = json.dumps([key_id, item], sort_keys=True, default=_as_text)
    return hashlib.sha256(text.encode()).hexdigest()


def _as_text(value: Any) -> str:
    return bytes(value).hex()
