"""What passwords cost a month: with this type, with Secrets Manager, with Parameter Store.

The number of calls follows from how the caches work. `tests/bench/test_load.py` holds it against
the calls that a fleet of consumers makes.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from bench import prices
from myorg_secrets import client

DAYS_PER_MONTH = prices.HOURS_PER_MONTH / 24


@dataclass(frozen=True)
class Load:
    """What consumers do. Each one uses every secret.

    Attributes:
        secrets: how many there are.
        consumers: processes, each with a cache of its own.
        used_every: seconds from one use of a secret to the next, in a consumer.
        restarts_per_day: of each consumer.
        rotations_per_month: of each secret.
        record_bytes: the size of a DynamoDB item. About 1,000 with one version, and 530 more for
            each further one; the default is that of ten, which a secret reaches that rotates.
    """

    secrets: int
    consumers: int
    used_every: float = 60.0
    restarts_per_day: float = 1.0
    rotations_per_month: float = 1.0
    record_bytes: int = 5_900

    @property
    def pairs(self) -> int:
        """A consumer and a secret each."""
        return self.secrets * self.consumers

    @property
    def starts(self) -> float:
        """Of each consumer, a month."""
        return self.restarts_per_day * DAYS_PER_MONTH


@dataclass(frozen=True)
class Cache:
    """How long a cache serves a value without a call.

    Attributes:
        longest: seconds.
        shortest: its share of the longest; the time is drawn evenly from between the two.
    """

    longest: float
    shortest: float = 1.0

    def refreshes(self, seconds: float, used_every: float) -> float:
        """How often a value is fetched again, in the long run.

        Args:
            seconds: the time that is looked at.
            used_every: seconds from one use to the next. The first use after the end of the time
                fetches, half of them later on average.
        """
        return seconds / (self.longest * (1 + self.shortest) / 2 + used_every / 2)


def this_cache(max_age: float) -> Cache:
    """The cache of `SecretsClient`."""
    return Cache(max_age, 1 - client._JITTER)


def aws_cache(refresh_interval: float) -> Cache:
    """That of AWS's `aws-secretsmanager-caching` for Python: from half the interval to all of it.

    https://github.com/aws/aws-secretsmanager-caching-python, cache/items.py
    """
    return Cache(refresh_interval, 0.5)


@dataclass(frozen=True)
class Bill:
    """One month.

    Attributes:
        parts: USD, by what they are for.
        calls_per_second: consumers' calls to the store, on average.
    """

    parts: Mapping[str, float]
    calls_per_second: float

    @property
    def total(self) -> float:
        """USD."""
        return math.fsum(self.parts.values())


def this_type(load: Load, cache: Cache | None) -> Bill:
    """MyOrg::Secrets::Password.

    A look at the table is one consistent read. KMS decrypts a version once for each process, or
    at every use where there is no cache.

    Args:
        load: what consumers do.
        cache: None for none.
    """
    reads = _fetches(load, cache)
    decrypts = load.pairs * (load.starts + load.rotations_per_month) if cache else reads
    rotations = load.secrets * load.rotations_per_month
    read_units = math.ceil(load.record_bytes / 4_096)
    write_units = math.ceil(load.record_bytes / 1_024)
    # At the most: only after five minutes without a read does DynamoDB ask KMS again.
    table_key = min(reads, load.consumers * prices.SECONDS_PER_MONTH / prices.TABLE_KEY_SECONDS)
    return Bill(
        {
            "key": prices.KMS_KEY * (1 + prices.KMS_KEY_ROTATIONS),
            "storage": load.secrets * load.record_bytes * prices.DYNAMODB_STORAGE,
            "reads": reads * read_units * prices.DYNAMODB_READ_UNIT,
            "decryption": decrypts * prices.KMS_REQUEST,
            "table key, at most": table_key * prices.KMS_REQUEST,
            # CloudFormation reads and updates; the handler reads, encrypts, decrypts and writes.
            "rotation": rotations
            * (
                2 * prices.HANDLER_OPERATION
                + 2 * read_units * prices.DYNAMODB_READ_UNIT
                + write_units * prices.DYNAMODB_WRITE_UNIT
                + 3 * prices.KMS_REQUEST
            ),
        },
        reads / prices.SECONDS_PER_MONTH,
    )


def secrets_manager(load: Load, cache: Cache | None) -> Bill:
    """AWS Secrets Manager under its own key.

    AWS's cache calls DescribeSecret at each refresh, and GetSecretValue for a new version.

    Args:
        load: what consumers do.
        cache: None for none.
    """
    calls = _fetches(load, cache)
    if cache:
        calls += load.pairs * (load.starts + load.rotations_per_month)
    written = load.secrets * load.rotations_per_month
    return Bill(
        {
            "secrets": load.secrets * prices.SECRETS_MANAGER_SECRET,
            "calls": (calls + written) * prices.SECRETS_MANAGER_CALL,
        },
        calls / prices.SECONDS_PER_MONTH,
    )


def parameter_store(load: Load, cache: Cache | None, *, advanced: bool = False) -> Bill:
    """SSM Parameter Store with SecureString under the key `aws/ssm`.

    KMS decrypts at every fetch. Where the average rate is beyond the standard throughput, the
    higher one is paid for. A start of all consumers at once may need it earlier.

    Args:
        load: what consumers do.
        cache: None for none.
        advanced: whether the parameters are advanced ones.
    """
    calls = _fetches(load, cache)
    written = load.secrets * load.rotations_per_month
    rate = calls / prices.SECONDS_PER_MONTH
    paid = advanced or rate > prices.PARAMETER_CALLS_PER_SECOND
    return Bill(
        {
            "parameters": load.secrets * prices.ADVANCED_PARAMETER if advanced else 0.0,
            "calls": (calls + written) * prices.PARAMETER_CALL if paid else 0.0,
            "decryption": (calls + written) * prices.KMS_REQUEST,
        },
        rate,
    )


def _fetches(load: Load, cache: Cache | None) -> float:
    """How often a value is fetched a month, by all consumers and for all secrets."""
    if cache is None:
        return load.pairs * prices.SECONDS_PER_MONTH / load.used_every
    refreshes = cache.refreshes(prices.SECONDS_PER_MONTH, load.used_every)
    return load.pairs * (load.starts + refreshes)
