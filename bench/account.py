"""The account and Region that the benchmarks work in, and clients there."""

from typing import Any

import boto3

ACCOUNT_ID = "123456789012"
REGION = "us-east-1"
CREDENTIALS = {
    "AccessKeyId": "AKIAIOSFODNN7EXAMPLE",
    "SecretAccessKey": "not-a-secret",
    "SessionToken": "not-a-token",
}


def client(service: str, url: str, bundle: str | None = None) -> Any:
    """Return a bare client of the SDK, with its own defaults.

    Args:
        service: by the SDK's name.
        url: where it is.
        bundle: a file of the certificate authorities to trust, where they are not the SDK's own.
    """
    make: Any = boto3.client  # whose stubs know no service by a name that is not written out
    return make(
        service,
        endpoint_url=url,
        verify=bundle,
        region_name=REGION,
        aws_access_key_id=CREDENTIALS["AccessKeyId"],
        aws_secret_access_key=CREDENTIALS["SecretAccessKey"],
        aws_session_token=CREDENTIALS["SessionToken"],
    )
