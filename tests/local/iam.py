"""The requests of consumers, as IAM is asked."""

from __future__ import annotations

from collections.abc import Mapping

from local.iam import Request, item_request, key_request


def get_item(table_arn: str, stack: str) -> Request:
    """The request of dynamodb:GetItem."""
    return item_request("dynamodb:GetItem", table_arn, [stack])


def decrypt(key_arn: str, context: Mapping[str, str]) -> Request:
    """The request of kms:Decrypt with an encryption context."""
    return key_request("kms:Decrypt", key_arn, context)
