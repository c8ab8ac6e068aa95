"""What AWS documents as its limits, of those that a number of records or of creates meets.

Quotas are the defaults of an account and Region unless it says otherwise. Looked up in November
2026, in copies of the pages.
"""

_DYNAMODB = "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/"

ITEM_BYTES = 400 * 1_024
ITEM_SOURCE = f"{_DYNAMODB}Constraints.html"

PAGE_BYTES = 1_024 * 1_024
"""Of whole items, which a Query or Scan reads for one answer."""
PAGE_SOURCE = f"{_DYNAMODB}Query.Pagination.html"

PARTITION_WRITE_UNITS = 1_000
PARTITION_READ_UNITS = 3_000
"""A second, of one partition."""
PARTITION_SOURCE = f"{_DYNAMODB}bp-partition-key-design.html"

NEW_TABLE_WRITE_UNITS = 4_000
NEW_TABLE_READ_UNITS = 12_000
"""A second, of an on-demand table from its first moment. Later it takes twice its highest peak,
which may double within 30 minutes."""
NEW_TABLE_SOURCE = f"{_DYNAMODB}warm-throughput-scenarios.html"

TABLE_UNITS = 40_000
"""A second, to read and as many to write, of one on-demand table. Adjustable."""
TABLE_SOURCE = f"{_DYNAMODB}ServiceQuotas.html"

KMS_REQUESTS = 10_000
KMS_REQUESTS_MORE = 20_000
KMS_REQUESTS_MOST = 100_000
"""A second, of cryptographic operations with symmetric keys: Encrypt, Decrypt, ReEncrypt and what
other services call share them. The second is for us-east-2, ap-southeast-1, ap-southeast-2,
ap-northeast-1, eu-central-1 and eu-west-2, the third for us-east-1, us-west-2 and eu-west-1.
Adjustable."""
KMS_SOURCE = "https://docs.aws.amazon.com/kms/latest/developerguide/requests-per-second.html"

LAMBDA_CONCURRENCY = 1_000
"""Invocations at a time of all functions of the account. Adjustable; new accounts have fewer."""
LAMBDA_ANSWER_BYTES = 6 * 1_024 * 1_024
LAMBDA_SOURCE = "https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"

STACK_RESOURCES = 500
"""How many resources of all stacks may be worked on at once, DescribeAccountLimits alone says."""
CLOUDFORMATION_SOURCE = (
    "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html"
)

NEXT_TOKEN_CHARACTERS = 4_096
IDENTIFIER_CHARACTERS = 1_024
"""Of the token that a list handler returns, and of the identifier that Cloud Control takes."""
CLOUD_CONTROL_SOURCE = (
    "https://docs.aws.amazon.com/cloudcontrolapi/latest/APIReference/API_ListResources.html"
)
