"""A second place to read from: one object in S3 for each record, as ciphertext under another key.

The object's key is PREFIX/STACK/ENV/NAME.json, each part percent-encoded, and its body is the line
that an export has for the record. Its metadata say which state it is of, so that a record that did
not change is not written again.
"""

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from botocore.exceptions import ClientError

from myorg_secrets.connection import BULK_CONFIG, Connection
from myorg_secrets.exceptions import AccessDenied, Damaged, InvalidRequest, NotFound
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

LONGEST_KEY = 1024
"""Bytes. https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html"""

_ABSENT = ("NoSuchKey", "404")

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


@dataclass(frozen=True)
class Mirror:
    """The objects below a prefix.

    Attributes:
        bucket, prefix: where they are.
        connection: whose KMS decrypts them.
        s3: a client of the bucket's Region.
    """

    bucket: str
    prefix: str
    connection: Connection
    s3: "S3Client"

    @classmethod
    def at(cls, location: str, connection: Connection, config: "Config" = BULK_CONFIG) -> "Mirror":
        """Return the mirror at s3://BUCKET/PREFIX, in the connection's Region.

        Raises:
            InvalidRequest: the location is none of S3.
        """
        bucket, _, prefix = location.removeprefix(S3).partition("/")
        if not location.startswith(S3) or not _BUCKET.fullmatch(bucket):
            raise InvalidRequest(f"{location} is no s3://BUCKET/PREFIX.")
        client = connection.session.client("s3", region_name=connection.region_name, config=config)
        count_calls(client)
        return cls(bucket, prefix.strip("/"), connection, client)

    def key(self, identity: Identity) -> str:
        """Return the key of a record's object."""
        parts = (identity.stack_name, identity.env, identity.name)
        path = "/".join(map(_encoded, parts))
        return f"{self.prefix}/{path}.json" if self.prefix else f"{path}.json"

    def takes(self, identity: Identity) -> bool:
        """Tell whether S3 takes the key of a record's object."""
        return len(self.key(identity).encode()) <= LONGEST_KEY

    def read(self, identity: Identity) -> Record:
        """Return the record as it was mirrored last.

        Raises:
            NotFound: there is no object for it.
            Damaged: the object does not hold it.
            AwsFailure: S3 does not give it.
        """
        where = self._arn(self.key(identity))
        if not self.takes(identity):
            raise NotFound(f"There is no copy of {identity} at {where}: its key would be too long.")
        body = self._body(self.key(identity))
        if body is None:
            raise NotFound(f"There is no copy of {identity} at {where}.")
        try:
            record = from_item(identity.table_name, item_of_line(body))
        except (MalformedLine, Damaged):
            raise Damaged(f"The copy of {identity} at {where} is not as it was written.") from None
        if record.identity != identity:
            raise Damaged(f"The copy at {where} is not of {identity}.")
        return record

    def state(self, identity: Identity) -> str | None:
        """Return of which state the object is, "" where it does not say, None where there is none.

        Raises:
            AwsFailure: S3 does not say.
        """
        where = self._arn(self.key(identity))
        with translated("s3:GetObject", where):
            try:
                answer = self.s3.head_object(Bucket=self.bucket, Key=self.key(identity))
            except ClientError as error:
                if code_of(error) in _ABSENT:
                    return None
                if code_of(error) == "403":  # an answer to HEAD has no body that could say more
                    raise AccessDenied(
                        f"s3:GetObject on {where} is denied, or s3:ListBucket on the bucket, which"
                        " tells an object that is not there from one that may not be seen."
                    ) from None
                raise
        return answer["Metadata"].get(STATE, "")

    def write(self, identity: Identity, item: Item, state: str) -> None:
        """Write a record's object.

        Raises:
            AwsFailure: S3 does not take it.
        """
        with translated("s3:PutObject", self._arn(self.key(identity))):
            self.s3.put_object(
                Bucket=self.bucket,
                Key=self.key(identity),
                Body=item_line(item),
                ContentType="application/json",
                Metadata={STATE: state},
            )

    def items(self) -> Iterator[Item | MalformedLine]:
        """Yield what every object holds, by the order of the keys.

        Raises:
            AwsFailure: S3 does not give them.
        """
        prefix = f"{self.prefix}/" if self.prefix else ""
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        with translated("s3:ListBucket", self._arn("")):
            keys = [found["Key"] for page in pages for found in page.get("Contents", ())]
        for key in keys:
            body = self._body(key)
            if body is None:
                continue  # removed meanwhile
            try:
                yield item_of_line(body)
            except MalformedLine:
                yield MalformedLine(f"The object {key} holds no item in DynamoDB JSON.")

    def _body(self, key: str) -> bytes | None:
        with translated("s3:GetObject", self._arn(key)):
            try:
                return self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()
            except ClientError as error:
                if code_of(error) in _ABSENT:
                    return None
                raise

    def _arn(self, key: str) -> str:
        partition = self.s3.meta.partition
        return f"arn:{partition}:s3:::{self.bucket}/{key}".rstrip("/")


def state_of(item: Item, key_id: str | None) -> str:
    """Return a short name for an item as it is, and the key that its copy is under.

    It changes with whatever changes in the item; what DynamoDB returns in no fixed order does not
    matter.
    """
    text = json.dumps([key_id, item], sort_keys=True, default=_as_text)
    return hashlib.sha256(text.encode()).hexdigest()


def _encoded(part: str) -> str:
    # S3 takes no key in which ".." leads out of the bucket, and other programs resolve it.
    return part.replace(".", "%2E") if part in (".", "..") else quote(part, safe="")


def _as_text(value: Any) -> str:
    return bytes(value).hex()
