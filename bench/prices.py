"""What AWS asks for, in USD, in us-east-1 and without free tiers. Other Regions differ.

AWS renders its price lists by script, so each figure was taken from the page's prose and examples,
or from copies of its table, in November 2026. For three of them no copy was found, and they are
from memory: HANDLER_OPERATION, the 0.20 of point-in-time recovery, and the 10,000 calls a second of
the higher throughput, which no sum uses. Look at the page before you rely on a figure.
"""

MILLION = 1_000_000
GIGABYTE = 1_000_000_000
HOURS_PER_MONTH = 730
SECONDS_PER_MONTH = HOURS_PER_MONTH * 3600

DYNAMODB_READ_UNIT = 0.125 / MILLION
"""On demand, the Standard table class, since November 2024. A consistent read takes one unit for
each 4 KB of the item, begun ones counted. https://aws.amazon.com/dynamodb/pricing/on-demand/"""

DYNAMODB_WRITE_UNIT = 0.625 / MILLION
"""The same page; one for each KB begun."""

DYNAMODB_STORAGE = (0.25 + 0.20) / GIGABYTE
"""A byte and month: the table, and its point-in-time recovery. The same page."""

KMS_REQUEST = 0.03 / 10_000
"""A symmetric key. https://aws.amazon.com/kms/pricing/"""

KMS_KEY = 1.00
"""A customer managed key and month. The same page."""

KMS_KEY_ROTATIONS = 2
"""`infrastructure/storage.yml` has the key rotated each year. The first two rotations cost as much
as a key again, later ones nothing. The same page."""

TABLE_KEY_SECONDS = 300
"""DynamoDB keeps the key of an encrypted table for each principal, and asks KMS again after five
minutes in which it was not used. "DynamoDB encryption at rest usage notes"."""

HANDLER_OPERATION = 0.0009
"""CloudFormation, for a resource type that is not AWS's, up to 30 seconds.
https://aws.amazon.com/cloudformation/pricing/"""

SECRETS_MANAGER_SECRET = 0.40
"""A secret and month; its versions cost nothing. https://aws.amazon.com/secrets-manager/pricing/"""

SECRETS_MANAGER_CALL = 0.05 / 10_000
"""The same page. Under the key `aws/secretsmanager` KMS costs nothing: "What is AWS Secrets
Manager", Pricing."""

ADVANCED_PARAMETER = 0.05
"""A parameter and month; a standard one costs nothing.
https://aws.amazon.com/systems-manager/pricing/"""

PARAMETER_CALL = 0.05 / 10_000
"""Each parameter that a call returns, where it is an advanced one or the account has the higher
throughput. The same page."""

PARAMETER_CALLS_PER_SECOND = 40
"""GetParameter and GetParameters together, in an account and Region with the standard throughput;
10,000 with the higher one. "AWS Systems Manager endpoints and quotas"."""
